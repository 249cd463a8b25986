"""lime's statistics of a training array as a `Tabular`: the same bins, frequencies and truncated normals.

Input: bins with what lies inside them, the values of categorical columns with their frequencies, means and scales.
Output: the table whose perturbed rows have lime's law and whose features have lime's names. No training row is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from limelight.compat.lime.discretize import BaseDiscretizer
from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.interpretable.tabular.background import TableBackground
from limelight.interpretable.tabular.build import Options
from limelight.interpretable.tabular.columns import UNKNOWN, Column
from limelight.interpretable.tabular.dense import DenseTable
from limelight.interpretable.tabular.features import column_part
from limelight.interpretable.tabular.laws import BinnedGaussian, Gaussian, Law, observed_law
from limelight.interpretable.tabular.modality import MAX_SAMPLES, Tabular
from limelight.interpretable.tabular.store import Store


@dataclass(frozen=True)
class Statistics:
    """What lime keeps of a training array.

    Parameters
    ----------
    names
        The columns' names.
    categorical
        Columns of codes, one value a bin.
    categorical_names
        Column → what its codes stand for.
    discretizer
        The bins of the other columns; None where they are continuous.
    values, frequencies
        Column → codes or bins, and how often each occurs, for columns that have some.
    mean, scale
        (c,) of the training array, for continuous columns.
    """

    names: tuple[str, ...]
    categorical: frozenset[int]
    categorical_names: Mapping[int, Any]
    discretizer: BaseDiscretizer | None
    values: Mapping[int, Sequence[float]]
    frequencies: Mapping[int, FloatArray]
    mean: FloatArray
    scale: FloatArray

    def value_name(self, j: int, value: Any) -> str:
        """Return what lime calls a value of a categorical column: ``workclass=Private``."""
        return f"{self.names[j]}={self.shown(j, value)}"

    def shown(self, j: int, value: Any) -> str:
        """Return what a code of a categorical column stands for."""
        number = float(value)
        if np.isnan(number):
            return "missing"
        names, code = self.categorical_names.get(j), int(number)
        try:
            return str(code if names is None else names[code])
        except (IndexError, KeyError):
            return str(code)


def build_table(statistics: Statistics, *, around_instance: bool) -> Tabular:
    """Return the table with lime's law.

    Parameters
    ----------
    statistics
        Of the training array.
    around_instance
        Whether continuous columns are drawn around the instance instead of the mean.
    """
    labels = distinct(statistics.names)
    laws: list[Law] = []
    columns: list[Column] = []
    supports: list[FloatArray] = []
    for j, label in enumerate(labels):
        if j in statistics.categorical:
            make = _categorical
        elif statistics.discretizer:
            make = _binned
        else:
            make = _continuous
        column, law, support = make(statistics, j, label)
        columns.append(column)
        laws.append(law)
        supports.append(support)
    parts = tuple(column_part(j, column, law) for j, (column, law) in enumerate(zip(columns, laws, strict=True)))
    members = tuple((j,) for j in range(len(labels)))
    background = TableBackground(tuple(laws), members, Store("numpy", labels, tuple(supports)))
    if around_instance and statistics.discretizer is None:
        around = "instance"
    else:
        around = "background"
    table = DenseTable(tuple(columns), parts, background, around)
    if statistics.discretizer is None:
        bins = None
    else:
        bins = type(statistics.discretizer).__name__
    tabular = Tabular.__new__(Tabular)
    tabular._set(table, Options(bins, (), (), None, "gaussian", around), MAX_SAMPLES)
    return tabular


def distinct(names: Sequence[Any]) -> tuple[str, ...]:
    """Return names as strings, numbered where they repeat.

    >>> distinct(["a", "b", "a"])
    ('a (0)', 'b', 'a (2)')
    """
    texts = [str(name) for name in names]
    times = Counter(texts)
    return tuple(f"{text} ({j})" if times[text] > 1 else text for j, text in enumerate(texts))


def standard_scaler(mean: FloatArray, scale: FloatArray, binary: Sequence[int]) -> Any:
    """Return means and scales of the columns as scikit-learn's scaler, 0 and 1 for those that become yes/no features.

    A column whose values are all equal has the scale 1.
    """
    from sklearn.preprocessing import StandardScaler

    mean, scale, at = mean.copy(), np.where(scale > 0, scale, 1.0), np.array(binary, dtype=int)
    mean[at], scale[at] = 0.0, 1.0
    scaler = StandardScaler(with_mean=False)
    scaler.mean_, scaler.scale_, scaler.var_, scaler.n_features_in_ = mean, scale, scale**2, len(mean)
    return scaler


def _categorical(statistics: Statistics, j: int, label: str) -> tuple[Column, Law, FloatArray]:
    values = np.asarray(statistics.values[j], dtype=np.float64)
    order = np.argsort(values)  # NaN last, as a column's own bins are
    values, shares = values[order], np.asarray(statistics.frequencies[j], dtype=np.float64)[order]
    gone = bool(np.isnan(values[-1]))
    names = tuple(statistics.value_name(j, value) for value in values)
    codes: dict[Hashable, int] = {float(value): code for code, value in enumerate(values[: len(values) - gone])}
    law, kept = observed_law(np.arange(len(values)), cast(Any, shares), len(values))
    column = Column(label, "float", "", None, codes, len(values) - 1 if gone else UNKNOWN, names)
    return column, law, values[kept]


def _binned(statistics: Statistics, j: int, label: str) -> tuple[Column, Law, FloatArray]:
    discretizer = statistics.discretizer
    if discretizer is None or j not in discretizer.edges:
        raise InputError(
            f"discretizer: expected bins for column {label!r}, got none; leave it to the discretizer, or name the "
            "column in categorical_features."
        )
    edges = discretizer.edges[j]
    n = len(edges) + 1
    given = dict(zip(np.asarray(statistics.values[j]).astype(int).tolist(), statistics.frequencies[j], strict=True))
    missing = n if n in given else UNKNOWN
    low, high, mean, scale = (
        np.asarray(each[j], dtype=np.float64)
        for each in (discretizer.mins, discretizer.maxs, discretizer.means, discretizer.stds)
    )
    probabilities = np.array([given.get(b, 0.0) for b in range(n)])
    if missing == n:
        low, high, mean = (np.append(each, np.nan) for each in (low, high, mean))
        scale, probabilities = np.append(scale, 0.0), np.append(probabilities, given[n])
    law = BinnedGaussian(probabilities, low, high, mean, scale, whole=False)
    names = tuple(discretizer.names[j])
    column = Column(label, "float", "", tuple(edges.tolist()), {}, missing, names)
    return column, law, np.zeros(1)


def _continuous(statistics: Statistics, j: int, label: str) -> tuple[Column, Law, FloatArray]:
    mean, scale = float(statistics.mean[j]), float(statistics.scale[j])
    column = Column(label, "float", "", (), {}, UNKNOWN, (label,), True, mean, scale)
    return column, Gaussian(mean, scale, 0.0, 0.0, False), np.zeros(1)
