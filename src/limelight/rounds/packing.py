"""Shared draws in few bytes: what the model answered, and of the draws only what says that they are the same again.

Input: `SharedDraws`. Output: the same after pickling, on any machine. Draws follow from the seed and the background, so
that a table of twelve columns takes half a megabyte instead of fifty.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import Background, FloatArray
from limelight.rounds.shared import Held, HeldDraws, SharedDraws

_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class PackedDraws:
    """Shared draws as they are pickled.

    Parameters
    ----------
    made
        The arguments that the draws were made with.
    known
        What the rows have shown: `repeats`, `units` and `reason`.
    answers
        (n, m) to the shared draws.
    held
        For each kind of held draws (rows, m) the answers; the whole draws where they do not follow from the seed.
    check
        Digest of all draws that follow from the seed.
    """

    made: tuple[Background, int, Any, bytes, int | None, bool]
    known: dict[str, Any]
    answers: FloatArray
    held: dict[Held, FloatArray | HeldDraws]
    check: bytes

    @classmethod
    def of(cls, draws: SharedDraws) -> PackedDraws:
        """Return what is pickled of some draws."""
        made = (draws.background, draws.seed, draws.design, draws.content, draws.asked_repeats, draws.rescale)
        held = {which: part if which.how == "value" else part.Y for which, part in draws.held.items()}
        known = {"repeats": draws.repeats, "units": draws.units, "reason": draws.reason}
        return cls(made, known, draws.Y, held, digest(draws))


def unpack(packed: PackedDraws) -> SharedDraws:
    """Return draws with their answers; without answers where other versions of what draws would draw other rows."""
    draws = _empty(packed)
    n = len(packed.answers)
    blocks = [draws.points(start, min(start + _AT_ONCE, n)) for start in range(0, n, _AT_ONCE)]
    if blocks:
        draws.U = np.concatenate(blocks)
        # one contiguous column per coordinate, as `SharedDraws.receive` keeps them
        draws.codes = np.asfortranarray(np.concatenate([draws.background.draw(U)[0] for U in blocks]))
    draws.Y = packed.answers
    for which, part in packed.held.items():
        if isinstance(part, HeldDraws):
            draws.held[which] = part
        else:
            draws.held[which] = _held(draws, which, part)
    if digest(draws) != packed.check:
        return _empty(packed)
    draws.repeats, draws.units = packed.known["repeats"], packed.known["units"]
    draws.reason = packed.known["reason"]
    return draws


def digest(draws: SharedDraws) -> bytes:
    """Return what is equal for equal draws, as far as they follow from the seed; the answers are not in it."""
    found = hashlib.blake2b(np.ascontiguousarray(draws.codes).tobytes(), digest_size=16)
    for which, part in draws.held.items():
        if which.how != "value":
            found.update(np.ascontiguousarray(part.codes).tobytes())
    return found.digest()


def _empty(packed: PackedDraws) -> SharedDraws:
    *arguments, rescale = packed.made
    return SharedDraws(*arguments, rescale=rescale)


def _held(draws: SharedDraws, which: Held, answers: FloatArray) -> HeldDraws:
    U = draws.moved(which, draws.first_points(len(answers)))
    return HeldDraws(which, draws.share(which), U, draws.background.draw(U)[0], answers)
