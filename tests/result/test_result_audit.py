"""What an audit says: its sentence, its findings by kind, what was looked at in vain, and how it comes back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from limelight.result.audit import KINDS, NOT, Audit, Finding
from limelight.result.found import from_dict

LEAK, *_, GROUP = KINDS


def finding(kind: str = LEAK, rows: tuple[int, ...] = (4, 2)) -> Finding:
    return Finding(kind, "drug", "“drug” settles it.", "R²", 0.9, 0.8, 0.95, 0.001, rows, "Look at it.")


AUDIT = Audit("ill", (finding(), finding(GROUP)), {LEAK: "4 columns", GROUP: f"{NOT} no groups"}, 1200, 0.9, 1500)


def test_the_sentence_counts_and_says_how_many_are_there_by_chance() -> None:
    assert AUDIT.summary() == (
        "Of 1,500 questions asked of 1,200 explanations of “ill”, these gave 2 findings; at most 10% of findings are "
        "there by chance."
    )
    assert "one gave a finding; at most" in replace(AUDIT, findings=(finding(),)).summary()
    assert replace(AUDIT, findings=()).summary().endswith("none gave a finding.")


def test_a_finding_names_eight_rows_and_says_that_there_are_more() -> None:
    assert str(finding()) == "“drug” settles it. Rows to look at: 4, 2. Look at it."
    assert "Rows to look at: 0, 1, 2, 3, 4, 5, 6, 7. Look" in str(finding(rows=tuple(range(8))))
    assert "6, 7, …. Look" in str(finding(rows=tuple(range(9))))
    assert str(finding(rows=())) == "“drug” settles it. Look at it."


def test_findings_are_listed_by_kind_and_what_was_looked_at_in_vain_is_said() -> None:
    assert AUDIT.of(LEAK) == (finding(),)
    lines = str(replace(AUDIT, findings=(), warnings=("few rows",))).splitlines()
    assert f"{KINDS[LEAK]}: nothing found. 4 columns" in lines
    assert f"{KINDS[GROUP]}: {NOT} no groups" in lines
    assert lines[-1] == "few rows"
    assert str(AUDIT).count("  - ") == 2


def test_it_comes_back_from_its_json_and_is_a_frame() -> None:
    read = from_dict(json.loads(json.dumps(AUDIT.to_dict())))
    assert isinstance(read, Audit)
    assert read.findings == AUDIT.findings
    assert (read.summary(), read.looked, read.level) == (AUDIT.summary(), AUDIT.looked, AUDIT.level)
    frame = AUDIT.to_frame()
    assert frame["subject"].tolist() == ["drug", "drug"]
    assert list(replace(AUDIT, findings=()).to_frame().columns) == list(frame.columns)


def test_it_is_frozen() -> None:
    with pytest.raises(AttributeError):
        AUDIT.level = 0.5  # type: ignore[misc]
