"""Many explanations as batches of arrays, from wherever they are.

Input: a set, a folder or file of Parquet, which are read by column; or a list, a stream, a file of JSON lines, which
are read one at a time and laid together. Output: batches, of which only sums need be kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.overview.reading import Entry, Explanations, Name, check_kind, read_entries
from limelight.result.batch import Batch
from limelight.result.explanations import Explanations as Columns
from limelight.result.flat import pieces
from limelight.result.opening import is_parquet, open_set

_Thing = TypeVar("_Thing", bound=Hashable)
TOGETHER = 512
"""Explanations of a stream that are laid together."""


def read_batches(explanations: Explanations, name: Name | None = None) -> Iterator[Batch]:
    """Yield what the features contribute in each explanation, many at once, in order.

    Parameters
    ----------
    explanations, name
        As for `read_entries`.

    Raises
    ------
    InputError
        If an entry is no explanation, if kinds of features are mixed, or if superpixels or windows have no `name`.
    """
    columns = None if name is not None else _columns(explanations)
    if columns is None:
        entries = read_entries(explanations, name)
        while some := list(islice(entries, TOGETHER)):
            yield of_entries(some)
        return
    kind: str | None = None
    for batch in columns.batches():
        for other, position in batch.first_of_kinds().items():
            kind = other if kind is None else kind
            check_kind(kind, other, position)
        yield batch


def _columns(explanations: Explanations) -> Columns | None:
    """Return explanations that can be read by column; None for others."""
    if isinstance(explanations, (str, Path)) and is_parquet(Path(explanations)):
        return open_set(Path(explanations), exact=False)
    if isinstance(explanations, Columns):
        return explanations
    return None


def of_entries(entries: Sequence[Entry]) -> Batch:
    """Return entries that were read one at a time as one batch."""
    rows = [(i, k) for i, entry in enumerate(entries) for k in range(len(entry.targets))]
    of_rows = [entries[i] for i, _ in rows]
    shown = [entries[i].selected[k] for i, k in rows]
    keys, known_keys = _coded(chain.from_iterable([entry.keys for entry in of_rows]))
    if None in known_keys:
        keys[keys == known_keys.index(None)] = -1
    names, known_names = _coded(chain.from_iterable([entry.names for entry in of_rows]))
    targets, known_targets = _coded(entries[i].targets[k] for i, k in rows)
    return Batch(
        positions=np.array([entry.position for entry in entries], dtype=np.int64),
        compared=np.array([entry.compared for entry in entries], dtype=np.bool_),
        shared=np.array([entry.shared for entry in entries], dtype=np.bool_),
        owners=np.array([i for i, _ in rows], dtype=np.int64),
        places=np.array([k for _, k in rows], dtype=np.int64),
        targets=targets,
        known_targets=known_targets,
        starts=_starts([len(entry.keys) for entry in of_rows]),
        keys=keys,
        known_keys=known_keys,
        names=names,
        known_names=known_names,
        contributions=_numbers([entries[i].contributions[k] for i, k in rows]),
        stderr=_numbers([entries[i].stderr[k] for i, k in rows]),
        selected=_numbers(shown).astype(np.int64),
        selected_starts=_starts([len(each) for each in shown]),
        kinds=np.zeros(len(keys), dtype=np.int64),  # looked at when they were read
        known_kinds=("",),
        two_classes=_agreed(entry.two_classes for entry in entries),
    )


def _agreed(classes: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what all say; nothing where they differ."""
    found = set(classes)
    if len(found) == 1:
        return found.pop()
    return ()


def _coded(things: Iterable[_Thing]) -> tuple[NDArray[np.int64], list[_Thing]]:
    """Return things as codes in the order met, and the things."""
    places: dict[_Thing, int] = {}
    codes = np.array([places.setdefault(thing, len(places)) for thing in things], dtype=np.int64)
    return codes, list(places)


def _starts(widths: Sequence[int]) -> NDArray[np.int64]:
    return np.append(0, np.cumsum(np.array(widths, dtype=np.int64)))


def _numbers(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    return np.array(list(chain.from_iterable(rows)), dtype=np.float64)


# -- features that occur twice in one explanation ---------------------------------------------------------------------


class Together(NamedTuple):
    """Entries of some rows of a batch, each feature once in each row: features of one identity were added up.

    Parameters
    ----------
    keys, names
        (e,) as in `Batch`; the name is that of the first.
    values, sizes, stderr
        (e,) the sum of contributions, of their sizes, and of their errors, which are taken to go together: never too
        small.
    shared
        (e,) whether perturbations were shared.
    """

    keys: NDArray[np.int64]
    names: NDArray[np.int64]
    values: FloatArray
    sizes: FloatArray
    stderr: FloatArray
    shared: NDArray[np.bool_]


def together(batch: Batch, rows: NDArray[np.int64]) -> Together:
    """Return the entries of some rows, without features that are left out."""
    widths = np.diff(batch.starts)[rows]
    at = pieces(batch.starts, rows)
    owner = np.repeat(np.arange(len(rows)), widths)
    kept = batch.keys[at] >= 0
    if not kept.all():
        at, owner = at[kept], owner[kept]
    keys, values, errors = batch.keys[at], batch.contributions[at], batch.stderr[at]
    names, shared = batch.names[at], batch.shared[batch.owners[rows[owner]]]
    if all_different(owner, keys, len(rows)):
        return Together(keys, names, values, np.abs(values), errors, shared)
    order, codes = first_of(owner, keys)
    sums: list[FloatArray] = [np.bincount(codes, each).astype(np.float64) for each in (values, np.abs(values), errors)]
    return Together(keys[order], names[order], sums[0], sums[1], sums[2], shared[order])


def all_different(owner: NDArray[np.int64], keys: NDArray[np.int64], rows: int) -> bool:
    """Return whether no feature occurs twice in one row; seen at a glance where all rows have the same features.

    >>> all_different(np.array([0, 1, 1]), np.array([5, 5, 5]), 2)
    False
    """
    width = len(keys) // max(rows, 1)
    if width and width * rows == len(keys):
        alike = (keys.reshape(rows, width) == keys[:width]).all() and (np.diff(owner.reshape(rows, width)) == 0).all()
        if alike:
            return len(np.unique(keys[:width])) == width
    return len(first_of(owner, keys)[0]) == len(keys)


def first_of(owner: NDArray[np.int64], keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each pair of a row and a feature is first met, in this order; and for every entry its pair's place.

    >>> first, places = first_of(np.array([0, 0, 0]), np.array([7, 3, 7]))
    >>> first.tolist(), places.tolist()
    ([0, 1], [0, 1, 0])
    """
    pairs = owner * (int(keys.max(initial=0)) + 1) + keys
    _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse]


def first_met(codes: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the codes that occur, in the order in which they are first met.

    >>> first_met(np.array([2, 0, 2]), 4).tolist()
    [2, 0]
    """
    first = np.full(size, len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # what is written last stays
    order = np.argsort(first, kind="stable")
    return order[: int((first < len(codes)).sum())]
