"""Count, take rows of, join and copy model inputs of every kind: the one place that knows the kinds.

Between a modality, which makes perturbed inputs in the model's own type, and `calls.py`, which cuts them into batches.
Input: n inputs as a numpy array, a data frame or series (pandas, polars, pyarrow, …, through narwhals), a scipy sparse
matrix, a torch tensor, a list or tuple of anything, or a dict of these. Output: the same.

A kind is one row of functions in `_Kind`; a new kind is a new row and a line in `_recognise`. Optional packages are
never imported here: an object of theirs can only exist where they are loaded, so `sys.modules` is asked instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError
from limelight.inputs.frame_inputs import (
    Rows,
    concatenate_frames,
    copy_frame,
    frame_bytes,
    frame_form,
    series_bytes,
    take_frame,
)
from limelight.inputs.texts import MaskedTexts


def count(inputs: Inputs) -> int:
    """Return the number n of model inputs.

    Raises
    ------
    InputError
        If this is no kind of inputs known, a single input instead of many, or a dict of unequal lengths.

    >>> count(["good", "bad"]), count(np.zeros((3, 2))), count({"ids": np.zeros((4, 8)), "mask": np.zeros(4)})
    (2, 3, 4)
    """
    return _kind(inputs).count(inputs)


def take(inputs: Inputs, rows: Rows) -> Inputs:
    """Return the inputs at `rows`, of the same kind; a slice of an array shares its memory.

    Parameters
    ----------
    inputs
        n model inputs.
    rows
        A slice, or an array of indices in 0 … n − 1 (repetitions allowed).

    >>> take(["a", "b", "c"], np.array([2, 0]))
    ['c', 'a']
    """
    if not isinstance(rows, slice):
        rows = np.asarray(rows, dtype=np.intp)
    return _kind(inputs).take(inputs, rows)


def concatenate(parts: Sequence[Inputs]) -> Inputs:
    """Return the inputs of all parts in order; one part is returned as it is, without a copy.

    Kinds and dtypes are kept: pandas categoricals of equal categories stay categorical, integers stay integers.

    Raises
    ------
    InputError
        If there is no part, or parts differ in kind, dtype, shape of an input, or columns.

    >>> concatenate([["a"], ["b", "c"]])
    ['a', 'b', 'c']
    """
    if not parts:
        raise InputError("parts: expected at least one part to concatenate, got none; pass the inputs of one instance.")
    kind = _kind(parts[0])
    if len(parts) == 1:
        return parts[0]
    for part in parts:
        if _kind(part) is not kind:
            raise InputError(
                f"parts: expected model inputs of one kind, got {kind.name} and {_kind(part).name}; "
                "build all parts by the same modality."
            )
        if kind.form(part) != kind.form(parts[0]):
            raise InputError(
                f"parts: expected inputs of equal form, got {kind.form(parts[0])} and {kind.form(part)}; "
                "concatenate only inputs of one dtype and shape."
            )
    return kind.concatenate(parts)


def concatenate_fresh(parts: Sequence[Inputs]) -> Inputs:
    """Return the inputs of all parts in order, sharing no array with them: what may be handed to a model that writes.

    Models that scale or clip their input in place exist; an instance, a background and a kept neighborhood must not
    change under them. Joining several arrays copies anyway, so a copy is only made of one part, and of the elements of
    lists. It costs one pass over memory, little beside any model.

    >>> row = np.zeros((1, 2))
    >>> concatenate_fresh([row])[0, 0] = 7
    >>> row
    array([[0., 0.]])
    """
    joined = concatenate(parts)
    kind = _kind(joined)
    if len(parts) == 1 or kind.shares:
        return kind.copy(joined)
    return joined


def form(inputs: Inputs) -> Hashable:
    """Return what must be equal for two parts to fit in one array: for arrays dtype and shape of one input.

    Photographs of two sizes cannot be one array; `calls.py` starts a new batch where the form changes.

    >>> form(np.zeros((5, 2, 3))) == form(np.zeros((7, 2, 3))), form(np.zeros((5, 2))) == form(np.zeros((5, 3)))
    (True, False)
    """
    kind = _kind(inputs)
    return kind.name, kind.form(inputs)


def row_bytes(inputs: Inputs) -> float:
    """Estimate the bytes of one input, at least 1; exact for arrays, sampled for lists, 16 per cell of a data frame.

    >>> row_bytes(np.zeros((5, 3)))
    24.0
    """
    n = count(inputs)
    if n:
        return max(1.0, _kind(inputs).nbytes(inputs) / n)
    return 1.0


# ---- the kinds -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of inputs: how it is counted, cut, joined, copied and weighed."""

    name: str
    count: Callable[[Any], int]
    take: Callable[[Any, Rows], Any]
    concatenate: Callable[[Sequence[Any]], Any]
    copy: Callable[[Any], Any]
    nbytes: Callable[[Any], float]
    form: Callable[[Any], Hashable]
    shares: bool = False
    """Whether a concatenation still shares elements with its parts, as a list does."""


def _kind(inputs: Inputs) -> _Kind:
    known = _KIND_OF_TYPE.get(type(inputs))
    if known is None:
        known = _KIND_OF_TYPE[type(inputs)] = _recognise(inputs)
    return known


def _recognise(inputs: Inputs) -> _Kind:
    """Find the kind of an object whose type was not met before."""
    if isinstance(inputs, np.ndarray):
        return _ARRAY
    if isinstance(inputs, (list, tuple)):
        return _LIST
    if isinstance(inputs, Mapping):
        return _DICT
    if isinstance(inputs, MaskedTexts):
        return _TEXTS
    torch, sparse = sys.modules.get("torch"), sys.modules.get("scipy.sparse")
    if torch is not None and isinstance(inputs, torch.Tensor):
        return _TENSOR
    if sparse is not None and sparse.issparse(inputs):
        return _SPARSE
    return _recognise_frame(inputs)


def _recognise_frame(inputs: Inputs) -> _Kind:
    """Ask narwhals, which is imported only now."""
    from narwhals import dependencies

    if dependencies.is_into_dataframe(inputs):
        return _FRAME
    if dependencies.is_into_series(inputs):
        return _SERIES
    if isinstance(inputs, (str, bytes)):
        remedy = "wrap a single input in a list"
    else:
        remedy = "convert it to one of these"
    if hasattr(inputs, "collect"):
        remedy = "call .collect() on a lazy frame"
    raise InputError(
        "inputs: expected a numpy array, data frame, sparse matrix, torch tensor, list, tuple or dict of these, "
        f"got {type(inputs).__name__}; {remedy}."
    )


# ---- arrays and tensors ----------------------------------------------------------------------------------------------


def _count_array(array: Any) -> int:
    if not array.shape:
        raise InputError(f"inputs: expected n inputs along the first axis, got a {type(array).__name__} of shape ().")
    return int(array.shape[0])


def _take_array(array: Any, rows: Rows) -> Any:
    return array[rows]


def _concatenate_arrays(parts: Sequence[Any]) -> Any:
    return np.concatenate(parts)


def _copy_array(array: Any) -> Any:
    return array.copy()


def _array_bytes(array: Any) -> float:
    return float(array.nbytes)


def _array_form(array: Any) -> Hashable:
    # Fixed-width strings differ in width from text to text; joining them to the widest changes no text.
    dtype = array.dtype.kind if array.dtype.kind in "US" else array.dtype
    return dtype, array.shape[1:]


def _concatenate_tensors(parts: Sequence[Any]) -> Any:
    return sys.modules["torch"].cat(list(parts))


def _copy_tensor(tensor: Any) -> Any:
    return tensor.detach().clone()


def _tensor_form(tensor: Any) -> Hashable:
    return tensor.dtype, tuple(tensor.shape[1:]), str(tensor.device)


# ---- sparse matrices -------------------------------------------------------------------------------------------------


def _take_sparse(matrix: Any, rows: Rows) -> Any:
    return matrix.tocsr()[rows].asformat(matrix.format)  # only some formats can be sliced by rows


def _concatenate_sparse(parts: Sequence[Any]) -> Any:
    return sys.modules["scipy.sparse"].vstack(parts, format=parts[0].format)


def _sparse_bytes(matrix: Any) -> float:
    return float(matrix.nnz * (matrix.dtype.itemsize + 4))


def _sparse_form(matrix: Any) -> Hashable:
    return matrix.dtype, matrix.shape[1:]


# ---- lists and tuples ------------------------------------------------------------------------------------------------


def _take_list(items: Any, rows: Rows) -> Any:
    if isinstance(rows, slice):
        return items[rows]
    chosen = (items[row] for row in rows.tolist())
    if isinstance(items, tuple):
        return tuple(chosen)
    return list(chosen)


def _concatenate_lists(parts: Sequence[Any]) -> Any:
    joined = chain.from_iterable(parts)
    if isinstance(parts[0], tuple):
        return tuple(joined)
    return list(joined)


def _copy_list(items: Any) -> Any:
    """Copy the elements that can be changed in place: arrays, PIL images, dicts, lists; strings have no `copy`."""
    if set(map(type, items)) <= {str}:  # thousands of texts, which nobody can change
        return items[:]
    copies = (item.copy() if hasattr(item, "copy") else item for item in items)
    if isinstance(items, tuple):
        return tuple(copies)
    return list(copies)


def _list_bytes(items: Any) -> float:
    """Weigh up to 16 elements spread over the list."""
    sample = items[:: max(1, len(items) // 16)]
    if sample:
        return sum(map(_element_bytes, sample)) * len(items) / len(sample)
    return 0.0


def _element_bytes(element: Any) -> float:
    if isinstance(element, (list, tuple)):
        return _list_bytes(element)
    if isinstance(element, Mapping):
        return sum(map(_element_bytes, element.values()))
    if hasattr(element, "__array_interface__"):  # also a PIL image
        return float(np.asarray(element).nbytes)
    return float(getattr(element, "nbytes", 0) or sys.getsizeof(element))


def _any_form(_: Any) -> Hashable:
    return None


# ---- perturbed texts, unread until they are joined or copied for the model -------------------------------------------


def _concatenate_texts(parts: Sequence[MaskedTexts]) -> Any:
    return concatenate([part.materialize() for part in parts])


def _texts_bytes(texts: MaskedTexts) -> float:
    return float(texts.nbytes)


# ---- dicts -----------------------------------------------------------------------------------------------------------


def _count_dict(columns: Any) -> int:
    counts = {name: count(values) for name, values in columns.items()}
    if len(set(counts.values())) != 1:
        raise InputError(
            f"inputs: expected a dict of arrays of equal length, got {counts}; pass one row per input in each."
        )
    return next(iter(counts.values()))


def _take_dict(columns: Any, rows: Rows) -> Any:
    return {name: take(values, rows) for name, values in columns.items()}


def _concatenate_dicts(parts: Sequence[Any]) -> Any:
    return {name: concatenate([part[name] for part in parts]) for name in parts[0]}


def _copy_dict(columns: Any) -> Any:
    return {name: _kind(values).copy(values) for name, values in columns.items()}


def _dict_bytes(columns: Any) -> float:
    return sum(_kind(values).nbytes(values) for values in columns.values())


def _dict_form(columns: Any) -> Hashable:
    return frozenset((name, form(values)) for name, values in columns.items())


# ---- all of them -----------------------------------------------------------------------------------------------------


_ARRAY = _Kind("numpy array", _count_array, _take_array, _concatenate_arrays, _copy_array, _array_bytes, _array_form)
_TENSOR = _Kind(
    "torch tensor", _count_array, _take_array, _concatenate_tensors, _copy_tensor, _array_bytes, _tensor_form
)
_SPARSE = _Kind(
    "sparse matrix", _count_array, _take_sparse, _concatenate_sparse, _copy_array, _sparse_bytes, _sparse_form
)
_LIST = _Kind("list", len, _take_list, _concatenate_lists, _copy_list, _list_bytes, _any_form, shares=True)
_TEXTS = _Kind("texts", len, _take_array, _concatenate_texts, MaskedTexts.materialize, _texts_bytes, _any_form)
_DICT = _Kind("dict", _count_dict, _take_dict, _concatenate_dicts, _copy_dict, _dict_bytes, _dict_form, shares=True)
_FRAME = _Kind("data frame", len, take_frame, concatenate_frames, copy_frame, frame_bytes, frame_form)
_SERIES = _Kind("series", len, take_frame, concatenate_frames, copy_frame, series_bytes, frame_form)

_KIND_OF_TYPE: dict[type, _Kind] = {}
"""Types met so far: a memo that only saves time."""


def holds_nan(inputs: Inputs) -> bool:
    """Return whether an array or a tensor of floating-point numbers holds NaN; of anything else that is not looked for.

    >>> holds_nan(np.array([[0.0, np.nan]])), holds_nan(["nan"])
    (True, False)
    """
    if not hasattr(inputs, "dtype") or hasattr(inputs, "columns"):
        return False
    try:
        array = np.asarray(inputs)
    except Exception:  # a tensor on a device; nothing is claimed of it
        return False
    return array.dtype.kind == "f" and bool(np.isnan(array).any())
