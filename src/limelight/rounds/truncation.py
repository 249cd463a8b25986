"""Does a model of texts read only the beginning, or the end? Then a word that it never saw may seem to matter most.

A model that cuts a text at a length limit does not see the words beyond it, until hiding others moves them into view.
Such a word gets a weight, though the answer to the text as it is cannot depend on it. Input: an instance whose
neighborhood has been fitted. Output: a sentence, or none. The model is asked a few texts more, and only where the rows
that have been asked do not answer the question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Inputs, Neighborhood
from limelight.errors import LimelightError
from limelight.local.estimate import Estimate
from limelight.models.ledger import Ledger

if TYPE_CHECKING:
    from limelight.rounds.instance import OpenInstance

SAME = 1e-5
"""Relative difference up to which two answers are the same: single precision is not exact to the last bit."""
SURE = 3.0
"""Standard errors from zero from which a weight is there."""
NOTICEABLE = 0.2
"""Part of the largest weight from which a word beyond the limit would mislead a reader."""
ASKED = 3
"""Words that are looked into, largest weight first."""
EARLIER = 4
"""Words before the one in question, without which nothing can be moved into view."""
LINEAR = 0.999
"""Fidelity from which nothing is looked for: words that move in and out of view are anything but linear."""
REMEDIES = {
    "Text(mask='_') keeps every word in its place": lambda word: "_",
    "Text(mask=lambda word: '_' * len(word)) keeps every character in its place": lambda word: "_" * len(word),
}
"""What keeps words from moving, by what a limit counts: words, or characters."""
SIDES = {
    "only the beginning of the text: all from “{}” on can be hidden and nothing changes, but hiding earlier words": 1,
    "only the end of the text: all up to “{}” can be hidden and nothing changes, but hiding later words": -1,
}
"""How a limit is told, by the direction in which words lie further from what is read."""


def truncation_notes(one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate) -> tuple[str, ...]:
    """Say where the weights of late words come from earlier ones being hidden, one sentence at most.

    Parameters
    ----------
    one
        The instance, whose model is asked a few texts more.
    neighborhood, estimate
        Its perturbations and weights.
    """
    representation: Any = one.representation
    texts = getattr(representation, "texts", None)
    if texts is None or not getattr(representation, "moves_words", False):
        return ()
    if one.noisy or one.context.caller.path(representation.original) == "counts":
        return ()  # a noisy model tells nothing by a single row, and counting words has no limit
    starts = np.array([feature.where.places[0][0] for feature in representation.features])
    for row in range(len(one.targets)):
        if estimate.fidelity[row] > LINEAR:
            continue
        for told, side in SIDES.items():
            for late in late_words(estimate.coef[row], estimate.stderr[row], side * starts):
                if matters_alone(late, row, neighborhood, one):
                    continue
                weight = float(estimate.coef[row, late])
                remedy = moved_into_view(late, row, side * starts, weight, one, texts)
                if remedy:
                    said = told.format(representation.features[late].name)
                    return (f"the model seems to read {said} moves it into view and so gives it a weight; {remedy}",)
    return ()


def late_words(coef: FloatArray, stderr: FloatArray, starts: NDArray[np.int64]) -> list[int]:
    """Return a few words whose weight is noticeable and sure, largest first, with enough words before them.

    >>> late_words(np.array([1.0, 0.0, 0.0, 0.0, 0.5]), np.full(5, 0.01), np.arange(5))
    [4]
    """
    sizes = np.abs(coef)
    there = (sizes > SURE * stderr) & (sizes >= NOTICEABLE * sizes.max(initial=0.0)) & (sizes > 0)
    earlier = np.searchsorted(np.sort(starts), starts)
    found = np.flatnonzero(there & (earlier >= EARLIER))
    return [int(word) for word in found[np.argsort(-sizes[found], kind="stable")][:ASKED]]


def matters_alone(late: int, row: int, neighborhood: Neighborhood, one: OpenInstance) -> bool:
    """Return whether a row that hides nothing but this word has been asked, and answered otherwise than the text."""
    Z = neighborhood.Z
    alone = np.flatnonzero((Z[:, late] == 0) & (Z.sum(axis=1) == Z.shape[1] - 1))
    if not len(alone):
        return False
    size = np.abs(neighborhood.Y[:, row]).max()
    moved = np.abs(neighborhood.Y[alone, row] - one.outputs[one.targets[row]])
    return bool((moved > SAME * size).any())


def moved_into_view(
    late: int, row: int, starts: NDArray[np.int64], weight: float, one: OpenInstance, texts: Any
) -> str:
    """Return what keeps a word in its place that acts when earlier ones are gone, and not as the text is.

    Nothing where that is not so: it acts as it is, or acts no less when something stands in the place of the others.
    """
    target = one.targets[row]
    said = float(one.outputs[target])
    tail = np.where(starts < starts[late], 1, 0).astype(np.uint8)
    answers = _ask(one, [texts.with_masks(tail[None])])
    if answers is None or abs(answers[0][0, target] - said) > SAME * max(abs(said), abs(weight)):
        return ""
    head_hidden = (1 - tail)[None]
    answers = _ask(
        one, [texts.with_masks(head_hidden), *[_marked(texts, head_hidden, how) for how in REMEDIES.values()]]
    )
    if answers is None:
        return ""
    gone, *kept = [float(each[0, target]) for each in answers]
    return next((told for told, y in zip(REMEDIES, kept, strict=True) if abs(gone - y) > abs(weight) / 2), "")


def _marked(texts: Any, Z: NDArray[np.uint8], stand_in: Callable[[str], str]) -> Any:
    """Return texts in which something stands in the place of what masks hide."""
    templates = tuple(
        replace(each, stand_ins=tuple(stand_in(each.text[start:stop]) for start, stop in each.spans))
        for each in texts.templates
    )
    return replace(texts, templates=templates, Z=Z)


def _ask(one: OpenInstance, parts: list[Inputs]) -> list[FloatArray] | None:
    """Return the model's answers to a few more texts; None where it fails, which is no reason to lose what is known."""
    caller = one.context.caller
    ledger = Ledger()
    try:
        answers = caller.ask(parts, ledger)
    except LimelightError:
        answers = None
    one.calls += ledger.calls
    one.rows += ledger.rows
    return answers
