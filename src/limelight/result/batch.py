"""What many explanations contribute, as arrays: what every view of many reads, a few hundred or ten thousand at once.

Input: columns of a block, of a set in memory or of a file. Output: a `Batch`, with one row for each instance and target
and the entries of all rows end to end, so that sums over a million explanations are sums of arrays.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.result.flat import distances, flat_of, pieces, spread
from limelight.result.open_block import OpenBlock
from limelight.result.rows import are_compared


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The contributions of n explanations: r rows, one for each of them and each of its targets, of e entries in all.

    Parameters
    ----------
    positions
        (n,) of each explanation in the list, stream or file.
    compared
        (n,) whether it says what its bars are compared with.
    shared
        (n,) whether its perturbations were shared.
    owners
        (r,) which of the n explanations a row is of.
    places
        (r,) the position of its target among those of its explanation.
    targets, known_targets
        (r,) the output as a code, and the names of outputs.
    starts
        (r + 1,) where the entries of each row begin.
    keys, known_keys
        (e,) what the feature is across instances, as a code, −1 where it is left out; and what codes stand for.
    names, known_names
        (e,) how it reads in this instance, such as the bin of a column; and what codes stand for.
    contributions, stderr
        (e,) what it adds to the answer, and the standard error.
    selected, selected_starts
        For each row the features shown, counted from its first, largest |contribution| first, end to end; and (r + 1,)
        where those of each row begin.
    kinds, known_kinds
        (e,) its kind (column, word, column under another law), as a code, and what codes stand for.
    two_classes
        Names of the model's only two outputs, in order, where one is always what the other leaves of 1; else empty.
    """

    positions: NDArray[np.int64]
    compared: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    owners: NDArray[np.int64]
    places: NDArray[np.int64]
    targets: NDArray[np.int64]
    known_targets: Sequence[str]
    starts: NDArray[np.int64]
    keys: NDArray[np.int64]
    known_keys: Sequence[Hashable]
    names: NDArray[np.int64]
    known_names: Sequence[str]
    contributions: FloatArray
    stderr: FloatArray
    selected: NDArray[np.int64]
    selected_starts: NDArray[np.int64]
    kinds: NDArray[np.int64]
    known_kinds: Sequence[str]
    two_classes: tuple[str, ...] = ()

    def rows_of(self, target: str | int | None) -> NDArray[np.int64]:
        """Return the rows of a target: all for None, and none where it is not explained here."""
        if target is None:
            return np.arange(len(self.owners))
        if isinstance(target, str):
            known = list(self.known_targets)
            return np.flatnonzero(self.targets == (known.index(target) if target in known else -1))
        return np.flatnonzero(self.places == target)

    def first_of_kinds(self) -> dict[str, int]:
        """Return each kind of feature that occurs, and the position of the first explanation that has one, in order."""
        found = {}
        for code in np.flatnonzero(np.bincount(self.kinds)).tolist():
            row = np.searchsorted(self.starts, np.argmax(self.kinds == code), side="right") - 1
            found[self.known_kinds[code]] = int(self.positions[self.owners[row]])
        return dict(sorted(found.items(), key=lambda each: each[1]))


def batch_of(block: OpenBlock, rows: NDArray[np.int64], start: int) -> Batch:
    """Return some explanations of a block as a batch.

    Parameters
    ----------
    block
        The block.
    rows
        (n,) which of its explanations.
    start
        Position of the first in the whole.
    """
    target_starts, codes, targets = block.coded("targets")
    counts = np.diff(target_starts)[rows]
    owners = np.repeat(np.arange(len(rows)), counts)
    features = block.identities()
    each = np.diff(features.starts)[rows]
    widths = each[owners]
    at = pieces(features.starts, rows[owners])
    of_law, laws = block.laws()
    far = distances(block, rows, each)[spread(each, owners)]
    selected = np.asarray(flat_of(block, "selected", rows), dtype=np.int64)
    shown = np.asarray(flat_of(block, "selected_count", rows), dtype=np.int64)
    return Batch(
        positions=np.arange(start, start + len(rows)),
        compared=are_compared(np.asarray(flat_of(block, "given", rows), dtype=np.int64)),
        shared=np.asarray(flat_of(block, "shared", rows), dtype=np.bool_),
        owners=owners,
        places=np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts),
        targets=codes[pieces(np.asarray(target_starts), rows)],
        known_targets=list(targets),
        starts=np.append(0, np.cumsum(widths)),
        keys=features.keys[at],
        known_keys=features.known_keys,
        names=features.names[at],
        known_names=features.known_names,
        contributions=flat_of(block, "coef", rows) * far,
        stderr=flat_of(block, "stderr", rows) * np.abs(far),
        selected=selected,
        selected_starts=np.append(0, np.cumsum(shown)),
        kinds=features.kinds[at] * len(laws) + np.repeat(of_law[rows[owners]], widths),
        known_kinds=[kind + law for kind in features.known_kinds for law in laws],
        two_classes=block.two_classes(rows),
    )
