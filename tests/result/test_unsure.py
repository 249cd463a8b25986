"""Signs that are not certain: who is named, how many, and when one sentence speaks for all."""

from __future__ import annotations

from limelight.result.unsure import unsure_signs
from made_up import explanation


def test_only_what_is_shown_and_has_zero_inside_its_interval_is_named() -> None:
    # 1.96 standard errors of .5 are .98: 1 is certain, .9 is not, and what is not shown is not spoken of
    found = explanation({"a": 1.0, "b": 0.9, "c": 0.1}, stderr=0.5, shown=2)
    assert unsure_signs(found) == ["the sign is not certain for spam: b = 1"]
    assert unsure_signs(explanation({"a": 1.0}, stderr=0.5)) == []


def test_a_negative_weight_that_may_be_positive_is_not_certain_either() -> None:
    assert unsure_signs(explanation({"a": -0.9}, stderr=0.5)) == ["the sign is not certain for spam: a = 0"]


def test_five_names_and_how_many_more() -> None:
    many = explanation({f"w{j}": 0.1 for j in range(8)}, stderr=1.0)
    assert unsure_signs(many) == ["the sign is not certain for spam: w0 = 0, w1 = 1, w2 = 2, w3 = 3, w4 = 4 and 3 more"]


def test_three_outputs_have_a_sentence_each_and_four_have_one() -> None:
    def outputs(count: int) -> list[str]:
        names = [f"class {i}" for i in range(count)]
        return unsure_signs(explanation({"a": [0.1] * count}, targets=names, stderr=1.0))

    assert [each.split(":")[0] for each in outputs(3)] == [f"the sign is not certain for class {i}" for i in range(3)]
    assert outputs(4) == ["signs of some features are not certain for 4 of 4 outputs; each view marks them with ?"]
