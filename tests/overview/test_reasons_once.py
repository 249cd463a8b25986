"""Rows are of one kind exactly where all their numbers are the same bits, in whatever pieces they come."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from limelight.overview import reasons_once
from limelight.overview.reasons_once import Kinds, fingerprints


def rows_of(count: int, seed: int = 0) -> list[tuple[int, tuple[float, ...]]]:
    """Return rows of one number and up to three entries, of which many are repeated."""
    rng = np.random.default_rng(seed)
    return [
        (int(rng.integers(2)), tuple(rng.integers(0, 2, rng.integers(0, 4)).astype(float).tolist()))
        for _ in range(count)
    ]


def told(kinds: Kinds, rows: list[tuple[int, tuple[float, ...]]]) -> tuple[list[int], list[int]]:
    widths = np.array([len(entries) for _, entries in rows])
    flat = np.array([value for _, entries in rows for value in entries])
    found, new = kinds.of([flat], [np.array([own for own, _ in rows])], widths)
    return found.tolist(), new.tolist()


@pytest.mark.parametrize("step", [1, 7, 200])
def test_kinds_are_those_of_a_dictionary_in_pieces_of_any_size(step: int) -> None:
    rows = rows_of(200)
    known: dict[object, int] = {}
    kinds = Kinds()
    for at in range(0, len(rows), step):
        part = rows[at : at + step]
        before = len(known)
        expected = []
        for row in part:
            known.setdefault(row, len(known))
            expected.append(known[row])
        found, new = told(kinds, part)
        # kinds are numbered in the order in which they are met
        assert found == expected
        assert [found[place] for place in new] == list(range(before, len(known)))
    assert kinds.count == len(known) < 200


def test_rows_with_one_print_by_chance_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = fingerprints
    monkeypatch.setattr(
        reasons_once,
        "fingerprints",
        lambda entries, rows, widths, seed: honest(entries, rows, widths, seed) % np.uint64(3 if seed == 1 else 2**63),
    )
    rows = rows_of(60, seed=1)
    kinds = Kinds()
    seen: dict[int, object] = {}
    for at in range(0, 60, 20):
        found, _ = told(kinds, rows[at : at + 20])
        for kind, row in zip(found, rows[at : at + 20], strict=True):
            assert seen.setdefault(kind, row) == row
    assert kinds.count >= len(set(rows))


@pytest.mark.parametrize(
    ("one", "other"),
    [([1.0, 2.0], [2.0, 1.0]), ([0.0], [-0.0]), ([1.0], [1.0 + 2**-52]), ([0.0], [0.0, 0.0]), ([], [0.0])],
)
def test_order_signs_last_bits_and_lengths_all_count(one: list[float], other: list[float]) -> None:
    flat, widths = np.array([*one, *other]), np.array([len(one), len(other)])
    first, second = fingerprints([flat], [], widths, 1)
    assert first != second


def test_what_does_not_belong_together_does_not_collide() -> None:
    values = np.arange(100_000, dtype=np.float32)
    prints = np.sort(fingerprints([values], [], np.ones(len(values), dtype=np.int64), 1))
    assert all(a < b for a, b in pairwise(prints.tolist()))
