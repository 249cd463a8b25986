"""Decide what the columns of Y are: from the form of the answers, and from what the model says of itself.

Between `forms.py`, which reads one answer, and `calls.py`, which asks for all. Input: the forms of all answers, in
order. Output: Y (n, k), the `Columns`, and sentences on what was read into the answers. Labels are no quantities: each
becomes a column that is 1 where it is the answer. Labels that nobody named before are added when they are first met,
always at the end, so that no column ever changes its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, ModelChangedError, ModelOutputError
from limelight.models import wrappers
from limelight.models.adapters import Adapted
from limelight.models.batches import Batch
from limelight.models.columns import Columns, Seen, check_ranks
from limelight.models.estimators import LABELS_NOTE
from limelight.models.forms import Form, Labels, Numbers, Scores
from limelight.models.outputs import checked, not_finite, unexpected

MOST_LABELS = 50
"""Strings of more kinds than this are hardly labels; named by `output_names`, any number is taken."""
MOST_SCORED = 5000
"""Labels with scores are labels for sure; the bound only keeps a mistake from filling the memory."""
LEFT_OUT_NOTE = (
    "some answers leave labels out, which count as 0 there; let the model return the scores of all labels (top_k=None)"
)
NUMBERS_NOTE = (
    "the model answers small whole numbers, which are read as quantities; if they are labels, name all of them, "
    "such as output_names=['0', '1', '2']"
)


class Reader:
    """Turns the forms of a model's answers into columns, and remembers which there are.

    Parameters
    ----------
    adapted
        The model as adapted.
    as_is
        Whether numbers are taken as they are, without a look at what the model says of itself.

    Attributes
    ----------
    columns
        What the columns are; None before the first answer.
    """

    def __init__(self, adapted: Adapted, *, as_is: bool = False) -> None:
        self._adapted = adapted
        self._about = adapted.about
        self._as_is = as_is
        self._form: type | None = None
        self._labels: list[Any] = []
        self._fixed = False
        self._given = adapted.output_names if adapted.given else None
        self._answer_names: tuple[str, ...] | None = None
        self._seen = Seen()
        self._left_out = self._new_labels = self._logits = False
        self._names: tuple[str, ...] | None = None
        self._columns: Columns | None = None
        self._column_labels: tuple[Any, ...] | None = None

    # ---- what is known -----------------------------------------------------------------------------------------------

    @property
    def expected(self) -> Columns | None:
        """Return the columns as far as they are known before the first answer."""
        names = self._adapted.output_names
        if self._names is not None or not names:
            return self.columns
        return self._described(names)

    @property
    def columns(self) -> Columns | None:
        """Return the columns; None before the first answer. Described anew after each answer, and not for each row."""
        if self._columns is None and self._names is not None:
            self._columns = self._described(self._names)
        return self._columns

    def _described(self, names: tuple[str, ...]) -> Columns:
        if self._names is None:
            labels = self._about.labels
        else:
            labels = self._column_labels
        if labels is not None and len(labels) != len(names):
            labels = None
        renamed = self._given is not None and labels is not None
        return Columns(names, labels, renamed, self._compete(len(names)), self._new_labels)

    def _compete(self, k: int) -> bool:
        """Whether the largest output is what the model says: classes compete, and so do shares of one whole."""
        if self._form is Labels:
            return True
        if self._form is Scores and self._left_out:
            return True
        known = self._about.exclusive
        if known is not None and self._about.names is not None and len(self._about.names) == k:
            return known
        return self._seen.shares or (self._logits and k > 1)

    def notes(self, targets: Any, seen: Seen | None = None) -> tuple[str, ...]:
        """Return sentences on what was read into the answers, where another reading was possible.

        `seen` is what is true of the answers about one instance; without it, all answers so far count.
        """
        if self._as_is or self._names is None:
            return ()
        found: list[str | None] = []
        if self._form is Labels or (self._form is Numbers and self._about.values and self._about.heads):
            found.append(self._about.note or LABELS_NOTE)
        if self._left_out:
            found.append(LEFT_OUT_NOTE)
        if self._form is Numbers and not self._known:
            found.append(check_ranks(seen or self._seen, len(self._names)))
            found.append(NUMBERS_NOTE if self._seen.may_be_labels else None)
            if targets == "auto":
                found.append(self._competition_note())
        return tuple(note for note in found if note)

    @property
    def _known(self) -> bool:
        """Whether the columns' meaning comes with the answer, or with the model."""
        return self._answer_names is not None or self._about.names is not None

    def _competition_note(self) -> str | None:
        """Say how several outputs were read where the model does not say what they are."""
        k = len(self._names or ())
        if k < 2:
            return None
        if self._seen.shares and self._adapted.kind == "predict":
            return f"the {k} outputs sum to one and are read as classes: the largest is explained (targets='all': each)"
        if not self._seen.shares and self._adapted.kind == "callable" and not self._logits:
            return (
                f"the {k} outputs do not sum to one and are read as quantities: each is explained (targets='top1': the "
                "largest)"
            )
        return None

    # ---- from forms to Y ---------------------------------------------------------------------------------------------

    def read(self, form: Form, batch: Batch) -> tuple[FloatArray, ModelOutputError | None]:
        """Return Y (n, k) for the answer to a batch, and what is wrong with rows that are NaN there.

        k grows where new labels are met.

        Raises
        ------
        ModelOutputError
            If the answer does not fit the batch or the answers before.
        InputError
            If `output_names` do not fit.
        """
        self._columns = None
        if isinstance(form, Numbers) and self._are_labels(form, batch):
            form = Labels(form.array.ravel().tolist())
        if self._form is not None and type(form) is not self._form:
            raise ModelChangedError(
                f"model returned {type(form).__name__.lower()} in {batch}; expected {self._form.__name__.lower()} as "
                "in its first answer. Return the same kind of answer in every call.",
                outputs=True,
            )
        if isinstance(form, Numbers):
            Y = self._read_numbers(form, batch)
        elif isinstance(form, Labels):
            Y = self._read_labels(form, batch)
        else:
            Y = self._read_scores(form, batch)
        self._form = type(form)
        odd = self._odd(Y, batch)
        if odd is not None:
            Y = np.where(np.isfinite(Y).all(axis=1, keepdims=True), Y, np.nan)
        self._seen.add(Y)
        self._columns = None
        if self._form is Numbers and not self._known and not self._as_is:
            check_ranks(self._seen, Y.shape[1])  # refuses before more is asked
        return Y, odd

    def _odd(self, Y: FloatArray, batch: Batch) -> ModelOutputError | None:
        """Return what is wrong with answers that are no finite numbers, or no label; None where all are well."""
        odd = not_finite(Y, batch, self._names)
        if odd is None or self._form is not Labels:
            return odd
        row = batch.start + int(np.flatnonzero(np.isnan(Y[:, 0]))[0])
        return unexpected(f"no label (None) for row {row}", batch, "Return a label for every input.")

    def _are_labels(self, form: Numbers, batch: Batch) -> bool:
        """Whether numbers are labels: values of a classifier's `predict`, or of those that `output_names` lists."""
        array, about = form.array, self._about
        if self._as_is or array.size != batch.rows or array.dtype.kind == "O":
            return False
        if about.values and about.labels:
            odd = set(np.unique(array).tolist()) - set(np.asarray(about.labels).tolist())
            if odd and self._form is Labels:
                labels = np.asarray(about.labels).tolist()
                raise unexpected(f"the label {min(odd)!r}", batch, f"The model's own labels are {labels}.")
            return not odd
        if self._given is None or len(self._given) == 1 or about.labels or array.dtype.kind not in "iub":
            return False
        return set(map(str, array.ravel().tolist())) <= set(self._given)

    def _read_numbers(self, form: Numbers, batch: Batch) -> FloatArray:
        array, names = form.array, form.names
        if not self._as_is:
            array = self._spread(array, batch)
        Y = checked(array, batch)
        self._answer_names_stay(names, batch)
        if self._names is None:
            self._logits = form.logits
            self._names, self._column_labels = self._name(Y.shape[1], form)
        if Y.shape[1] != len(self._names):
            raise ModelChangedError(
                f"model returned {Y.shape[1]} outputs per input in {batch}; expected {len(self._names)} as in its "
                "first answer. Return a column for every output, also for classes that do not occur in the batch.",
                outputs=True,
            )
        if Y.shape[1] == 1 and self._given is None:
            self._seen.add_numbers(array)
        return Y

    def _spread(self, array: NDArray[Any], batch: Batch) -> NDArray[Any]:
        """Return two columns for the one number that stands for two classes, and indicators for labels of heads."""
        about = self._about
        if about.values and about.heads:
            return _indicators_of_heads(array, about.heads)
        if about.labels is None or len(about.labels) != 2 or array.size != batch.rows or array.dtype.kind not in "fiub":
            return array
        one = array.reshape(batch.rows, 1).astype(np.float64)
        if self._adapted.kind == "decision_function":
            return np.hstack([-one, one])
        if self._adapted.kind == "predict_proba" and np.isfinite(one).all() and (abs(one - 0.5) <= 0.5).all():
            return np.hstack([1 - one, one])
        return array

    def _answer_names_stay(self, names: tuple[str, ...] | None, batch: Batch) -> None:
        if self._names is None:
            self._answer_names = names
        elif names != self._answer_names:
            raise ModelChangedError(
                f"model returned columns {names} in {batch}; expected {self._answer_names} as in its first answer. "
                "Return the same columns in the same order in every call.",
                outputs=True,
            )

    def _name(self, k: int, form: Numbers) -> tuple[tuple[str, ...], tuple[Any, ...] | None]:
        """Return the names of k columns of numbers, and the labels behind them."""
        given, about = self._given, self._about
        labels = form.labels if form.labels is not None else about.labels
        if given is not None:
            if len(given) != k:
                raise InputError(
                    f"output_names: expected {k} names, one for each output of the model, got {len(given)}: "
                    f"{list(given)}; leave them out to see the model's own."
                )
            self._refuse_other_order(form.names)
            return given, labels
        if about.names is not None and len(about.names) == k:
            own = about.names
        else:
            own = None
        if form.names is not None and (own is None or set(own) == set(form.names)):
            return form.names, form.labels
        if own is not None:
            return own, about.labels
        return (("output",) if k == 1 else tuple(f"output {column}" for column in range(k))), None

    def _refuse_other_order(self, names: Iterable[str] | None) -> None:
        given = self._given or ()
        if names is None or tuple(names) == given or set(names) != set(given):
            return
        raise InputError(
            f"output_names: expected the order of the columns answered, {list(names)}, got {list(given)}; leave them "
            "out, since the answer names its columns."
        )

    # ---- labels ------------------------------------------------------------------------------------------------------

    def _read_labels(self, form: Labels, batch: Batch) -> FloatArray:
        values = [value.decode() if isinstance(value, bytes) else value for value in form.values]
        if self._as_is:
            raise unexpected("strings", batch, "Return a score for each class, as predict_proba does.")
        if len(values) != batch.rows:
            raise unexpected(f"{len(values)} labels", batch, wrappers.RETURN)
        if any(isinstance(value, (list, dict, set, np.ndarray, tuple)) for value in values):
            raise unexpected("lists among labels", batch, "Return one label for each input.")
        missing = np.array([value is None or value != value for value in values])
        labelled = [(row, value, 1.0) for row, value in enumerate(values) if not missing[row]]
        if not labelled:  # which columns there are is not known from nothing
            raise unexpected(f"no label (None) for row {batch.start}", batch, "Return a label for every input.")
        self._prepare(form.known)
        self._meet([value for _, value, _ in labelled], MOST_LABELS, batch)
        Y = self._filled(batch, labelled)
        Y[missing] = np.nan
        return Y

    def _read_scores(self, form: Scores, batch: Batch) -> FloatArray:
        if len(form.rows) != batch.rows:
            raise unexpected(f"scores for {len(form.rows)} inputs", batch, wrappers.RETURN)
        self._prepare(None)
        known = len(self._labels)
        told = {i: row for i, row in enumerate(form.rows) if row is not None}
        if not told:  # which columns there are is not known from nothing
            raise unexpected(f"no scores (None) for row {batch.start}", batch, wrappers.RETURN)
        met = dict.fromkeys(label for row in told.values() for label in row)
        self._meet(met, MOST_SCORED, batch)
        if self._form is None:
            self._new_labels = False  # the first answer says which labels there are, as long as the others agree
        grown = self._form is not None and len(self._labels) > known
        self._left_out = self._left_out or grown or any(len(row) < len(self._labels) for row in told.values())
        self._new_labels = self._left_out and not self._fixed
        cells = ((i, label, score) for i, row in told.items() for label, score in row.items())
        Y = checked(self._filled(batch, cells), batch)
        Y[[i for i, row in enumerate(form.rows) if row is None]] = np.nan
        return Y

    def _prepare(self, known: tuple[Any, ...] | None) -> None:
        """Take the labels that are known before any is met: the model's, the user's, or the answer's categories."""
        if self._form is not None:
            return
        if self._about.labels:
            self._labels, self._fixed = list(self._about.labels), True
        elif self._given is not None:
            self._labels, self._fixed = list(self._given), True
        elif known:
            self._labels, self._fixed = list(known), True

    def _meet(self, labels: Iterable[Any], most: int, batch: Batch) -> None:
        """Add labels that are new; those of one answer in their own order, so that names do not depend on its rows."""
        new = [label for label in dict.fromkeys(labels) if self._place(label) is None]
        if new and self._fixed:
            if self._given is None:
                source = "the model knows"
            else:
                source = "output_names lists"
            remedy = f"Name all labels by output_names; {source} {self._labels}."
            raise unexpected(f"the label {new[0]!r}", batch, remedy)
        if len(self._labels) + len(new) > most:
            remedy = f"Labels are few; if these are, name all of them by output_names. {wrappers.GENERATED}"
            if all(_is_number_in_words(label) for label in new):
                remedy = wrappers.TEXTS_OF_NUMBERS
            raise unexpected(f"more than {most} different strings", batch, remedy)
        self._labels += sorted(new, key=lambda label: (type(label).__name__, label))
        self._new_labels = not self._fixed
        names = self._adapted.output_names
        if names is None or len(names) != len(self._labels):
            if self._given is not None:
                raise InputError(
                    f"output_names: expected {len(self._labels)} names, one for each of the model's labels "
                    f"{self._labels}, got {len(self._given)}: {list(self._given)}; leave them out to see its own."
                )
            names = tuple(str(label) for label in self._labels)
        self._names, self._column_labels = names, tuple(self._labels)

    def _place(self, label: Any) -> int | None:
        """Return the column of a label; a label that is a number is also found by its digits, as `output_names` has."""
        for column, known in enumerate(self._labels):
            if known == label and isinstance(known, str) == isinstance(label, str):
                return column
        texts = [str(known) for known in self._labels]
        if self._fixed and str(label) in texts:
            return texts.index(str(label))
        return None

    def _filled(self, batch: Batch, cells: Iterable[tuple[int, Any, float]]) -> FloatArray:
        Y = np.zeros((batch.rows, len(self._labels)))
        places: dict[Any, int | None] = {}
        for row, label, value in cells:
            if label not in places:
                places[label] = self._place(label)
            column = places[label]
            if column is not None:
                Y[row, column] = value
        return Y


def _indicators_of_heads(array: NDArray[Any], heads: tuple[tuple[Any, ...], ...]) -> NDArray[Any]:
    """Return a column for each label of each output (n, outputs); for two labels only the second's, as names say."""
    if array.ndim != 2 or array.shape[1] != len(heads):
        return array
    blocks = []
    for column, labels in enumerate(heads):
        kept = labels[1:] if len(labels) == 2 else labels
        blocks.append(np.column_stack([array[:, column] == label for label in kept]))
    return np.hstack(blocks).astype(np.float64)


def _is_number_in_words(label: Any) -> bool:
    """Return whether a text is a number, or a percentage."""
    try:
        float(label.strip().removesuffix("%"))
    except (AttributeError, ValueError):
        return False
    return isinstance(label, str)
