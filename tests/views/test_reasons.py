from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import samples

from limelight.contracts import Feature, Where
from limelight.errors import InputError, UnknownNameError
from limelight.result.explanation import Explanation
from limelight.views.reasons import CAUTION, adverse_action

TEXTS = {name: name.upper() for name in "abcdef"}
ASKED = {"target": "denied", "reference": "approved applicants"}


def loan(
    pushes: list[float], errors: list[float] | None = None, *, additivity: float = 0.95, cause: str = "adds up"
) -> Explanation:
    """A row whose columns a, b, … contribute these to "denied"; half of the background is in each own bin."""
    features = [Feature(f"{name} = 1", Where("column", name), value="1") for name in "abcdef"[: len(pushes)]]
    made = samples.explanation(
        features,
        [[2 * push for push in pushes]],
        targets=("denied",),
        stderr=[[2 * error for error in errors or [0.001] * len(pushes)]],
        outputs=[("denied", 0.8), ("approved", 0.2)],
    )
    d = len(features)
    return replace(
        made, center=np.ones(d), reference=np.full(d, 0.5), additivity=np.array([additivity]),
        additivity_stderr=np.array([0.01]), causes=(cause,), verdicts=("The features add up.",),
    )  # fmt: skip


def told(explanation: Explanation, catalogue: Any = TEXTS, **changes: Any) -> Any:
    return adverse_action(explanation, catalogue, **{**ASKED, **changes})


def test_the_four_that_push_most_towards_denial_in_their_order_and_nothing_that_pushes_away() -> None:
    found = told(loan([0.1, -0.5, 0.3, 0.2, 0.05, 0.4]))
    assert [reason.text for reason in found.reasons] == ["F", "C", "D", "A"]
    assert [reason.push for reason in found.reasons] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert (found.reasons[0].low, found.reasons[0].high) == pytest.approx((0.4 - 0.00196, 0.4 + 0.00196), abs=1e-5)
    assert found.others == 1 and not found.refusal
    assert found.reasons[0].features == ("f = 1",)
    assert str(found).startswith("Compared with approved applicants, ") and str(found).endswith(CAUTION)


def test_a_score_is_denied_by_what_lowers_it() -> None:
    found = told(loan([0.1, -0.5, 0.3]), denied="lower")
    assert [reason.text for reason in found.reasons] == ["B"] and found.reasons[0].push == pytest.approx(0.5)


def test_columns_with_one_text_are_one_reason_with_their_errors_added() -> None:
    found = told(loan([0.1, 0.15, 0.2], [0.01, 0.02, 0.001]), {"a": "debt", "b": "debt", "c": "income"})
    assert [reason.text for reason in found.reasons] == ["debt", "income"]
    assert found.reasons[0].push == pytest.approx(0.25)
    assert found.reasons[0].high - found.reasons[0].push == pytest.approx(1.96 * 0.03, abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"additivity": 0.49}, "at least 0.5"),
        ({"cause": "acts together"}, "do not describe the model"),
        ({"cause": "gap"}, "do not describe the model"),
    ],
)
def test_none_are_given_where_the_weights_do_not_describe_the_model(changes: dict[str, Any], why: str) -> None:
    found = told(loan([0.3, 0.2], **changes))
    assert not found.reasons and why in found.refusal
    assert str(found).startswith("No principal reasons are given: ")


def test_fidelity_counts_where_additivity_is_not_known() -> None:
    assert told(replace(loan([0.3, 0.2]), additivity=None)).reasons, "fidelity is 0.83"
    assert "fidelity" in told(replace(loan([0.3, 0.2]), additivity=None, fidelity=np.array([0.4]))).refusal


def test_none_are_given_where_the_fourth_and_the_fifth_are_tied() -> None:
    pushes = [0.5, 0.4, 0.3, 0.205, 0.2]
    assert told(loan(pushes)).reasons, "they differ by 0.005, and their errors are 0.001 each"
    tied = told(loan(pushes, [0.004] * 5))
    assert not tied.reasons and "“D” and “E” cannot be told apart" in tied.refusal
    assert told(loan(pushes, [0.004] * 5), most=3).reasons, "the third and the fourth are apart"


def test_none_are_given_where_one_that_is_not_certain_may_be_among_the_strongest() -> None:
    assert "may be one of the strongest" in told(loan([0.3, 0.1], [0.001, 0.2])).refusal
    assert told(loan([0.3, 0.001], [0.001, 0.01])).reasons, "0.02 at most is no strong reason"


def test_nothing_that_certainly_pushes_is_no_reason() -> None:
    assert "nothing pushed" in told(loan([-0.3, 0.0])).refusal


def test_there_is_no_denial_where_the_model_says_otherwise() -> None:
    approved = replace(loan([0.3, 0.2]), outputs=(("approved", 0.7), ("denied", 0.3)))
    assert "no denial" in told(approved).refusal
    assert told(approved, denied="lower").refusal, "a score is not a class"


def test_every_column_that_pushes_needs_its_text() -> None:
    with pytest.raises(InputError, match="got none for 'b'"):
        told(loan([0.1, 0.2]), {"a": "A"})
    assert told(loan([0.1, -0.2]), {"a": "A"}).reasons, "what pushes away needs none"


def test_a_reference_is_needed_in_words_and_in_the_explanation() -> None:
    with pytest.raises(InputError, match="reference: expected what the background is"):
        told(loan([0.1]), reference=" ")
    with pytest.raises(InputError, match="expected one of a table row"):
        adverse_action(samples.text(), {}, target="positive", reference="others")


def test_weights_of_columns_that_the_model_may_not_read_are_no_reasons() -> None:
    with pytest.raises(InputError, match=r"explain with ll\.Tabular"):
        told(replace(loan([0.5, 0.2]), layout={"kind": "table", "law": "conditional"}))


def test_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="denied"):
        told(loan([0.1]), denied="above")
    with pytest.raises(InputError, match="most"):
        told(loan([0.1]), most=0)
    with pytest.raises(UnknownNameError, match="target"):
        told(loan([0.1]), target="declined")
