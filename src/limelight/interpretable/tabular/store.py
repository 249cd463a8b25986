"""Model inputs in the model's own type: the same library, column names, order and dtypes as the background.

Input: positions in support values, numbers, or whole rows. Output: tables. A store holds a few support values of each
column in the column's own type, so that building a table is one gather per column and every dtype survives.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Inputs
from limelight.errors import InputError
from limelight.inputs.kinds import concatenate
from limelight.interpretable.tabular.columns import is_missing, stable_repr
from limelight.interpretable.tabular.frames import IntArray, to_list


@dataclass(frozen=True, slots=True)
class Store:
    """Support values of every column in its own type, and how to build tables from them.

    Parameters
    ----------
    library
        As `library_of` says.
    labels
        The column names, in order.
    supports
        For each column its support values (m_j,), native.
    """

    library: str
    labels: tuple[Hashable, ...]
    supports: tuple[Any, ...]

    def fingerprint(self) -> bytes:
        """Return bytes that tell these support values and dtypes from others."""
        dtypes = [str(getattr(support, "dtype", getattr(support, "type", ""))) for support in self.supports]
        listed = [_fingerprint(to_list(support)) for support in self.supports]
        return repr(list(zip(dtypes, listed, strict=True))).encode("utf-8", "surrogatepass")

    def numbers(self, j: int) -> FloatArray | None:
        """Return the support values of column j as numbers (m,), NaN where missing; None where they are none."""
        return _as_numbers(self.supports[j])

    def gather(
        self,
        picks: Sequence[IntArray | None],
        numbers: Mapping[int, NDArray[np.float64]],
        fixed: Mapping[int, Any] | None = None,
    ) -> Any:
        """Return the table whose column j is support value picks[j] (n,), or numbers[j] (n,) in the column's dtype.

        A column in `fixed` has that one value, a Python value as `rows` takes it, in all rows.
        """
        held = fixed or {}
        if self.library == "numpy":
            table = self._gather_array(picks, numbers)
            if held:
                return self._with_held(table, held)
            return table
        n = len(next(each for each in [*picks, *numbers.values()] if each is not None))
        columns = []
        for j, (support, pick) in enumerate(zip(self.supports, picks, strict=True)):
            if j in held:
                with _held_by(support.type if self.library == "pyarrow" else support.dtype, self.labels[j]):
                    columns.append(_from_values(support, [held[j]] * n, self.library))
            elif pick is None:
                columns.append(_from_numbers(support, numbers[j], self.library))
            else:
                columns.append(_take(support, pick, self.library))
        return _assemble(columns, self.labels, self.library)

    def _with_held(self, table: NDArray[Any], held: Mapping[int, Any]) -> NDArray[Any]:
        """Return the array with some columns set, in a dtype that holds them: a longer string is not cut."""
        values = {j: (np.nan if value is None and table.dtype.kind in "iuf" else value) for j, value in held.items()}
        if table.dtype.kind in "US":
            table = table.astype(np.result_type(table.dtype, np.array([str(v) for v in values.values()]).dtype))
        elif table.dtype.kind in "iu" and any(is_missing(value) for value in values.values()):
            table = table.astype(np.float64)
        for j, value in values.items():
            with _held_by(table.dtype, self.labels[j]):
                table[:, j] = value
        return table

    def _gather_array(
        self, picks: Sequence[IntArray | None], numbers: Mapping[int, NDArray[np.float64]]
    ) -> NDArray[Any]:
        n = len(next(each for each in [*picks, *numbers.values()] if each is not None))
        out = np.empty((n, len(picks)), dtype=self.supports[0].dtype)
        for j, (support, pick) in enumerate(zip(self.supports, picks, strict=True)):
            if pick is not None:
                out[:, j] = support[pick]
            elif support.dtype == object:
                out[:, j] = _as_objects(support, numbers[j])
            else:
                out[:, j] = numbers[j]
        return out

    def rows(self, rows: Sequence[Sequence[Any]]) -> Any:
        """Return the table of some rows of Python values, with the background's dtypes."""
        columns = list(zip(*rows, strict=True))
        if self.library == "numpy":
            return _array_rows(columns, self.supports[0].dtype, self.labels)
        natives = []
        for support, values, label in zip(self.supports, columns, self.labels, strict=True):
            with _held_by(support.type if self.library == "pyarrow" else support.dtype, label):
                natives.append(_from_values(support, list(values), self.library))
        return _assemble(natives, self.labels, self.library)


def _fingerprint(values: list[Any]) -> str:
    """Return text that is equal for equal columns, also of objects whose repr is where they lie in memory."""
    kinds = set(map(type, values))  # of which there are few, of values thousands
    plain = all(issubclass(kind, (str, int, float, type(None))) for kind in kinds)
    if plain:
        return repr(values)
    return stable_repr(values)


def store_beside(original: Inputs, drawn: Inputs, store: Store) -> Store:
    """Return a store whose value 0 is a row's own in every column, and whose values 1, 2, … are the drawn ones.

    Its dtypes hold the row's own values too: a category that the background never shows, a missing whole number.
    """
    if store.library == "numpy":
        joined: Any = np.concatenate([original, drawn])
    elif store.library == "pandas":
        joined = concatenate([original, drawn.astype(dict(original.dtypes))])
    else:
        joined = concatenate([original, drawn])
    return Store(store.library, store.labels, _columns(joined, store.library))


def _columns(table: Any, library: str) -> tuple[Any, ...]:
    if library == "pandas":
        return tuple(table.iloc[:, j].reset_index(drop=True) for j in range(table.shape[1]))
    if library == "pyarrow":
        return tuple(table.columns)
    if library == "polars":
        return tuple(table.get_columns())
    return tuple(table[:, j] for j in range(table.shape[1]))


def _as_numbers(support: Any) -> FloatArray | None:
    """Return native values as numbers; dates as ticks; None for strings, categories and objects."""
    kind = getattr(getattr(support, "dtype", None), "kind", "")
    if isinstance(support, np.ndarray):
        values = support
    elif hasattr(support, "to_numpy") and (kind in "iufbmM" and kind):
        if kind in "iufb":
            values = support.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = support.to_numpy()
    elif hasattr(support, "to_numpy"):
        values = _numpy_of(support)
    else:
        return None
    if values.dtype.kind in "mM":
        ticks = values.astype(np.int64).astype(np.float64)
        return np.where(np.isnat(values), np.nan, ticks)
    if values.dtype.kind in "iufb":
        return values.astype(np.float64)
    return None


def _numpy_of(support: Any) -> NDArray[Any]:
    """Return a polars or pyarrow column as an array; objects where it holds anything but numbers and dates."""
    try:
        if hasattr(support, "combine_chunks"):
            values = np.asarray(support)
        else:
            values = support.to_numpy()
    except (TypeError, ValueError, NotImplementedError):
        return np.empty(0, dtype=object)
    return np.asarray(values)


@contextmanager
def _held_by(dtype: Any, label: Hashable) -> Iterator[None]:
    """Name the column and its dtype where it cannot hold a value: an enum without it, an integer too small for it."""
    try:
        yield
    except Exception as error:
        raise InputError(
            f"column {label!r}: expected a value that {dtype} can hold, got another ({error}); change the value."
        ) from error


def take_support(native: Any, positions: IntArray, library: str) -> Any:
    """Return the values at some positions as a support: an array, a pandas Series with a plain index, …"""
    if library == "pandas":
        return native.iloc[positions].reset_index(drop=True)
    return _take(native, positions, library)


def _take(support: Any, pick: IntArray, library: str) -> Any:
    if library == "numpy":
        return support[pick]
    if library == "polars":
        return support.gather(pick)
    if library == "pyarrow":
        return support.take(pick)
    if support.dtype.kind != "O" or not isinstance(support.dtype, np.dtype):
        values = support.array
    else:
        values = support
    return values.take(pick)


def _from_numbers(support: Any, numbers: NDArray[np.float64], library: str) -> Any:
    """Return numbers (n,), NaN where missing, in the dtype of a support."""
    if library == "pandas":
        import pandas as pd

        if support.dtype == object:
            return pd.Series(_as_objects(support, numbers), dtype=object)
        return pd.Series(numbers).astype(support.dtype).array
    if library == "polars":
        import polars as pl

        return pl.Series(numbers).fill_nan(None).cast(support.dtype)
    import pyarrow as pa

    return pa.array(numbers, from_pandas=True).cast(support.type)


def _as_objects(support: Any, numbers: NDArray[np.float64]) -> NDArray[Any]:
    """Return drawn numbers as the objects that the column holds: integers where it holds integers."""
    known = [value for value in to_list(support) if not is_missing(value)]
    objects = numbers.astype(object)
    if known and all(isinstance(value, int) for value in known):
        present = ~np.isnan(numbers)
        objects[present] = [int(number) for number in numbers[present]]
    return objects


def _from_values(support: Any, values: list[Any], library: str) -> Any:
    """Return Python values as a native column in the dtype of a support."""
    if library == "pandas":
        return _pandas_values(support.dtype, values)
    if library == "polars":
        import polars as pl

        return pl.Series(values, dtype=support.dtype)
    import pyarrow as pa

    if not pa.types.is_dictionary(support.type):
        return pa.array(values, type=support.type)
    known = (support.combine_chunks() if isinstance(support, pa.ChunkedArray) else support).dictionary.to_pylist()
    at = {value: i for i, value in enumerate([*known, *(v for v in values if v is not None and v not in known)])}
    index = pa.array([None if v is None else at[v] for v in values], type=support.type.index_type)
    return pa.DictionaryArray.from_arrays(
        index, pa.array(list(at), type=support.type.value_type), ordered=support.type.ordered
    )


def _pandas_values(dtype: Any, values: list[Any]) -> Any:
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        unknown = [v for v in dict.fromkeys(values) if not is_missing(v) and v not in dtype.categories]
        if unknown:  # a category the background never shows is handed on, not turned into NaN
            dtype = pd.CategoricalDtype([*dtype.categories, *unknown], ordered=dtype.ordered)
    elif dtype.kind in "iub" and isinstance(dtype, np.dtype) and any(is_missing(v) for v in values):
        dtype = np.dtype(object) if dtype.kind == "b" else np.dtype(np.float64)
    if isinstance(dtype, np.dtype) and dtype.kind == "O":  # not an array, which a frame would take for strings
        return pd.Series(values, dtype=dtype)
    return pd.array(values, dtype=dtype)


def _array_rows(columns: list[Any], dtype: Any, labels: Sequence[Hashable]) -> NDArray[Any]:
    if dtype.kind in "iub" and any(is_missing(v) for values in columns for v in values):
        dtype = np.dtype(np.float64)
    if dtype.kind in "US":  # a longer string than any in the background is not cut
        table = np.array(columns).T
        return table.astype(np.result_type(dtype, table.dtype))
    out = np.empty((len(columns[0]), len(columns)), dtype=dtype)
    for j, (values, label) in enumerate(zip(columns, labels, strict=True)):
        with _held_by(dtype, label):
            if dtype.kind == "f":
                out[:, j] = [np.nan if v is None else v for v in values]
            else:
                out[:, j] = values
    return out


def _assemble(columns: Sequence[Any], labels: Sequence[Hashable], library: str) -> Any:
    if library == "pandas":
        import pandas as pd

        plain = pd.RangeIndex(len(columns[0]))
        for column in columns:
            if isinstance(column, pd.Series):
                column.index = plain
        frame = pd.DataFrame(dict(enumerate(columns)), index=plain, copy=False)
        frame.columns = pd.Index(labels)
        return frame
    if library == "polars":
        import polars as pl

        return pl.DataFrame(dict(zip(labels, columns, strict=True)))
    import pyarrow as pa

    return pa.table(list(columns), names=list(labels))
