"""Weigh perturbations by how near they are to the instance.

Input: perturbations `Z (n, d)` and the instance's own x' (`center (d,)`). Output: proximities π (n,), non-negative. The
kernel is π = exp(-D² / 2w²) of a distance D [ribeiro2016, §3.4, who write exp(-D² / σ²) with σ = √2 w].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray
from limelight.errors import InputError, UnknownNameError

Distance = str | Callable[[MaskArray, FloatArray], FloatArray]
Kernel = str | Callable[[FloatArray, float], FloatArray]

DISTANCES = ("euclidean", "cosine")
KERNELS = ("exponential",)
_FEW = 64  # features up to which bytes are counted fastest as a product of short floats


def default_kernel_width(distance: str, n_features: int) -> float:
    """Return the width w of the kernel exp(-D² / 2w²), in units of the distance D.

    Cosine distance lies in [0, 1]: 0.25. Euclidean distance grows with √n_features, so its width does too: 0.75 √d.
    The paper [ribeiro2016, §3.4] writes σ = √2 w. Without features the Euclidean rule takes one, so that the width
    stays positive.

    Raises
    ------
    UnknownNameError
        If no rule is known for ``distance``; pass ``kernel_width`` instead.

    >>> default_kernel_width("euclidean", 16)
    3.0
    """
    if distance == "euclidean":
        return 0.75 * float(np.sqrt(max(n_features, 1)))
    if distance == "cosine":
        return 0.25
    raise UnknownNameError("distance", distance, DISTANCES)


def distances(Z: MaskArray, center: FloatArray, distance: Distance) -> FloatArray:
    """Return the distance (n,) of each perturbation to the instance.

    Parameters
    ----------
    Z
        (n, d) perturbations; bytes or booleans are masks of 0 and 1.
    center
        (d,) x', the instance's own z'.
    distance
        ``"euclidean"`` is ‖z - x'‖, ``"cosine"`` is 1 - cos(z, x') (1 where z or x' is all zero), or a callable
        ``(Z, center) -> (n,)``.

    Raises
    ------
    UnknownNameError
        If the name is not known.
    InputError
        If a callable returns anything but n finite non-negative numbers.

    >>> distances(np.array([[1, 1, 1, 1], [1, 0, 0, 0]], dtype=np.uint8), np.ones(4), "cosine")
    array([0. , 0.5])
    """
    if callable(distance):
        return _checked("distance", distance(Z, center), Z.shape[0])
    if distance not in DISTANCES:
        raise UnknownNameError("distance", distance, DISTANCES)
    if _masks_of_the_whole(Z, center):
        return _distance_levels(Z.shape[1], distance)[_ones(Z)]
    Z = np.asarray(Z, dtype=np.float64)
    if distance == "euclidean":
        return _euclidean(Z, center)
    return _cosine(Z, center)


def proximity(D: FloatArray, width: float, kernel: Kernel = "exponential") -> FloatArray:
    """Return the proximity (n,) for distances D (n,).

    Parameters
    ----------
    D
        (n,) distances.
    width
        Kernel width in units of D, see `default_kernel_width`.
    kernel
        ``"exponential"`` is exp(-D² / 2w²), or a callable ``(D, width) -> (n,)``.

    Raises
    ------
    UnknownNameError
        If the name is not known.
    InputError
        If the width is not a positive finite number, or a callable returns anything but n finite non-negative numbers.

    >>> proximity(np.array([0.0, 1.0]), 0.5).round(4)
    array([1.    , 0.1353])
    """
    if not (np.isfinite(width) and width > 0):
        raise InputError(
            f"kernel_width: expected a positive finite number, got {width!r}; leave it out for the distance's default."
        )
    if callable(kernel):
        return _checked("kernel", kernel(D, width), D.shape[0])
    if kernel not in KERNELS:
        raise UnknownNameError("kernel", kernel, KERNELS)
    return np.asarray(np.exp(-0.5 * (D / width) ** 2))


def proximity_to(Z: MaskArray, center: FloatArray, *, distance: Distance, width: float, kernel: Kernel) -> FloatArray:
    """Return the proximity (n,) of each perturbation: `proximity` of `distances`, by table where only counts matter.

    Masks around an instance whose x' is all ones have d + 1 possible distances; the named kernels are evaluated on
    these alone.

    >>> Z = np.array([[1, 1], [0, 1], [0, 0]], dtype=np.uint8)
    >>> proximity_to(Z, np.ones(2), distance="euclidean", width=1.0, kernel="exponential").round(4)
    array([1.    , 0.6065, 0.3679])
    """
    named = isinstance(kernel, str) and isinstance(distance, str) and distance in DISTANCES
    if named and _masks_of_the_whole(Z, center):
        return proximity(_distance_levels(Z.shape[1], str(distance)), width, kernel)[_ones(Z)]
    return proximity(distances(Z, center, distance), width, kernel)


def _masks_of_the_whole(Z: MaskArray, center: FloatArray) -> bool:
    return Z.dtype in (np.uint8, np.bool_) and bool((center == 1).all())


def _distance_levels(d: int, distance: str) -> FloatArray:
    """Return the distance to all ones of a mask with 0, 1, …, d ones."""
    ones = np.arange(d + 1)
    if distance == "euclidean":
        return np.sqrt(d - ones)
    if d:
        return np.asarray(1.0 - np.sqrt(ones / d))
    return np.zeros(1)


def _ones(Z: MaskArray) -> NDArray[np.int64]:
    """Return the number of ones (n,) in each mask."""
    d = Z.shape[1]
    # a product of few rows may set the processor's flag for invalid numbers, though none is
    if d > _FEW or len(Z) < _FEW or Z.flags.f_contiguous:
        return np.asarray(np.add.reduce(Z, axis=1, dtype=np.uint32).astype(np.int64))
    # exact in single precision: counts stay far below 2^24
    return np.asarray((Z.astype(np.float32) @ np.ones(d, dtype=np.float32)).astype(np.int64))


def _euclidean(Z: FloatArray, center: FloatArray) -> FloatArray:
    gaps = Z - center
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", gaps, gaps)))


def _cosine(Z: FloatArray, center: FloatArray) -> FloatArray:
    """Return 1 - cos(z, x'), 1 where either is all zero, never below 0 by rounding."""
    norms = np.sqrt(np.einsum("ij,ij->i", Z, Z)) * np.sqrt(center @ center)
    # an empty mask has no direction; LIME's text distance takes it as farthest
    similarity = np.divide(Z @ center, norms, out=np.zeros(Z.shape[0]), where=norms > 0)
    return np.asarray(1.0 - np.minimum(similarity, 1.0))


def _checked(argument: str, values: object, n: int) -> FloatArray:
    """Return what a callable gave as floats, after checking that it is n finite non-negative numbers."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{argument}: expected the callable to return {n} numbers, got {values!r:.80}.") from error
    if array.shape != (n,):
        raise InputError(
            f"{argument}: expected the callable to return shape ({n},), got {array.shape}; one number per row."
        )
    if not np.isfinite(array).all() or (array < 0).any():
        wrong = int(np.flatnonzero(~(np.isfinite(array) & (array >= 0)))[0])
        raise InputError(
            f"{argument}: expected the callable to return finite non-negative numbers, got {array[wrong]} in row "
            f"{wrong}; return 0 where a row should not count."
        )
    return array
