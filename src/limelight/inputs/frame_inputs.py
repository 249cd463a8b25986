"""Data frames and series as model inputs: taken, joined, copied and weighed, whichever library they come from.

Input: native frames, rows. Output: native frames of the same library, with the same types and labels.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = slice | NDArray[np.integer[Any]]
"""Which rows are taken."""
_BYTES_PER_CELL = 16
"""Of a data frame: a float takes 8, a short string more; good enough to bound a batch."""


def _wrapped(native: Any) -> Any:
    import narwhals as nw

    return nw.from_native(native, eager_only=True, allow_series=True)


def take_frame(frame: Any, rows: Rows) -> Any:
    """Return some rows; pandas' are counted from 0 anew, so that no model's answer depends on how batches are cut."""
    if hasattr(frame, "iloc"):
        return frame.iloc[rows].reset_index(drop=True)
    return _wrapped(frame)[rows].to_native()


def concatenate_frames(parts: Sequence[Any]) -> Any:
    """Join frames of equal form by the library's own function: narwhals would cost 0.1 ms a part."""
    import narwhals as nw

    native = nw.get_native_namespace(parts[0])
    if hasattr(parts[0], "iloc"):
        return native.concat(parts, ignore_index=True)
    if hasattr(native, "concat_tables"):
        return _concatenate_arrow(native, parts)
    return native.concat(parts)


def frame_form(frame: Any) -> Hashable:
    """Return names and types of the columns; the type of a categorical holds its categories.

    What pyarrow's tables say of their origin beside that is no part of it.
    """
    if hasattr(frame, "iloc"):
        return tuple(_dtypes(frame))
    schema = getattr(frame, "schema", None)
    if isinstance(schema, Mapping):
        return tuple(schema.items())
    if schema is not None:
        return tuple((field.name, str(field.type)) for field in schema)
    return str(getattr(frame, "dtype", None) or getattr(frame, "type", None))


def _dtypes(frame: Any) -> list[tuple[Any, Any]]:
    if frame.ndim == 2:
        return list(zip(frame.columns, frame.dtypes, strict=True))
    return [(frame.name, frame.dtype)]


def _concatenate_arrow(pyarrow: Any, parts: Sequence[Any]) -> Any:
    if hasattr(parts[0], "columns"):
        return pyarrow.concat_tables(parts)
    return pyarrow.chunked_array([chunk for part in parts for chunk in part.chunks], type=parts[0].type)


def copy_frame(frame: Any) -> Any:
    """Return a frame of its own, which may be changed."""
    if hasattr(frame, "iloc"):
        return frame.copy()
    # a pyarrow table cannot be changed
    if hasattr(frame, "clone"):
        return frame.clone()
    return frame


def frame_bytes(frame: Any) -> float:
    """Return about how many bytes a frame takes."""
    rows, *columns = frame.shape
    return float(rows * _BYTES_PER_CELL * (columns[0] if columns else 1))


def series_bytes(series: Any) -> float:
    """Return about how many bytes a series takes."""
    return float(len(series) * _BYTES_PER_CELL)
