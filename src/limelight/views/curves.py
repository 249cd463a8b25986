"""The curve behind a bar, small enough to stand beside it: the effect of every bin, this row's place marked.

Three drawings of the same `Effect`: steps with an interval band for pages, block characters for text, and the numbers
that a figure draws. Each curve has a scale of its own, its interval included, so that noise looks like noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from limelight.contracts import FloatArray
from limelight.result.effects import Effect
from limelight.result.quantiles import normal_quantile
from limelight.views import markup as m
from limelight.views.facts import Numbers, Row, TargetFacts, shorten, visible

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
"""Stands for a bin into which no perturbation fell."""
MOST_BINS = 40
"""Bins that a small drawing can tell apart; of more, those that hold most of the background are drawn."""
HEIGHT = 99
"""Units of a drawing's height."""


@dataclass(frozen=True, slots=True)
class Curve:
    """An effect as it is drawn.

    Parameters
    ----------
    low, middle, high
        (b,) the effect of each bin with its 95 % interval; NaN where it is not known.
    own
        Which of the bins is this row's; −1 for none.
    """

    low: FloatArray
    middle: FloatArray
    high: FloatArray
    own: int

    @property
    def extent(self) -> tuple[float, float]:
        """Return the range of the curve with its intervals and zero; never empty."""
        known = np.isfinite(self.middle)
        # zero is what every effect is compared with, so it is always in the picture
        low = min(0.0, float(self.low[known].min(initial=0.0)))
        high = max(0.0, float(self.high[known].max(initial=0.0)))
        if high > low:
            return (low, high)
        return (-1.0, 1.0)


def curve(effect: Effect, most: int = MOST_BINS) -> Curve | None:
    """Return what is drawn of an effect, at most `most` bins; None where fewer than two bins are known."""
    if int(np.isfinite(effect.effects).sum()) < 2:
        return None
    kept = np.arange(len(effect.effects))
    if len(kept) > most:
        # The row's own bin is what the curve is about, however rare it is.
        ranked = np.where(kept == effect.own, np.inf, effect.shares)
        kept = np.sort(np.argsort(-ranked, kind="stable")[:most])
    half = normal_quantile(0.95) * effect.stderr[kept]
    middle = effect.effects[kept]
    own = int(np.searchsorted(kept, effect.own)) if effect.own >= 0 else -1
    return Curve(middle - half, middle, middle + half, own)


def spark(effect: Effect, most: int = 8) -> str:
    """Return the curve in block characters, this row's bin in brackets; empty where there is none to draw.

    >>> shares = np.full(4, 0.25)
    >>> spark(Effect(0, ("a", "b", "c", "d"), shares, np.array([-0.3, -0.1, 0.1, 0.3]), np.zeros(4), own=2))
    '▁▃[▆]█'
    """
    drawn = curve(effect, most)
    if drawn is None:
        return ""
    low, high = drawn.extent
    cells = []
    for i, value in enumerate(drawn.middle.tolist()):
        cell = NOTHING
        if math.isfinite(value):
            cell = BLOCKS[round((value - low) / (high - low) * (len(BLOCKS) - 1))]
        cells.append(f"[{cell}]" if i == drawn.own else cell)
    return "".join(cells)


def beside(row: Row, most: int = 8) -> str:
    """Return what stands beside a bar in text: the curve, or the slope per unit of a column without bins."""
    if row.effect is not None:
        return spark(row.effect, most)
    if row.slope is None:
        return ""
    return f"{Numbers.fitting([row.slope], significant=2).signed(row.slope)} per unit"


def heading(facts: TargetFacts) -> str:
    """Return what `beside` shows."""
    if any(row.effect is not None for row in facts.rows):
        return "every bin, [this row's]"
    return "slope"


def key(facts: TargetFacts) -> str:
    """Return the legend of `beside` for a text, where it shows curves."""
    if any(row.effect is not None and spark(row.effect) for row in facts.rows):
        return "▁▄[█] effect of every bin of the column, this row's in brackets"
    return ""


def svg(effect: Effect, numbers: Numbers) -> str:
    """Return the curve as a small drawing for a page, with the same in words; empty where there is none to draw.

    One bin is one unit wide and the drawing is stretched by the style sheet, so that most numbers have two digits:
    pages are kept by the thousand.
    """
    drawn = curve(effect)
    if drawn is None:
        return ""
    low, high = drawn.extent
    bins = len(drawn.middle)

    def y(value: float) -> int:
        return round((high - value) / (high - low) * HEIGHT)

    band, line, pen = [], [], "M"
    for i, value in enumerate(drawn.middle.tolist()):
        if not math.isfinite(value):
            pen = "M"
            continue
        band.append(f"M{i} {y(drawn.low[i])}H{i + 1}V{y(drawn.high[i])}H{i}Z")
        line.append(f"M{i} {y(value)}H{i + 1}" if pen == "M" else f"V{y(value)}H{i + 1}")
        pen = "V"
    own = ""
    if drawn.own >= 0 and math.isfinite(drawn.middle[drawn.own]):
        own = _own(drawn.own, bins, y(0.0), y(drawn.middle[drawn.own]), m.sign(drawn.middle[drawn.own]))
    return (
        f'<svg class="curve" viewBox="0 0 {bins} {HEIGHT}" preserveAspectRatio="none" role="img">'
        f"<title>{m.text(words(effect, numbers))}</title>"
        f'<path class="base" d="M0 {y(0.0)}H{bins}"/><path class="band" d="{"".join(band)}"/>{own}'
        f'<path class="steps" d="{"".join(line)}"/></svg>'
    )


def words(effect: Effect, numbers: Numbers) -> str:
    """Return in words what the drawing shows.

    >>> words(Effect(0, ("no", "yes"), np.array([0.9, 0.1]), np.array([-0.02, 0.18]), np.zeros(2), 1), Numbers(2))
    'Effects of 2 bins, −0.02 to +0.18. This row: yes, +0.18.'
    """
    known = effect.effects[np.isfinite(effect.effects)]
    lowest, highest = numbers.signed(float(known.min())), numbers.signed(float(known.max()))
    said = f"Effects of {len(effect.effects)} bins, {lowest} to {highest}."
    if effect.own < 0:
        return f"{said} This row is outside of the background."
    at = effect.at_own
    shown = numbers.signed(at) if math.isfinite(at) else "not known"
    return f"{said} This row: {shorten(visible(effect.names[effect.own]), 60)}, {shown}."


def _own(place: int, bins: int, zero: int, tip: int, sign: str) -> str:
    """Return this row's bin as a small bar from zero, in the colour of its sign."""
    # Of forty bins each is narrower than two pixels: the mark keeps three.
    width = max(1.0, bins / 24)
    left = min(max(0.0, place + 0.5 - width / 2), bins - width)
    top, bottom = min(zero, tip), max(zero, tip)
    return f'<rect class="{sign}" x="{left:.3g}" y="{top}" width="{width:.3g}" height="{max(bottom - top, 2)}"/>'
