"""(seed, content of the instance, stage, block) → an independent random stream.

Streams are keyed by what is explained, never by when: the same instance under the same seed draws the same
perturbations alone, in a batch, in any order and on any engine. Nothing global is read or advanced.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

import numpy as np

from limelight.errors import InputError

Stage = Literal["represent", "sample", "reconstruct", "points", "scaffold", "perturb"]


def resolve_seed(seed: int | None) -> int:
    """Return the seed, or a fresh one of 63 bits when none is given, so that it can be recorded.

    Raises
    ------
    InputError
        If the seed is not a non-negative integer.

    >>> resolve_seed(7)
    7
    """
    if seed is None:
        return secrets.randbits(63)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed: expected a non-negative integer or None, got {seed!r}; pass for example seed=0.")
    return int(seed)


def stream(seed: int, content: bytes, stage: Stage, block: int = 0) -> np.random.Generator:
    """Return the generator of one stage and block of one instance.

    Parameters
    ----------
    seed
        The explainer's seed.
    content
        Bytes equal for equal instances (`Representation.content`).
    stage
        What the numbers are for; stages are independent.
    block
        Which block of the stage.

    >>> a, b = stream(0, b"x", "sample"), stream(0, b"x", "sample")
    >>> bool(a.random() == b.random())
    True
    """
    key = hashlib.blake2b(content, digest_size=16, person=stage.encode()).digest()
    entropy = [seed & 0xFFFFFFFF, seed >> 32, block, *np.frombuffer(key, dtype=np.uint32).tolist()]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
