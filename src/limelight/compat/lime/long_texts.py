"""Which words of a very long text matter: those whose absence moves the answer, found by hiding words at random.

Input: a text of more words than one fit takes, and the function. Output: the numbers of the words to explain; all
others stay in place. Words are hidden as lime hides them. Given how many words a text hides, each is hidden with the
same probability, so that the covariance of a word's mask with what is left of the output, once every such group has
lost its mean, is owed to that word alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.compat.lime.draws import draw_masks, masked_texts
from limelight.compat.lime.indexed import Pieces
from limelight.compat.lime.lime_route import outputs_of
from limelight.contracts import FloatArray
from limelight.errors import ModelOutputError

BLOCK = 500
"""So many texts are written and asked at a time."""
GROUPS = 20
"""Texts are compared with those that hide about as many words."""


@dataclass(frozen=True)
class Kept:
    r"""A tokenizer for `Text` that finds some of lime's words only.

    >>> Kept(Pieces(r"\W+"), frozenset({1}), True)("to be or not to be")
    [(3, 5), (16, 18)]
    """

    pieces: Pieces
    numbers: frozenset[int]
    together: bool

    def __call__(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of the words kept."""
        known: dict[str, int] = {}
        found = []
        for place, (start, stop) in enumerate(self.pieces(text)):
            if self.together:
                number = known.setdefault(text[start:stop], len(known))
            else:
                number = place
            if number in self.numbers:
                found.append((start, stop))
        return found


def words_that_matter(
    indexed: Any,
    function: Callable[[Any], Any],
    most: int,
    n: int,
    rng: np.random.Generator,
    wanted: Callable[[FloatArray], tuple[int, ...]],
) -> list[int]:
    """Return the numbers of the words that move the outputs most, in their order.

    Parameters
    ----------
    indexed
        The text.
    function
        From a list of texts to outputs (n, k).
    most
        How many words.
    n
        How many texts to ask, the text itself among them.
    rng
        Where the masks come from.
    wanted
        From the outputs (k,) for the text to the labels that count.
    """
    masks = draw_masks(indexed.num_words(), n, rng)
    answers = []
    for start in range(0, n, BLOCK):
        block = masks[start : start + BLOCK]
        texts = masked_texts(indexed, np.vstack([masks[:1], block]))[1:]  # the first that it writes is the text itself
        outputs = outputs_of(function(texts), "classification")
        if len(outputs) != len(texts):
            raise ModelOutputError(f"model returned {len(outputs)} rows for {len(texts)} texts; expected one for each.")
        answers.append(outputs)
    outputs = np.vstack(answers)
    moved = _movement(masks[1:], outputs[1:, list(wanted(outputs[0]))])
    found: list[int] = np.sort(np.argsort(-moved, kind="stable")[:most]).tolist()
    return found


def _movement(masks: NDArray[np.uint8], outputs: FloatArray) -> FloatArray:
    """Return how much hiding each word moves the outputs (n, k), in units of each output's own spread: (d,)."""
    shares = masks.mean(axis=1)
    left = outputs - outputs.mean(axis=0)
    order = np.argsort(shares, kind="stable")
    # within a group as many words are hidden, so that which ones is all that differs
    for group in np.array_split(order, min(GROUPS, max(1, len(order) // 10))):
        left[group] = outputs[group] - outputs[group].mean(axis=0)
    spread = left.std(axis=0)
    left = left / np.where(spread > 0, spread, 1.0)
    covariance = np.zeros((masks.shape[1], outputs.shape[1]))
    for start in range(0, len(masks), BLOCK):
        rows = slice(start, start + BLOCK)
        covariance += (masks[rows] - shares[rows, None]).T @ left[rows]
    moved: FloatArray = np.abs(covariance).max(axis=1)
    return moved
