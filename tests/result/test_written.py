from __future__ import annotations

import re

import pytest

from limelight.result.written import shown, signed, written


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-5, "0.00001"), (0.000012345, "0.0000123"), (12345.6, "12,346"), (99.96, "100"), (0.0, "0"), (-0.25, "-0.25")],
)
def test_numbers_are_written_as_people_write_them(value: float, text: str) -> None:
    assert written(value) == text


def test_three_digits_stay_right_over_all_sizes_and_no_number_has_an_e() -> None:
    for power in range(-12, 16):
        for digits in (1.0, 1.234567, 9.876):
            value = digits * 10.0**power
            text = written(-value)
            assert "e" not in text and text.startswith("-")
            mantissa, _, raised = text.replace(",", "").partition(" × 10")
            exponent = int(raised.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) if raised else 0
            assert float(mantissa) * 10.0**exponent == pytest.approx(-value, rel=0.005)


def test_what_is_no_number_is_said_and_only_more_than_zero_has_a_plus() -> None:
    assert (written(float("nan")), written(float("inf"))) == ("unknown", "∞")
    assert [signed(value) for value in (0.1, -0.1, 0.0)] == ["+0.1", "-0.1", "0"]


def test_a_setting_is_never_rounded_to_another_setting() -> None:
    assert shown(0.123456) == "0.123456" and shown(1e-05) == "0.00001" and shown([1, 2]) == "[1, 2]"
    assert not re.search(r"e-", shown(0.05))
