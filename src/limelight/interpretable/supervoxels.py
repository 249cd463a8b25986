"""Supervoxels: a volume or a video → a label for each voxel; what belongs together in all three directions.

Part of the modality of volumes. Input: the numbers with channels last. Output: labels counted from 0, and the labels as
they were. Slices of a volume and frames of a video are the first direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import as_array
from limelight.interpretable.montage import seen
from limelight.interpretable.segments import Segments, counted
from limelight.optional import require

METHODS = ("auto", "slic", "grid", "slices")
N_SEGMENTS = 50
"""As for images: about as many things as a person can tell apart."""
REDUCED_SIDE = 64
"""Voxels of the longest side on which ``"auto"`` segments: a quarter of a million voxels take a second."""
SMALLEST_SIDE = 16
"""Below this, ``"auto"`` cuts boxes: a supervoxel would have a few voxels."""
Shape = tuple[int, int, int]
Cutter = str | NDArray[Any] | Callable[[NDArray[Any]], NDArray[Any]]


def find_supervoxels(
    method: Cutter, planes: NDArray[Any], n_segments: int | None = None, spacing: Sequence[float] = (1.0, 1.0, 1.0)
) -> Segments:
    """Return the supervoxels of a volume.

    Parameters
    ----------
    method
        ``"auto"``: slic on the volume reduced to 64 voxels, boxes for volumes below 16. ``"slic"`` [achanta2012] at
        full size. ``"grid"``: boxes. ``"slices"``: groups of slices as a whole, such as the scenes of a video. A label
        array (z, y, x) of integers, masks (k, z, y, x), or a callable from the numbers, channels last, to one of these.
    planes
        (z, y, x, c) numbers.
    n_segments
        About how many; 50 where None.
    spacing
        How far apart voxels are in each direction, in any unit.

    Raises
    ------
    InputError
        If labels are no integers or have another shape than the volume.
    UnknownNameError
        If the method is not known.
    MissingDependencyError
        If the method needs scikit-image, which is missing.

    >>> find_supervoxels("slices", np.zeros((4, 2, 2, 1)), 2).index[:, 0, 0]
    array([0, 0, 1, 1])
    """
    shape: Shape = planes.shape[:3]
    if isinstance(method, str):
        if method not in METHODS:
            raise UnknownNameError("segments", method, METHODS)
        return counted(_named(method, planes, n_segments or N_SEGMENTS, spacing))
    given = method(planes.copy()) if callable(method) else method
    return counted(_checked(as_voxel_labels(given), shape))


def as_voxel_labels(segments: Any) -> NDArray[Any]:
    """Return labels (z, y, x); of masks (k, z, y, x) the labels that they make, the smallest mask on top.

    >>> as_voxel_labels(np.array([[[[True, False]]], [[[True, True]]]])).tolist()
    [[[1, 2]]]
    """
    array = as_array("segments", segments)
    if array.ndim != 4 or array.dtype.kind != "b":
        return array
    labels = np.zeros(array.shape[1:], dtype=np.int64)
    for number in np.argsort(-array.sum(axis=(1, 2, 3)), kind="stable").tolist():
        labels[array[number]] = number + 1
    return labels


def boxes(shape: Shape, n_segments: int, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> NDArray[np.int64]:
    """Return labels (z, y, x) of about `n_segments` boxes, as much like cubes as the volume allows.

    >>> np.unique(boxes((8, 8, 8), 8)).size
    8
    """
    lengths = np.array([size * step for size, step in zip(shape, spacing, strict=True)])
    side = (lengths.prod() / n_segments) ** (1 / 3)
    pieces = [min(size, max(1, round(length / side))) for size, length in zip(shape, lengths.tolist(), strict=True)]
    z, y, x = (np.arange(size) * n // size for size, n in zip(shape, pieces, strict=True))
    return np.asarray((z[:, None, None] * pieces[1] + y[:, None]) * pieces[2] + x, dtype=np.int64)


def _named(method: str, planes: NDArray[Any], n: int, spacing: Sequence[float]) -> NDArray[np.int64]:
    shape: Shape = planes.shape[:3]
    if method == "slices":
        n = min(n, shape[0])
        return np.broadcast_to((np.arange(shape[0]) * n // shape[0])[:, None, None], shape).astype(np.int64)
    if method == "grid" or (method == "auto" and max(shape) < SMALLEST_SIDE):
        return boxes(shape, n, spacing)
    longest = REDUCED_SIDE if method == "auto" else max(shape)
    axes = [np.arange(size) * min(size, longest) // size for size in shape]
    small = averaged(seen(planes).astype(np.float32) / 255.0, axes)
    steps = [step * size / (axis[-1] + 1) for step, size, axis in zip(spacing, shape, axes, strict=True)]
    colour = planes.shape[3] >= 3
    labels = require("skimage.segmentation", "image").slic(
        small if colour else small[..., 0],
        n_segments=n,
        compactness=10 if colour else 0.1,  # colours are compared in Lab, from 0 to 100; grey from 0 to 1
        sigma=1,
        start_label=0,
        spacing=[step / min(steps) for step in steps],
        channel_axis=-1 if colour else None,
    )
    return np.asarray(labels, dtype=np.int64)[np.ix_(*axes)]


def averaged(values: NDArray[Any], axes: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the mean of what falls into each voxel of a smaller volume.

    Parameters
    ----------
    values
        (z, y, x, c) numbers.
    axes
        For each direction, the smaller volume's place of each place.

    >>> averaged(np.arange(4.0).reshape(4, 1, 1, 1), [np.array([0, 0, 1, 1]), np.array([0]), np.array([0])]).ravel()
    array([0.5, 2.5])
    """
    for direction, places in enumerate(axes):
        starts = np.searchsorted(places, np.arange(places[-1] + 1))
        counts = np.bincount(places).reshape([-1 if at == direction else 1 for at in range(values.ndim)])
        values = np.add.reduceat(values, starts, axis=direction) / counts.astype(values.dtype)
    return values


def _checked(labels: NDArray[Any], shape: Shape) -> NDArray[Any]:
    if labels.dtype.kind not in "iub":
        raise InputError(f"segments: expected labels as integers, got {labels.dtype}; convert them by astype(int).")
    if labels.shape != shape:
        raise InputError(f"segments: expected one label for each voxel, shape {shape}, got shape {labels.shape}.")
    return labels
