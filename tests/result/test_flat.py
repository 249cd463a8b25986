"""Entries of some rows, end to end."""

from __future__ import annotations

import numpy as np

from limelight.result.flat import distances, flat_of, pieces, spread
from many_explanations import of_a_table


def test_pieces_and_what_is_spread_over_owners() -> None:
    assert pieces(np.array([0, 2, 2, 5]), np.array([2, 1, 0])).tolist() == [2, 3, 4, 0, 1]
    assert spread(np.array([2, 1]), np.array([0, 0, 1])).tolist() == [0, 1, 0, 1, 2]


def test_entries_of_some_rows_and_of_all() -> None:
    block, rows = next(of_a_table().parts())
    for some in (np.array(rows), np.array([5, 2])):
        expected = np.concatenate([of_a_table()[row].coef[0] for row in some])
        assert flat_of(block, "coef", some).tolist() == expected.tolist()
        widths = np.array([len(of_a_table()[row].features) for row in some])
        far = np.concatenate([of_a_table()[row].distance for row in some])
        assert distances(block, some, widths).tolist() == far.tolist()
