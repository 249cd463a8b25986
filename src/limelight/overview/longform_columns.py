"""A set of explanations laid side by side by column: what `longform` does one explanation at a time.

Input: a set in memory, or of files that are read by column. Output: the entries, numbers and names of a `Longform`. No
explanation is put together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError
from limelight.overview.columnwise import first_met, together
from limelight.overview.reading import OWN_NUMBERING
from limelight.result.batch import Batch
from limelight.result.explanations import Explanations
from limelight.result.flat import flat_of
from limelight.result.open_block import OpenBlock
from limelight.result.rows import first_is_open


def outputs_of(many: Explanations) -> tuple[Counter[str], tuple[str, ...]]:
    """Return how many explanations explain each output, and the names of a model's only two, where they add up to 1."""
    counts: Counter[str] = Counter()
    two: set[tuple[str, ...]] = set()
    for batch in many.batches():
        numbers = np.bincount(batch.targets, minlength=len(batch.known_targets))
        for at in first_met(batch.targets, len(numbers)).tolist():
            counts[batch.known_targets[at]] += int(numbers[at])
        two.add(batch.two_classes)
    return counts, two.pop() if len(two) == 1 else ()


class ColumnBuilder:
    """Collects what some explanations say of one target.

    Parameters
    ----------
    target, mirror
        As in `longforms`.
    """

    def __init__(self, target: str, mirror: str | None) -> None:
        self.target, self.mirror = target, mirror
        self.keys: dict[Hashable, int] = {}
        self.places: list[dict[str, int]] = []
        self.df = np.inf
        self.shared = False
        self.tied_known = True
        self.n = 0
        self._parts: dict[str, list[Any]] = {}

    def add(self, block: OpenBlock, rows: NDArray[np.int64], batch: Batch) -> None:
        """Add the explanations of a batch; those that have neither target are left out."""
        _check_numbering(batch)
        chosen, sign = self._chosen(batch)
        if not len(chosen):
            return
        told = together(batch, chosen)
        owner = np.repeat(np.arange(len(chosen)), _widths(batch, chosen, len(told.keys)))
        keys, places = self._known(batch, told.keys, told.names)
        said, local = (
            np.asarray(flat_of(block, name, rows), dtype=float) for name in ("prediction", "local_prediction")
        )
        causes = block.coded("causes")
        turned = sign < 0
        self._keep(
            row=(owner + self.n).astype(np.int32),
            key=keys.astype(np.int32),
            place=places.astype(np.int32),
            value=sign[owner] * told.values,
            stderr=told.stderr,
            positions=batch.positions[batch.owners[chosen]],
            prediction=np.where(turned, 1.0 - said[chosen], said[chosen]),
            local=np.where(turned, 1.0 - local[chosen], local[chosen]),
        )
        self._parts.setdefault("causes", []).append(_texts_of(causes, rows, batch, chosen))
        tied = first_is_open(block, rows[batch.owners[chosen]], batch.places[chosen])
        self.tied_known = self.tied_known and tied is not None
        self._keep(tied=np.zeros(len(chosen), dtype=np.bool_) if tied is None else tied)
        self.df = min(self.df, float(np.min(np.asarray(flat_of(block, "df", rows))[batch.owners[chosen]])))
        self.shared = self.shared or bool(batch.shared[batch.owners[chosen]].any())
        self.n += len(chosen)

    def joined(self, name: str) -> NDArray[Any]:
        """Return a column, of all that were added."""
        return np.concatenate(self._parts[name])

    @property
    def causes(self) -> tuple[str, ...]:
        """Return the cause of each."""
        return tuple(cause for part in self._parts["causes"] for cause in part)

    def _keep(self, **columns: NDArray[Any]) -> None:
        for name, column in columns.items():
            self._parts.setdefault(name, []).append(column)

    def _chosen(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the rows of the target, or of the mirror where an explanation lacks it; and 1 or −1 for each."""
        first = batch.rows_of(self.target)
        if self.mirror is None:
            return first, np.ones(len(first))
        other = batch.rows_of(self.mirror)
        other = other[~np.isin(batch.owners[other], batch.owners[first])]
        rows = np.concatenate([first, other])
        order = np.argsort(rows, kind="stable")
        return rows[order], np.repeat([1.0, -1.0], [len(first), len(other)])[order]

    def _known(
        self, batch: Batch, keys: NDArray[np.int64], names: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the codes of features and of their places, over all that was added so far."""
        pairs = keys * len(batch.known_names) + names
        _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
        of_pair = np.empty((2, len(first)), dtype=np.int64)
        for at in np.argsort(first, kind="stable").tolist():
            key = batch.known_keys[int(keys[first[at]])]
            code = self.keys.setdefault(key, len(self.keys))
            if code == len(self.places):
                self.places.append({})
            known = self.places[code]
            of_pair[:, at] = code, known.setdefault(batch.known_names[int(names[first[at]])], len(known))
        return of_pair[0, inverse], of_pair[1, inverse]


def _widths(batch: Batch, chosen: NDArray[np.int64], entries: int) -> NDArray[np.int64]:
    """Return how many entries each row has once features that occur twice in it are one."""
    widths = np.diff(batch.starts)[chosen]
    if widths.sum() == entries:
        return np.asarray(widths)
    starts = batch.starts[chosen]
    keys = [batch.keys[start : start + width] for start, width in zip(starts.tolist(), widths.tolist(), strict=True)]
    return np.array([len(np.unique(each[each >= 0])) for each in keys], dtype=np.int64)


def _texts_of(causes: Any, rows: NDArray[np.int64], batch: Batch, chosen: NDArray[np.int64]) -> list[str]:
    """Return the cause of each chosen row; nothing where the explanation says none."""
    starts = np.asarray(causes.starts)
    at, count = starts[rows][batch.owners[chosen]], np.diff(starts)[rows][batch.owners[chosen]]
    place = batch.places[chosen]
    found = np.full(len(chosen), "", dtype=object)
    said = place < count
    things = np.array(["" if thing is None else thing for thing in causes.things] or [""], dtype=object)
    found[said] = things[causes.codes[(at + place)[said]]]
    return list(found)


def _check_numbering(batch: Batch) -> None:
    for kind in batch.first_of_kinds():
        if kind in OWN_NUMBERING:
            raise InputError(
                f"explanations: a {kind} of one instance is not that of another, so that they cannot be laid side by "
                "side; pass name=, which says what each shows."
            )
