"""What a language model said, what that took, and which two answers show best what a unit does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from limelight.contracts import FloatArray, MaskArray
from limelight.errors import ModelOutputError
from limelight.scalarisers import words

KNOWN = ("tokens_in", "tokens_out", "cost", "cached", "finish")
MOST_CONTRASTS = 24
"""Units whose answers are kept: a page shows five, and an explanation stays small."""
_REFUSAL = re.compile(
    r"\s*(?:i'?m|i am) (?:very |so |really )?(?:sorry|afraid)\b[^.!?\n]{0,40}\b(?:can(?:'|no)?t|cannot|unable|not able)"
    r"|\s*(?:sorry, )?(?:but )?i (?:can(?:'|no)?t|cannot|won't) (?:help|assist|comply|do that|provide|answer)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a chat.

    Parameters
    ----------
    text
        What was said.
    tokens_in, tokens_out
        Tokens read and written, 0 where the server does not say.
    cost
        Money, in whatever currency the chat counts.
    cached
        Whether it came from a cache, and so cost nothing.
    finish
        Why it ended: ``"stop"``, ``"length"`` (cut off), ``"content_filter"`` or ``"refusal"``.

    >>> Answer("Rome.").refused
    False
    """

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    cached: bool = False
    finish: str = "stop"

    @property
    def refused(self) -> bool:
        """Return whether the model refused: the server says so, or the answer begins like a refusal."""
        return self.finish in ("content_filter", "refusal") or _REFUSAL.match(self.text.replace("’", "'")) is not None

    @property
    def truncated(self) -> bool:
        """Return whether the answer was cut off."""
        return self.finish in ("length", "max_tokens")


@dataclass
class Usage:
    """What asking took. Attributes count; `cost` is money.

    >>> usage = Usage()
    >>> usage.add(Answer("I'm sorry, but I can't help.", tokens_in=10))
    >>> usage.calls, usage.tokens_in, usage.refusals
    (1, 10, 1)
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    cached: float = 0
    refusals: int = 0
    truncations: int = 0

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.calls += 1
        self.tokens_in += answer.tokens_in
        self.tokens_out += answer.tokens_out
        self.cost += answer.cost
        self.cached += answer.cached
        self.refusals += answer.refused
        self.truncations += answer.truncated

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        return {**asdict(self), "cached": round(self.cached)}


def answer_of(said: Any) -> Answer:
    """Return what a chat returned as an `Answer`: a string, a dict, or anything with a `text`.

    Raises
    ------
    ModelOutputError
        If it is none of these.

    >>> answer_of({"text": "Rome.", "tokens_out": 2}).tokens_out
    2
    """
    if isinstance(said, Answer):
        return said
    if isinstance(said, str):
        return Answer(said)
    if isinstance(said, Mapping):
        read: Any = said
    else:
        read = {name: getattr(said, name, None) for name in ("text", *KNOWN)}
    if not isinstance(read.get("text"), str):
        raise ModelOutputError(
            f"chat: expected answers that are strings, or have a text, got {type(said).__name__}; return for example "
            "response.choices[0].message.content."
        )
    known = {name: read[name] for name in KNOWN if read.get(name) is not None}
    if getattr(said, "refusal", None):
        known["finish"] = "refusal"
    return Answer(str(read["text"]), **known)


def spent(chat: Any) -> tuple[float, float]:
    """Return the money and the cache hits that a chat has counted itself so far; 0 where it counts nothing."""
    usage = getattr(chat, "usage", None)
    return float(getattr(usage, "cost", 0.0)), float(getattr(usage, "cached", 0))


def medoid(answers: Sequence[str]) -> str:
    """Return the answer that shares most words with the others; of several, the first.

    >>> medoid(["Rome is old", "Rome is very old", "no idea"])
    'Rome is old'
    """
    if len(set(answers)) <= 1:
        return answers[0]
    overlap = words()
    alike = [float(overlap(answers, each).sum()) for each in answers]
    return answers[int(np.argmax(alike))]


def contrasts(masks: MaskArray, scores: FloatArray, answers: Sequence[str]) -> list[dict[str, Any]]:
    """Return for the units that move the score most the two answers, with and without each, that show best how.

    Two prompts of random masks differ in many units. Taken is the pair whose other differences are expected to do least
    (by a ridge regression of the first score); of equal ones, the pair whose scores differ most.

    Parameters
    ----------
    masks, scores, answers
        (n, d), (n, k) and n: what was asked, and said.

    >>> found = contrasts(np.array([[1, 1], [0, 1], [1, 0]]), np.array([[1.0], [0.0], [1.0]]), ["yes", "no", "yes"])
    >>> found[0]["with"], found[0]["without"], found[0]["others"]
    ('yes', 'no', 0)
    """
    if len(masks) < 2 or masks.ndim != 2:
        return []
    Z, first = masks.astype(float), scores[:, 0]
    weight = _expected(Z, first)
    # (n, n) in how many units two prompts differ, and how much those that only the first has are expected to do
    apart = Z @ (1 - Z).T + (1 - Z) @ Z.T
    elsewhere = (Z * weight) @ (1 - Z).T + ((1 - Z) * weight) @ Z.T
    # a difference of one more unit counts as a hundredth of the largest weight
    worth = np.abs(first[:, None] - first) * 1e-3 - elsewhere - 0.01 * float(weight.max(initial=0.0)) * apart
    found = []
    for unit in sorted(np.argsort(-weight, kind="stable")[:MOST_CONTRASTS].tolist()):
        there, gone = np.flatnonzero(Z[:, unit] == 1), np.flatnonzero(Z[:, unit] == 0)
        if not len(there) or not len(gone):
            continue
        a, b = np.unravel_index(int(np.argmax(worth[np.ix_(there, gone)])), (len(there), len(gone)))
        one, other = int(there[a]), int(gone[b])
        pair = {"unit": unit, "with": answers[one], "without": answers[other], "others": int(apart[one, other]) - 1}
        found.append({**pair, "scores": [float(first[one]), float(first[other])]})
    return found


def _expected(Z: FloatArray, score: FloatArray) -> FloatArray:
    """Return (d,) how much each unit is expected to move the score, whichever way."""
    X = Z - Z.mean(axis=0)
    gram = X.T @ X
    gram.flat[:: len(gram) + 1] += 0.05 * len(Z)  # a ridge, since there may be fewer prompts than units
    return np.asarray(np.abs(np.linalg.solve(gram, X.T @ (score - score.mean()))))
