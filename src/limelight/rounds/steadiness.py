"""Does the model answer one input twice alike? Within a batch (noise), and from one call to the next (a new fit).

Noise is looked for where it matters: a handful of perturbed rows of every first block is asked twice in the same batch.
A model may be sure of the instance and waver around it. Whoever finds noise asks its rows repeatedly from then on;
nobody's neighborhood depends on what was found at somebody else's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

SAME_ANSWER = 1e-5
"""Relative difference up to which two answers are the same: single precision is not exact to the last bit."""
HANDFUL = 16
"""Rows of a first block that are asked twice. A model that flips one answer in ten is noticed in 96 of 100."""
CERTAIN = 128
"""Before all masks are called exact, this many answers must have been given, and half of them be second ones: a model
that flips one answer in ten then goes unnoticed less than once in 100,000."""
REPEATS = 2
"""How often the rows of a noisy model are asked, where the settings leave it open."""


def handful(n: int, *, exhaustive: bool) -> NDArray[np.intp]:
    """Return which of n rows are asked again, spread evenly, ascending; few rows several times where all are there.

    >>> handful(4, exhaustive=False).tolist(), len(handful(4096, exhaustive=True)), len(handful(8, exhaustive=True))
    ([0, 1, 2, 3], 64, 120)
    """
    if n == 0:
        return np.empty(0, dtype=np.intp)
    wanted = max(CERTAIN // 2, CERTAIN - n) if exhaustive else min(HANDFUL, n)
    if not exhaustive and n > wanted:
        # An odd stride: every 128th point of a Sobol sequence has the same leading digits, and so nearly one value.
        return np.arange(wanted) * ((n // wanted - 1) | 1)
    return (np.arange(wanted) * n // wanted).astype(np.intp)


def same_answers(first: FloatArray, second: FloatArray, size: float | FloatArray) -> bool:
    """Return whether two answers (m, k) to the same rows are the same, as far as numbers of that size can tell.

    >>> same_answers(np.array([[0.5]]), np.array([[0.5000001]]), 1.0)
    True
    """
    # NaN, no answer, is no other answer
    return first.shape == second.shape and not bool((np.abs(first - second) > SAME_ANSWER * size).any())


def sizes(outputs: FloatArray) -> FloatArray:
    """Return (k,) how large each output is over n rows."""
    return np.asarray(np.fmax.reduce(np.abs(outputs), axis=0, initial=0.0))


def both(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of two answers to the same rows, and its variance."""
    return (first + second) / 2, np.square(first - second) / 4


class Tally:
    """The answers so far to rows that are asked again and again: all masks of a noisy model.

    Parameters
    ----------
    first
        (n, m) the first answer to each row.

    >>> tally = Tally(np.array([[0.0], [1.0]]))
    >>> tally.add(np.array([0, 1]), np.array([[1.0], [1.0]]))
    >>> tally.mean.tolist(), tally.count.tolist()
    ([[0.5], [1.0]], [2, 2])
    """

    def __init__(self, first: FloatArray) -> None:
        # Sums of differences from the first answer: large outputs lose no digits.
        self.first = first
        self.count = np.ones(len(first), dtype=np.int64)
        self._sum = np.zeros_like(first)
        self._squares = np.zeros_like(first)

    @property
    def answers(self) -> int:
        """Return how many answers have been given to all rows together."""
        return int(self.count.sum())

    def add(self, rows: NDArray[np.intp], answers: FloatArray) -> None:
        """Take further answers to some rows; a row may occur several times, and NaN is none."""
        there = np.asarray(~np.isnan(answers).any(axis=1))
        rows, answers = rows[there], answers[there]
        further = answers - self.first[rows]
        np.add.at(self.count, rows, 1)
        np.add.at(self._sum, rows, further)
        np.add.at(self._squares, rows, np.square(further))

    def add_rounds(self, mean: FloatArray, noise: FloatArray | None, rounds: int) -> None:
        """Take the mean of further answers to every row, one in each of some rounds, and the variance of that mean."""
        there = np.asarray(~np.isnan(mean).any(axis=1))  # a row without an answer keeps those it has
        further = np.where(there[:, None], mean - self.first, 0.0)
        self.count += rounds * there
        self._sum += rounds * further
        self._squares += rounds * np.square(further)
        if noise is not None:  # what the answers of these rounds differ from their mean
            self._squares += np.where(there[:, None], (rounds - 1) * rounds * noise, 0.0)

    @property
    def mean(self) -> FloatArray:
        """Return (n, m) the mean answer to each row."""
        return np.asarray(self.first + self._sum / self.count[:, None])

    @property
    def noise(self) -> FloatArray:
        """Return (n, m) the variance of each mean.

        Two answers to one row say little about its own noise, and often nothing (both alike): each row's variance is
        that of its own answers and, as if it were that of four more, the mean over all rows.
        """
        left = np.maximum(self._squares - np.square(self._sum) / self.count[:, None], 0.0)
        free = self.count[:, None] - 1
        shared = np.nansum(left, axis=0) / max(int(free.sum()), 1)
        return np.asarray((left + 4 * shared) / (free + 4) / self.count[:, None])
