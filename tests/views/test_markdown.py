from __future__ import annotations

import samples

from limelight.views import markdown


def test_a_table_row_has_four_cells_whatever_the_name() -> None:
    text = markdown.render(samples.hostile(["a|b", "line\nbreak", "`code`", "<b>", "\x00"]))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [len(line.replace("\\|", "").split("|")) for line in rows] == [6] * len(rows)
    assert "<b>" not in text.replace("\\<b\\>", "")


def test_numbers_intervals_and_warnings_are_there() -> None:
    text = markdown.render(samples.long_text())
    assert "| prize | +0.310 | 0.286 to 0.334 |  |" in text
    assert "> **Warning:** held\\-out fidelity 0\\.41" in text
