from __future__ import annotations

import samples

from limelight.views import terminal


def test_every_line_fits_into_80_columns() -> None:
    assert max(map(terminal.columns, terminal.render(samples.table()).splitlines())) <= 80


def test_weights_intervals_and_both_predictions_are_shown() -> None:
    text = terminal.render(samples.table())
    for fact in ("+0.412", "0.371 to 0.453", "f(x) = 0.951", "g(x') = 0.933", "intercept = 0.193", "0.83 +/- 0.02"):
        assert fact in text


def test_an_uncertain_weight_is_marked_and_the_mark_explained() -> None:
    lines = terminal.render(samples.table()).splitlines()
    assert any("sex = Male" in line and "+0.021?" in line for line in lines)
    assert any(line.strip().startswith("?") for line in lines)
