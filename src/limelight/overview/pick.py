"""A few explanations that together show what a model does: submodular pick, SP-LIME [ribeiro2016, §4, Algorithm 2].

Input: many explanations. Output: the positions of a few. With W the |contributions|, one row per explanation and one
column per feature, a feature's importance is I_j = √Σ_i W_ij, and a set V of explanations covers

    c(V, W, I) = Σ_j 1[some i in V has W_ij > 0] I_j.

That is monotone and submodular, so that taking the largest gain again and again covers at least 1 − 1/e = 63 % of what
the best set of that size covers [nemhauser1978]. Gains can only shrink, so that a gain computed earlier bounds today's,
and most need not be computed again [minoux1978].

The paper's W holds |weights|. Its features are words, which an instance has and the alternative has not; there the two
are the same. Every row of a table has every column, and a weight counts the step between bins, also where nearly all
rows are in the same one, so that here the columns of W are what each adds to the answer against the average row.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.overview.columnwise import all_different, first_met, first_of, read_batches
from limelight.overview.coverage import feature_importances, lazy_greedy, rounded
from limelight.overview.reading import (
    Explanations,
    Name,
    check_target,
    nothing_explains,
    pick_positions,
    uncompared_note,
)
from limelight.result.batch import Batch
from limelight.result.explanation import Explanation, normal_quantile
from limelight.result.flat import pieces

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ROUNDING = 1e-12
"""Contributions smaller than this fraction of an explanation's largest are zeros that were computed."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Which explanations to look at, in the order in which they were picked, and what they cover.

    Parameters
    ----------
    indices
        Positions in the list or stream, or lines of the file, counted from 0.
    coverage
        Which fraction of all importance the first 1, 2, … of them cover.
    gains
        What each adds to the coverage, in units of importance.
    importances
        I_j by feature, largest first. Keys are identities: a column, a word, what `name` returned.
    explanations
        Those picked; empty where they came as a stream, of which only numbers are kept.
    n_candidates
        How many explanations there were to pick from.
    warnings
        Sentences about what the pick cannot say.
    """

    indices: tuple[int, ...]
    coverage: tuple[float, ...]
    gains: tuple[float, ...]
    importances: Mapping[Hashable, float]
    explanations: tuple[Explanation, ...]
    n_candidates: int
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        """Return which were picked, and how much they cover."""
        covered = f"{self.coverage[-1]:.0%}" if self.coverage else "nothing"
        return f"<Pick of {len(self.indices)} from {self.n_candidates:,}: {list(self.indices)}, covering {covered}>"

    def __str__(self) -> str:
        """Return one line for each explanation picked, and the most important features."""
        width = max(len("explanation"), *(len(str(index)) for index in self.indices))
        lines = [f"{'explanation':>{width}}  covers so far"]
        lines += [f"{at:>{width}}  {part:>13.1%}" for at, part in zip(self.indices, self.coverage, strict=True)]
        top = ", ".join(_written(key) for key in list(self.importances)[:8])
        lines.append(f"Picked from {self.n_candidates:,}. Most important: {top or 'nothing'}.")
        return "\n".join([*lines, *self.warnings])


def submodular_pick(
    explanations: Explanations,
    budget: int,
    *,
    target: str | int | None = None,
    name: Name | None = None,
    max_features: int | None = None,
    level: float | None = None,
) -> Pick:
    """Pick a few explanations that together cover the features that matter most, none of them twice.

    Features are compared by what they are (`Feature.where`), not by how they read: the column of a table, the word of
    a text. Where several pick equally much, the one with the larger total |contribution| comes first, then the earlier.

    Parameters
    ----------
    explanations
        A list or set; any iterable, such as what `explain_many` returns, of which only numbers are kept; the path of a
        .jsonl file with one explanation in each line, of a .parquet file, or of a folder of these, such as a job's,
        which is read by column.
    budget
        How many to pick: as many as somebody is willing to look at.
    target
        Name of an output, or its position among those that an explanation explains: explanations without it are no
        candidates. None, the default, adds up the |contributions| to all outputs that each explanation explains.
    name
        ``name(explanation, feature)`` → what the feature is across explanations; None leaves a feature out. Needed
        for pictures and series, where superpixel 7 of one is not superpixel 7 of another.
    max_features
        How many features of each explanation count, largest |contribution| first, for each output. None, the default:
        all that it shows. Fewer tell explanations apart where all of them show all columns of a table.
    level
        Count only features whose confidence interval of this level leaves out zero. None, the default and the paper's:
        all that are shown and not zero. With 0.95 a feature is not covered by an explanation that shows noise there.

    Returns
    -------
    Pick
        Positions, the coverage curve, importances.

    Raises
    ------
    InputError
        If `budget` is not between 1 and the number of candidates, if there are none, if they mix kinds of features,
        or if superpixels or windows come without `name`.
    UnknownNameError
        If nothing explains `target`.

    References
    ----------
    [ribeiro2016, §4]; greedy [nemhauser1978], lazily [minoux1978].

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> texts = ["good film", "bad film", "good good film", "good food"]
    >>> def says(texts):
    ...     return np.array([text.count("good") - text.count("bad") + 0.25 * text.count("food") for text in texts])
    >>> explanations = list(ll.Explainer(says, ll.Text(), seed=0).explain_many(texts))
    >>> pick = ll.submodular_pick(explanations, budget=2)
    >>> [texts[i] for i in pick.indices], pick.coverage[-1]
    (['good food', 'bad film'], 1.0)
    """
    _check_numbers(budget, max_features, level)
    check_target(target)
    matrix = _Matrix()
    z = 0.0 if level is None else normal_quantile(level)
    known: dict[str, None] = {}
    uncompared = 0
    for batch in read_batches(explanations, name):
        known.update(dict.fromkeys(batch.known_targets))
        uncompared += int((~batch.compared).sum())
        matrix.append(batch, batch.rows_of(target), chosen=target is not None, most=max_features, z=z)
    if not matrix.n:
        raise nothing_explains(target, known)
    if budget > matrix.n:
        what = "" if target is None else f" that explain {target!r}"
        raise InputError(f"budget: expected at most {matrix.n}, the explanations{what}, got {budget}.")
    return _picked(matrix, budget, explanations, uncompared_note(uncompared))


def _check_numbers(budget: Any, max_features: Any, level: Any) -> None:
    for argument, value in (("budget", budget), ("max_features", max_features)):
        if value is None and argument != "budget":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise InputError(f"{argument}: expected a whole number from 1, got {value!r}; 5 is usual.")
    if level is not None:
        normal_quantile(level)


# -- the matrix W -----------------------------------------------------------------------------------------------------


class _Matrix:
    """W as it grows, some rows at a time: 12 bytes for each entry, and one number for each feature."""

    def __init__(self) -> None:
        self.n = 0
        self.columns: dict[Hashable, int] = {}
        self._positions: list[NDArray[np.int64]] = []
        self._widths: list[NDArray[np.int64]] = []
        self._indices: list[NDArray[np.int32]] = []
        self._values: list[FloatArray] = []

    def append(self, batch: Batch, rows: NDArray[np.int64], *, chosen: bool, most: int | None, z: float) -> None:
        """Add the rows of a batch's explanations: |contribution| by feature.

        Sizes add up, over outputs and over features of one identity: two classes of a probability have opposite
        contributions, and their sum would say that nothing matters. What is shown with contribution zero, up to
        rounding, covers nothing.

        Parameters
        ----------
        batch, rows
            Which of its rows count.
        chosen
            Whether explanations without any of these are no candidates.
        most
            How many features of each count; None: all that it shows.
        z
            How many standard errors a contribution must be away from zero.
        """
        if chosen:
            candidates = np.unique(batch.owners[rows])
        else:
            candidates = np.arange(len(batch.positions))
        at, owner = _shown(batch, rows, most, z)
        keys, sizes = batch.keys[at], np.abs(batch.contributions[at])
        if not all_different(owner, keys, len(batch.positions)):
            first, codes = first_of(owner, keys)
            owner, keys, sizes = owner[first], keys[first], np.bincount(codes, sizes)
        met = first_met(keys, len(batch.known_keys))
        columns = np.zeros(len(batch.known_keys), dtype=np.int32)
        for key in met.tolist():
            columns[key] = self.columns.setdefault(batch.known_keys[key], len(self.columns))
        self.n += len(candidates)
        self._positions.append(batch.positions[candidates])
        self._widths.append(np.bincount(owner, minlength=len(batch.positions))[candidates])
        self._indices.append(columns[keys])
        self._values.append(sizes)

    @property
    def positions(self) -> NDArray[np.int64]:
        """Return (n,) where the candidates stand in the list, stream or file."""
        return np.concatenate(self._positions)

    def sparse(self) -> csr_array:
        """Return W (n, m)."""
        from scipy.sparse import csr_array

        ends = np.append(0, np.cumsum(np.concatenate(self._widths)))
        parts = (np.concatenate(self._values), np.concatenate(self._indices), ends)
        return csr_array(parts, shape=(self.n, len(self.columns)))


def _shown(
    batch: Batch, rows: NDArray[np.int64], most: int | None, z: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the entries that some rows show and that count, and which explanation each is of."""
    counts = np.diff(batch.selected_starts)[rows]
    chosen = pieces(batch.selected_starts, rows)
    row = np.repeat(rows, counts)
    if most is not None:
        few = chosen - batch.selected_starts[row] < most
        chosen, row = chosen[few], row[few]
    at = batch.starts[row] + batch.selected[chosen]
    sizes = np.abs(batch.contributions[at])
    zero = ROUNDING * _largest(batch)[row]
    counts_at = (sizes > zero) & (sizes > z * batch.stderr[at]) & (batch.keys[at] >= 0)
    return at[counts_at], batch.owners[row[counts_at]]


def _largest(batch: Batch) -> FloatArray:
    """Return (r,) the largest |contribution| of each row."""
    found = np.zeros(len(batch.owners))
    filled = np.flatnonzero(np.diff(batch.starts))
    if len(filled):
        found[filled] = np.maximum.reduceat(np.abs(batch.contributions), batch.starts[filled])
    return found


# -- Algorithm 2 ------------------------------------------------------------------------------------------------------


def _picked(matrix: _Matrix, budget: int, explanations: Explanations, notes: tuple[str, ...]) -> Pick:
    W = matrix.sparse()
    importances = rounded(feature_importances(W))
    rows, gains = lazy_greedy(W, importances, budget)
    total = math.fsum(importances)
    coverage = [round(covered / total, 12) if total else 1.0 for covered in accumulate(gains)]
    indices = tuple(matrix.positions[rows].tolist())
    keys = list(matrix.columns)
    order = np.argsort(-importances, kind="stable")
    return Pick(
        indices=indices,
        coverage=tuple(coverage),
        gains=tuple(gains),
        importances={keys[j]: float(importances[j]) for j in order},
        explanations=pick_positions(explanations, indices),
        n_candidates=matrix.n,
        warnings=(*notes, *_doubts(gains, total)),
    )


def _doubts(gains: Sequence[float], total: float) -> tuple[str, ...]:
    if not total:
        return ("No explanation has a contribution that counts, so that there is nothing to cover.",)
    useful = sum(gain > 0 for gain in gains)
    if useful == len(gains):
        return ()
    first = "The first covers" if useful == 1 else f"The first {useful} cover"
    return (
        f"{first} every feature; the others were picked for the size of their contributions. "
        "A smaller max_features tells explanations apart by what matters most in each.",
    )


def _written(key: Hashable) -> str:
    if isinstance(key, tuple):
        return ": ".join(map(str, key))
    return str(key)
