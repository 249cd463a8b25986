"""What a comparison says in words, and how it is handed on."""

from __future__ import annotations

import json

import pytest

from limelight.errors import UnknownNameError
from limelight.result.comparison import Comparison, FeatureChange, ReasonChange, RowChange
from limelight.result.explanations import Explanations

REASON = ReasonChange("age > 37", 0.1, -0.2, -0.3, -0.35, -0.25, 0.001)
FOUND = Comparison(
    ("old", "new"),
    ("spam",),
    (
        FeatureChange("spam", "age", 0.1, 0.2, 0.3, 0.25, 0.35, 0.01, -0.1, -0.15, -0.05, 2),
        FeatureChange("spam", "sex", 0.1, 0.1, 0.0, 0.0, 0.01, 0.01, 0.0, -0.01, 0.01, 0),
    ),
    (
        RowChange(0, "spam", 0.5, 0.5, "reason", False, (REASON,)),
        RowChange(1, "spam", 0.4, 0.6, "answer", True, (REASON,)),
        RowChange(2, "spam", 0.1, 0.1, "same", False, ()),
    ),
    3,
    0.95,
    {"spam": 0.05},
    Explanations(),
    ("one warning",),
)


def test_sentences_count_rows_by_what_differs() -> None:
    said = FOUND.sentences()
    assert said[0] == (
        "Output “spam”: the answers lie further than 0.05 apart for 1 of 3 rows; for 1 the answers agree and the "
        "reasons do not."
    )
    assert said[1] == "1 row gets another class."
    assert "“age” drives the change: its contribution differs in 2 rows, by 0.3 on average [0.25, 0.35]" in said[2]
    assert "sex" not in " ".join(said)


def test_one_line_for_each_feature_and_the_warnings() -> None:
    text = str(FOUND)
    assert text.endswith("one warning")
    assert "  age " in text
    assert max(map(len, text.splitlines())) < 200


def test_records_are_what_differs() -> None:
    records = FOUND.records()
    assert [(record["row"], record["kind"], record["feature"]) for record in records] == [
        (0, "reason", "age > 37"),
        (1, "answer", "age > 37"),
    ]
    pytest.importorskip("pandas")
    assert list(FOUND.to_frame().columns) == list(records[0])


def test_json_keeps_every_number() -> None:
    data = json.loads(json.dumps(FOUND.to_dict()))
    assert data["rows"][0]["reasons"][0]["change"] == -0.3
    assert data["features"][0]["feature"] == "age"
    assert data["sentences"][1] == "1 row gets another class."


def test_an_output_that_was_not_compared_is_named() -> None:
    with pytest.raises(UnknownNameError, match="ham"):
        FOUND.of("ham")
