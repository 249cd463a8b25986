"""The answers to batches, poured back into the parts that their rows came from.

Behind f. Input: the answers Y of one batch after the other, and which rows of which part it held. Output: for each part
its Y (n_i, k), as far as there is one.
"""

from __future__ import annotations

import numpy as np

from limelight.contracts import FloatArray, Inputs
from limelight.inputs.kinds import count
from limelight.models.columns import widened
from limelight.models.ledger import Ledger


class Poured:
    """The answers to the parts of one asking.

    Parameters
    ----------
    sizes
        Rows of each part; it grows as parts are pulled.

    >>> poured = Poured([1, 2])
    >>> poured.pour(np.array([[1.0], [2.0]]), [(0, 0, ["a"]), (1, 0, ["b"])])
    >>> [each if each is None else each.tolist() for each in poured.finished(1, k=1)]
    [[[1.0]], None]
    """

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes
        self._answers: list[FloatArray | None] = []

    def pour(self, Y: FloatArray, taken: list[tuple[int, int, Inputs]]) -> None:
        """Write the answers to one batch into those of the parts: (part, its first row, the inputs) in order."""
        self._answers += [None] * (len(self._sizes) - len(self._answers))
        row = 0
        for part, first, inputs in taken:
            n = count(inputs)
            answer = self._answers[part]
            if answer is None:
                answer = self._answers[part] = np.empty((self._sizes[part], Y.shape[1]))
            elif answer.shape[1] < Y.shape[1]:
                answer = self._answers[part] = widened(answer, Y.shape[1])
            answer[first : first + n] = Y[row : row + n]
            row += n

    def finished(self, done: int, *, k: int | None) -> list[FloatArray | None]:
        """Return the answers of k outputs to the first `done` parts, those before a failing batch; None for others.

        `k` is None where nothing has been answered yet.
        """
        n = len(self._sizes)
        if k is None:
            return [None] * n
        return [*self._whole(k)[:done], *[None] * (n - done)]

    def blanked(self, ledger: Ledger, *, k: int) -> list[FloatArray]:
        """Return the answers to all parts, with NaN in rows that were left out."""
        whole = self._whole(k)
        ends = np.cumsum(self._sizes)
        for row in (row for row in ledger.failures if row < ledger.settled):
            part = int(np.searchsorted(ends, row, side="right"))
            whole[part][row - int(ends[part]) + self._sizes[part]] = np.nan
        return whole

    def _whole(self, k: int) -> list[FloatArray]:
        """Return each part's answer with a column for every output; labels that were met later are none of its own."""
        padded = [*self._answers, *[None] * (len(self._sizes) - len(self._answers))]
        return [np.empty((0, k)) if answer is None else widened(answer, k) for answer in padded]
