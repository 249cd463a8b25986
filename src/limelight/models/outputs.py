"""Read what a model answered: an array of shape (n, k) of finite float64, or an error that says what came instead.

Step of the algorithm: after each call of f. Enters: whatever the model returned, as an array (n,), (n, 1) or (n, k), a
list, a data frame or series, a torch tensor, or a sparse matrix. Leaves: Y (n, k), and the names that a frame gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import ModelOutputError
from limelight.models.batches import Batch

_CONTENTS = {"U": "strings", "S": "strings", "T": "strings", "M": "dates", "m": "time spans", "c": "complex numbers"}
_REMEDIES = {"strings": "Pass predict_proba, not predict."}


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
        raise _unexpected("None" if answer is None else f"a {type(answer).__name__}", batch, "Return an array.")
    try:
        return _materialised(answer)
    except ValueError as error:
        raise _unexpected(f"a {type(answer).__name__} that is no array ({error})", batch, "Return an array.") from error


def checked(array: NDArray[Any], batch: Batch, names: Sequence[str] | None = None) -> FloatArray:
    """Return Y (n, k) float64, which may share memory with `array`.

    Parameters
    ----------
    array
        The answer, from `to_array`.
    batch
        The rows asked.
    names
        Names of the outputs, for the error messages.

    Raises
    ------
    ModelOutputError
        If there is not one row per input, or something in it is not a finite number.

    >>> checked(np.array([0.25, 0.75]), Batch(1, 0, 2, 2))
    array([[0.25],
           [0.75]])
    >>> checked(np.array(["spam", "ham"]), Batch(1, 0, 2, 2))
    Traceback (most recent call last):
    limelight.errors.ModelOutputError: model returned shape (2,) of strings for 2 inputs; expected numbers of shape \
(2,) or (2, k). Pass predict_proba, not predict.
    """
    if array.ndim == 0 and batch.rows == 1:  # a function that squeezes its answer
        array = array.reshape(1)
    Y = _as_floats(array, batch)
    if Y.ndim not in (1, 2) or Y.size == 0 or len(Y) != batch.rows:
        remedy = "Return one row of numbers per input, in their order."
        raise _unexpected(f"shape {array.shape}", batch, remedy)
    Y = Y.reshape(batch.rows, -1)
    if not np.isfinite(Y).all():
        raise _not_finite(Y, batch, names)
    return Y


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


def _as_floats(array: NDArray[Any], batch: Batch) -> FloatArray:
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    contents = _CONTENTS.get(array.dtype.kind, f"{array.dtype} values")
    if array.dtype.kind == "O":
        contents = _contents(array)
        if contents == "numbers":
            return array.astype(np.float64)
    raise _unexpected(f"shape {array.shape} of {contents}", batch, _REMEDIES.get(contents, "Return real numbers."))


def _contents(array: NDArray[Any]) -> str:
    """Say what an array of objects holds; strings are no numbers even where they look like some."""
    if any(isinstance(item, (str, bytes)) for item in array.flat):
        return "strings"
    try:
        array.astype(np.float64)
    except (TypeError, ValueError):
        odd = next((item for item in array.flat if not hasattr(item, "__float__")), array)
        return f"objects (the first odd one a {type(odd).__name__})"
    return "numbers"


def _unexpected(got: str, batch: Batch, remedy: str) -> ModelOutputError:
    n = batch.rows
    where = f"{n} {'input' if n == 1 else 'inputs'}" + ("" if batch.whole else f" in {batch}")
    return ModelOutputError(f"model returned {got} for {where}; expected numbers of shape ({n},) or ({n}, k). {remedy}")


def _not_finite(Y: FloatArray, batch: Batch, names: Sequence[str] | None) -> ModelOutputError:
    row, column = np.argwhere(~np.isfinite(Y))[0]
    output = repr(names[column]) if names and len(names) == Y.shape[1] else column
    bad = int((~np.isfinite(Y)).any(axis=1).sum())
    return ModelOutputError(
        f"model returned {Y[row, column]} for output {output} of row {batch.start + row} in {batch}, the first "
        f"of {bad} such rows in the batch; expected finite numbers. "
        "Make the model answer every perturbed input with a number."
    )
