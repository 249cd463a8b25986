"""What each part of the demo hands to the tour: an explanation, with what is said before and after it."""

from __future__ import annotations

from dataclasses import dataclass

from limelight.result.explanation import Explanation

SEED = 0
"""Of the data, the models and the explanations: everybody sees the same demo."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One explanation of the demo.

    Parameters
    ----------
    name
        What its page is called, without ``.html``.
    title
        One line.
    opening
        What is said before it; may be empty.
    explanation
        The explanation.
    reading
        How to read it.
    """

    name: str
    title: str
    opening: str
    explanation: Explanation
    reading: str
