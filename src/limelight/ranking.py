"""What is certain about the order of one target's features, and what a reader is told of it.

Input: what `local/stopping.py` found: an order, how much of it is certain, who else might belong there. Output: the
groups whose order is certain, and sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is certain about the order of one target's features.

    Parameters
    ----------
    order
        The shown features, largest |weight| first.
    certified
        How many of them are certain, as a set with signs, to be the largest: a prefix of `order`.
    cuts
        The places inside `order` before and after which the order is certain, see `groups`.
    contender
        The feature not shown that is most likely to belong among the shown ones; −1 where all are shown.
    doubt
        The probability that it does, by the normal approximation.
    """

    order: NDArray[np.int64]
    certified: int
    cuts: tuple[int, ...]
    contender: int
    doubt: float

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Return `order` cut into groups whose order among each other is certain; inside a group it is not."""
        if not len(self.order):
            return ()
        return tuple(tuple(group.tolist()) for group in np.split(self.order, self.cuts))

    @property
    def settled(self) -> bool:
        """Whether the set and the signs of all shown features are certain."""
        return self.certified == len(self.order)

    def statement(self, names: tuple[str, ...]) -> str:
        """Return the doubt in words, for a reader.

        >>> Ranking(np.array([0]), 0, (), 1, 0.25).statement(("age", "income"))
        '1 shown; “income” might belong among them (probability 0.25).'
        """
        if not (shown := len(self.order)):
            return "No feature was seen to move it."
        if self.contender < 0 or self.doubt < 0.005:
            return f"{shown} shown; no other feature is likely to belong among them."
        return f"{shown} shown; “{names[self.contender]}” might belong among them (probability {self.doubt:.2f})."

    def sentences(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return `statement`, and a sentence about each group whose order is not certain.

        >>> Ranking(np.array([0, 1]), 2, (), -1, 0.0).sentences(("age", "income"))[1]
        'The order among “age” and “income” is open.'
        """
        ties = ([f"“{names[j]}”" for j in group] for group in self.groups if len(group) > 1)
        return (
            self.statement(names),
            *(f"The order among {', '.join(tie[:-1])} and {tie[-1]} is open." for tie in ties),
        )
