"""What was found about many rows comes back from its JSON as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.reports.origin import fingerprint
from limelight.result.found import from_dict, is_found, read

X = np.random.default_rng(0).normal(size=(120, 3))
NAMES = ["a", "b", "c"]


def explainer(*slopes: float) -> ll.Explainer:
    slope = np.array(slopes)
    model = lambda X: 1 / (1 + np.exp(-np.asarray(X, dtype=float) @ slope))  # noqa: E731
    return ll.Explainer(model, ll.Tabular(X, names=NAMES), seed=0, n_samples=512, output_names=["ill"])


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    first, second = explainer(1, 1, 0), explainer(1, 0, 1)
    many = first.explain_all(X)
    beside = {"ill": (X[:, 0] > 0).astype(int), "side": np.where(X[:, 1] > 0, "l", "r")}
    return {
        "comparison": ll.compare(first, second, X[:20], names=("old", "new")),
        "audit": ll.audit(many, beside, truth="ill", sensitive="side"),
        "drift": ll.drift(many, second.explain_all(X + np.array([0.5, 0.0, 0.0])), names=("May", "June")),
    }


@pytest.mark.parametrize("what", ["comparison", "audit", "drift"])
def test_what_was_found_comes_back_from_its_json(found: dict[str, Any], what: str, tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    path.write_text(json.dumps(found[what].to_dict(), default=str), encoding="utf-8")
    assert is_found(path)
    back = read(path)
    assert type(back) is type(found[what]) and fingerprint(back) == fingerprint(found[what])
    assert str(back) == str(found[what]) and back.asked == found[what].asked
    assert back.provenance is not None and found[what].provenance is not None
    assert back.provenance.seed == 0 and back.provenance.settings["n_samples"] == 512
    if what == "comparison":
        assert back.rows == found[what].rows and len(back.explanations) == 0
    else:
        assert replace(back, provenance=None) == replace(found[what], provenance=None)


def test_a_fingerprint_tells_numbers_apart_and_not_what_they_are_called(found: dict[str, Any]) -> None:
    drift, audit = found["drift"], found["audit"]
    assert fingerprint(replace(drift, names=("x", "y"))) == fingerprint(drift)
    assert fingerprint(replace(drift, answer=(0.0, 0.0))) != fingerprint(drift)
    assert fingerprint(replace(audit, findings=())) != fingerprint(audit)
    assert len({fingerprint(each) for each in found.values()}) == 3


def test_what_is_none_of_them_or_damaged_is_refused(found: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="limelight compare, audit or drift"):
        from_dict({"seed": 0})
    data = found["audit"].to_dict()
    with pytest.raises(InputError, match="this audit is not complete, or damaged"):
        from_dict({name: value for name, value in data.items() if name != "looked"})
    with pytest.raises(InputError, match="this drift is not complete, or damaged"):
        from_dict({**found["drift"].to_dict(), "features": [{"feature": "a"}]})
    other = tmp_path / "one.json"
    other.write_text(explainer(1, 0, 0).explain(X[0]).to_json(), encoding="utf-8")
    assert not is_found(other) and not is_found(tmp_path / "none.json")
    other.write_text("{", encoding="utf-8")
    assert not is_found(other)


def test_features_that_are_pairs_come_back_as_pairs(found: dict[str, Any]) -> None:
    drift = found["drift"]
    paired = replace(drift, features=(replace(drift.features[0], feature=("field", "word")),))
    back = from_dict(json.loads(json.dumps(paired.to_dict(), default=str)))
    assert back.features[0].feature == ("field", "word")
