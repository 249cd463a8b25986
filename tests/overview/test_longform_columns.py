"""Sets that are read by column are laid side by side as explanations one at a time are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.overview import longform
from limelight.overview.longform import Longform, longforms, one_output, some_of
from limelight.overview.longform_columns import outputs_of
from limelight.overview.reading import gathered
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.result.part_block import OpenPart
from made_up import explanation

X = np.random.default_rng(0).normal(size=(160, 3))


def explained(scale: float = 1.0, **settings: object) -> ll.Explainer:
    def model(X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-X[:, 0] * X[:, 1] - scale * X[:, 2]))
        return np.column_stack([1 - p, p])

    names = ["a", "b", "c"]
    return ll.Explainer(
        model, ll.Tabular(X, names=names), output_names=["no", "yes"], n_samples=256, seed=0, **settings
    )


def same(one: Longform, other: Longform, *, digits: float = 0.0) -> None:
    """What two long forms say, entry by entry."""
    assert (one.target, one.keys, one.places, one.causes) == (other.target, other.keys, other.places, other.causes)
    for name in ("row", "key", "place", "positions", "ends"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("value", "stderr", "prediction", "local", "df"):
        found, expected = getattr(one, name), getattr(other, name)
        # errors have four digits in a part
        near = 1e-3 if name == "stderr" and digits else digits
        np.testing.assert_allclose(found, expected, rtol=near, atol=digits, err_msg=name)
    assert one.shared == other.shared
    if one.tied is not None:
        np.testing.assert_array_equal(one.tied, other.tied)


TWICE = replace(explanation({"a": 2.0, "b": 3.0}, kind="word", stderr=[0.1, 0.2]))
SETS: dict[str, Callable[[], list[Explanation]]] = {
    "the class that is said": lambda: list(explained().explain_all(X[:60])),
    "both classes": lambda: list(explained(targets="all").explain_all(X[:30])),
    "words": lambda: [
        explanation({"good": 2.0, "bad": -1.0}, kind="word", stderr=[0.1, 0.2]),
        explanation({"bad": -3.0, "fine": 1.0}, kind="word"),
        explanation({"a": 1.0}, kind="word", targets=("ham",)),
        explanation({"good": 0.5}, kind="word"),
    ],
}


@pytest.mark.parametrize("kind", list(SETS))
def test_a_set_says_what_its_explanations_say_one_at_a_time(kind: str) -> None:
    rows = SETS[kind]()
    same(one_output(Explanations.of(rows), None), one_output(rows, None))
    target = rows[0].targets[0]
    same(longforms(Explanations.of(rows), [target])[0], longforms(rows, [target])[0])


def test_a_word_that_occurs_twice_is_added_up_in_a_set_too() -> None:
    from limelight.contracts import Feature, Where

    twice = replace(TWICE, features=tuple(Feature("so", Where("word", "so", ((at, at + 2),))) for at in (0, 5)))
    other = explanation({"so": 1.0, "it": 2.0}, kind="word")
    same(longforms(Explanations.of([other, twice]), ["spam"])[0], longforms([other, twice], ["spam"])[0])


def test_a_job_is_read_by_column_and_no_explanation_is_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ll.jobs.run(explained(), X[:50], tmp_path / "job")
    whole = one_output(list(explained().explain_all(X[:50])), None)
    monkeypatch.setattr(OpenPart, "made", lambda self, row: pytest.fail("an explanation was put together"))
    monkeypatch.setattr(OpenPart, "_whole", property(lambda self: pytest.fail("a part was read whole")))
    laid = one_output(gathered(tmp_path / "job"), None)
    same(laid, whole, digits=1e-6)
    assert laid.tied is None, "a part does not hold which order is certain"
    found = gathered(tmp_path / "job")
    assert isinstance(found, Explanations)
    counts, two = outputs_of(found)
    assert two == ("no", "yes") and sum(counts.values()) == 50


def test_an_audit_and_a_drift_of_jobs_say_what_those_of_lists_do(tmp_path: Path) -> None:
    for name, scale in (("may", 1.0), ("june", 3.0)):
        ll.jobs.run(explained(scale), X[:120], tmp_path / name)
    lists = [list(explained(scale).explain_all(X[:120])) for scale in (1.0, 3.0)]
    beside = {"truth": (X[:120, 2] > 0).astype(int), "side": np.where(X[:120, 0] > 0, "l", "r")}
    audits = [ll.audit(each, beside, truth="truth", sensitive="side") for each in (tmp_path / "may", lists[0])]
    told = [
        [(each.kind, each.subject, each.rows) for each in audit.findings if each.kind != "unstable"] for audit in audits
    ]
    assert told[0] == told[1] and told[0]
    assert audits[0].looked["unstable"].startswith("Not looked at") and "unstable" in audits[1].looked
    drifts = [ll.drift(*pair) for pair in ((tmp_path / "may", tmp_path / "june"), lists)]
    assert [each.feature for each in drifts[0].reasons_changed] == [each.feature for each in drifts[1].reasons_changed]
    for one, other in zip(drifts[0].features, drifts[1].features, strict=True):
        assert (one.change, one.low, one.high) == pytest.approx((other.change, other.low, other.high), abs=1e-6)
    assert drifts[0].same_model is drifts[1].same_model is False
    assert ll.drift(tmp_path / "may", tmp_path / "may").same_model is True


def test_of_very_many_a_sample_is_looked_at_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    many = explained().explain_all(X)
    every, at = some_of(many)
    assert every is many and at.tolist() == list(range(160))
    monkeypatch.setattr(longform, "MOST_ROWS", 100)
    few, at = some_of(many)
    assert len(few) == 100 == len(set(at.tolist())) and at.tolist() == sorted(at.tolist())
    assert few[7] == many[int(at[7])] == some_of(list(many))[0][7]
    audit = ll.audit(many, {"side": np.where(X[:, 0] > 0, "l", "r")}, sensitive="side")
    assert audit.n == 100 and any("100 of the 160 explanations" in each for each in audit.warnings)
    rows = [row for finding in audit.findings for row in finding.rows]
    assert set(rows) <= set(at.tolist()), "rows are named by their place among all"
    assert any("Of 160 and 160 explanations 100 and 100" in each for each in ll.drift(many, many).warnings)
    assert not any("drawn at random" in each for each in ll.drift(many[:80], many[80:]).warnings)
