"""Numbers as people write them in sentences: three digits, and no `1e-05`.

Input: a number. Output: a string. Views that line numbers up write them by `views.facts.Numbers`.
"""

from __future__ import annotations

import math

SMALLEST, LARGEST = 1e-6, 1e15
"""Beyond these powers of ten say more than zeros do."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def written(value: float) -> str:
    """Return a number in three digits, all of them where it is larger than a hundred.

    >>> written(0.00001234), written(12345.6), written(0.25), written(2e-9)
    ('0.0000123', '12,346', '0.25', '2 × 10⁻⁹')
    >>> written(-0.5), written(0.0), written(float("nan"))
    ('-0.5', '0', 'unknown')
    """
    value = float(value)
    if not math.isfinite(value):
        if math.isnan(value):
            return "unknown"
        return f"{'−' if value < 0 else ''}∞"
    size = abs(value)
    if size == 0.0:
        return "0"
    sign = "-" if value < 0 else ""
    if not SMALLEST <= size < LARGEST:
        digits, power = f"{size:.2e}".split("e")
        return f"{sign}{_trimmed(digits)} × 10{str(int(power)).translate(_RAISED)}"
    places = max(0, 2 - math.floor(math.log10(size)))
    return sign + _trimmed(f"{size:,.{places}f}")


def signed(value: float) -> str:
    """Return the same with a plus, where it is more than 0.

    >>> signed(0.5), signed(-0.5), signed(0.0)
    ('+0.5', '-0.5', '0')
    """
    if value > 0:
        return f"+{written(value)}"
    return written(value)


def shown(value: object) -> str:
    """Return a setting as people write it: 0.00001 and not 1e-05; everything else as it is.

    >>> shown(1e-05), shown(True), shown("auto"), shown(4096)
    ('0.00001', 'True', 'auto', '4096')
    """
    if isinstance(value, float) and math.isfinite(value):
        plain = written(value)
        exact = "×" in plain or float(plain.replace(",", "")) == value
        # 0.1234567 was set, and three digits of it would be another setting
        if exact:
            return plain
        return repr(value)
    return str(value)


def _trimmed(text: str) -> str:
    if "." in text:
        return text.rstrip("0").rstrip(".")
    return text
