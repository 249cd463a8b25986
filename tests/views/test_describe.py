"""An explanation in plain words: the surrogate's arithmetic, what may not be said, and how far to trust it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import samples

from limelight.views import facts
from limelight.views.describe import describe, isolated, reasons, trust, without
from limelight.views.kinds import kind_of
from limelight.views.measure import LIKE

TABLE = samples.table()
FACTS = facts.target_facts(TABLE)


def test_three_reasons_on_either_side_are_named_and_only_those_that_are_certain() -> None:
    for_it, against_it, *_ = reasons(FACTS, kind_of(TABLE), str)
    assert for_it.startswith("Most for it: ")
    assert for_it.count("+") == 3
    assert against_it.startswith("Most against it: ")
    assert "28 < age ≤ 37" in against_it
    assert "relationship" not in against_it  # its interval contains zero


def test_what_bars_are_compared_with_is_said_once() -> None:
    said = " ".join(reasons(replace(FACTS, against="the average row"), kind_of(TABLE), str))
    assert said.count("against the average row") == 1


def test_where_no_sign_is_known_no_direction_is_given() -> None:
    rows = tuple(replace(row, low=-1.0, high=1.0) for row in FACTS.rows)
    (said,) = reasons(replace(FACTS, rows=rows), kind_of(TABLE), str)
    assert said == "No shown feature moves >50K in a direction that is known."


@pytest.mark.parametrize(
    ("fidelity", "warnings", "unsure", "says"),
    [
        (0.49, 0, 0, "do not rely on it"),
        (0.5, 1, 0, "because of the warning."),
        (0.95, 2, 0, "because of the warnings."),
        (0.95, 0, 3, "because 3 of 4 signs are not known"),
        (0.95, 0, 2, "trust it well"),
        (0.89, 0, 0, "because the rest is not linear"),
        (0.9, 0, 0, "trust it well"),
    ],
)
def test_trust_is_graded_by_what_is_missing(fidelity: float, warnings: int, unsure: int, says: str) -> None:
    rows = tuple(facts.Row(i, "a", "", 0.1, -0.1 if i < unsure else 0.05, 0.2, False) for i in range(4))
    told = replace(TABLE, provenance=replace(TABLE.provenance, warnings=("beware",) * warnings))
    said = trust(told, replace(FACTS, fidelity=fidelity, rows=rows))
    assert says in said
    assert f"{fidelity:.0%}".replace("%", " %") in said
    assert trust(told, replace(FACTS, verdict="It adds up.")) == ""


def test_a_feature_that_is_gone_is_what_its_bar_is_compared_with() -> None:
    kind = kind_of(TABLE)
    assert without(replace(FACTS, against="the average row"), kind)[0] == "was as in the average row"
    assert without(replace(FACTS, against="the background"), kind)[1] == "were drawn from the background"
    assert without(replace(FACTS, against=LIKE), kind)[0] == f"was drawn from {LIKE}"
    assert without(replace(FACTS, against=""), kind) == kind.without


def test_a_target_that_is_not_what_the_model_said_is_named_with_its_own_number() -> None:
    assert describe(TABLE).startswith("The model says *>50K* (0.951).")
    other = replace(TABLE, outputs=(("<=50K", 0.6), (">50K", 0.4)))
    assert describe(other).startswith("The model says *<=50K* (0.600). This is about *>50K* (")


def test_only_names_that_could_turn_a_sentence_are_isolated() -> None:
    assert isolated("age ≤ 28") == "age ≤ 28"
    for name in ("عمر", "גיל", "age of عمر"):
        assert isolated(name) == f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
