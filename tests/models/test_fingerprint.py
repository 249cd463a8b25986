"""The same model has the same fingerprint in another process; another model another; what hides has none."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from limelight.errors import InputError
from limelight.models.fingerprint import fingerprint

X, y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 1, 0])
WEIGHTS = np.array([1.0, 2.0])

SCRIPT = """
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from limelight.models.fingerprint import fingerprint

model = make_pipeline(TfidfVectorizer(), LogisticRegression())
model.fit(["the good", "a bad", "an ugly of", "to good"], [0, 1, 1, 0])
W = {"a": 1.0, "b": 2.0}
STOP = {"the", "a", "an", "of", "to"}
def score(rows):
    return [W["a"] * row[0] for row in rows if row[1] not in STOP]
print(fingerprint(model), fingerprint(score))
"""


def test_it_is_the_same_in_another_process_whatever_order_sets_have() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_another_fit_another_parameter_another_step_is_another_model() -> None:
    models = [
        LogisticRegression().fit(X, y),
        LogisticRegression().fit(X, 1 - y),
        LogisticRegression(C=2).fit(X, y),
        make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["aa bb", "bb cc"], [0, 1]),
    ]
    assert len({fingerprint(model) for model in models}) == 4
    assert fingerprint(models[0]) == fingerprint(LogisticRegression().fit(X, y))
    assert fingerprint(models[0].predict_proba) != fingerprint(models[0].predict)


def test_functions_are_told_apart_by_code_closure_defaults_and_globals(monkeypatch: pytest.MonkeyPatch) -> None:
    def scaled(by: float) -> Any:
        return lambda rows: rows[:, 0] * by

    def by_global(rows: Any) -> Any:
        return rows @ WEIGHTS

    def helped(rows: Any) -> Any:
        return by_global(rows)

    def by_default(rows: Any, by: float = 2.0) -> Any:
        return rows * by

    assert fingerprint(scaled(2.0)) == fingerprint(scaled(2.0)) != fingerprint(scaled(3.0))
    before = fingerprint(by_global), fingerprint(helped), fingerprint(by_default)
    monkeypatch.setitem(globals(), "WEIGHTS", np.array([1.0, 2.5]))
    by_default.__defaults__ = (3.0,)
    after = fingerprint(by_global), fingerprint(helped), fingerprint(by_default)
    assert all(first != second for first, second in zip(before, after, strict=True))


class Own:
    def __init__(self) -> None:
        self.scale = 1.0

    def predict(self, rows: Any) -> Any:
        return rows[:, 0] * self.scale


def test_the_code_of_ones_own_class_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(Own())
    monkeypatch.setattr(Own, "predict", lambda self, rows: rows[:, 1])
    changed = fingerprint(Own())
    monkeypatch.setattr(Own, "threshold", 0.7, raising=False)
    assert len({before, changed, fingerprint(Own())}) == 3


class Hiding(Own):
    def __getstate__(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("hidden", [Hiding(), threading.Lock()], ids=["own pickling", "an open thing"])
def test_what_cannot_be_seen_is_refused_with_the_remedy(hidden: Any) -> None:
    with pytest.raises(InputError, match='cannot tell which model this is.*model="fraud 3"'):
        fingerprint(hidden)
    with pytest.raises(InputError, match="cannot tell"):
        fingerprint(lambda rows: (hidden, rows))


def test_a_module_of_ones_own_is_refused_since_its_state_may_change() -> None:
    import servers_for_nobody as module  # type: ignore[import-not-found]

    with pytest.raises(InputError, match="the module 'servers_for_nobody'"):
        fingerprint(lambda rows: module.answer(rows))


@pytest.fixture(autouse=True)
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "servers_for_nobody.py").write_text("def answer(rows):\n    return rows\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("servers_for_nobody", None)
