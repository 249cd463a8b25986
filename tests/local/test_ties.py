import numpy as np

from limelight.contracts import Neighborhood
from limelight.local.precision import estimate_plain
from limelight.local.stopping import doubt_of_top, rank, relative_error
from limelight.local.ties import tied_at_zero


def one_of(d, n=200, scale=1.0, seed=0):
    """A sampled neighborhood of a model that reads its first feature only."""
    rng = np.random.default_rng(seed)
    Z = rng.integers(0, 2, (n, d)).astype(np.uint8)
    Y = scale * np.c_[0.3 * Z[:, 0] + 0.1, 0.2 * Z[:, 1] * Z[:, 2]]
    sample = Neighborhood(Z, Y, rng.random(n), np.ones(d), np.zeros(n, bool), np.arange(n))
    return sample, estimate_plain(sample)


def test_rounding_is_exactly_zero_without_error_doubt_or_place_in_the_order():
    sample, fitted = one_of(19)
    assert np.abs(fitted.coef[0, 1:]).max() > 0
    tied = tied_at_zero(fitted, sample.Y, np.array([0.4, 0.2]))
    assert not tied.coef[0, 1:].any()
    assert not tied.stderr[0, 1:].any()
    assert not tied.covariance(target=0)[2:].any()
    assert rank(tied, 0, 10, critical=2.0).order.tolist() == [0]
    assert rank(tied, 0, 1, critical=2.0).doubt == 0.0
    assert doubt_of_top(tied, 0, 5) == 0.0
    assert relative_error(tied)[0] < 1e-9


def test_a_weight_that_is_small_and_real_stays():
    sample, fitted = one_of(5)
    small = tied_at_zero(fitted, sample.Y, np.array([1e5, 0.2]))
    assert small.coef[0, 0] == fitted.coef[0, 0]
    np.testing.assert_array_equal(small.coef[1], fitted.coef[1])
    np.testing.assert_array_equal(small.covariance(target=1), fitted.covariance(target=1))


def test_what_counts_as_rounding_does_not_depend_on_the_outputs_unit():
    for scale in (1e-40, 1.0, 1e40):
        sample, fitted = one_of(8, scale=scale)
        tied = tied_at_zero(fitted, sample.Y, scale * np.array([0.4, 0.2]))
        assert np.count_nonzero(tied.coef[0]) <= 1


def test_of_an_output_that_never_moved_nothing_is_explained():
    sample, _ = one_of(4)
    still = Neighborhood(sample.Z, np.full((200, 1), 0.1), *[getattr(sample, name) for name in REST])
    found = tied_at_zero(estimate_plain(still), still.Y, np.array([0.1]))
    assert np.isnan(found.fidelity[0])
    assert not found.coef.any()
    assert not found.stderr.any()


REST = ("weights", "center", "enumerated", "clusters")


def test_beside_an_output_that_never_moved_another_keeps_its_fidelity_and_error():
    sample, _ = one_of(4)
    Y = np.c_[sample.Y[:, 1] + sample.Z[:, 3], np.full(200, 0.1)]
    both = Neighborhood(sample.Z, Y, *[getattr(sample, name) for name in REST])
    plain = estimate_plain(both)
    found = tied_at_zero(plain, Y, np.array([1.0, 0.1]))
    assert found.fidelity[0] == plain.fidelity[0]
    assert found.fidelity_stderr[0] == plain.fidelity_stderr[0] > 0
    assert np.isnan(found.fidelity[1])
    assert np.isnan(found.fidelity_stderr[1])
