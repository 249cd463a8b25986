import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from limelight.errors import InputError, UnknownNameError
from limelight.local.proximity import default_kernel_width, distances, proximity, proximity_to


def masks(seed, n, d, order="C"):
    Z = (np.random.default_rng(seed).random((n, d)) < 0.5).astype(np.uint8)
    Z[:1] = 0
    return np.asarray(Z, order=order)


def first_column(Z, center):
    return np.abs(Z[:, 0] - center[0])


def half(D, width):
    return np.full(D.shape, 0.5)


def test_hand_worked_distances_of_masks():
    Z = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=np.uint8)
    np.testing.assert_allclose(distances(Z, np.ones(4), "euclidean"), [0, 1, np.sqrt(3), 2])
    np.testing.assert_allclose(distances(Z, np.ones(4), "cosine"), [0, 1 - np.sqrt(0.75), 0.5, 1])


@given(
    st.integers(0, 99),
    st.sampled_from([1, 2, 7, 12, 64, 65, 130]),
    st.sampled_from(["C", "F"]),
    st.sampled_from(["euclidean", "cosine"]),
)
def test_the_table_of_counts_equals_the_distance_of_floats(seed, d, order, distance):
    Z, center = masks(seed, 20, d, order), np.ones(d)
    expected = distances(Z.astype(float), center, distance)
    np.testing.assert_allclose(distances(Z, center, distance), expected, atol=1e-12)
    np.testing.assert_allclose(distances(Z.astype(bool), center, distance), expected, atol=1e-12)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_floats_agree_with_scipy(distance):
    rng = np.random.default_rng(0)
    Z, center = rng.normal(size=(50, 5)), rng.normal(size=5)
    np.testing.assert_allclose(distances(Z, center, distance), cdist(Z, center[None], distance)[:, 0], atol=1e-12)


def test_masks_around_a_partial_instance_use_its_own_center():
    Z, center = masks(1, 30, 6), np.array([1.0, 0, 1, 0, 0, 1])
    np.testing.assert_allclose(distances(Z, center, "euclidean"), np.sqrt((center != Z).sum(axis=1)))


def test_a_zero_vector_has_cosine_distance_one():
    assert distances(np.zeros((1, 3)), np.array([1.0, 2.0, 3.0]), "cosine")[0] == 1
    assert distances(np.ones((1, 3)), np.zeros(3), "cosine")[0] == 1


def test_the_instance_itself_has_distance_zero_and_proximity_one():
    x = np.array([0.3, -7.0, 1e6])
    for distance in ("euclidean", "cosine"):
        D = distances(x[None], x, distance)
        np.testing.assert_allclose(D, 0, atol=1e-12)
        np.testing.assert_allclose(proximity(D, 0.25), 1)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_without_features_every_row_is_the_instance(distance):
    Z = np.zeros((3, 0), dtype=np.uint8)
    width = default_kernel_width(distance, 0)
    weights = proximity_to(Z, np.zeros(0), distance=distance, width=width, kernel="exponential")
    np.testing.assert_array_equal(weights, np.ones(3))


def test_default_widths_are_those_of_lime():
    assert default_kernel_width("euclidean", 16) == 3.0
    assert default_kernel_width("cosine", 16) == 0.25
    with pytest.raises(UnknownNameError, match="did you mean 'euclidean'"):
        default_kernel_width("euclidian", 3)


def test_the_kernel_is_that_of_lime():
    D, width = np.linspace(0, 3, 7), 0.7
    np.testing.assert_allclose(proximity(D, width), np.sqrt(np.exp(-(D**2) / width**2)))


def test_text_in_limes_units_is_the_same_kernel():
    D = np.linspace(0, 1, 11)
    np.testing.assert_allclose(proximity(D, 0.25), proximity(100 * D, 25.0))


@given(
    st.sampled_from(["euclidean", "cosine", first_column]), st.sampled_from(["exponential", half]), st.integers(0, 9)
)
def test_the_short_cut_equals_the_two_steps(distance, kernel, seed):
    Z, center = masks(seed, 15, 4), np.ones(4)
    short = proximity_to(Z, center, distance=distance, width=0.5, kernel=kernel)
    np.testing.assert_allclose(short, proximity(distances(Z, center, distance), 0.5, kernel))


def test_unknown_names_are_refused_with_the_nearest():
    Z = masks(0, 3, 2)
    with pytest.raises(UnknownNameError, match="did you mean 'cosine'"):
        distances(Z, np.ones(2), "cosinus")
    with pytest.raises(UnknownNameError, match="did you mean 'exponential'"):
        proximity(np.ones(3), 1.0, "exponental")


@pytest.mark.parametrize("width", [0.0, -1.0, np.nan, np.inf])
def test_a_width_that_is_not_positive_and_finite_is_refused(width):
    with pytest.raises(InputError, match="kernel_width"):
        proximity(np.ones(3), width)


def scalar(Z, center):
    return 1.0


def words(Z, center):
    return ["near"] * len(Z)


def negative(Z, center):
    return np.array([0.0, -1.0, 0.0])


def missing(Z, center):
    return np.array([0.0, 1.0, np.nan])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(scalar, r"shape \(3,\), got \(\)"), (words, "3 numbers"), (negative, "-1.0 in row 1"), (missing, "nan in row 2")],
)
def test_what_a_callable_returns_is_checked(wrong, message):
    with pytest.raises(InputError, match=f"distance: .*{message}"):
        distances(masks(0, 3, 2), np.ones(2), wrong)
    with pytest.raises(InputError, match=f"kernel: .*{message}"):
        proximity(np.ones(3), 1.0, wrong)
