"""Which of the model's outputs are explained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.models.columns import Columns

HANDFUL = 5
"""So many outputs that do not compete are all explained; of more, the user says which."""

_TOP = re.compile(r"top([1-9]\d*)")


def resolve_targets(wanted: Any, outputs: FloatArray, columns: Columns) -> NDArray[np.int64]:
    """Return the indices of the outputs to explain.

    Parameters
    ----------
    wanted
        ``"auto"``, ``"topN"``, ``"all"``, a name, a label, an index, or a sequence of these.
    outputs
        (k,) the model's outputs for the instance.
    columns
        What the k outputs are.

    Raises
    ------
    UnknownNameError
        If a name, a label or an index is not among the outputs.
    InputError
        If it can be read in two ways, or if there are too many outputs to explain all without being asked to.

    >>> columns = Columns(("a", "b", "c"), compete=True)
    >>> resolve_targets("top2", np.array([0.1, 0.7, 0.2]), columns).tolist()
    [1, 2]
    """
    if (
        isinstance(wanted, (list, tuple))
        and len(wanted) == 1
        and _is_rank(wanted[0])
        and wanted[0] not in columns.names
    ):
        wanted = wanted[0]  # said in brackets, and no name
    if _is_rank(wanted):
        return _by_rank(wanted, outputs, columns)
    if isinstance(wanted, (list, tuple, set, range, np.ndarray)):
        items = list(wanted)
    else:
        items = [wanted]
    if not items:
        raise InputError("targets: expected at least one output, got an empty sequence; 'auto' is the default.")
    found = [_index(item, columns) for item in items]
    if len(set(found)) < len(found):
        raise InputError(f"targets: expected each output once, got {items!r}; leave out what is there twice.")
    return np.array(found, dtype=np.int64)


def check_targets(wanted: Any, columns: Columns) -> None:
    """Raise the error that `resolve_targets` would, before the model is called, where the names are known."""
    wanted = _without_brackets(wanted, columns.names)
    if not (isinstance(wanted, str) and wanted == "auto"):  # what the answers look like decides
        resolve_targets(wanted, np.zeros(len(columns.names)), columns)


def _without_brackets(wanted: Any, names: Sequence[str]) -> Any:
    """Return the one word in a sequence of one, where it stands for a rank and is no name."""
    if isinstance(wanted, (list, tuple)) and len(wanted) == 1 and _is_rank(wanted[0]) and wanted[0] not in names:
        return wanted[0]
    return wanted


def _is_rank(wanted: Any) -> bool:
    """Whether this is one of the words that stand for outputs by their rank."""
    return isinstance(wanted, str) and (wanted in ("auto", "all") or _TOP.fullmatch(wanted) is not None)


def _by_rank(wanted: str, outputs: FloatArray, columns: Columns) -> NDArray[np.int64]:
    k = len(columns.names)
    if wanted != "auto" and wanted in columns.names:
        raise InputError(f"targets: {wanted!r} is also the name of an output; pass [{wanted!r}] for that one.")
    if columns.growing and wanted not in ("auto", "top1"):
        raise InputError(
            f"targets: {wanted!r} needs all labels that the model can answer, and they are known only as they are met; "
            "name them by output_names."
        )
    descending = np.argsort(-outputs, kind="stable").astype(np.int64)
    top = _TOP.fullmatch(wanted)
    if top is not None:
        return descending[: int(top.group(1))]
    if wanted == "auto" and columns.compete:
        return descending[:1]
    if wanted == "auto" and k > HANDFUL:
        raise _too_many(outputs, columns, descending)
    return np.arange(k)


def _too_many(outputs: FloatArray, columns: Columns, descending: NDArray[np.int64]) -> InputError:
    largest = ", ".join(f"{columns.names[i]!r} ({outputs[i]:.3g})" for i in descending[:3])
    return InputError(
        f"targets: the model answers {len(columns.names)} numbers for each input, which are no shares of one and so no "
        f"choice between classes; say which to explain: a name or an index, 'top1' for the largest here ({largest}), "
        "or 'all'. Of an embedding or a curve, choose one number in a function around the model."
    )


def _index(item: Any, columns: Columns) -> int:
    """Return the output that an item means: a name, a label, an index."""
    names = columns.names
    if isinstance(item, str):
        if item in names:
            return names.index(item)
        if item.isdecimal() and item.isascii():  # a number that came as text, as from the command line
            return _by_number(int(item), columns)
        if _is_rank(item):
            raise InputError(
                f"targets: {item!r} stands alone, got it among others; pass names or indices, or {item!r}."
            )
        raise UnknownNameError("targets", item, ["auto", "top1", "all", *names])
    if isinstance(item, np.generic):
        item = item.item()
    if isinstance(item, int) and not isinstance(item, bool):
        return _by_number(item, columns)
    labelled = _by_label(item, columns.labels)
    if labelled is None:
        raise UnknownNameError("targets", item, ["auto", "top1", "all", *names])
    return labelled


def _by_number(item: int, columns: Columns) -> int:
    """Return the output that a number means: first a label; an index only where it cannot be mistaken for one."""
    names = columns.names
    labelled = _by_label(item, columns.labels)
    place = item if 0 <= item < len(names) and not columns.growing else None
    if not columns.renamed and _are_numbers(columns.labels):
        if labelled is None:
            raise UnknownNameError("targets", item, names)
        return labelled
    if labelled is None and str(item) in names:
        labelled = names.index(str(item))
    if labelled is not None and place is not None and labelled != place:
        raise InputError(
            f"targets: {item} is the label of {names[labelled]!r} and the index of {names[place]!r} (counted from 0); "
            f"pass the name, {names[labelled]!r} or {names[place]!r}."
        )
    found = place if labelled is None else labelled
    if found is None:
        raise UnknownNameError("targets", item, [f"{i} ({name})" for i, name in enumerate(names)])
    return found


def _by_label(item: Any, labels: Sequence[Any] | None) -> int | None:
    """Return the place of a label; True is none of the numbers, although Python holds it equal to 1."""
    for place, label in enumerate(labels or ()):
        plain = label.item() if isinstance(label, np.generic) else label
        if isinstance(plain, str) or (isinstance(item, bool) and not isinstance(plain, bool)):
            continue
        if bool(plain == item):
            return place
    return None


def _are_numbers(labels: Sequence[Any] | None) -> bool:
    """Whether labels are known and are numbers."""
    if not labels:
        return False
    return all(isinstance(label, (bool, int, float, np.number, np.bool_)) for label in labels)
