"""What somebody else's kind of data must give, looked at before the model is asked.

Input: a representation of a class that is not limelight's own. Output: nothing, or an `InputError` that says what was
expected. A center of zeros would hide every reason, and a row too few give answers to other masks, both in silence.
`testing.check_modality` looks for more, and takes longer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from limelight.contracts import Feature, Inputs
from limelight.errors import InputError
from limelight.inputs.kinds import count

OWN = "limelight."
ENCODED = ("features", "center", "original", "content", "layout")
MASKED = (*ENCODED, "law", "deterministic", "chunk", "reconstruct")
REMEDY = "limelight.testing.check_modality names every law."


def check_representation(modality: Any, representation: Any) -> None:
    """Say no to a representation that is none.

    Raises
    ------
    InputError
        If it is of another package and lacks something, or something does not fit.

    >>> check_representation("anything", None)
    Traceback (most recent call last):
    limelight.errors.InputError: str.represent: expected a representation, with features and more, got None; ...
    """
    if type(representation).__module__.startswith(OWN):
        return
    name = f"{type(modality).__name__}.represent"
    if representation is None:
        raise InputError(f"{name}: expected a representation, with features and more, got None; {REMEDY}")
    needed = ENCODED if hasattr(representation, "encode") else MASKED
    missing = [each for each in needed if not hasattr(representation, each)]
    if missing:
        got = type(representation).__name__
        raise InputError(f"{name}: expected a representation with {', '.join(missing)}, got {got} without; {REMEDY}")
    _check_features(name, representation)
    if not isinstance(representation.content, bytes):
        got = type(representation.content).__name__
        raise InputError(f"{name}: expected content that is bytes, got {got}; hash what tells instances apart.")
    if (n := count(representation.original)) != 1:
        raise InputError(f"{name}: expected original that is one model input, got {n}; {REMEDY}")
    if not hasattr(representation, "encode"):
        _check_masks(name, representation)


def _check_features(name: str, representation: Any) -> None:
    features = representation.features
    if not isinstance(features, (tuple, list)) or not all(isinstance(each, Feature) for each in features):
        raise InputError(f"{name}: expected features that are Feature objects, got {features!r}; {REMEDY}")
    center = np.asarray(representation.center)
    if center.shape != (len(features),):
        raise InputError(f"{name}: expected a center ({len(features)},), one for each feature, got {center.shape}.")


def _check_masks(name: str, representation: Any) -> None:
    if not (np.asarray(representation.center) == 1).all():
        got = np.asarray(representation.center).tolist()
        raise InputError(f"{name}: expected a center of ones, the mask that hides nothing, got {got}; {REMEDY}")
    chunk = representation.chunk
    if isinstance(chunk, bool) or not isinstance(chunk, (int, np.integer)) or chunk < 1:
        raise InputError(f"{name}: expected a chunk that is a whole number from 1, got {chunk!r}; 64 is usual.")


def check_rebuilt(representation: Any, inputs: Inputs, n: int) -> None:
    """Say no to inputs that are not one for each of n masks.

    Raises
    ------
    InputError
        If there are more or fewer.
    """
    if type(representation).__module__.startswith(OWN):
        return
    if (found := count(inputs)) != n:
        name = f"{type(representation).__name__}.reconstruct"
        raise InputError(f"{name}: expected {n} model inputs for {n} masks, got {found}; {REMEDY}")
