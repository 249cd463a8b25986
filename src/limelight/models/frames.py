"""Read a data frame or series that a model answered: align its index, tell inputs and labels from scores.

After f has answered with a table of any library. Input: the frame, and what was asked (its columns and index). Output:
the columns of numbers, their names, and the column of labels where there is one. Rows are matched by their index, never
by position against it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs
from limelight.models import wrappers
from limelight.models.batches import Batch
from limelight.models.columns import are_shares
from limelight.models.outputs import unexpected

LABEL_COLUMN = re.compile(r"predict(ion|ed)?(_label)?|label|class|pred|y_pred", re.IGNORECASE)
"""How columns with the label itself are called, beside the scores of all labels."""
SCORE_COLUMN = re.compile(r"(?:prediction_score_|probability_|proba_|prob_)(.+)|p(-?\d+)")
"""How libraries call the score of a label: p0 (H2O), prediction_score_0 (PyCaret); a group is the label."""
PAIRED = ("prediction_label", "prediction_score")
"""PyCaret's columns: the label, and the score of that label."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is remembered of the inputs of a call, taken before it, since models write into their inputs.

    Parameters
    ----------
    columns
        The names of the inputs' columns, as strings; none for anything but a frame.
    index
        The inputs' index where they have one (pandas).
    values
        The inputs themselves where they are an array or a list.
    """

    columns: tuple[str, ...] = ()
    index: Any = None
    values: Any = None


@dataclass(frozen=True, slots=True)
class FrameRead:
    """What a frame says.

    Parameters
    ----------
    array
        (n, k) numbers.
    names, labels
        Names of the k columns, and the labels that they are about where the names are no strings.
    label
        The column of labels, a list; None where there is none.
    known
        All labels, where the column is a categorical.
    unnamed
        Whether this is a series, whose name is of no output.
    """

    array: NDArray[Any]
    names: tuple[str, ...] = ()
    labels: tuple[Any, ...] | None = None
    label: list[Any] | None = None
    known: tuple[Any, ...] | None = None
    unnamed: bool = False


def asked(inputs: Inputs) -> Asked:
    """Return what is remembered of inputs.

    >>> asked([1, 2]).columns
    ()
    """
    columns = getattr(inputs, "columns", None)
    if columns is None or not hasattr(inputs, "shape"):
        return Asked(values=inputs if isinstance(inputs, (list, np.ndarray)) else None)
    names = getattr(inputs, "column_names", columns)  # pyarrow keeps the columns themselves under `columns`
    return Asked(tuple(str(name) for name in names), inputs.index if hasattr(inputs, "iloc") else None)


def frame_of(answer: Any) -> Any:
    """Return the answer as a frame or series that is in memory; None where it is neither."""
    if isinstance(answer, (list, tuple, dict, str, bytes, np.ndarray, np.generic, int, float)) or answer is None:
        return None
    if callable(getattr(answer, "as_data_frame", None)):  # H2O
        return answer.as_data_frame()
    from narwhals import dependencies

    if dependencies.is_into_dataframe(answer) or dependencies.is_into_series(answer):
        return answer
    if dependencies.is_polars_lazyframe(answer):
        return answer.collect()
    return None


def read_frame(frame: Any, batch: Batch, inputs: Asked) -> FrameRead:
    """Return what a frame or series says, its rows in the order of the inputs.

    Raises
    ------
    ModelOutputError
        If its index is of other rows than were asked, or if more than one of its columns holds text.
    """
    from narwhals import from_native

    native = aligned(frame, batch, inputs)
    table = from_native(native, eager_only=True, allow_series=True)
    if not hasattr(table, "columns"):
        return _read_series(table)
    if hasattr(native, "iloc"):
        labels = tuple(native.columns)
    else:
        labels = tuple(table.columns)
    kept = _without_inputs(table, batch, inputs)
    texts = [i for i in kept if _is_text(table[:, i])]
    if len(texts) > 1:
        called = [str(labels[i]) for i in texts]
        remedy = "Choose the columns of numbers:" + wrappers.function("return model(inputs)[['score']]")
        raise unexpected(f"a frame with {len(texts)} columns of text, {called}", batch, remedy)
    numbers = [i for i in kept if i not in texts]
    at = texts[0] if texts else _label_column(table, numbers)
    numbers = [i for i in numbers if i != at]
    columns = [table[:, i].to_numpy() for i in numbers]
    array = np.column_stack(columns) if columns else np.empty((len(table), 0))
    shown = _labels_of([labels[i] for i in numbers], has_label=at is not None)
    names = tuple(str(label) for label in shown)
    if at is None:
        return FrameRead(array, names, shown)
    known, label = _categories(table[:, at]), table[:, at].to_list()
    return FrameRead(array, names, shown, label, known)


def aligned(frame: Any, batch: Batch, inputs: Asked) -> Any:
    """Return a frame or series with its rows in the order of the inputs, by its index where it has one.

    Raises
    ------
    ModelOutputError
        If the index does not say which row is which input's.
    """
    if not hasattr(frame, "iloc"):
        return frame
    index, pandas = frame.index, sys.modules["pandas"]
    positions = pandas.RangeIndex(batch.rows)
    expected = positions if inputs.index is None else inputs.index
    if len(index) < batch.rows and index.is_unique and index.isin(expected).all():
        lost = expected[~expected.isin(index)]
        got = f"only {len(index)} rows, without that of index {lost.tolist()[0]!r},"
        raise unexpected(got, batch, "Return a row for every input, also where the model would rather not.")
    if len(index) != batch.rows or _in_order(index, expected, positions):
        return frame
    if isinstance(inputs.values, list) and _are_texts(inputs.values):
        texts = inputs.values
    else:
        texts = []
    for wanted in (expected, positions, pandas.Index(texts)):
        if len(wanted) != batch.rows:
            continue
        if index.is_unique and wanted.is_unique and index.isin(wanted).all():
            return frame.loc[wanted]
    remedy = "Return the rows in the order of the inputs, as an array: .to_numpy(), or with .reset_index(drop=True)."
    raise unexpected(f"a {type(frame).__name__} whose index is not that of the inputs", batch, remedy)


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _in_order(index: Any, expected: Any, positions: Any) -> bool:
    """Whether an index tells nothing against the order of the inputs."""
    if index.equals(expected) or index.equals(positions):
        return True
    if index.is_unique or getattr(index, "nlevels", 1) > 1 or index.dtype.kind not in "iu":
        return False
    # Parts that were joined begin anew at 0 each.
    steps = np.diff(index.to_numpy())
    return bool(index[0] == 0 and ((steps == 1) | (index.to_numpy()[1:] == 0)).all())


# ---- columns ---------------------------------------------------------------------------------------------------------


def _read_series(series: Any) -> FrameRead:
    if _is_text(series):
        return FrameRead(np.empty((len(series), 0)), label=series.to_list(), known=_categories(series))
    return FrameRead(series.to_numpy(), unnamed=True)


def _is_text(series: Any) -> bool:
    import narwhals as nw

    if series.dtype in (nw.String, nw.Categorical, nw.Enum):
        return True
    return series.dtype == nw.Object and any(isinstance(each, str) for each in series.to_list())


def _categories(series: Any) -> tuple[Any, ...] | None:
    """Return all labels of a categorical that lists them; None for any other."""
    native = series.to_native()
    if hasattr(native, "iloc") and hasattr(native, "cat"):
        return tuple(native.cat.categories.tolist())
    categories = getattr(series.dtype, "categories", None)  # an Enum's
    if categories is None:
        return None
    return tuple(categories)


def _without_inputs(table: Any, batch: Batch, inputs: Asked) -> list[int]:
    """Return the columns that are answers: inputs that came back beside them are none."""
    names = [str(name) for name in table.columns]
    everything = list(range(len(names)))
    given = set(inputs.columns) & set(names)
    if inputs.columns and len(given) == len(inputs.columns) < len(names):
        return [i for i in everything if names[i] not in given]
    if given and len(given) < len(names):
        remedy = "Return only what is predicted:" + wrappers.function("return model(inputs)[['prediction']]")
        raise unexpected(f"a frame in which {sorted(given)} are called as inputs are", batch, remedy)
    values = inputs.values
    if (
        isinstance(values, np.ndarray)
        and values.ndim == 2
        and values.shape[1] < len(names)
        and len(values) == len(table)
    ):
        leading = values.shape[1]
        if all(_equal(table[:, i].to_numpy(), values[:, i]) for i in range(leading)):
            return everything[leading:]
    return everything


def _equal(column: Any, values: Any) -> bool:
    both_missing = (column != column) & (values != values)
    return bool(np.all((column == values) | both_missing))


def _label_column(table: Any, numbers: list[int]) -> int | None:
    """Return the column of whole numbers that are labels beside the scores of all labels; None where there is none."""
    names = [str(name) for name in table.columns]
    for i in numbers:
        others = [j for j in numbers if j != i]
        if not others or not table[:, i].dtype.is_numeric() or not LABEL_COLUMN.fullmatch(names[i]):
            continue
        if (names[i], *(names[j] for j in others)) == PAIRED:
            return i
        if all(SCORE_COLUMN.fullmatch(names[j]) for j in others) or _are_shares(table, others):
            return i
    return None


def _are_shares(table: Any, columns: list[int]) -> bool:
    values = np.column_stack([table[:, i].to_numpy() for i in columns])
    if len(columns) < 2 or values.dtype.kind not in "fiu":
        return False
    return bool(are_shares(values.astype(np.float64)).all())


def _labels_of(columns: list[Any], *, has_label: bool) -> tuple[Any, ...]:
    """Return the labels that score columns are about: p0 beside a column of labels is the score of 0."""
    found = [SCORE_COLUMN.fullmatch(str(column)) for column in columns]
    if not has_label or not all(found):
        return tuple(columns)
    texts = [(each.group(1) or each.group(2)) for each in found if each is not None]
    if all(re.fullmatch(r"-?\d+", text) for text in texts):
        return tuple(int(text) for text in texts)
    return tuple(texts)
