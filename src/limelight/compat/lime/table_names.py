"""What lime calls the columns of one row, and shows of their values."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from limelight.compat.lime.explanation import DomainMapper, Explanation, Pairs
from limelight.compat.lime.tables import Statistics
from limelight.contracts import FloatArray


class TableDomainMapper(DomainMapper):
    """Says what the columns of one row are called.

    Parameters
    ----------
    feature_names
        A name for each column; of a category with its value.
    feature_values
        What the row holds, as text.
    scaled_row
        The row as the surrogate sees it.
    categorical_features
        Columns that are not continuous.
    discretized_feature_names
        Names with the row's bins, where there are bins.
    feature_indexes
        The non-zero columns of a sparse row.
    """

    def __init__(
        self,
        feature_names: Sequence[Any],
        feature_values: Sequence[str],
        scaled_row: Any,
        categorical_features: Sequence[int],
        discretized_feature_names: Sequence[Any] | None = None,
        feature_indexes: Any = None,
    ) -> None:
        self.exp_feature_names = self.feature_names = feature_names
        self.discretized_feature_names = discretized_feature_names
        self.feature_values = feature_values
        self.feature_indexes = feature_indexes
        self.scaled_row = scaled_row
        self.categorical_features = categorical_features
        self.all_categorical = feature_indexes is None and len(categorical_features) == len(feature_names)

    def map_exp_ids(self, exp: Pairs, **kwargs: Any) -> Pairs:
        """Return (name, weight) for (column, weight)."""
        if self.discretized_feature_names is None:
            names = self.exp_feature_names
        else:
            names = self.discretized_feature_names
        return [(names[column], weight) for column, weight in exp]


def two_decimals(values: Any) -> list[str]:
    """Return numbers as lime shows them.

    >>> two_decimals([0.5, 12])
    ['0.50', '12.00']
    """
    return [f"{value:.2f}" for value in values]


def map_row(
    statistics: Statistics, row: FloatArray, categorical_features: Sequence[int], scaled: FloatArray
) -> TableDomainMapper:
    """Return what the columns of a dense row are called.

    Parameters
    ----------
    statistics
        Of the training array.
    row
        (c,)
    categorical_features
        lime's: columns with a bin for each value, or with bins.
    scaled
        (c,) the row in units of mean and deviation, for columns that are continuous.
    """
    names: list[Any] = list(statistics.names)
    values = two_decimals(row)
    for j in statistics.categorical:
        names[j], values[j] = statistics.value_name(j, row[j]), "True"
    scaled[list(categorical_features)] = 1.0
    if statistics.discretizer is None:
        return TableDomainMapper(names, values, scaled, categorical_features)
    bins = list(names)
    for j, of_column in statistics.discretizer.names.items():
        code = int(statistics.discretizer.lambdas[j](row[j]))
        if code < len(of_column):
            bins[j] = of_column[code]
        else:
            bins[j] = f"{names[j]} is missing"
    return TableDomainMapper(names, values, scaled, range(len(row)), bins)


def map_sparse(names: Sequence[Any], row: Any, scale: FloatArray) -> TableDomainMapper:
    """Return what the columns of a sparse row are called."""
    return TableDomainMapper(list(names), two_decimals(row.data), row.multiply(1.0 / scale), [], None, row.indices)


def list_zeros(explanation: Explanation, wanted: int) -> None:
    """Make up the number of features asked for by columns in which a sparse row is zero, as lime does."""
    names = explanation.domain_mapper.feature_names
    for label in list(explanation.local_exp):
        pairs = explanation.local_exp[label]
        known = {j for j, _ in pairs}
        rest = (j for j in range(len(names)) if j not in known)
        explanation.local_exp[label] = [
            *pairs,
            *((np.int64(j), np.float64(0.0)) for j in itertools.islice(rest, max(0, wanted - len(pairs)))),
        ]
