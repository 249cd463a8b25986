"""What changed between two sets of explanations: the rows, or the reasons that the model gives for the same rows.

Input: two sets on the same neighborhood, as `overview/drift.py` holds them against each other. Output: `Drift`, read by
the views, the command line and reports.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from limelight.result.provenance import Provenance
from limelight.result.written import signed, written

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """What changed about one feature.

    Parameters
    ----------
    feature
        A column, a word.
    data, reasons
        The change of the mean contribution, in two parts that add up to it: since other values are more frequent than
        they were, and since the same values contribute otherwise [kitagawa1955].
    change, low, high
        The change of the mean contribution, and its interval.
    p_data, p_reasons
        Of no change, by permutation of rows, adjusted over all features [benjamini1995]. `p_reasons` is 1 where the
        model is known to be the same: then `reasons` is what the mix of the other columns does.
    value, before, after
        The value whose share changed most, and its shares.
    place, added, adds
        The value whose mean contribution changed most, and what it contributed before and contributes after.
    """

    feature: Hashable
    data: float
    reasons: float
    change: float
    low: float
    high: float
    p_data: float
    p_reasons: float
    value: str
    before: float
    after: float
    place: str
    added: float
    adds: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Two sets of explanations held against each other.

    Parameters
    ----------
    names
        What the two are called.
    target
        The output.
    features
        Largest change first.
    n
        How many explanations either has.
    answer
        The mean answer in either.
    answer_change
        Its change, and the interval: (change, low, high).
    level
        Of the intervals; a change is one where p is at most 1 − level.
    same_model
        Whether rows with the same values have the same explanation to the last bit in both: then the model is the same.
        None where no row has the same values in both, so that nobody can tell.
    cells
        How many combinations of values occur in both.
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
    >>> X = np.random.default_rng(0).normal(size=(600, 2))
    >>> tabular = ll.Tabular(X, names=["a", "b"])
    >>> before = ll.Explainer(lambda X: X[:, 0] + X[:, 1], tabular, seed=0).explain_all(X[:300])
    >>> after = ll.Explainer(lambda X: X[:, 0] + 0.5 * X[:, 1], tabular, seed=0).explain_all(X[300:])
    >>> found = ll.drift(before, after)
    >>> found.same_model, [entry.feature for entry in found.features if entry.p_reasons <= 0.05]
    (False, ['b'])
    """

    names: tuple[str, str]
    target: str
    features: tuple[FeatureDrift, ...]
    n: tuple[int, int]
    answer: tuple[float, float]
    answer_change: tuple[float, float, float]
    level: float
    same_model: bool | None
    cells: int
    warnings: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    provenance: Provenance | None = None

    def __repr__(self) -> str:
        """Return of how many features the data changed, and of how many the reasons."""
        before, after = self.names
        return (
            f"<Drift of {self.target} from {before} to {after}: of {len(self.features)} features the data of "
            f"{len(self.data_changed)} changed, the reasons of {len(self.reasons_changed)}>"
        )

    @property
    def data_changed(self) -> tuple[FeatureDrift, ...]:
        """Return the features whose values changed in frequency, surest first."""
        found = [entry for entry in self.features if entry.p_data <= 1.0 - self.level]
        # by permutation many have the smallest p that there can be: the larger change then comes first
        return tuple(sorted(found, key=lambda entry: (entry.p_data, -abs(entry.data))))

    @property
    def reasons_changed(self) -> tuple[FeatureDrift, ...]:
        """Return the features whose values contribute otherwise than they did, surest first."""
        found = [entry for entry in self.features if entry.p_reasons <= 1.0 - self.level]
        return tuple(sorted(found, key=lambda entry: (entry.p_reasons, -abs(entry.reasons))))

    def sentences(self) -> tuple[str, ...]:
        """Return in words what changed."""
        first, second = self.names
        change, low, high = self.answer_change
        said = [
            f"The mean answer for “{self.target}” is {written(self.answer[0])} in {first} and "
            f"{written(self.answer[1])} in {second}: {signed(change)} [{signed(low)}, {signed(high)}]."
        ]
        said += [
            f"Data: “{entry.value}” holds for {entry.after:.1%} of rows, and held for {entry.before:.1%}; that moves "
            f"the mean contribution of “{entry.feature}” by {signed(entry.data)}."
            for entry in self.data_changed[:5]
        ]
        said += [
            f"Reasons: “{entry.place}” added {signed(entry.added)} on average, and adds {signed(entry.adds)}."
            for entry in self.reasons_changed[:5]
        ]
        if not self.data_changed:
            said.append("No change of the data was found.")
        if not self.reasons_changed:
            said.append("No change of the reasons was found: the same values contribute what they did.")
        return (*said, self._model())

    def _model(self) -> str:
        if self.same_model is None:
            return (
                "No row has the same values in both, so that a change of the reasons may come from the model or from "
                "what goes along with these values; ll.compare tells two models apart."
            )
        if self.cells == 1:
            cells = "1 combination"
        else:
            cells = f"{self.cells:,} combinations"
        if self.same_model:
            return f"The model is the same: {cells} of values that occur in both have the same explanation."
        return f"The model is another one: of {cells} of values that occur in both, some are explained otherwise now."

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict for each feature, for any frame library."""
        return [asdict(entry) for entry in self.features]

    def to_frame(self) -> pd.DataFrame:
        """Return `rows` as a pandas frame.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed; `rows` needs nothing.
        """
        from limelight.optional import require

        columns = list(FeatureDrift.__dataclass_fields__)
        frame: pd.DataFrame = require("pandas", "notebook").DataFrame(self.rows(), columns=columns)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON types; `result.found.from_dict` reads it back."""
        from limelight.result.schema import written_provenance

        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        told = {"features": self.rows(), "sentences": list(self.sentences())}
        return {"what": "drift", **kept, **told, "provenance": written_provenance(self.provenance)}

    def __str__(self) -> str:
        """Return what changed, in sentences and a line for each of ten features."""
        first, second = self.names
        head = f"{first} ({self.n[0]:,} explanations) and {second} ({self.n[1]:,})"
        lines = [head, *self.warnings, *self.sentences()]
        lines.append(f"{'mean contribution':<26} {'change':<30} {'data':>9} {'p':>6} {'reasons':>9} {'p':>6}")
        for entry in self.features[:10]:
            size = f"{entry.change:+.3g} [{entry.low:+.3g}, {entry.high:+.3g}]"
            parts = f"{entry.data:>+9.3g} {entry.p_data:>6.3f} {entry.reasons:>+9.3g} {entry.p_reasons:>6.3f}"
            lines.append(f"  {entry.feature!s:<24.24} {size:<30} {parts}")
        return "\n".join(lines)

    def plot(self, ax: Any = None, *, n: int = 12) -> Any:
        """Draw for each feature how much of its change is data and how much reasons; return the Axes.

        Parameters
        ----------
        ax
            Axes to draw into; None makes a figure.
        n
            How many features.
        """
        from limelight.views.trust_figures import plot_drift

        return plot_drift(self, ax, n=n)

    def to_html(self, path: Any = None) -> str:
        """Return a self-contained page, and write it where a path is given: all of it, or the old file stays."""
        from limelight.files import write_text
        from limelight.views.trust_pages import drift_page

        text = drift_page(self)
        if path is not None:
            write_text(path, text)
        return text
