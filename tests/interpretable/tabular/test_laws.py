"""The law of one feature: its support points, its frequencies, and what tells it from others."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.interpretable.tabular.laws import (
    MAX_SUPPORT,
    BinnedGaussian,
    Gaussian,
    law_bytes,
    law_shape,
    observed_law,
    support_points,
    thin,
)


@pytest.mark.parametrize("counts", [[1, 1, 2], [5, 1, 1], [1] * 3000, [1, 10**6, *[1] * 2000]])
def test_a_number_finds_the_support_point_whose_part_of_the_line_it_lies_in(counts):
    law, _ = observed_law(np.zeros(len(counts), np.int64), np.array(counts), 1)
    u = np.concatenate([np.random.default_rng(0).random(2000), [0.0, 1.0 - 1e-12], law.cumulative[:-1]])
    expected = np.searchsorted(law.cumulative, u, side="right")
    np.testing.assert_array_equal(support_points(law, u), expected)


def test_of_many_values_some_are_kept_and_bins_keep_their_frequency():
    codes = np.repeat([0, 1, 2], [9000, 900, 100])
    kept, weights = thin(codes, np.ones(10_000, np.int64))
    assert len(kept) <= MAX_SUPPORT
    np.testing.assert_allclose(np.bincount(codes[kept], weights), [9000, 900, 100])
    law, _ = observed_law(codes, np.ones(10_000, np.int64), 4)
    np.testing.assert_allclose(law.probabilities, [0.9, 0.09, 0.01, 0.0])


def test_the_shape_of_a_law_has_its_mass_and_its_bins():
    law, _ = observed_law(np.array([0, 0, 1]), np.array([1, 1, 2]), 2)
    shape = law_shape(law, np.array([1.0, 2.0, 5.0]))
    np.testing.assert_allclose(shape.mass, [0.25, 0.25, 0.5])
    np.testing.assert_allclose(shape.share, [0.5, 0.5])


def test_bytes_tell_laws_apart():
    normal = Gaussian(0.0, 1.0, 0.0, 0.0, whole=False)
    others = [Gaussian(0.0, 1.0, 0.5, 0.0, whole=False), Gaussian(0.0, 1.0, 0.0, 0.0, whole=True)]
    first, _ = observed_law(np.array([0, 1]), np.array([1, 1]), 2)
    second, _ = observed_law(np.array([0, 1]), np.array([1, 2]), 2)
    told = [law_bytes(law) for law in (normal, *others, first, second)]
    assert len(set(told)) == len(told)
    assert law_bytes(normal) == law_bytes(Gaussian(0.0, 1.0, 0.0, 0.0, whole=False))
    assert BinnedGaussian.__name__.encode() not in told[0]
