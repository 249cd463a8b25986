"""**E**xplanation: the finished result, frozen, and nothing about how it was computed or is drawn.

Arrays are indexed by target, then by feature. `coef` holds the weights of the full fit; `selected` says which of them
are shown. Views, pick and jobs read this file's class and its JSON; nothing flows back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Layout
from limelight.errors import InputError, UnknownNameError
from limelight.files import read_text, write_text
from limelight.ranking import Ranking
from limelight.result.contributions import Contributions
from limelight.result.effects import Effect, Interaction
from limelight.result.provenance import Cost, Provenance
from limelight.result.quantiles import normal_quantile, stated_quantile
from limelight.result.unsure import unsure_signs
from limelight.settings import OF_THE_RUN
from limelight.spellings import missing

__all__ = ["Cost", "Explanation", "Provenance", "normal_quantile"]

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Explanation(Contributions):
    """Why the model said what it said about one instance, and how sure we may be.

    Parameters
    ----------
    features
        The d interpretable features.
    targets
        Names of the k explained outputs.
    coef, stderr
        (k, d) weights and their standard errors, in units of the output. Zero standard error means exact.
    intercept
        (k,)
    prediction, local_prediction
        (k,) f(x) of the model and g(x') of the surrogate.
    fidelity, fidelity_stderr
        (k,) weighted R² on perturbations that the fit has not seen, at most 1; and its standard error.
    r2
        (k,) weighted R² in the sample.
    selected
        For each target the indices of the features shown, largest |weight| first.
    covariance
        For each target the covariance of the shown weights, in the order of `selected`: the upper triangle, row by row,
        in single precision, since explanations are kept by the ten thousand. `covariance_matrix` unfolds it.
    outputs
        The model's largest outputs for the instance, (name, value), largest first: what the model said.
    layout
        JSON for the views.
    provenance
        Seed, settings, samples, cost, warnings.
    rankings
        For each target what is certain about the features shown: how many of them are the largest beyond doubt, which
        are tied, and which hidden feature might belong among them.
    curve
        The explanation at each of a grid of kernel widths, where ``kernel_width="auto"`` chose one; see `kernel_path`.
    center, reference
        (d,) the instance's own z', and the z' that each bar is compared with: the share of the own bin for a table's
        conditions, 0 for masks and standardised slopes. None where it is not known.
    df
        Degrees of freedom of the standard errors. `stderr` is stated: half of the 95 % interval divided by 1.96.
    additivity, additivity_stderr
        (k,) how much of what the model does nearby the best additive function of the features explains on
        perturbations that it has not seen; and its standard error. Of masks the chance in the answers is taken out: a
        noisy model's, and that of fills that are drawn; NaN where it is so much that nobody can say.
    gap
        (k,) |f(x) − g(x')| in units of the residual spread.
    curves
        For each target the effect of every bin of each shown column, in the order of `selected`; see `effects`.
    pairs
        For each target the pairs of features that act together; see `interactions`.
    verdicts
        For each target one sentence that says what the weights may be used for.
    causes
        For each target why: ``""``, ``"adds up"``, ``"saturates"``, ``"adds up in part"``, ``"acts together"``,
        ``"gap"``, ``"nothing moved"`` or ``"too few"``.

    Examples
    --------
    >>> import numpy as np
    >>> from limelight import Components, Explainer
    >>> def louder(masks):
    ...     return masks @ np.array([2.0, -1.0, 0.5])
    >>> explanation = Explainer(louder, Components(["drums", "hum", "voice"], np.asarray), seed=0).explain(None)
    >>> [(name, round(weight, 6)) for name, weight in explanation.as_list()]
    [('drums', 2.0), ('hum', -1.0), ('voice', 0.5)]
    """

    features: tuple[Feature, ...]
    targets: tuple[str, ...]
    coef: FloatArray
    stderr: FloatArray
    intercept: FloatArray
    prediction: FloatArray
    local_prediction: FloatArray
    fidelity: FloatArray
    fidelity_stderr: FloatArray
    r2: FloatArray
    selected: tuple[NDArray[np.int64], ...]
    covariance: tuple[NDArray[np.floating[Any]], ...]
    outputs: tuple[tuple[str, float], ...]
    layout: Layout
    provenance: Provenance
    rankings: tuple[Ranking, ...] = ()
    curve: Mapping[str, Any] | None = None
    center: FloatArray | None = None
    reference: FloatArray | None = None
    df: float = math.inf
    additivity: FloatArray | None = None
    additivity_stderr: FloatArray | None = None
    gap: FloatArray | None = None
    curves: tuple[Sequence[Effect], ...] = ()
    pairs: tuple[tuple[Interaction, ...], ...] = ()
    verdicts: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()

    # -- reading ------------------------------------------------------------------------------------------------------

    def target_index(self, target: str | int | None = None) -> int:
        """Return the row of a target given by name or index; None is the first.

        Raises
        ------
        UnknownNameError
            If no explained target has that name or index.
        """
        if target is None:
            return 0
        if isinstance(target, str) and target in self.targets:
            return self.targets.index(target)
        if isinstance(target, (int, np.integer)) and not isinstance(target, bool) and 0 <= target < len(self.targets):
            return int(target)
        raise UnknownNameError("target", target, self.targets)

    def interval(self, level: float = 0.95) -> FloatArray:
        """Return (k, d, 2) confidence intervals of the weights.

        Parameters
        ----------
        level
            Coverage, between 0 and 1.

        Raises
        ------
        InputError
            If `level` is not between 0 and 1.
        """
        half = stated_quantile(level, self.df) * self.stderr
        return np.stack([self.coef - half, self.coef + half], axis=-1)

    def top(
        self, n: int | None = None, target: str | int | None = None
    ) -> list[tuple[str, float, tuple[float, float]]]:
        """Return the first n of the shown features, in their order: (name, weight, (low, high)).

        Weights are LIME's, `coef`; the bars of a table are `contributions`, by which the features are ordered.
        """
        row = self.target_index(target)
        bounds = self.interval()[row]
        return [
            (self.features[j].name, float(self.coef[row, j]), (float(bounds[j, 0]), float(bounds[j, 1])))
            for j in self.selected[row][:n]
        ]

    def as_list(self, target: str | int | None = None) -> list[tuple[str, float]]:
        """Return (name, weight) of the shown features, in the order in which they are shown."""
        return [(name, weight) for name, weight, _ in self.top(target=target)]

    def difference(self, first: int, second: int, target: str | int | None = None) -> tuple[float, float]:
        """Return weight(first) − weight(second) of two shown features and its standard error.

        Parameters
        ----------
        first, second
            Positions among the shown features of the target, 0 is the largest.
        target
            Name or index; None is the first.
        """
        row = self.target_index(target)
        if not all(0 <= i < len(self.selected[row]) for i in (first, second)):
            raise InputError(
                f"first, second: expected positions among the {len(self.selected[row])} shown features, "
                f"got {first} and {second}."
            )
        a, b = self.selected[row][[first, second]]
        cov = self.covariance_matrix(row)
        variance = cov[first, first] + cov[second, second] - 2 * cov[first, second]
        return float(self.coef[row, a] - self.coef[row, b]), math.sqrt(max(float(variance), 0.0))

    def covariance_matrix(self, target: str | int | None = None) -> FloatArray:
        """Return the covariance (m, m) of the m shown weights of a target, in the order shown."""
        row = self.target_index(target)
        size = len(self.selected[row])
        matrix = np.zeros((size, size))
        matrix[np.triu_indices(size)] = self.covariance[row]
        return np.asarray(matrix + np.triu(matrix, 1).T)

    def kernel_path(self) -> list[dict[str, Any]]:
        """Return fidelity, effective sample size and weights at every kernel width of a grid, one dict for each width.

        Raises
        ------
        InputError
            If the explanation was made at a given width, so that no grid was computed.
        """
        if self.curve is None:
            raise InputError("kernel_path: no grid was computed; explain with kernel_width='auto' to have one.")
        names = {"widths": "width", "effective": "effective_sample_size"}
        columns = {names.get(name, name): values for name, values in self.curve.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def doubts(self, target: str | int | None = None) -> tuple[str, ...]:
        """Return in words what is not certain about which features are shown, and in which order."""
        row = self.target_index(target)
        if row >= len(self.rankings):
            return ()
        return self.rankings[row].sentences(tuple(feature.name for feature in self.features))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the sentences about trust: those of the provenance, and which signs are not certain."""
        return (*self.provenance.warnings, *unsure_signs(self))

    # -- writing ------------------------------------------------------------------------------------------------------

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per target and shown feature, as a pandas frame.

        Columns: target, rank, feature, value, weight, stderr, low, high, contribution, contribution_stderr. The first
        numbers are LIME's weight and its interval; the last say the same against the average row, as the views do.
        """
        from limelight.optional import require

        frame: pd.DataFrame = require("pandas", "notebook").DataFrame(self.rows())
        return frame

    def rows(self) -> list[dict[str, Any]]:
        """Return what `to_frame` holds as a list of dicts, for any frame library."""
        bounds = self.interval()
        contributions, errors = self.contributions, self.contribution_stderr
        return [
            {
                "target": name,
                "rank": rank + 1,
                "feature": self.features[j].name,
                "value": self.features[j].value,
                "weight": float(self.coef[row, j]),
                "stderr": float(self.stderr[row, j]),
                "low": float(bounds[row, j, 0]),
                "high": float(bounds[row, j, 1]),
                "contribution": float(contributions[row, j]),
                "contribution_stderr": float(errors[row, j]),
            }
            for row, name in enumerate(self.targets)
            for rank, j in enumerate(self.selected[row])
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON types, with `schema_version`."""
        from limelight.result import schema

        return schema.to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Explanation:
        """Return the explanation that `to_dict` wrote.

        Raises
        ------
        InputError
            If the data is of another schema version or not an explanation.
        """
        from limelight.result import schema

        return schema.from_dict(data)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return strict JSON in one line, and write it where a path is given: all of it, or the old file stays.

        Numbers that are not finite are null (unknown) or ``"Infinity"``.
        """
        from limelight.result import schema

        text = schema.to_json(self)
        if path is not None:
            write_text(path, text)
        return text

    @classmethod
    def from_json(cls, text: str | Path) -> Explanation:
        """Return the explanation in a JSON text, or in the file at a `Path`.

        Raises
        ------
        InputError
            If it is not JSON, of a later schema version, or not a complete and sound explanation.
        """
        from limelight.result import schema

        return schema.from_json(read_text(text) if isinstance(text, Path) else text)

    # -- equality: everything but the cost of the run -----------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Return whether both state the same facts; the cost of the run and its batch size are no facts."""
        return isinstance(other, Explanation) and _facts(self) == _facts(other)

    def __hash__(self) -> int:
        return hash((self.targets, self.coef.tobytes(), self.intercept.tobytes()))

    # -- showing: the arrows that run up to the views -----------------------------------------------------------------

    def __str__(self) -> str:
        """Return bars for a terminal, plain text, 80 columns."""
        from limelight.views import terminal

        return terminal.render(self)

    if not TYPE_CHECKING:  # a checker that saw this would let every misspelt name pass

        def __getattr__(self, name: str) -> Any:
            """Answer the names that other libraries have for things."""
            raise missing("Explanation", name)

    def __repr__(self) -> str:
        return f"<Explanation of {', '.join(self.targets) or 'nothing'}: {len(self.features)} features>"

    def describe(self, target: str | int | None = None) -> str:
        """Return a paragraph in plain words: what the model says, what speaks for and against it, what to trust."""
        from limelight.views import describe

        return describe.describe(self, target)

    def plot(self, ax: Any = None, *, target: str | int | None = None, weights: str = "contributions") -> Any:
        """Draw with matplotlib, and return the Axes; with no `ax`, a figure of its own that pyplot does not know.

        Parameters
        ----------
        ax
            Axes to draw the bars into.
        target
            Name or index; None is what the model said, where that is explained, else the first.
        weights
            ``"contributions"``, against the average row for tables; ``"coef"`` for LIME's weights.
        """
        from limelight.views import figure

        return figure.plot(self, ax, target=target, weights=weights)

    def to_markdown(self, *, weights: str = "contributions") -> str:
        """Return GitHub-flavoured Markdown, for reports; ``weights="coef"`` has LIME's weights."""
        from limelight.views import markdown

        return markdown.render(self, weights)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def _repr_html_(self) -> str:
        from limelight.views import html

        return html.fragment(self)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return a self-contained page, and write it where a path is given: all of it, or the old file stays."""
        from limelight.views import html

        text = html.page(self)
        if path is not None:
            write_text(path, text)
        return text


def _facts(explanation: Explanation) -> dict[str, Any]:
    facts = explanation.to_dict()
    provenance = facts["provenance"]
    del provenance["cost"]
    provenance["settings"] = {key: value for key, value in provenance["settings"].items() if key not in OF_THE_RUN}
    return facts
