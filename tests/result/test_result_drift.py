"""What a drift says: which features changed, by data or by reasons, surest first; and whether the model is the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from limelight.result.drift import Drift, FeatureDrift
from limelight.result.found import from_dict


def entry(name: str, *, data: float = 0.0, p_data: float = 1.0, reasons: float = 0.0, p: float = 1.0) -> FeatureDrift:
    change = data + reasons
    return FeatureDrift(
        name,
        data,
        reasons,
        change,
        low=change - 0.1,
        high=change + 0.1,
        p_data=p_data,
        p_reasons=p,
        value=f"{name} = 1",
        before=0.25,
        after=0.5,
        place="place",
        added=0.1,
        adds=0.3,
    )


DRIFT = Drift(
    ("May", "June"),
    "ill",
    (
        entry("a", data=0.1, p_data=0.05),
        entry("b", data=-0.3, p_data=0.01),
        entry("c", reasons=0.2, p=0.04),
        entry("d", data=0.2, p_data=0.051, reasons=0.1, p=0.06),
        entry("e", data=0.4, p_data=0.01),
    ),
    (900, 1100),
    (0.25, 0.5),
    (0.25, 0.2, 0.3),
    0.95,
    True,
    1,
)


def test_a_change_is_one_where_chance_shows_it_in_one_of_twenty_surest_and_then_largest_first() -> None:
    assert [each.feature for each in DRIFT.data_changed] == ["e", "b", "a"]
    assert [each.feature for each in DRIFT.reasons_changed] == ["c"]
    assert [each.feature for each in replace(DRIFT, level=0.9).data_changed] == ["e", "b", "a", "d"]


def test_the_sentences_say_data_reasons_and_the_model() -> None:
    first, *said, model = DRIFT.sentences()
    assert first.startswith("The mean answer for “ill” is 0.25 in May and 0.5 in June: +0.25 [")
    assert sum(sentence.startswith("Data: ") for sentence in said) == 3
    assert "“b = 1” holds for 50.0% of rows, and held for 25.0%" in said[1]
    assert said[-1] == "Reasons: “place” added +0.1 on average, and adds +0.3."
    assert model.startswith("The model is the same: 1 combination of values")


def test_where_nothing_changed_it_is_said_and_where_nobody_can_tell_too() -> None:
    still = replace(DRIFT, features=(entry("a"),), same_model=None)
    said = still.sentences()
    assert "No change of the data was found." in said
    assert any(sentence.startswith("No change of the reasons was found") for sentence in said)
    assert said[-1].startswith("No row has the same values in both")
    other = replace(DRIFT, same_model=False, cells=1200)
    assert other.sentences()[-1].startswith("The model is another one: of 1,200 combinations of values")


def test_it_comes_back_from_its_json_and_prints_ten_features() -> None:
    read = from_dict(json.loads(json.dumps(DRIFT.to_dict())))
    assert isinstance(read, Drift)
    assert read.features == DRIFT.features
    assert read.sentences() == DRIFT.sentences()
    many = replace(DRIFT, features=tuple(entry(f"f{i}", data=0.1) for i in range(14)))
    lines = str(many).splitlines()
    assert lines[0] == "May (900 explanations) and June (1,100)"
    assert sum(line.startswith("  f") for line in lines) == 10
    assert DRIFT.to_frame()["change"].tolist() == pytest.approx([0.1, -0.3, 0.2, 0.3, 0.4])
