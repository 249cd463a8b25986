"""Which of the model's outputs are explained."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError

_TOP = re.compile(r"top([1-9]\d*)")


def resolve_targets(
    wanted: str | int | Sequence[str | int], outputs: FloatArray, names: Sequence[str], *, compete: bool
) -> NDArray[np.int64]:
    """Return the indices of the outputs to explain.

    Parameters
    ----------
    wanted
        ``"topN"``, ``"all"``, a name, an index, or a sequence of names and indices.
    outputs
        (k,) the model's outputs for the instance.
    names
        The k output names.
    compete
        Whether the outputs compete (classes). Several outputs of a regression do not, so ``"top1"`` means all of them.

    Raises
    ------
    UnknownNameError
        If a name or an index is not among the outputs.

    >>> resolve_targets("top2", np.array([0.1, 0.7, 0.2]), ["a", "b", "c"], compete=True).tolist()
    [1, 2]
    """
    k = len(names)
    if isinstance(wanted, str) and wanted not in names:
        top = _TOP.fullmatch(wanted)
        if wanted == "all" or (top and not compete):
            return np.arange(k)
        if top:
            return np.argsort(-outputs, kind="stable")[: int(top.group(1))].astype(np.int64)
    items = [wanted] if isinstance(wanted, (str, int, np.integer)) else list(wanted)
    if not items:
        raise InputError("targets: expected at least one output, got an empty sequence; 'top1' is the default.")
    return np.array([_index(item, names) for item in items], dtype=np.int64)


def check_targets(wanted: str | int | Sequence[str | int], names: Sequence[str]) -> None:
    """Raise the error that `resolve_targets` would, before the model is called, where the names are known."""
    resolve_targets(wanted, np.zeros(len(names)), names, compete=True)


def _index(item: str | int, names: Sequence[str]) -> int:
    if isinstance(item, str) and item in names:
        return names.index(item)
    if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        if 0 <= item < len(names):
            return int(item)
        if str(item) in names:
            return names.index(str(item))
        raise UnknownNameError("targets", int(item), [f"{i} ({name})" for i, name in enumerate(names)])
    raise UnknownNameError("targets", item, ["top1", "all", *names])
