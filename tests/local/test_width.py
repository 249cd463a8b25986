"""Which kernel width is chosen: the most stable one among those that explain as well as the best."""

from __future__ import annotations

import numpy as np

from limelight.local.width import ROWS_PER_FEATURE, KernelPath

WIDTHS = np.array([1.0, 2.0, 3.0])


def path(
    fidelity: list[float], stderr: list[float], effective: list[float], *, coef: tuple[float, ...] = (1.0, 1.0, 1.0)
) -> KernelPath:
    """One target and two features; a standard error of .05 on each fidelity."""
    weights = np.array(coef)[:, None, None] * np.array([1.0, 0.1])
    errors = np.array(stderr)[:, None, None] * np.ones(2)
    share = np.array(fidelity)[:, None]
    return KernelPath(WIDTHS, weights, errors, share, np.full((3, 1), 0.05), np.array(effective))


MANY = [1000.0, 1000.0, 1000.0]


def test_among_widths_that_explain_as_well_the_most_stable_is_chosen():
    assert path([0.80, 0.78, 0.70], [0.3, 0.2, 0.1], MANY).choose() == 2.0
    assert path([0.80, 0.78, 0.76], [0.3, 0.2, 0.1], MANY).choose() == 3.0
    assert path([0.80, 0.70, 0.70], [0.3, 0.2, 0.1], MANY).choose() == 1.0


def test_errors_are_relative_to_the_largest_weight():
    assert path([0.8, 0.8, 0.8], [0.3, 0.2, 0.1], MANY, coef=(6.0, 1.0, 1.0)).choose() == 1.0


def test_a_width_that_leaves_few_rows_is_neither_the_best_nor_close_to_it():
    few = [2.0 * ROWS_PER_FEATURE - 1, 1000.0, 1000.0]
    # it explains more than all others, and would make them poor
    assert path([0.99, 0.70, 0.68], [0.3, 0.2, 0.1], few).choose() == 3.0
    # it explains as well, and looks the most stable
    assert path([0.70, 0.70, 0.50], [0.01, 0.2, 0.1], few).choose() == 2.0
    enough = [2.0 * ROWS_PER_FEATURE, 1000.0, 1000.0]
    assert path([0.70, 0.70, 0.50], [0.01, 0.2, 0.1], enough).choose() == 1.0


def test_where_no_width_leaves_enough_rows_the_one_that_leaves_most_is_chosen():
    assert path([0.9, 0.8, 0.7], [0.1, 0.2, 0.3], [3.0, 9.0, 5.0]).choose() == 2.0
