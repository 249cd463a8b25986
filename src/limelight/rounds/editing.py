"""What the model says to changed versions of one instance: the one path from an edit to the model.

Input: an instance, and masks of its features or edits. Output: the model's answers (n, k), in the order asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from limelight.contracts import FloatArray, Inputs, MaskArray, Masked, Representation
from limelight.errors import InputError
from limelight.rounds.instance import Context
from limelight.seeding import stream


def masked_outputs(instance: Any, masks: Any, context: Context) -> FloatArray:
    """Return (n, k) what the model says where features are hidden: 1 keeps a feature, 0 hides it.

    Raises
    ------
    InputError
        If the masks are not (n, d) of 0 and 1, or instances of this kind of data are not hidden but edited.
    """
    representation = context.modality.represent(instance, context.fresh_rng())
    if not hasattr(representation, "reconstruct"):
        raise InputError("masks: columns of a table are not hidden but redrawn; pass edits, such as [{'age': 40}].")
    masked = cast(Masked, representation)
    Z = _checked(masks, len(masked.features))
    rng = stream(cast(int, context.settings.seed), masked.content, "perturb")
    return _joined(context.caller.ask(_rebuilt(masked, Z, rng)), context)


def edited_outputs(instance: Any, edits: Sequence[Any], context: Context) -> FloatArray:
    """Return (n, k) what the model says to edited instances.

    Raises
    ------
    InputError
        If an edit does not fit; the model has not been asked by then.
    """
    edited = getattr(context.modality, "edited", None)
    originals = []
    for edit in edits:
        changed = edit if edited is None else edited(instance, edit)
        representation: Representation = context.modality.represent(changed, context.fresh_rng())
        originals.append(representation.original)
    return _joined(context.caller.ask(originals), context)


def _checked(masks: Any, d: int) -> MaskArray:
    try:
        Z = np.asarray(masks)
    except ValueError:  # rows of several lengths
        Z = np.zeros(0)
    if Z.ndim != 2 or Z.shape[1] != d or not np.isin(Z, (0, 1)).all():
        raise InputError(
            f"masks: expected n rows of 0 and 1 for the {d} features of this instance, got shape {Z.shape}; "
            "1 keeps a feature, 0 hides it."
        )
    return Z.astype(np.uint8)


def _rebuilt(masked: Masked, Z: MaskArray, rng: np.random.Generator) -> Iterator[Inputs]:
    step = max(1, masked.chunk)
    for start in range(0, len(Z), step):
        yield masked.reconstruct(Z[start : start + step], rng)


def _joined(answers: list[FloatArray], context: Context) -> FloatArray:
    if answers:
        return cast(FloatArray, np.concatenate(answers))
    return np.zeros((0, len(context.caller.output_names or ())))
