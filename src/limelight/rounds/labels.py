"""Does a model look at the labels of rows? A perturbed row is nobody's row, so it has none.

Frames reach the model with rows counted from 0. A model that looks something up by the label of a row (``F.index``)
would find other rows' values there, in silence. Input: the first instance that has a label of its own.
Output: how many rows were asked. The model is asked once under that label; where that changes the answer, nothing can
be explained, and an error says so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from limelight.contracts import FloatArray, Inputs
from limelight.errors import InputError, LimelightError
from limelight.inputs.texts import MaskedTexts
from limelight.models.ledger import Ledger

if TYPE_CHECKING:
    from limelight.models.calls import Caller

SAME = 1e-5
"""Relative difference up to which two answers are the same."""


def label_of(instance: Any) -> Any:
    """Return the label that a row has in its frame; None where it has none.

    >>> label_of({"age": 31}) is None
    True
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(instance, pandas.Series):
        return instance.name
    if pandas is not None and isinstance(instance, pandas.DataFrame):
        if len(instance) == 1:
            return instance.index[0]
        return None
    return getattr(instance, "label", None)


def labelled(inputs: Inputs, label: Any) -> Any:
    """Return a frame of one row under a label; None where inputs are no pandas frame, or the label says nothing."""
    pandas = sys.modules.get("pandas")
    if pandas is None or label is None:
        return None
    frame = inputs.materialize() if isinstance(inputs, MaskedTexts) else inputs
    if not isinstance(frame, pandas.DataFrame) or len(frame) != 1 or label == frame.index[0]:
        return None
    return frame.set_axis([label], axis=0)


def check_labels(original: Inputs, label: Any, outputs: FloatArray, caller: Caller) -> int:
    """Ask for an instance under its own label as well, and return how many rows that took.

    Parameters
    ----------
    original
        The instance as a model input, counted from 0.
    label
        What it is called in the frame that it comes from.
    outputs
        (k,) what the model said to `original`.
    caller
        Asks the model.

    Raises
    ------
    InputError
        If the label alone changes the answer.
    """
    named = labelled(original, label)
    if named is None:
        return 0
    ledgers: list[Ledger] = []

    def ask(inputs: Inputs) -> FloatArray:
        ledgers.append(Ledger())
        said: FloatArray = caller.ask([inputs], ledgers[-1])[0][0]
        return said

    def rows() -> int:
        return sum(ledger.rows for ledger in ledgers)

    try:
        said = ask(named)
        if not _differ(said, outputs):
            return rows()
        # a noisy model differs as well; one that looks at labels differs in the same way each time
        again = ask(named)
        plain, plain_again = (ask(original) for _ in range(2))
    except LimelightError:  # it wants rows counted from 0, as most that join columns to a frame do
        return rows()
    if _differ(said, again) or _differ(plain, plain_again) or not _differ(said, plain):
        return rows()
    raise InputError(
        f"model: expected answers that depend on columns alone, got {said.tolist()[:3]} for the row labelled {label!r} "
        f"and {plain.tolist()[:3]} for the same row counted from 0; perturbed rows have no label, so put what the "
        "model looks up by F.index into a column."
    )


def _differ(first: FloatArray, second: FloatArray) -> bool:
    size = max(float(np.abs(first).max(initial=0.0)), float(np.abs(second).max(initial=0.0)))
    return bool((np.abs(first - second) > SAME * size).any())
