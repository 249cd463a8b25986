"""A rerun of a slow local model asks nothing, and says the same, whatever form its answers have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from limelight import Explainer, Tabular, Text
from limelight.errors import InputError
from limelight.models.cache import Cache
from limelight.models.forms import Labels, Numbers, Scores
from limelight.models.kept import packed, unpacked

X = np.random.default_rng(0).normal(size=(300, 3))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
ASKED: list[int] = []


class Slow:
    """A model of one's own."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def predict(self, rows: Any) -> Any:
        return rows[:, 0] * self.scale


def rows_asked(explainer: Explainer) -> int:
    explainer.explain(X[0])
    return explainer._context.caller.rows


def frame_of(rows: Any) -> Any:
    return pd.DataFrame({"low": -rows[:, 0], "high": rows[:, 0]})


def labels_of(rows: Any) -> Any:
    return np.where(rows[:, 0] > 0, "yes", "no")


def numbered_labels_of(rows: Any) -> Any:
    return (rows[:, 0] > 0).astype(np.int64)


def scores_of(rows: Any) -> Any:
    return [{"a": float(row[0]), "b": 1 - float(row[0])} for row in rows]


@pytest.mark.parametrize("model", [frame_of, labels_of, numbered_labels_of, scores_of, LogisticRegression().fit(X, y)])
def test_a_rerun_from_the_cache_is_the_same_explanation(model: Any, tmp_path: Path) -> None:
    kept = [Explainer(model, Tabular(X), cache=tmp_path / "answers.db").explain(X[0]) for _ in range(2)]
    plain = Explainer(model, Tabular(X)).explain(X[0])
    assert kept[0].targets == kept[1].targets == plain.targets
    assert kept[0].as_list() == kept[1].as_list() == plain.as_list()


def test_a_rerun_asks_nothing_and_another_model_asks_anew(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    explainer = Explainer(Slow(2.0), Tabular(X), cache=path)
    assert rows_asked(explainer) > 1000
    assert rows_asked(Explainer(Slow(2.0), Tabular(X), batch_size=7, cache=path)) == 0
    assert rows_asked(explainer.with_settings(tolerance=0.2)) == 0  # keeps the cache
    assert rows_asked(Explainer(Slow(3.0), Tabular(X), cache=path)) > 1000


def test_a_model_fitted_anew_in_place_is_not_answered_for(tmp_path: Path) -> None:
    model = LogisticRegression().fit(X, y)
    explainer = Explainer(model, Tabular(X), cache=tmp_path / "answers.db")
    explainer.explain(X[0])
    model.fit(X, X[:, 2] > 0)
    with pytest.warns(UserWarning, match="the model answers otherwise than in earlier calls"):
        again = explainer.explain(X[0])
    assert again.as_list() == Explainer(model, Tabular(X)).explain(X[0]).as_list()


def test_noise_is_noticed_although_answers_are_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noisy = lambda rows: rows[:, 0] + rng.normal(size=len(rows))  # noqa: E731
    cache = tmp_path / "answers.db"
    said = [Explainer(noisy, Tabular(X), cache=Cache(cache, model="noisy")).explain(X[0]) for _ in range(2)]
    assert any("not deterministic" in warning for warning in said[0].provenance.warnings)
    assert said[0].as_list() == said[1].as_list()


def test_texts_are_kept(tmp_path: Path) -> None:
    def loud(texts: Any) -> Any:
        ASKED.append(len(texts))
        return [float(text.count("!")) for text in texts]

    text = "help! fire! nothing to see here!"
    kept = [
        Explainer(loud, Text(), cache=Cache(tmp_path / "a.db", model="loud")).explain(text).as_list() for _ in range(2)
    ]
    before = sum(ASKED)
    Explainer(loud, Text(), cache=Cache(tmp_path / "a.db", model="loud")).explain(text)
    assert sum(ASKED) == before
    assert kept[0] == kept[1]


def test_forms_come_back_as_they_were() -> None:
    numbers = unpacked(packed(Numbers(np.arange(6.0).reshape(3, 2), ("a", "b"), logits=True)))
    assert isinstance(numbers, Numbers)
    assert numbers.array.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert (numbers.names, numbers.labels, numbers.logits) == (("a", "b"), None, True)
    mixed = unpacked([*packed(Numbers(np.array([1, 2]))), *packed(Numbers(np.array([0.5])))])
    assert isinstance(mixed, Numbers) and mixed.array.tolist() == [1.0, 2.0, 0.5]
    labels = unpacked(packed(Labels([np.str_("x"), 3, True], ("x", "y"))))
    assert labels == Labels(["x", 3, True], ("x", "y"))
    assert unpacked(packed(Scores([{"x": 0.5, 2: 0.25}, None]))) == Scores([{"x": 0.5, 2: 0.25}, None])


def test_a_cache_that_cannot_serve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cache: expected the name of a file"):
        Explainer(labels_of, Tabular(X), cache=3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="make it first"):
        Explainer(labels_of, Tabular(X), cache=tmp_path / "none" / "a.db")
    (tmp_path / "notes.txt").write_text("these are my notes, no database " * 40)
    with pytest.raises(InputError, match="is no cache of answers"):
        Explainer(labels_of, Tabular(X), cache=tmp_path / "notes.txt")
