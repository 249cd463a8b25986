"""The schema in the repository is that of the readers, and every file that is written keeps it."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import limelight as ll
from limelight.interpretable.tabular.form import FORM
from limelight.result.json_schema import schema, schema_of
from limelight.result.schema import EXPLANATION

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))
import mutations  # noqa: E402

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed: pip install --group test")
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "reference" / "limelight.schema.json").read_text(encoding="utf-8"))
SOUND = jsonschema.Draft202012Validator(SCHEMA)
FRAME = pd.DataFrame(
    {
        "age": [20.0, 30.0, None, 50.0] * 5,
        "city": ["Oslo", "Rome"] * 10,
        "day": pd.date_range("2024-01-01", periods=20),
        "kind": pd.Categorical(["a", "b"] * 10),
        "id": [f"{at}" for at in range(20)],
    }
)


def test_the_file_is_made_of_the_codecs() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert schema(FORM) == SCHEMA, (
        "python -m limelight.interpretable.tabular.form > docs/reference/limelight.schema.json"
    )


def explanations() -> list[ll.Explanation]:
    made = [ll.Explanation.from_json(path) for path in sorted((ROOT / "tests" / "data").glob("explanation-*.json"))]
    model = lambda rows: rows["age"].fillna(0.0).to_numpy()  # noqa: E731
    made.append(ll.Explainer(model, ll.Tabular(FRAME, fixed=["id"]), n_samples=64).explain(FRAME.iloc[2]))
    odd = ll.Explainer(lambda texts: [[1e12 * len(t), 0.0] for t in texts], ll.Text(), n_samples=16)
    made.append(odd.explain(("a b", "c \ud800")))
    made.append(ll.Explainer(lambda X: X.sum(axis=1), ll.TimeSeries(rate=8), n_samples=16).explain(np.arange(30.0)))
    scans = ll.Explainer(lambda X: X.sum(axis=(1, 2, 3)), ll.Volume("grid", n_segments=4), n_samples=16)
    made.append(scans.explain(np.zeros((4, 4, 4))))
    return made


def test_every_explanation_that_is_written_is_sound() -> None:
    for explanation in explanations():
        SOUND.validate(json.loads(explanation.to_json(), parse_constant=pytest.fail))


@pytest.mark.parametrize(
    "background",
    [
        lambda: ll.Tabular(FRAME),
        lambda: ll.Tabular(FRAME, bins=None, groups={"both": ["age", "city"]}),
        lambda: ll.Tabular(FRAME, contrast="value", fixed=["id"], bins="quartile"),
        lambda: ll.Tabular(FRAME, bins={"age": [25.0, 40.0]}, sampling="gaussian"),
        lambda: ll.Tabular(np.eye(4), groups="auto"),
        lambda: ll.Tabular(csr_matrix(np.eye(4))),
        lambda: ll.Tabular(np.array([[1e305, 1.0], [2e305, 0.0]] * 4)),
    ],
)
def test_every_background_that_is_saved_is_sound(background: Any, tmp_path: Path) -> None:
    path = tmp_path / "background.json"
    background().save(path)
    SOUND.validate(json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail))
    ll.Tabular.load(path)


@pytest.mark.parametrize("seed", range(40))
def test_what_a_reader_takes_the_schema_takes(seed: int, tmp_path: Path) -> None:
    rnd = random.Random(seed)
    path = tmp_path / "background.json"
    ll.Tabular(FRAME).save(path)
    background = json.loads(path.read_text(encoding="utf-8"))
    del background["fingerprint"]
    background["schema_version"] = 1
    explanation = json.loads((ROOT / "tests" / "data" / "explanation-v2-table.json").read_text(encoding="utf-8"))
    for sound, read in ((explanation, _explained), (background, lambda it: _loaded(it, path))):
        for _ in range(8):
            damaged, _what = mutations.damaged(json.loads(json.dumps(sound)), rnd)
            try:
                read(damaged)
            except ll.InputError:
                continue
            SOUND.validate(json.loads(json.dumps(damaged)))


def _explained(damaged: Any) -> None:
    if damaged.get("schema_version") != 2:
        raise ll.InputError("of another version, which is upgraded first")
    ll.Explanation.from_dict(damaged)


def _loaded(damaged: Any, path: Path) -> None:
    path.write_text(json.dumps(damaged), encoding="utf-8")
    ll.Tabular.load(path)


def test_what_does_not_fit_is_refused_by_both() -> None:
    whole = json.loads((ROOT / "tests" / "data" / "explanation-v2-table.json").read_text(encoding="utf-8"))
    for name, wrong in (
        ("targets", [1]),
        ("coef", [["a"]]),
        ("stderr", [[-1.0]]),
        ("df", "many"),
        ("mine", 1),
        ("prediction", [True, 0.5]),
    ):
        damaged = {**whole, name: wrong}
        assert not SOUND.is_valid(damaged), name
        with pytest.raises(ll.InputError):
            ll.Explanation.from_dict(damaged)
    lacking = {name: value for name, value in whole.items() if name != "coef"}
    assert not SOUND.is_valid(lacking)


def test_there_is_a_schema_of_every_codec() -> None:
    assert schema_of(EXPLANATION)["additionalProperties"] is False

    class Unknown:
        pass

    with pytest.raises(TypeError, match="no schema of a Unknown"):
        schema_of(Unknown())  # type: ignore[arg-type]
