"""Sentences that every view shares: which are said once, which are left to the verdict, how pairs are named."""

from __future__ import annotations

import math
from dataclasses import replace

import samples

from limelight.contracts import Feature, Where
from limelight.result.effects import Interaction
from limelight.views import facts, sentences
from limelight.views.sentences import skeleton, warnings

TARGETS = ["cat", "dog", "cow", "hen"]


def warned(*said: str, targets: list[str] = TARGETS):
    feature = Feature("a", Where("part", 0))
    return samples.explanation([feature], [[0.1]] * len(targets), targets=targets, warnings=said)


def test_sentences_that_differ_in_names_and_numbers_have_one_skeleton() -> None:
    assert skeleton("held-out fidelity 0.31 for cat", TARGETS) == skeleton("held-out fidelity −1.2e-3 for dog", TARGETS)
    assert skeleton("fidelity for cat", TARGETS) != skeleton("gap for cat", TARGETS)
    # the longest name is the one that is meant
    assert skeleton("of cat: all", ["cat", "cat: all"]) == "of {}"


def test_four_alike_are_said_once_and_three_are_said_each() -> None:
    each = [f"fidelity 0.{i} for {name}" for i, name in enumerate(TARGETS)]
    assert warnings(warned(*each)) == (f"{each[0]} (and much the same for 3 other outputs)",)
    assert warnings(warned(*each[:3])) == tuple(each[:3])


def test_what_the_verdict_of_a_single_output_says_is_not_said_again() -> None:
    said = "features act together for spam, look at pairs"
    told = warned(said, "another doubt", targets=["spam"])
    assert warnings(told) == (said, "another doubt")
    judged = replace(told, verdicts=("They act together.",), causes=("acts together",))
    assert warnings(judged) == ("another doubt",)


def test_a_gap_is_two_digits_and_without_limit_where_nothing_is_left_to_compare_it_with() -> None:
    told = facts.target_facts(samples.table())
    assert sentences.gap(told) == ""
    assert sentences.gap(replace(told, cause="gap", gap=6.283)) == "6.3"
    assert sentences.gap(replace(told, cause="gap", gap=math.inf)) == "unlimited"


def test_additivity_is_said_where_it_is_another_number_than_the_fidelity() -> None:
    told = replace(facts.target_facts(samples.table()), fidelity=0.83, additivity_stderr=0.01, against="")
    assert sentences.additivity(replace(told, additivity=None)) == ""
    assert sentences.additivity(replace(told, additivity=0.834)) == ""
    assert sentences.additivity(replace(told, additivity=0.84)) == "0.84 ± 0.01"
    assert sentences.additivity(replace(told, additivity=0.834, against="the average row")) == "0.83 ± 0.01"


def test_three_pairs_are_named_by_their_columns_and_the_rest_is_counted() -> None:
    found = [Interaction(0, j, 0.5 - 0.1 * j, 0.02, math.nan, math.nan) for j in range(1, 5)]
    told = replace(samples.table(), pairs=(tuple(found),))
    said = sentences.pairs(told, facts.target_facts(told), str.upper)
    assert (
        said[0]
        == "“CAPITAL-GAIN” and “MARITAL-STATUS” act together: 40 ± 2 % of what the model does nearby, beyond their sum."
    )
    assert len(said) == 4
    assert said[3] == "1 more pair acts together."


def test_what_a_pair_adds_here_is_said_with_its_interval() -> None:
    told = replace(samples.table(), pairs=((Interaction(0, 3, 0.4, 0.02, -0.1, 0.01),),))
    (said,) = sentences.pairs(told, facts.target_facts(told), str)
    assert said.endswith("beyond their sum; −0.100 ± 0.020 here.")  # 1.96 standard errors
