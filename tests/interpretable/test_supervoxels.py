"""Labels of voxels: boxes like cubes, the user's own labels and masks, and thick slices that stay thick."""

from __future__ import annotations

import numpy as np
import pytest

import limelight as ll
from limelight.interpretable.supervoxels import as_voxel_labels, averaged, boxes, find_supervoxels


def test_boxes_are_like_cubes_also_where_slices_are_thick() -> None:
    assert [len(np.unique(boxes((8, 8, 8), 8)[:, 0, 0])), boxes((8, 8, 8), 8).max()] == [2, 7]
    thick = boxes((8, 32, 32), 64, (4.0, 1.0, 1.0))
    assert [len(np.unique(thick[:, 0, 0])), len(np.unique(thick[0, :, 0]))] == [4, 4]
    flat = boxes((8, 32, 32), 64)
    assert len(np.unique(flat[:, 0, 0])) < len(np.unique(flat[0, :, 0]))
    assert boxes((1, 1, 3), 50).ravel().tolist() == [0, 1, 2]


def test_groups_of_slices_hold_all_slices() -> None:
    labels = find_supervoxels("slices", np.zeros((7, 2, 2, 1)), 3).index
    assert labels[:, 0, 0].tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert find_supervoxels("slices", np.zeros((2, 2, 2, 1))).index.max() == 1


def test_of_masks_the_smaller_lies_on_top() -> None:
    large, small = np.zeros((2, 1, 2, 3), bool)
    large[:], small[0, 0, 1] = True, True
    assert as_voxel_labels(np.stack([small, large])).ravel().tolist() == [2, 1, 2, 2, 2, 2]


def test_small_volumes_are_cut_in_boxes_without_scikit_image() -> None:
    assert np.array_equal(find_supervoxels("auto", np.zeros((8, 8, 8, 1)), 8).index, boxes((8, 8, 8), 8))


def test_means_of_blocks_are_means() -> None:
    values = np.random.default_rng(0).random((6, 4, 2, 3))
    halves = [np.arange(size) // 2 for size in values.shape[:3]]
    want = values.reshape(3, 2, 2, 2, 1, 2, 3).mean(axis=(1, 3, 5))
    assert averaged(values, halves) == pytest.approx(want)


@pytest.mark.parametrize(
    ("labels", "said"),
    [(np.zeros((2, 2)), "labels as integers"), (np.zeros((2, 2, 3), int), "one label for each voxel")],
)
def test_labels_that_do_not_fit_are_refused(labels: np.ndarray, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        find_supervoxels(labels, np.zeros((2, 2, 2, 1)))
