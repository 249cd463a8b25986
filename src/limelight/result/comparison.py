"""The result of comparing two models: what changed in the answers, what in the reasons, and where only the reasons did.

Input: the explanations of both models and of their difference, on the same perturbations. Output: `Comparison`, read by
the views, the command line and reports.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from limelight.errors import UnknownNameError
from limelight.result.explanations import Explanations
from limelight.result.provenance import Provenance
from limelight.result.written import signed, written

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """How differently two models use one feature, over all rows.

    Parameters
    ----------
    output
        Name of the output.
    feature
        What the feature is across rows: a column, a word.
    first, second
        Mean |contribution| in either model.
    change, low, high
        Mean |change of the contribution|, and its interval.
    noise
        The mean |change| that sampling noise alone would show.
    mean, mean_low, mean_high
        Mean change of the contribution, and its interval.
    rows
        In how many rows the contribution differs, corrected for all looks.
    p_refit
        How often another fit of the first model would differ as much in the use of this feature, adjusted for all
        features; NaN where no refits were given.
    """

    output: str
    feature: Hashable
    first: float
    second: float
    change: float
    low: float
    high: float
    noise: float
    mean: float
    mean_low: float
    mean_high: float
    rows: int
    p_refit: float = math.nan


@dataclass(frozen=True, slots=True)
class ReasonChange:
    """How a feature's contribution to one answer differs between two models.

    Parameters
    ----------
    feature
        As it reads in the row: ``"28 < age ≤ 37"``.
    first, second
        The contribution in either model.
    change, low, high
        Their difference, estimated as one: it is more precise than both, and may differ from second − first by as much
        as their errors; and its interval.
    p
        Of no difference, adjusted for all rows and features that were looked at [benjamini1995].
    """

    feature: str
    first: float
    second: float
    change: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row, and what two models say of it.

    Parameters
    ----------
    position
        Its place among the rows, counted from 0.
    output
        Name of the output.
    first, second
        What either model says.
    kind
        ``"same"``; ``"answer"`` where the answers lie further apart than `Comparison.agree`; ``"reason"`` where they
        do not, and yet a single contribution differs by more than twice that.
    flipped
        Whether the models answer another class; None where that is not known.
    reasons
        The contributions that differ, largest change first.
    """

    position: int
    output: str
    first: float
    second: float
    kind: str
    flipped: bool | None
    reasons: tuple[ReasonChange, ...]

    def sentence(self, names: tuple[str, str]) -> str:
        """Return in words what differs.

        >>> reasons = (ReasonChange("age > 37", 0.1, -0.1, -0.2, -0.21, -0.19, 0.0),)
        >>> RowChange(3, "spam", 0.51, 0.52, "reason", False, reasons).sentence(("old", "new"))
        'Row 3: old says 0.51, new 0.52, but not for the same reasons: “age > 37” adds +0.1 in old and -0.1 in new.'
        """
        said = f"Row {self.position}: {names[0]} says {written(self.first)}, {names[1]} {written(self.second)}"
        if self.kind == "same" or not self.reasons:
            if not self.reasons:
                return f"{said}, and no reason differs."
            return f"{said}, for nearly the same reasons."
        top = self.reasons[0]
        why = f"“{top.feature}” adds {signed(top.first)} in {names[0]} and {signed(top.second)} in {names[1]}"
        if self.kind == "reason":
            return f"{said}, but not for the same reasons: {why}."
        return f"{said}: {why}."


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models beside each other, explained on the same perturbations.

    Parameters
    ----------
    names
        What the two models are called.
    outputs
        The outputs that were compared.
    features
        One entry for each output and feature, largest change first.
    rows
        One entry for each row and output.
    n
        How many rows.
    level
        Of the intervals; 1 − level is the share of chance differences among those that are called so.
    agree
        For each output how far two answers may lie apart and still agree.
    explanations
        Every row's explanation, with the targets of both models and of their difference.
    warnings
        Sentences about what cannot be told.
    asked
        What was asked for, as far as a file can say it: with it the same command can be written again.
    provenance
        Where the explanations come from: that of the first of them; None where it is not known.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> first = ll.Explainer(lambda X: X[:, 0] + X[:, 1], ll.Tabular(X, names=["a", "b", "c"]), seed=0)
    >>> found = ll.compare(first, lambda X: X[:, 0] + X[:, 2], X[:20], names=("old", "new"))
    >>> sorted(entry.feature for entry in found.features if entry.rows)
    ['b', 'c']
    """

    names: tuple[str, str]
    outputs: tuple[str, ...]
    features: tuple[FeatureChange, ...]
    rows: tuple[RowChange, ...]
    n: int
    level: float
    agree: dict[str, float]
    explanations: Explanations
    warnings: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    provenance: Provenance | None = None

    def __repr__(self) -> str:
        """Return which models, of how many rows, and how often answers or reasons differ."""
        changed = sum(each.low > 0 or each.high < 0 for each in self.features)
        return (
            f"<Comparison of {self.names[0]} and {self.names[1]} on {self.n:,} rows: {len(self.flips):,} other "
            f"classes, {changed} of {len(self.features)} features changed>"
        )

    @property
    def identical(self) -> bool:
        """Return whether nothing differs, to the last bit."""
        return all(entry.change == 0.0 for entry in self.features) and all(row.first == row.second for row in self.rows)

    @property
    def flips(self) -> tuple[RowChange, ...]:
        """Return the rows for which the models answer another class."""
        return tuple(row for row in self.rows if row.flipped)

    @property
    def reasons_only(self) -> tuple[RowChange, ...]:
        """Return the rows that agree on the answer and not on the reason, largest change of a reason first."""
        found = [row for row in self.rows if row.kind == "reason"]
        return tuple(sorted(found, key=_largest))

    def of(self, output: str | None = None) -> tuple[FeatureChange, ...]:
        """Return the features of one output, largest change first; None is the first output.

        Raises
        ------
        UnknownNameError
            If it was not compared.
        """
        chosen = self.outputs[0] if output is None else output
        if chosen not in self.outputs:
            raise UnknownNameError("output", chosen, self.outputs)
        return tuple(entry for entry in self.features if entry.output == chosen)

    def records(self) -> list[dict[str, Any]]:
        """Return one dict for each row, output and feature whose contribution differs, for any frame library."""
        return [
            {
                "row": row.position,
                "output": row.output,
                "kind": row.kind,
                **{name: getattr(reason, name) for name in ReasonChange.__dataclass_fields__},
            }
            for row in self.rows
            for reason in row.reasons
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the explanations as JSON types; `result.found.from_dict` reads it back."""
        from limelight.result.schema import written_provenance

        kept = [name for name in self.__dataclass_fields__ if name != "explanations"]
        found = {name: getattr(self, name) for name in kept}
        found["features"] = []
        for entry in self.features:
            told = asdict(entry)
            if math.isnan(entry.p_refit):
                told["p_refit"] = None  # JSON holds no NaN
            found["features"].append(told)
        found["rows"] = [asdict(row) for row in self.rows]
        found["provenance"] = written_provenance(self.provenance)
        return {"what": "comparison", **found, "sentences": list(self.sentences())}

    def to_frame(self) -> pd.DataFrame:
        """Return `records` as a pandas frame.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed; `records` needs nothing.
        """
        from limelight.optional import require

        columns = ["row", "output", "kind", *ReasonChange.__dataclass_fields__]
        frame: pd.DataFrame = require("pandas", "notebook").DataFrame(self.records(), columns=columns)
        return frame

    def sentences(self) -> tuple[str, ...]:
        """Return in words what differs: the answers, the features, and the reasons behind equal answers."""
        first, second = self.names
        if self.identical:
            return (f"{first} and {second} are the same to the last bit, on {_rows(self.n)}.",)
        said: list[str] = []
        for output in self.outputs:
            said += self._of_output(output)
        return tuple(said)

    def _of_output(self, output: str) -> list[str]:
        rows = [row for row in self.rows if row.output == output]
        kinds = [row.kind for row in rows]
        said = [
            f"Output “{output}”: the answers lie further than {written(self.agree[output])} apart for "
            f"{kinds.count('answer'):,} of {_rows(len(rows))}; for {kinds.count('reason'):,} the answers agree and the "
            "reasons do not."
        ]
        if any(row.flipped for row in rows):
            count = sum(bool(row.flipped) for row in rows)
            said.append(f"{_rows(count)} {'gets' if count == 1 else 'get'} another class.")
        changed = [entry for entry in self.of(output) if entry.rows]
        if not changed:
            return [*said, "No feature's contribution differs, beyond what so many looks show by chance."]
        top = changed[0]
        said.append(
            f"“{top.feature}” drives the change: its contribution differs in {_rows(top.rows)}, by "
            f"{written(top.change)} on average [{written(top.low)}, {written(top.high)}] (mean size "
            f"{written(top.first)} in {self.names[0]}, {written(top.second)} in {self.names[1]})."
        )
        others = ", ".join(f"“{entry.feature}” ({written(entry.change)})" for entry in changed[1:5])
        if others:
            said.append(f"After it: {others}.")
        return said + self._beyond_refits(output)

    def _beyond_refits(self, output: str) -> list[str]:
        entries = self.of(output)
        if all(math.isnan(entry.p_refit) for entry in entries):
            return []
        beyond = ", ".join(f"“{entry.feature}”" for entry in entries if entry.p_refit <= 1.0 - self.level)
        if not beyond:
            return [f"None of this is more than another fit of {self.names[0]} differs."]
        return [f"More than another fit of {self.names[0]} would differ: {beyond}."]

    def __str__(self) -> str:
        """Return what differs, in sentences and ten lines of features for each output."""
        first, second = self.names
        lines = [f"{first} and {second} on {_rows(self.n)}, the same perturbations", *self.sentences()]
        for output in self.outputs if not self.identical else ():
            lines.append(f"{output:<26} {'mean |change|':<28} {first:>9.9} {second:>9.9}  rows that differ")
            for entry in self.of(output)[:10]:
                size = f"{entry.change:.3g} [{entry.low:.3g}, {entry.high:.3g}]"
                lines.append(
                    f"  {entry.feature!s:<24.24} {size:<28} {entry.first:>9.3g} {entry.second:>9.3g}  {entry.rows:>9,}"
                )
        lines += [row.sentence(self.names) for row in self.reasons_only[:5]]
        return "\n".join([*lines, *self.warnings])

    def plot(self, ax: Any = None, *, output: str | None = None, n: int = 12) -> Any:
        """Draw how much either model uses each feature, and the change with its interval; return the Axes.

        Parameters
        ----------
        ax
            Axes to draw into; None makes a figure.
        output
            Which output; None is the first.
        n
            How many features.
        """
        from limelight.views.trust_figures import plot_comparison

        return plot_comparison(self, ax, output=output, n=n)

    def to_html(self, path: Any = None) -> str:
        """Return a self-contained page, and write it where a path is given: all of it, or the old file stays."""
        from limelight.files import write_text
        from limelight.views.trust_pages import comparison_page

        text = comparison_page(self)
        if path is not None:
            write_text(path, text)
        return text


def _rows(count: int) -> str:
    if count == 1:
        return "1 row"
    return f"{count:,} rows"


def _largest(row: RowChange) -> float:
    return -max((abs(reason.change) for reason in row.reasons), default=0.0)
