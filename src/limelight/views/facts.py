"""What every view says, collected once: rows with intervals, numbers as written, names made safe to show.

Input: an `Explanation`. Output: `TargetFacts` and strings. Terminal, page, figure, Markdown and the plain sentence all
draw from here, so that the same explanation shows the same numbers everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from limelight.contracts import Feature, FloatArray
from limelight.result.effects import Effect
from limelight.result.explanation import Explanation
from limelight.views.measure import CONTRIBUTIONS, LIKE, TIED, Measured, compared_with, measured, slope
from limelight.views.names import shorten as shorten
from limelight.views.names import visible as visible
from limelight.views.names import with_value as with_value
from limelight.views.targets import shown_targets

MINUS = "\N{MINUS SIGN}"
MOST_CUT = 7
"""Characters that a column's name keeps: "mea…nts"."""


@dataclass(frozen=True, slots=True)
class Row:
    """One shown feature of one target.

    Parameters
    ----------
    index
        Position among the explanation's features.
    name, value
        As shown: control characters are visible.
    weight, low, high
        What the bar shows, a contribution or a weight, and its 95 % interval.
    exact
        Whether the weight carries no sampling error, since all perturbations that there are were asked.
    tied
        Whether it is zero but for rounding. Unless it is exact, that is what the perturbations showed, and no more.
    column
        The column that the name speaks of, as in the name; empty for anything but a column.
    effect
        The effect of every bin of the column, where it is known.
    slope
        What one unit of a continuous column adds; None for anything else.
    """

    index: int
    name: str
    value: str
    weight: float
    low: float
    high: float
    exact: bool
    column: str = ""
    effect: Effect | None = None
    slope: float | None = None
    tied: bool = False

    @property
    def pointlike(self) -> bool:
        """Whether there is no interval to draw."""
        return self.exact or self.tied

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out 0 or there is none, so that the sign is known."""
        return self.pointlike or self.low > 0 or self.high < 0

    @property
    def label(self) -> str:
        """Return the name, with the instance's own value where the name does not say it."""
        return with_value(self.name, self.value)

    def short(self, limit: int) -> str:
        """Return the label in at most `limit` characters: without the value, then with less of the column's name.

        What a row says is its edges and categories, which are given up last.

        >>> row = Row(0, "0.049 < mean concave ≤ 0.074", "0.051", 0.1, 0.0, 0.2, False, column="mean concave")
        >>> row.short(28), row.short(24)
        ('0.049 < mean concave ≤ 0.074', '0.049 < mean…ave ≤ 0.074')
        """
        if len(self.label) <= limit:
            return self.label
        before, column, after = self.name.partition(self.column) if self.column else ("", "", self.name)
        room = max(limit - len(before) - len(after), MOST_CUT)
        return shorten(before + shorten(column, room) + after, limit)


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What is said about one explained output.

    Parameters
    ----------
    index, name
        Which output.
    prediction, local_prediction, intercept
        f(x), g(x'), and g where the bars start: every feature off, or the average row.
    fidelity, fidelity_stderr, r2
        Weighted R² on unseen perturbations, its standard error, and in the sample.
    rows
        The shown features, largest first.
    rest
        What the features that are not shown add up to: g(x') − intercept − what is shown.
    additive
        Whether g(x') is the intercept plus all bars, so that taking a feature away subtracts its bar.
    values
        What a bar would show for each of the d features.
    against
        What bars are compared with, ``"the average row"``, ``"the background"`` or `measure.LIKE`; empty where a
        feature is off there.
    additivity, additivity_stderr, gap, verdict, cause
        As in `Explanation`, of this output; None or empty where they are not known.
    """

    index: int
    name: str
    prediction: float
    local_prediction: float
    intercept: float
    fidelity: float
    fidelity_stderr: float
    r2: float
    rows: tuple[Row, ...]
    rest: float
    additive: bool
    values: tuple[float, ...] = ()
    against: str = ""
    additivity: float | None = None
    additivity_stderr: float | None = None
    gap: float | None = None
    verdict: str = ""
    cause: str = ""

    @property
    def uncertain(self) -> int:
        """Return how many shown weights may be of either sign."""
        return sum(not row.certain for row in self.rows)


@dataclass(frozen=True, slots=True)
class Numbers:
    """One way to write a group of numbers that are read together.

    Parameters
    ----------
    decimals
        Places after the point; None writes powers of ten.

    >>> Numbers(2).signed(-0.1), Numbers(None).text(1.5e-7)
    ('−0.10', '1.50e−7')
    """

    decimals: int | None

    @classmethod
    def fitting(cls, values: Iterable[float], *, significant: int = 3) -> Numbers:
        """Return the way that gives the largest of the values three digits.

        >>> Numbers.fitting([0.0213, 0.4]).decimals, Numbers.fitting([12500.0]).decimals
        (3, 0)
        """
        largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
        if largest == 0:
            return cls(2)
        magnitude = math.floor(math.log10(largest))
        return cls(None) if magnitude < -4 or magnitude > 8 else cls(max(0, significant - 1 - magnitude))

    def text(self, value: float) -> str:
        """Return the number, with a real minus sign and never a negative zero."""
        if not math.isfinite(value):
            return "unknown"
        written = f"{value:.2e}" if self.decimals is None else f"{value:,.{self.decimals}f}"
        if self.decimals is None:
            mantissa, exponent = written.split("e")
            written = "0" if value == 0 else f"{mantissa}e{int(exponent)}"
        if written.startswith("-") and not written.strip("-0.,"):
            written = written[1:]
        return written.replace("-", MINUS)

    def signed(self, value: float) -> str:
        """Return the number with its sign, also a plus; zero has none."""
        written = self.text(value)
        return f"+{written}" if value > 0 and written.strip("0.,") else written


def target_facts(
    explanation: Explanation, target: str | int | None = None, weights: str = CONTRIBUTIONS
) -> TargetFacts:
    """Return what is said about one target; None is the first.

    Parameters
    ----------
    explanation
        Whose.
    target
        Name or index.
    weights
        ``"contributions"``, against the average row where there is one; ``"coef"`` for LIME's weights.
    """
    i = explanation.target_index(target)
    bars = measured(explanation, i, weights)
    shown = explanation.selected[i]
    if explanation.compared:
        # Selected by one of the two measures; to be read in the order of the other, as the bars show it.
        shown = shown[np.argsort(-np.abs(bars.values[shown]), kind="stable")]
    rows = tuple(_row(explanation, i, int(j), bars) for j in shown)
    local = float(explanation.local_prediction[i])
    missing = abs(bars.base + float(bars.values.sum()) - local)
    largest = max(1e-300, abs(local), abs(bars.base), float(np.abs(bars.values).sum()))
    return TargetFacts(
        index=i,
        name=visible(explanation.targets[i]),
        prediction=float(explanation.prediction[i]),
        local_prediction=local,
        intercept=bars.base,
        fidelity=float(explanation.fidelity[i]),
        fidelity_stderr=float(explanation.fidelity_stderr[i]),
        r2=float(explanation.r2[i]),
        rows=rows,
        rest=local - bars.base - sum(row.weight for row in rows),
        additive=missing <= 1e-6 * largest,
        values=tuple(bars.values.tolist()),
        against=compared_with(explanation, weights),
        additivity=_of(explanation.additivity, i),
        additivity_stderr=_of(explanation.additivity_stderr, i),
        gap=_of(explanation.gap, i),
        verdict=visible(explanation.verdicts[i]) if i < len(explanation.verdicts) else "",
        cause=explanation.causes[i] if i < len(explanation.causes) else "",
    )


def _row(explanation: Explanation, i: int, j: int, bars: Measured) -> Row:
    feature = explanation.features[j]
    curves = explanation.curves[i] if i < len(explanation.curves) else ()
    effect = next((effect for effect in curves if effect.feature == j), None)
    if effect is not None and _is_flat(effect, bars):
        effect = None  # rounding errors, drawn on a scale of their own, would look like a shape
    return Row(
        index=j,
        name=visible(feature.name),
        value=visible(feature.value),
        weight=float(bars.values[j]),
        low=float(bars.low[j]),
        high=float(bars.high[j]),
        exact=bool(bars.exact[j]),
        column=_column(feature),
        effect=effect,
        slope=slope(explanation, i, j),
        tied=bool(bars.tied[j]),
    )


def _is_flat(effect: Effect, bars: Measured) -> bool:
    """Return whether no bin does anything that is not a rounding error."""
    known = effect.effects[np.isfinite(effect.effects)]
    return float(np.abs(known).max(initial=0.0)) <= TIED * float(np.abs(bars.values).max(initial=0.0))


def _of(values: FloatArray | None, i: int) -> float | None:
    if values is None:
        return None
    return float(values[i])


def _column(feature: Feature) -> str:
    column = visible(str(feature.where.key)) if feature.where.kind == "column" else ""
    if column in visible(feature.name):
        return column
    return ""


def all_targets(explanation: Explanation, weights: str = CONTRIBUTIONS) -> tuple[TargetFacts, ...]:
    """Return the facts of every target that is shown: all of a few, the largest of many."""
    return tuple(target_facts(explanation, i, weights) for i in shown_targets(explanation))


def weight_numbers(facts: TargetFacts) -> Numbers:
    """Return how the weights of a target are written, its intervals with them."""
    return Numbers.fitting(row.weight for row in facts.rows)


def output_numbers(facts: TargetFacts) -> Numbers:
    """Return how f(x), g(x') and the intercept of a target are written."""
    return Numbers.fitting([facts.prediction, facts.local_prediction, facts.intercept])


def base_name(facts: TargetFacts) -> str:
    """Return what the bars start from: with nothing kept, a row like it is any row."""
    if facts.against == LIKE:
        return "any background row"
    return facts.against.removeprefix("the ") or "intercept"


def measure_name(facts: TargetFacts) -> str:
    """Return what one bar is."""
    if facts.against:
        return "contribution"
    return "weight"


def outputs(explanation: Explanation) -> tuple[tuple[str, float], ...]:
    """Return what the model said, largest first: all likely outputs, or the explained ones where none are kept."""
    pairs = explanation.outputs or tuple(zip(explanation.targets, explanation.prediction.tolist(), strict=True))
    return tuple((visible(name), float(value)) for name, value in pairs)


def verdict(explanation: Explanation) -> str:
    """Return what the model said, in one clause.

    A single output is a quantity and is given by its value; of several, the largest is what the model says.
    """
    said = outputs(explanation)
    if not said:
        return "nothing"
    name, value = said[0]
    number = Numbers.fitting([value]).text(value)
    return f"{number} for {name}" if len(said) == 1 else f"{name} ({number})"


def interval_text(row: Row, numbers: Numbers) -> str:
    """Return the 95 % interval, or that there is none to give."""
    return point_text(row) or f"{numbers.text(row.low)} to {numbers.text(row.high)}"


def point_text(row: Row) -> str:
    """Return what stands for an interval where there is none.

    "Exact" is said only where no perturbation is left that could have shown something else.
    """
    if row.exact:
        return "exact"
    return "none seen" if row.tied else ""


def fidelity_text(facts: TargetFacts) -> str:
    """Return the held-out fidelity with its standard error."""
    return share_text(facts.fidelity, facts.fidelity_stderr)


def share_text(share: float, stderr: float | None) -> str:
    """Return an R² with its standard error, as many places as that allows.

    >>> share_text(0.8312, 0.021), share_text(0.8312, 0.0021), share_text(0.8312, None)
    ('0.83 ± 0.02', '0.831 ± 0.002', '0.83')
    """
    if not math.isfinite(share):
        return "unknown"
    if stderr is None or not math.isfinite(stderr) or stderr < 0.0005:
        return Numbers(2).text(share)
    places = Numbers(2 if stderr >= 0.005 else 3)
    return f"{places.text(share)} ± {places.text(stderr)}"


def percent_text(share: float, stderr: float) -> str:
    """Return a share in percent with its standard error.

    >>> percent_text(0.254, 0.021), percent_text(0.021, 0.004)
    ('25 ± 2 %', '2.1 ± 0.4 %')
    """
    places = 0 if stderr >= 0.0095 else 1
    return f"{100 * share:.{places}f} ± {100 * stderr:.{places}f} %"


def cost_text(explanation: Explanation) -> str:
    """Return what it took, in words."""
    p = explanation.provenance
    shared = "shared neighborhood, " if p.shared else ""
    rows = f"{p.cost.model_rows:,} model row{'' if p.cost.model_rows == 1 else 's'}, "
    if not p.cost.model_rows:  # as in the parts of a job, which do not keep it
        rows = ""
    return f"{p.n_samples:,} perturbations ({shared}effective {p.effective_sample_size:,.0f}), {rows}seed {p.seed}"


def doubts(explanation: Explanation, facts: TargetFacts, quote: Callable[[str], str]) -> list[str]:
    """Return what is not certain about which features are shown and in which order; names go through `quote`."""
    if facts.index >= len(explanation.rankings) or facts.cause == "gap":
        return []  # with a gap, what matters at the instance may be none of these, however sure their order is
    ranking = explanation.rankings[facts.index]
    named = {*ranking.order.tolist(), ranking.contender}
    names = [""] * len(explanation.features)
    for j, feature in enumerate(explanation.features):
        if j in named:
            names[j] = quote(shorten(visible(feature.name), 60))
    return list(ranking.sentences(tuple(names)))


def bounds(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the range that bars, whiskers and zero take together; never empty."""
    low = min((min(row.low, row.weight, 0.0) for row in rows), default=0.0)
    high = max((max(row.high, row.weight, 0.0) for row in rows), default=0.0)
    return (low, high) if high > low else (-1.0, 1.0)
