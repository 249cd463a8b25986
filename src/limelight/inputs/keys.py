"""A digest of every model input: what a cache of answers knows a row by.

Input: n inputs of any kind (`kinds.py`) and a salt that says whose answers they are. Output: n digests of 16 bytes.
Two inputs have the same digest only if they are the same in value, type and column name: a row whose key could not be
told for certain is refused, never guessed. Rows are laid out as bytes all at once, and hashed one by one: a million
rows of thirty numbers take about two seconds.
"""

from __future__ import annotations

import datetime
import decimal
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs
from limelight.errors import InputError
from limelight.inputs.texts import MaskedTexts

DIGEST_BYTES = 16
"""128 bits: among 10¹² rows two collide with a chance of 10⁻¹⁵."""
_SCALARS = (
    bool, int, float, complex, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, type(None),
    np.generic,
)  # fmt: skip


def row_keys(inputs: Inputs, salt: bytes) -> list[bytes]:
    """Return a digest of each input.

    Parameters
    ----------
    inputs
        n model inputs of any kind.
    salt
        What else the answers depend on: the model, its version, its parameters.

    Raises
    ------
    InputError
        If an input holds something whose value cannot be told from its parts.

    >>> first, second = row_keys(np.array([[1.0, 2.0], [1.0, 2.0]]), b"model")
    >>> first == second, first == row_keys(np.array([[1.0, 2.0]]), b"another model")[0]
    (True, False)
    """
    if isinstance(inputs, MaskedTexts):
        inputs = inputs.materialize()
    form, rows = _laid_out(inputs)
    base = blake2b(digest_size=DIGEST_BYTES)
    for part in (salt, form):
        base.update(len(part).to_bytes(8, "little"))
        base.update(part)
    return [_further(base, row) for row in rows]


def digest(value: Any) -> bytes:
    """Return a digest of one value: a string, a number, an array, or lists and dicts of these.

    >>> digest({"role": "user", "content": "hello"}) == digest({"content": "hello", "role": "user"})
    True
    """
    return blake2b(_value_bytes(value), digest_size=DIGEST_BYTES).digest()


def _further(base: Any, row: Any) -> bytes:
    one = base.copy()
    one.update(row)
    return bytes(one.digest())


def _laid_out(inputs: Inputs) -> tuple[bytes, Iterator[Any]]:
    """Return what all rows share, and the bytes of each row."""
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "biufcmMSU":
        return _numbers(inputs)
    if isinstance(inputs, (list, tuple, np.ndarray)):
        return b"items", map(_value_bytes, inputs)
    if isinstance(inputs, Mapping):
        columns = [(str(name), row_keys(values, b"")) for name, values in sorted(inputs.items())]
        return repr([name for name, _ in columns]).encode(), map(b"".join, zip(*(keys for _, keys in columns)))  # noqa: B905
    torch, sparse = sys.modules.get("torch"), sys.modules.get("scipy.sparse")
    if torch is not None and isinstance(inputs, torch.Tensor):
        flat = inputs.detach().cpu().contiguous().view(torch.uint8).numpy()
        shared = f"tensor {inputs.dtype} {tuple(inputs.shape[1:])}".encode()
        return shared, _byte_rows(flat.reshape(len(inputs), -1))
    if sparse is not None and sparse.issparse(inputs):
        return _sparse_rows(inputs)
    return _frame_rows(inputs)


def _numbers(array: NDArray[Any]) -> tuple[bytes, Iterator[Any]]:
    """Return the rows of an array; strings of fixed width as themselves, since the width depends on the others."""
    if array.dtype.kind in "SU":
        return b"items", map(_value_bytes, array.tolist())
    return f"array {array.dtype.str} {array.shape[1:]}".encode(), _byte_rows(_bytes_of(array))


def _bytes_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes (n, b) of the rows of an array of numbers."""
    flat = np.ascontiguousarray(array).reshape(len(array), -1)
    return flat.view(np.uint8).reshape(len(array), -1)


def _byte_rows(rows: NDArray[np.uint8]) -> Iterator[memoryview]:
    whole, width = memoryview(rows.tobytes()), rows.shape[1]
    return (whole[row * width : (row + 1) * width] for row in range(len(rows)))


def _sparse_rows(matrix: Any) -> tuple[bytes, Iterator[bytes]]:
    rows = matrix.tocsr(copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    rows.sort_indices()
    indices, starts = rows.indices.astype(np.int64), rows.indptr
    cells = pairwise(starts.tolist())
    shared = f"sparse {rows.dtype.str} {rows.shape[1:]}".encode()
    return shared, (indices[a:b].tobytes() + rows.data[a:b].tobytes() for a, b in cells)


# -- data frames ------------------------------------------------------------------------------------------------------


def _frame_rows(frame: Any) -> tuple[bytes, Iterator[Any]]:
    """Return the rows of a data frame or a series, column by column: numbers as they are, all else by digest."""
    import narwhals as nw

    wrapped = nw.from_native(frame, eager_only=True, allow_series=True)
    if isinstance(wrapped, nw.Series):
        columns = [wrapped]
    else:
        columns = [wrapped[name] for name in wrapped.columns]
    names = [(str(column.name), _type_name(column)) for column in columns]
    if not len(wrapped):
        return b"", iter(())
    laid = [_column_bytes(column) for column in columns]
    return repr(names).encode(), _byte_rows(np.concatenate(laid, axis=1))


def _type_name(column: Any) -> str:
    """Return the type of a column; that of categories with the categories, whose numbers a model may look at."""
    # the library's own word: narwhals looks into columns of objects, and would tell one batch from the next
    dtype = getattr(column.to_native(), "dtype", column.dtype)
    name = str(dtype)
    categories = getattr(dtype, "categories", None)  # of pandas, and of an Enum of polars
    if categories is None:
        return name
    return f"{name} {digest([str(each) for each in categories]).hex()} {getattr(dtype, 'ordered', '')}"


def _column_bytes(column: Any) -> NDArray[np.uint8]:
    array = column.to_numpy()
    if array.dtype.kind in "biufmM" and not (array.dtype.kind == "f" and column.dtype.is_integer()):
        return _bytes_of(array)
    known: dict[Any, bytes] = {}
    cells = [_known(value, known) for value in column.to_list()]
    return np.frombuffer(b"".join(cells), dtype=np.uint8).reshape(-1, DIGEST_BYTES)


def _known(value: Any, known: dict[Any, bytes]) -> bytes:
    """Return the digest of a cell, made once for each value that occurs."""
    if not isinstance(value, str):
        return digest(value)
    found = known.get(value)
    if found is None:
        found = known[value] = digest(value)
    return found


# -- single values ----------------------------------------------------------------------------------------------------


def _value_bytes(value: Any) -> bytes:
    """Return bytes that tell a value from every other."""
    if isinstance(value, str):
        return b"s" + value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return b"b" + value
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"a{value.dtype.str}{value.shape}:".encode() + value.tobytes()
    if isinstance(value, Mapping):
        return b"d" + _joined([pair for key in sorted(value, key=str) for pair in (key, value[key])])
    if isinstance(value, (Sequence, np.ndarray)):
        return b"l" + _joined(value)
    if isinstance(value, _SCALARS) or type(value).__name__ in ("NAType", "NaTType"):
        return f"v{type(value).__name__}:{value!r}".encode()
    if hasattr(value, "__array_interface__"):  # a picture of PIL
        return b"p" + str(getattr(value, "mode", "")).encode() + _value_bytes(np.asarray(value))
    raise InputError(
        "inputs: expected values that a cache can tell apart (numbers, strings, arrays, lists and dicts of these), "
        f"got {type(value).__name__}; leave out the cache, or make such a value of it."
    )


def _joined(values: Any) -> bytes:
    parts = [_value_bytes(each) for each in values]
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)
