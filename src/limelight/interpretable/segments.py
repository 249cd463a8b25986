"""Superpixels: an image → a label for each pixel; what a person sees as one thing should be one segment.

Part of the image modality. Input: the image. Output: `Segments`: labels counted from 0 for computing, and the labels as
they were for naming. Labels of any integers will do: they need not start at 0 nor be contiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import as_array
from limelight.interpretable.pixels import Picture, on_white, visible
from limelight.optional import require

METHODS = ("auto", "slic", "quickshift", "felzenszwalb", "grid")
COUNTED = ("auto", "slic", "grid")
"""The methods that aim at a number of segments; the others find their own."""
N_SEGMENTS = 50
"""About as many things as a photo of one object shows; each more costs samples, each less merges object and ground."""
REDUCED_SIDE = 128
"""Pixels of the longest side on which ``"auto"`` segments: superpixels are ten times larger than the blocks."""
SMALLEST_SIDE = 64
"""Below this, ``"auto"`` cuts squares: a superpixel would have a few pixels, too few for colours to tell apart."""
Segmenter = str | NDArray[Any] | Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Segments:
    """Which superpixel each pixel belongs to.

    Parameters
    ----------
    index
        (h, w) integers 0 … d − 1.
    keys
        (d,) the label of each as the segmenter gave it.
    """

    index: NDArray[np.int64]
    keys: tuple[int, ...]

    @property
    def shown(self) -> NDArray[np.int64]:
        """Return (h, w) the keys: the labels as they were given."""
        return np.asarray(self.keys, dtype=np.int64)[self.index]


def find_segments(method: Segmenter, picture: Picture, n_segments: int | None = None) -> Segments:
    """Return the superpixels of an image.

    Parameters
    ----------
    method
        ``"auto"``: slic on the image reduced to 128 pixels, squares for images below 64. On photos this draws the
        outlines that slic draws at full size, an order of magnitude quicker, and about 40 superpixels whatever the
        image's size; quickshift, lime's choice, takes seconds and shatters a photo into 150. ``"slic"``
        [achanta2012], ``"quickshift"`` [vedaldi2008] with lime's parameters, ``"felzenszwalb"``
        [felzenszwalb2004]: of scikit-image, at full size. ``"grid"``: rectangles. A label array (h, w) of integers, or
        masks, see `as_labels`. A callable from the image, channels last in its own dtype, to one of these.
    picture
        The image.
    n_segments
        About how many; 50 where None.

    Raises
    ------
    InputError
        If labels are no integers or have another shape than the image.
    UnknownNameError
        If the method is not known.
    MissingDependencyError
        If the method needs scikit-image, which is missing.

    >>> find_segments("grid", Picture(np.zeros((4, 6)), None), n_segments=6).index
    array([[0, 0, 1, 1, 2, 2],
           [0, 0, 1, 1, 2, 2],
           [3, 3, 4, 4, 5, 5],
           [3, 3, 4, 4, 5, 5]])
    """
    if isinstance(method, str):
        if method not in METHODS:
            raise UnknownNameError("segments", method, METHODS)
        return counted(_named(method, picture, n_segments or N_SEGMENTS))
    if not callable(method):
        return counted(_checked(as_labels(method), picture, "segments"))
    planes = picture.planes if picture.axis is not None else picture.values
    return counted(_checked(as_labels(method(planes.copy())), picture, "segments (a callable)"))


def as_labels(segments: Any) -> NDArray[Any]:
    """Return labels (h, w); of masks, as models that segment anything return them, the labels that they make.

    Mask number i, from 1, is superpixel i. A pixel of several masks belongs to the smallest, as a wheel is part of a
    car; a pixel of none to superpixel 0, whatever is left.

    Parameters
    ----------
    segments
        An array (h, w) of labels; masks (k, h, w) of True and False; or dicts that hold a mask (h, w) each, as
        "segmentation" or "mask".

    >>> car = np.array([[True, True, True, False]])
    >>> wheel = np.array([[False, True, False, False]])
    >>> as_labels([{"segmentation": wheel}, {"segmentation": car}]).tolist()
    [[2, 1, 2, 0]]
    """
    if isinstance(segments, (list, tuple)) and segments and all(isinstance(each, Mapping) for each in segments):
        found = [each.get("segmentation", each.get("mask")) for each in segments]
        if any(np.ndim(mask) != 2 for mask in found):
            raise InputError(
                "segments: expected dicts that hold a mask (h, w) as 'segmentation' or 'mask', got others."
            )
        segments = as_array("segments", found) != 0
    array = as_array("segments", segments)
    if array.ndim != 3 or array.dtype.kind != "b":
        return array
    labels = np.zeros(array.shape[1:], dtype=np.int64)
    for number in np.argsort(-array.sum(axis=(1, 2)), kind="stable").tolist():  # the smallest is painted last
        labels[array[number]] = number + 1
    return labels


def grid(shape: tuple[int, int], n_segments: int) -> NDArray[np.int64]:
    """Return labels (h, w) of about `n_segments` rectangles, as square as the image allows; tiny images give pixels.

    >>> np.unique(grid((28, 28), 49)).size
    49
    """
    height, width = shape
    if height * width < 2 * n_segments:
        return np.arange(height * width).reshape(shape)
    rows = min(height, max(1, round((n_segments * height / width) ** 0.5)))
    columns = min(width, max(1, round(n_segments / rows)))
    down, across = np.arange(height) * rows // height, np.arange(width) * columns // width
    return np.asarray(down[:, None] * columns + across, dtype=np.int64)


def _named(method: str, picture: Picture, n_segments: int) -> NDArray[np.int64]:
    shape = picture.planes.shape[:2]
    if method == "grid" or (method == "auto" and max(shape) < SMALLEST_SIDE):
        return grid(shape, n_segments)
    segmentation = require("skimage.segmentation", "image")
    image = on_white(visible(picture))
    if method == "quickshift":
        return np.asarray(segmentation.quickshift(image, kernel_size=4, max_dist=200, ratio=0.2, rng=0))
    if method == "felzenszwalb":
        smallest = max(20, image.shape[0] * image.shape[1] // 400)
        return np.asarray(segmentation.felzenszwalb(image, scale=150, sigma=0.8, min_size=smallest))
    rows, columns = (_reduced(size, max(shape)) if method == "auto" else np.arange(size) for size in shape)
    small = _averaged(image, rows, columns)
    labels = segmentation.slic(small, n_segments=n_segments, compactness=10, sigma=1, start_label=0)
    return np.asarray(labels)[np.ix_(rows, columns)]


def _reduced(size: int, longest: int) -> NDArray[np.int64]:
    """Return for each pixel of one axis the pixel of the reduced image that it falls into."""
    wanted = max(1, round(size * min(1.0, REDUCED_SIDE / longest)))
    return np.arange(size) * wanted // size


def _averaged(image: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the mean of the pixels that fall into each pixel of the reduced image."""
    if len(rows) == rows[-1] + 1 and len(columns) == columns[-1] + 1:
        return image
    tops, lefts = (np.searchsorted(axis, np.arange(axis[-1] + 1)) for axis in (rows, columns))
    sums = np.add.reduceat(np.add.reduceat(image, tops, axis=0, dtype=np.uint32), lefts, axis=1)
    counts = np.bincount(rows)[:, None, None] * np.bincount(columns)[None, :, None]
    return np.asarray(sums // counts, dtype=np.uint8)


def _checked(labels: NDArray[Any], picture: Picture, argument: str) -> NDArray[Any]:
    shape = picture.planes.shape[:2]
    if labels.dtype.kind not in "iub":
        raise InputError(
            f"{argument}: expected labels as integers, got {labels.dtype}; convert them by labels.astype(int)."
        )
    if labels.shape != shape:
        raise InputError(f"{argument}: expected one label for each pixel, shape {shape}, got shape {labels.shape}.")
    return labels


def counted(labels: NDArray[Any]) -> Segments:
    """Count labels from 0; the keys are the labels as they were given, by which a person knows the segments."""
    low, high = int(labels.min()), int(labels.max())
    if high - low < max(65536, labels.size):
        shifted = labels.astype(np.int64) - low
        present = np.flatnonzero(np.bincount(shifted.ravel(), minlength=high - low + 1))
        place = np.zeros(high - low + 1, np.int64)
        place[present] = np.arange(len(present))
        index, found = place[shifted], present + low
    else:
        found, inverse = np.unique(labels, return_inverse=True)
        index = inverse.reshape(labels.shape)
    if len(found) > 65536:
        raise InputError(
            f"segments: expected at most 65536 superpixels, got {len(found)}; a label image of fewer is readable."
        )
    return Segments(index, tuple(found.tolist()))
