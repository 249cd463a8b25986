"""Check what a model answered: an array of shape (n, k) of float64, or an error that says what came instead.

After each call of f. Input: an array, a list of numbers, a data frame or series, a torch tensor or a sparse matrix
(`forms.py` reads everything else). Output: Y (n, k), and the names that a frame gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import ModelOutputError
from limelight.models import wrappers
from limelight.models.batches import Batch

_CONTENTS = {"U": "strings", "S": "strings", "T": "strings", "M": "dates", "m": "time spans", "c": "complex numbers"}
_REMEDIES = {
    "strings": "Choose one column of labels:" + wrappers.function("return np.asarray(model(inputs))[:, 0]"),
    "dates": "Return a number instead, such as days since a date.",
    "time spans": "Return a number instead, such as hours.",
}


def to_array(answer: Any, batch: Batch) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Return the answer as a numpy array of any shape and dtype, and the names of its columns where it has some.

    Raises
    ------
    ModelOutputError
        If the answer is nothing that numpy can take: None, a dict, lists of unequal lengths.

    >>> to_array([[1, 2], [3, 4]], Batch(1, 0, 2, 2))[0].shape
    (2, 2)
    """
    if type(answer) is np.ndarray:
        return answer, None
    if answer is None or isinstance(answer, (dict, str)):
        raise unexpected("None" if answer is None else f"a {type(answer).__name__}", batch, wrappers.RETURN)
    try:
        return _materialised(answer)
    except ValueError as error:
        raise unexpected(f"a {type(answer).__name__} that is no array ({error})", batch, wrappers.RETURN) from error


def checked(array: NDArray[Any], batch: Batch) -> FloatArray:
    """Return Y (n, k) float64, which may share memory with `array`; `not_finite` says which rows are no answers.

    Parameters
    ----------
    array
        The answer, from `to_array`.
    batch
        The rows asked.

    Raises
    ------
    ModelOutputError
        If there is not one row of numbers per input.

    >>> checked(np.array([0.25, 0.75]), Batch(1, 0, 2, 2))
    array([[0.25],
           [0.75]])
    >>> checked(np.array(["spam", "ham"]), Batch(1, 0, 2, 2))
    Traceback (most recent call last):
    limelight.errors.ModelOutputError: model returned shape (2,) of strings for 2 inputs; expected numbers of shape \
(2,) or (2, k). Choose one column of labels:
        def one_number(inputs):
            return np.asarray(model(inputs))[:, 0]
    """
    if array.ndim == 0 and batch.rows == 1:  # a function that squeezes its answer
        array = array.reshape(1)
    Y = _without_singletons(_as_floats(array, batch))
    if Y.ndim not in (1, 2) or Y.size == 0 or len(Y) != batch.rows:
        maps = Y.ndim > 2 and len(Y) == batch.rows
        raise unexpected(f"shape {array.shape}", batch, wrappers.MAPS if maps else wrappers.RETURN)
    return Y.reshape(batch.rows, -1)


def _materialised(answer: Any) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    if isinstance(answer, np.ma.MaskedArray):
        return np.ma.filled(answer.astype(float), np.nan), None
    if isinstance(answer, np.ndarray):
        return np.asarray(answer), None
    if hasattr(answer, "detach"):
        return _from_tensor(answer), None
    if hasattr(answer, "toarray"):
        return np.asarray(answer.toarray()), None
    if isinstance(answer, (list, tuple)):
        tensors = len(answer) > 0 and hasattr(answer[0], "detach")
        return np.asarray([_from_tensor(each) for each in answer] if tensors else answer), None
    return _from_frame(answer)


def _from_tensor(tensor: Any) -> NDArray[Any]:
    tensor = tensor.detach().cpu()
    try:
        return np.asarray(tensor.numpy())
    except TypeError:  # numpy has no bfloat16
        return np.asarray(tensor.double().numpy())


def _from_frame(answer: Any) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Read a data frame or series of any library; anything else is left to numpy."""
    from narwhals import dependencies, from_native

    if dependencies.is_into_dataframe(answer):
        frame = from_native(answer, eager_only=True)
        return frame.to_numpy(), tuple(str(name) for name in frame.columns)
    if dependencies.is_into_series(answer):
        return from_native(answer, series_only=True).to_numpy(), None
    return np.asarray(answer), None


def _without_singletons(Y: FloatArray) -> FloatArray:
    """Return (n, k, 1, 1), as convolutions answer, without the axes of length one."""
    while Y.ndim > 2 and 1 in Y.shape[1:]:
        Y = Y.squeeze(axis=1 + Y.shape[1:].index(1))
    return Y


def _as_floats(array: NDArray[Any], batch: Batch) -> FloatArray:
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    contents = _CONTENTS.get(array.dtype.kind, f"{array.dtype} values")
    if array.dtype.kind == "O":
        contents = _contents(array)
        if contents == "numbers":
            return array.astype(np.float64)
    raise unexpected(f"shape {array.shape} of {contents}", batch, _REMEDIES.get(contents, "Return real numbers."))


def _contents(array: NDArray[Any]) -> str:
    """Say what an array of objects holds; strings are no numbers even where they look like some."""
    if any(isinstance(item, (str, bytes)) for item in array.flat):
        return "strings"
    try:
        array.astype(np.float64)
    except OverflowError:
        return "integers too large for a float"
    except (TypeError, ValueError):
        odd = next((item for item in array.flat if not hasattr(item, "__float__")), array)
        return f"objects (the first odd one a {type(odd).__name__})"
    return "numbers"


def unexpected(got: str, batch: Batch, remedy: str) -> ModelOutputError:
    """Return the error for an answer that is not numbers (n,) or (n, k): what came, and what to do."""
    n = batch.rows
    where = f"{n} {'input' if n == 1 else 'inputs'}" + ("" if batch.whole else f" in {batch}")
    return ModelOutputError(f"model returned {got} for {where}; expected numbers of shape ({n},) or ({n}, k). {remedy}")


def not_finite(Y: FloatArray, batch: Batch, names: Sequence[str] | None = None) -> ModelOutputError | None:
    """Return the error for rows of Y (n, k) that hold something else than finite numbers; None where there are none.

    Parameters
    ----------
    Y
        The answer, from `checked`.
    batch
        The rows asked.
    names
        Names of the outputs.

    >>> print(not_finite(np.array([[0.2], [np.inf]]), Batch(1, 0, 2, 2)))
    model returned inf for output 0 of row 1 in batch 1 (rows 0–1 of 2), the first of 1 such rows in the batch; \
expected finite numbers. Make the model answer every perturbed input with a number.
    """
    odd = np.argwhere(~np.isfinite(Y))
    if not len(odd):
        return None
    row, column = odd[0]
    if names and len(names) == Y.shape[1]:
        output = repr(names[column])
    else:
        output = column
    return ModelOutputError(
        f"model returned {Y[row, column]} for output {output} of row {batch.start + row} in {batch}, the first "
        f"of {len(np.unique(odd[:, 0]))} such rows in the batch; expected finite numbers. "
        "Make the model answer every perturbed input with a number."
    )
