"""Where a column of numbers is cut: bin edges as pure functions of arrays.

Input: the present values of one column (and targets, for entropy bins). Output: the sorted, distinct inner edges. A
value v lies in bin b when ``edges[b-1] < v ≤ edges[b]``, as in lime [ribeiro2016], so quartile bins of a continuous
column hold a quarter of the rows each. Ties make quantiles coincide; edges are then fewer, never repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError

STRATEGIES = ("quartile", "decile", "entropy")
BIN_COUNTS = {"quartile": 4, "decile": 10}
"""How many bins the quantile strategies make at most."""
FEW = {"quartile": 4, "decile": 10, "entropy": 2, "continuous": 2}
"""A column of numbers with no more distinct values than this gets a bin per value; with explicit edges never."""
ENTROPY_DEPTH = 3
"""Depth of the tree that finds entropy bins: at most 8 bins, as in lime."""


def quantile_edges(values: FloatArray, n_bins: int) -> FloatArray:
    """Return the distinct inner quantiles that cut values (n,) into n_bins parts; 4 = quartiles, 10 = deciles.

    Where ties leave a single bin (80 % of the rows share the largest value), the most frequent value is set apart from
    what lies below and above it, so that the column can still vary.

    >>> quantile_edges(np.arange(1.0, 9.0), 4).tolist()
    [2.75, 4.5, 6.25]
    >>> quantile_edges(np.array([0.0, 0, 0, 0, 0, 0, 0, 5]), 4).tolist()
    [0.0]
    >>> quantile_edges(np.array([1.0, 2, 9, 9, 9, 9, 9, 9, 9, 9]), 4).tolist()
    [2.0]
    """
    if values.size == 0:
        return np.empty(0)
    edges = np.unique(np.percentile(values, np.linspace(0, 100, n_bins + 1)[1:-1]))
    if occupied(values, edges) > 1:
        return edges
    return mode_edges(values)


def mode_edges(values: FloatArray) -> FloatArray:
    """Return the edges that set the most frequent value apart; none for a constant column.

    >>> mode_edges(np.array([1.0, 3, 3, 3, 7])).tolist()
    [1.0, 3.0]
    """
    distinct, counts = np.unique(values, return_counts=True)
    at = int(counts.argmax())
    edges = distinct[max(at - 1, 0) : at + 1]
    return np.asarray(edges[edges < distinct[-1]], dtype=np.float64)


def occupied(values: FloatArray, edges: FloatArray) -> int:
    """Return how many bins hold at least one value."""
    return int(np.unique(np.searchsorted(edges, values)).size)


def entropy_edges(values: FloatArray, targets: NDArray[Any]) -> FloatArray:
    """Return the edges that tell the targets apart best: the cuts of a decision tree of depth 3 on this column alone.

    Targets with fractions are taken as a regression and cut by variance. Falls back to quartiles where no cut helps.

    >>> entropy_edges(np.array([1.0, 2, 3, 10, 11, 12]), np.array(["a", "a", "a", "b", "b", "b"])).tolist()
    [6.5]
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    continuous = targets.dtype.kind == "f" and not np.array_equal(targets, np.floor(targets))
    if continuous:
        tree = DecisionTreeRegressor(max_depth=ENTROPY_DEPTH, random_state=0)
    else:
        tree = DecisionTreeClassifier(criterion="entropy", max_depth=ENTROPY_DEPTH, random_state=0)
    if values.size == 0:
        return np.empty(0)
    grown = tree.fit(values.reshape(-1, 1), targets).tree_
    edges = np.unique(grown.threshold[grown.children_left > -1])
    if occupied(values, edges) > 1:
        return edges
    return quantile_edges(values, 4)


def explicit_edges(edges: Sequence[float], column: object) -> FloatArray:
    """Return the edges that the user gave, checked.

    Raises
    ------
    InputError
        If they are not finite increasing numbers.

    >>> explicit_edges([18, 65], "age").tolist()
    [18.0, 65.0]
    """
    try:
        array = np.asarray(edges, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"bins[{column!r}]: expected a list of numbers, got {edges!r}; pass for example [18, 65]."
        ) from error
    if array.ndim == 0:
        raise InputError(
            f"bins[{column!r}]: expected a strategy or a list of edges, got {edges!r}; 'quartile' makes four bins, "
            "'decile' ten, and [18, 65] three."
        )
    if array.ndim != 1 or not np.isfinite(array).all() or not (np.diff(array) > 0).all():
        raise InputError(
            f"bins[{column!r}]: expected finite increasing numbers, got {edges!r}; sort them and drop repeats."
        )
    return array


def find_edges(
    values: FloatArray, how: str | Sequence[float], *, column: object, targets: NDArray[Any] | None = None
) -> FloatArray:
    """Return the edges of one column: by a strategy's name, or as given.

    Parameters
    ----------
    values
        (n,) present values.
    how
        ``"quartile"``, ``"decile"``, ``"entropy"`` or a list of edges.
    column
        The column's name, for messages.
    targets
        (n,) for entropy bins.

    Raises
    ------
    UnknownNameError
        If no strategy has this name.
    InputError
        If edges are not finite increasing numbers, or entropy bins lack targets.

    >>> find_edges(np.arange(1.0, 9.0), "quartile", column="age").tolist()
    [2.75, 4.5, 6.25]
    """
    if not isinstance(how, str):
        return explicit_edges(how, column)
    if how not in STRATEGIES:
        raise UnknownNameError("bins", how, STRATEGIES)
    if how != "entropy":
        return quantile_edges(values, BIN_COUNTS[how])
    if targets is None:
        raise InputError('bins: "entropy" expected the training targets, got none; pass targets=y.')
    return entropy_edges(values, targets)
