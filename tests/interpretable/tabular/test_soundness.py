"""A table from a file that was damaged by hand is refused, whatever was damaged."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import limelight as ll
from limelight.interpretable.tabular.dense import DenseTable
from limelight.interpretable.tabular.laws import Gaussian
from limelight.interpretable.tabular.soundness import check_column, check_dense, check_law, check_part, check_sparse
from limelight.interpretable.tabular.sparse import SparseTable

FRAME = pd.DataFrame(
    {"n": np.arange(40.0) % 23, "k": list("abcd") * 10, "p": np.arange(40) % 3, "q": np.arange(40) % 2}
)


def dense(**how: Any) -> DenseTable:
    table = ll.Tabular(FRAME, groups={"both": ["p", "q"]}, **how).table
    assert isinstance(table, DenseTable)
    return table


def sparse() -> SparseTable:
    table = ll.Tabular(csr_matrix(np.eye(4) + np.eye(4, k=1))).table
    assert isinstance(table, SparseTable)
    return table


@pytest.mark.parametrize("how", [{}, {"bins": None}, {"sampling": "gaussian"}, {"sampling": "gaussian", "bins": None}])
def test_a_table_as_it_was_made_is_sound(how: dict[str, Any]) -> None:
    check_dense(dense(**how))


def test_a_sparse_one_too() -> None:
    check_sparse(sparse())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "number"}, "a type of column that is known"),
        ({"unit": None}, "unit and zone"),
        ({"names": (1, 2, 3, 4)}, "names of bins"),
        ({"names": ("a", "b")}, "a name for each of 4 bins"),
        ({"continuous": 1}, "true or false"),
        ({"mean": math.nan}, "mean and scale"),
        ({"scale": 0.0}, "mean and scale"),
        ({"low": math.nan}, "the range"),
        ({"low": 2.0, "high": 1.0}, "a range of 'n' that rises"),
        ({"edges": (1.0, math.inf, 3.0)}, "edges of 'n' as numbers"),
        ({"edges": (5.0, 3.0, 9.0)}, "edges of 'n' that rise"),
        ({"missing": 2}, "the code of missing values"),
        ({"missing": True}, "the code of missing values"),
        ({"codes": {"a": 0, "b": 2}}, "different values in the bins"),
        ({"label": ["n"]}, "column names that are strings or numbers"),
        ({"type": "string", "continuous": True}, "whose values have no distances"),
    ],
)
def test_a_column_that_does_not_hold_together(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        check_column(replace(dense().columns[0], **change))


@pytest.mark.parametrize(
    ("law", "change", "said"),
    [
        (0, {"probabilities": np.array([0.5, 0.5, 0.5, 0.5])}, "add up to 1"),
        (0, {"probabilities": np.array([1.5, -0.5, 0.0, 0.0])}, "add up to 1"),
        (0, {"probabilities": np.array([np.nan, 1.0])}, "frequencies that are finite"),
        (0, {"probabilities": np.array([])}, "frequencies as a list of numbers"),
        (1, {"cumulative": np.array([0.25, 0.2, 0.75, 1.0])}, "cumulative frequencies that rise"),
        (1, {"cumulative": np.array([0.25, 0.5, 0.75, 0.999])}, "end at 1"),
        (1, {"codes": np.array([0, 1, 2])}, "a code for every support value"),
        (1, {"codes": np.array([0, 1, 2, 9])}, "codes among the bins"),
        (1, {"codes": np.array([0, 2, 1, 3])}, "codes among the bins, in order"),
        (1, {"codes": np.array(["a", "b", "c", "d"])}, "codes that are numbers"),
    ],
)
def test_numbers_that_are_no_law(law: int, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        check_law(replace(dense().background.laws[law], **change))


@pytest.mark.parametrize("change", [{"scale": 0.0}, {"missing": 1.0}, {"low": 2.0, "high": 1.0}, {"mean": math.inf}])
def test_numbers_that_are_no_normal_law(change: dict[str, Any]) -> None:
    law = Gaussian(0.0, 1.0, 0.0, 0.0, whole=False)
    check_law(law)
    with pytest.raises(ll.InputError, match="normal law"):
        check_law(replace(law, **change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": None}, "names of features"),
        ({"values": ("one",)}, "a name for each column of 'both', or none"),
        ({"codes": {(0, 0): 99}}, "codes of 'both' among its values"),
        ({"codes": {(0,): 0}}, "a code for each column of 'both'"),
        ({"codes": {(0, 7): 0}}, "among their bins"),
    ],
)
def test_a_group_that_does_not_fit_its_columns(change: dict[str, Any], said: str) -> None:
    table = dense()
    place = [part.is_group for part in table.parts].index(True)
    check_part(table.parts[place], table.columns, table.background.laws[place])
    with pytest.raises(ll.InputError, match=said):
        check_part(replace(table.parts[place], **change), table.columns, table.background.laws[place])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda table: replace(table, columns=()), "at least one column"),
        (lambda table: replace(table, columns=table.columns[:3]), "support values for every column"),
        (lambda table: replace(table, columns=(*table.columns[:3], table.columns[0])), "columns of different names"),
        (lambda table: replace(table, parts=(table.parts[0], *table.parts[:2])), "every column in one feature"),
    ],
)
def test_a_table_whose_parts_do_not_fit_each_other(damage: Callable[[DenseTable], DenseTable], said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        check_dense(damage(dense()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"values": np.array([np.nan])}, "values as a list of numbers"),
        ({"counts": np.array([1])}, "a count for every value"),
        ({"ends": np.array([0, 1])}, "as many ends as columns"),
        ({"n_rows": 0}, "a number of rows"),
        ({"n_rows": 1}, "counts of rows|no more non-zeros"),
        ({"moments": np.zeros((2, 4)) - 1.0}, "deviations that are not negative"),
    ],
)
def test_a_sparse_table_that_does_not_hold_together(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        check_sparse(replace(sparse(), **change))
