"""lime's bins: columns of a training array cut at edges, with what lies inside each bin.

Input: a training array. Output: edges, names and statistics per bin, which `tables.py` turns into the laws of a
`Tabular`. A discretizer of one's own overrides `bins`. Unlike lime's, they pickle, a missing value has a bin of its own
(the last), and a bin whose values are all equal gives back that value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.compat.lime.randomness import check_random_state
from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular.bins import entropy_edges

TINY = 1e-11
"""What lime adds to the standard deviation of a bin, so that no division fails."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Which bin a value lies in: b where ``edges[b-1] < value ≤ edges[b]``, the last for a missing one.

    >>> Bins(np.array([1.0, 2.0]))([0.5, 1.0, 3.0, np.nan]).tolist()
    [0, 0, 2, 3]
    """

    edges: FloatArray

    def __call__(self, values: Any) -> Any:
        """Return the bin of a value, or of each of many."""
        numbers = np.asarray(values, dtype=np.float64)
        found = np.searchsorted(self.edges, numbers) + np.isnan(numbers)
        if numbers.ndim:
            return found
        return int(found)


class BaseDiscretizer:
    """Cuts the columns that are not categorical; a subclass says where.

    Parameters
    ----------
    data
        (n, c) training array.
    categorical_features
        Columns that are left alone.
    feature_names
        Names of the columns.
    labels
        (n,) training labels, for subclasses that look at them.
    random_state
        For `undiscretize`.
    data_stats
        "means", "stds", "mins" and "maxs" per column and bin, where they shall not be computed from the data.

    Attributes
    ----------
    to_discretize
        The columns that are cut.
    edges
        Column → inner edges, distinct and sorted.
    names, means, stds, mins, maxs
        Column → one entry per bin.
    lambdas
        Column → callable from values to bins.
    """

    def __init__(
        self,
        data: Any,
        categorical_features: Sequence[int],
        feature_names: Sequence[Any],
        labels: Any = None,
        random_state: Any = None,
        data_stats: Mapping[str, Any] | None = None,
    ) -> None:
        data = np.asarray(data)
        self.to_discretize = [j for j in range(data.shape[1]) if j not in set(categorical_features)]
        self.data_stats = data_stats
        self.random_state = check_random_state(random_state)
        found = self.bins(data, labels)
        if len(found) != len(self.to_discretize):
            raise InputError(
                f"bins: expected edges for {len(self.to_discretize)} columns, got {len(found)}; return one array each."
            )
        self.edges = {j: np.unique(np.asarray(e, float)) for j, e in zip(self.to_discretize, found, strict=True)}
        self.lambdas: dict[int, Callable[[Any], Any]] = {j: Bins(edges) for j, edges in self.edges.items()}
        columns = {j: np.asarray(data[:, j], dtype=np.float64) for j in self.to_discretize}
        self.names = {j: _bin_names(str(feature_names[j]), e, _gone(columns[j])) for j, e in self.edges.items()}
        self.means, self.stds, self.mins, self.maxs = self._statistics(columns)

    def bins(self, data: Any, labels: Any) -> Sequence[Any]:
        """Return the edges of each column of `to_discretize`; for subclasses."""
        raise NotImplementedError("bins: expected a subclass that overrides it; return one array of edges per column.")

    def discretize(self, data: Any) -> Any:
        """Return the array (n, c) or row (c,) with bins instead of values."""
        binned = np.array(data, copy=True)
        for j, place in self.lambdas.items():
            binned[..., j] = place(binned[..., j])
        return binned

    def undiscretize(self, data: Any) -> Any:
        """Return the array (n, c) or row (c,) with a value drawn from each bin."""
        drawn = np.array(data, copy=True)
        for j in self.means:
            codes = np.atleast_1d(drawn[..., j]).astype(int)
            drawn[..., j] = self.get_undiscretize_values(j, codes).reshape(drawn[..., j].shape)
        return drawn

    def get_undiscretize_values(self, feature: int, values: Any) -> FloatArray:
        """Return a value for each bin (n,): normal, with the bin's mean and deviation, cut to the bin."""
        from scipy.special import ndtr, ndtri

        codes = np.asarray(values, dtype=int)
        missing = codes >= len(self.mins[feature])
        inside = np.where(missing, 0, codes)
        low, high, mean, scale = (
            np.asarray(each[feature], dtype=np.float64)[inside]
            for each in (self.mins, self.maxs, self.means, self.stds)
        )
        a, b = ndtr((low - mean) / scale), ndtr((high - mean) / scale)
        with np.errstate(invalid="ignore"):
            drawn = mean + scale * ndtri(a + self.random_state.random_sample(len(codes)) * (b - a))
        return np.where(missing, np.nan, np.clip(drawn, low, high))

    def _statistics(self, columns: Mapping[int, FloatArray]) -> tuple[Any, Any, Any, Any]:
        """Return means, deviations, and ends of every bin of every column, given or computed."""
        if self.data_stats:
            means, stds, mins, maxs = (self.data_stats[name] for name in ("means", "stds", "mins", "maxs"))
            return means, stds, mins, maxs
        each = {j: _inside(columns[j], edges) for j, edges in self.edges.items()}
        means, stds, mins, maxs = ({j: found[k] for j, found in each.items()} for k in range(4))
        return means, stds, mins, maxs


class StatsDiscretizer(BaseDiscretizer):
    """Cuts at the edges of given statistics, ``data_stats["bins"]``, instead of looking at data."""

    def bins(self, data: Any, labels: Any) -> Sequence[Any]:
        """Return the edges that the statistics hold."""
        given = (self.data_stats or {}).get("bins") or {}
        lacking = [j for j in self.to_discretize if given.get(j) is None]
        if lacking:
            raise InputError(
                f"training_data_stats['bins']: expected edges for every column that is cut, got none for {lacking}; "
                "add them, name the columns in categorical_features, or pass discretize_continuous=False."
            )
        return [given[j] for j in self.to_discretize]


class QuartileDiscretizer(BaseDiscretizer):
    """Cuts at the quartiles."""

    def bins(self, data: Any, labels: Any) -> Sequence[Any]:
        """Return the three quartiles of each column."""
        return _quantiles(data, self.to_discretize, 4)


class DecileDiscretizer(BaseDiscretizer):
    """Cuts at the deciles."""

    def bins(self, data: Any, labels: Any) -> Sequence[Any]:
        """Return the nine deciles of each column."""
        return _quantiles(data, self.to_discretize, 10)


class EntropyDiscretizer(BaseDiscretizer):
    """Cuts where a decision tree of depth 3 tells the labels apart best."""

    def __init__(
        self,
        data: Any,
        categorical_features: Sequence[int],
        feature_names: Sequence[Any],
        labels: Any = None,
        random_state: Any = None,
    ) -> None:
        if labels is None:
            raise InputError("labels: expected one per training row, got None; pass training_labels=y_train.")
        super().__init__(data, categorical_features, feature_names, labels=labels, random_state=random_state)

    def bins(self, data: Any, labels: Any) -> Sequence[Any]:
        """Return the cuts of each column's tree; the median where no cut helps."""
        told, found = np.asarray(labels), []
        for j in self.to_discretize:
            column = np.asarray(data[:, j], dtype=np.float64)
            there = ~np.isnan(column)
            found.append(entropy_edges(column[there], told[there]) if there.any() else np.empty(0))
        return found


def _quantiles(data: Any, columns: Sequence[int], parts: int) -> list[FloatArray]:
    at = np.linspace(0, 100, parts + 1)[1:-1]
    found = []
    for j in columns:
        column = np.asarray(data[:, j], dtype=np.float64)
        column = column[~np.isnan(column)]
        found.append(np.percentile(column, at) if column.size else np.empty(0))
    return found


def _gone(column: FloatArray) -> bool:
    return bool(np.isnan(column).any())


def _bin_names(name: str, edges: FloatArray, missing: bool) -> list[str]:
    """Return lime's names of the bins.

    >>> _bin_names("age", np.array([28.0, 37.0]), False)
    ['age <= 28.00', '28.00 < age <= 37.00', 'age > 37.00']
    """
    more = [f"{name} is missing"] if missing else []
    if not len(edges):
        return [name, *more]
    inner = [f"{low:.2f} < {name} <= {high:.2f}" for low, high in pairwise(edges)]
    return [f"{name} <= {edges[0]:.2f}", *inner, f"{name} > {edges[-1]:.2f}", *more]


def _inside(column: FloatArray, edges: FloatArray) -> tuple[list[float], list[float], list[float], list[float]]:
    """Return mean, deviation, lower and upper end of each bin of one column."""
    present = column[~np.isnan(column)]
    if present.size:
        lowest, highest = (float(present.min()), float(present.max()))
    else:
        lowest, highest = 0.0, 0.0
    codes = np.searchsorted(edges, present)
    parts: list[NDArray[Any]] = [present[codes == b] for b in range(len(edges) + 1)]
    means, stds = [], []
    for part in parts:
        # a bin that training never filled is at 0, as in lime
        means.append(float(part.mean()) if part.size else 0.0)
        stds.append((float(part.std()) if part.size else 0.0) + TINY)
    return means, stds, [lowest, *edges.tolist()], [*edges.tolist(), highest]


DISCRETIZERS = {"quartile": QuartileDiscretizer, "decile": DecileDiscretizer, "entropy": EntropyDiscretizer}


def discretizer_of(
    chosen: Any, data: Any, categorical: Sequence[int], names: Sequence[Any], *, labels: Any, random_state: Any
) -> BaseDiscretizer:
    """Return a discretizer of the data: one that was handed over as it is, one of a name made.

    Raises
    ------
    UnknownNameError
        If it is neither.
    """
    if isinstance(chosen, BaseDiscretizer):
        return chosen
    if not isinstance(chosen, str) or chosen not in DISCRETIZERS:
        raise UnknownNameError("discretizer", chosen, [*DISCRETIZERS, "a BaseDiscretizer"])
    made: BaseDiscretizer = DISCRETIZERS[chosen](data, categorical, names, labels=labels, random_state=random_state)
    return made
