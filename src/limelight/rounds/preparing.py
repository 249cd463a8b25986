"""Ask the shared neighborhood once, to its budget, before many explainers read it; and say what an explainer is.

Input: a context in which nothing has been asked. Output: the same with its pool drawn, noise looked for, and held draws
made for every rare bin of the background, so that explaining a row asks the model for that row and nothing else. It is
asked in the same steps as by the first instances that come, so that no explanation depends on having been prepared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from limelight.contracts import Background, Encoded
from limelight.errors import InputError
from limelight.models.ledger import Ledger
from limelight.rounds.asking import BrokenError, ask
from limelight.rounds.encoded import RARE
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.shared import Held, SharedDraws, held_rows
from limelight.rounds.turns import Growth
from limelight.settings import OF_THE_RUN


def prepare(context: Context, n: int | None = None) -> None:
    """Draw the shared neighborhood and ask the model for it; nothing where instances share none.

    Parameters
    ----------
    context
        Of a new explainer.
    n
        Shared rows to ask; None: the budget of the settings.

    Raises
    ------
    InputError
        If `n` is given where nothing is shared, or is no number of rows.
    ModelCallError, ModelOutputError
        If the model fails.
    """
    background = shared_background(context)
    _check(n, background)
    if background is None:
        return
    looks = context.looks("pool", background.n_coordinates)
    wanted = looks[-1] if n is None else n
    pool = context.pool_of(background)
    for rows in [*(look for look in looks if look < wanted), wanted]:
        _grow(pool, context, rows, {})
    held = {which: (held_rows(wanted), cast(Encoded, None)) for which in rare_bins(pool)}
    if held and context.settings.surrogate == "ridge":
        _grow(pool, context, wanted, held)


def shared_background(context: Context) -> Background | None:
    """Return the law that all instances share; None where each draws a neighborhood of its own."""
    background: Background | None = getattr(context.modality, "background", None)
    options = getattr(context.modality, "options", None)
    alone = getattr(options, "alone", False)
    if (
        background is None
        or not hasattr(background, "shared")
        or alone
        or context.settings.fresh
        or not background.shared
    ):
        return None
    return background


def rare_bins(pool: SharedDraws) -> list[Held]:
    """Return the bins that draws are made for on purpose, those met most often first, no more than the pool has rows.

    What is left out is drawn when an instance needs it.
    """
    found: list[tuple[float, Held]] = []
    for coordinate, shares in enumerate(pool.background.probabilities or ()):
        for code, share in enumerate(np.asarray(shares).tolist()):
            if 0.0 < share < RARE:
                found.append((share, Held(coordinate, "in", code)))
            elif 1.0 - RARE < share < 1.0:
                found.append((share, Held(coordinate, "out", code)))
    found.sort(key=lambda each: (-each[0], each[1].coordinate))
    return [held for _, held in found[: pool.n // held_rows(pool.n)]]


def fingerprint(context: Context) -> dict[str, Any]:
    """Return what decides the explanations of an explainer, as JSON: settings, kind of data, draws and answers.

    The model is known by what it answered to the shared neighborhood; it is not in it where nothing was asked.
    """
    settings, modality = context.recorded
    found: dict[str, Any] = {
        "settings": {name: value for name, value in settings.items() if name not in OF_THE_RUN},
        "modality": {**modality, "digest": _modality_digest(context)},
        "outputs": list(context.caller.output_names or ()),
    }
    pools = sorted(context.pools.items())
    found["neighborhood"] = [_digest(content, pool.codes) for content, pool in pools if pool.n]
    found["answers"] = [_digest(content, pool.Y) for content, pool in pools if pool.n]
    return found


def short(fields: Mapping[str, Any]) -> str:
    """Return a fingerprint as 32 letters."""
    return hashlib.blake2b(json.dumps(fields, sort_keys=True).encode(), digest_size=16).hexdigest()


def _check(n: Any, background: Background | None) -> None:
    if n is None:
        return
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise InputError(f"n: expected a number of rows from 1, or None for the budget, got {n!r}.")
    if background is None:
        raise InputError(
            "n: has no effect here, since every instance draws a neighborhood of its own; leave it out, and bound what "
            "each asks with max_samples."
        )


def _grow(pool: SharedDraws, context: Context, rows: int, held: Mapping[Held, tuple[int, Encoded]]) -> None:
    """Ask for what a pool misses, and once more where its first block has shown that the model is noisy."""
    growth = Growth(pool, cast(OpenInstance, _Nobody(context)))
    growth.n, growth.held = max(growth.n, rows), dict(held)
    while True:
        try:
            answers = ask([growth.request()], context.caller, Ledger(vital=0), visible=True)[0]
        except BrokenError as broken:
            if broken.paid[0] is not None:
                growth.keep(broken.paid[0])
            raise broken.error from broken.error.__cause__
        if not growth.receive(answers):
            return


class _Nobody:
    """Stands where an instance would, to which the rows are counted."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.rows = 0


def _modality_digest(context: Context) -> str:
    modality = context.modality
    content = getattr(modality, "content", getattr(getattr(modality, "background", None), "content", b""))
    if isinstance(content, bytes):
        return content.hex()
    return ""


def _digest(content: bytes, numbers: Any) -> str:
    found = hashlib.blake2b(content, digest_size=16)
    found.update(np.ascontiguousarray(numbers).tobytes())
    return found.hexdigest()
