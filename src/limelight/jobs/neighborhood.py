"""The neighborhood of a job, as the model answered it when the job began: kept in the folder, for whoever goes on.

A model that is partly down answers some rows of it, one that is noisy answers otherwise each time. Rows that are
explained later, after a crash or by `retry`, must not stand on another neighborhood than those before. So the answers
lie in the folder, in plain arrays, and take the place of what was asked anew, which only shows whether the model is
still the same.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.files import write_bytes
from limelight.rounds.instance import Context
from limelight.rounds.packing import PackedDraws, unpack
from limelight.rounds.shared import Held
from limelight.rounds.units import Units

NAME = "_neighborhood.npz"
Kept = dict[bytes, PackedDraws]
"""What the model answered to each shared neighborhood, by the content of its background."""


def neighborhood_of(explainer: Explainer) -> Kept:
    """Return what the model has answered to what instances share; nothing where they share nothing."""
    pools = explainer._context.pools.items()
    return {content: PackedDraws.of(pool) for content, pool in pools if pool.n}


def same(kept: Kept, other: Kept) -> bool:
    """Return whether two neighborhoods were answered alike, to the bit."""
    return _bits(kept) == _bits(other)


def _bits(kept: Kept) -> list[Any]:
    found: list[Any] = []
    for content, packed in sorted(kept.items()):
        held = {which: answers.tobytes() for which, answers in packed.held.items() if isinstance(answers, np.ndarray)}
        found.append((content, packed.check, packed.answers.tobytes(), packed.known["repeats"], held))
    return found


def missing(kept: Kept) -> str:
    """Return the sentence about rows of a neighborhood that the model did not answer; empty where there are none."""
    for packed in kept.values():
        lost = int(np.isnan(packed.answers[:, :1]).sum())
        if lost:
            return (
                f"the model did not answer {lost:,} of the {len(packed.answers):,} rows of the neighborhood when the "
                f"job began ({packed.known['reason']}); all rows of this job are explained without them"
            )
    return ""


def write(kept: Kept, folder: Path) -> None:
    """Write what was answered beside the manifest."""
    arrays: dict[str, Any] = {}
    facts = []
    for i, (content, packed) in enumerate(kept.items()):
        units: Units | None = packed.known["units"]
        held = {which: answers for which, answers in packed.held.items() if isinstance(answers, np.ndarray)}
        arrays[f"answers {i}"] = packed.answers
        for j, answers in enumerate(held.values()):
            arrays[f"held {i} {j}"] = answers
        if units is not None:
            arrays[f"units {i}"] = np.stack([units.origin, units.scale, units.dust])
        known = {"repeats": packed.known["repeats"], "reason": packed.known["reason"], "check": packed.check.hex()}
        facts.append({"content": content.hex(), "held": [list(which) for which in held], **known})
    file = io.BytesIO()
    np.savez_compressed(file, facts=np.array(json.dumps(facts)), **arrays)
    write_bytes(folder / NAME, file.getvalue())


def read(folder: Path, explainer: Explainer) -> Kept | None:
    """Return what was answered when the job began; None for a folder of an early version, which did not keep it.

    Raises
    ------
    InputError
        If the file was damaged, or does not fit the explainer.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            mine = neighborhood_of(explainer)
            kept = [_packed(arrays, i, each, mine[bytes.fromhex(each["content"])]) for i, each in enumerate(facts)]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"out: '{path}' was damaged or is of another explainer ({error}); restore it, or choose another folder."
        ) from error
    return {bytes.fromhex(each["content"]): packed for each, packed in zip(facts, kept, strict=True)}


def _packed(arrays: Any, i: int, facts: dict[str, Any], mine: PackedDraws) -> PackedDraws:
    units = Units(*arrays[f"units {i}"]) if f"units {i}" in arrays else None
    held = {Held(*which): arrays[f"held {i} {j}"] for j, which in enumerate(facts["held"])}
    known = {"repeats": facts["repeats"], "units": units, "reason": facts["reason"]}
    return PackedDraws(mine.made, known, arrays[f"answers {i}"], dict(held), bytes.fromhex(facts["check"]))


def install(kept: Kept, context: Context) -> None:
    """Put what was answered when the job began in the place of what was asked anew.

    Raises
    ------
    InputError
        If this process would draw other rows.
    """
    for content, packed in kept.items():
        draws = unpack(packed)
        if draws.n != len(packed.answers):
            raise InputError(
                "out: this version of limelight, numpy or scipy draws other rows than the one that began the job; go "
                "on with the versions that _limelight.json names, or choose another folder."
            )
        context.pools[content] = draws
