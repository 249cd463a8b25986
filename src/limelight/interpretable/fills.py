"""What a hidden superpixel looks like: its mean, a colour, a blur, noise, another image, or what a callable says.

Part of the image modality. Input: the image with channels last, (h, w, c), and its labels. Output: an image of the same
shape and dtype, of which the hidden pixels are taken. Opacity is kept unless the fill says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import as_array
from limelight.interpretable.pixels import Picture, is_pil, is_tensor, read_picture

FILLS = ("mean", "blur", "noise")
BLUR_PART = 16
"""The blur's standard deviation is this part of the longer side: outlines vanish, the light and colours stay."""
Fill = str | float | tuple[float, ...] | NDArray[Any] | Callable[[NDArray[Any], NDArray[np.int64]], NDArray[Any]] | Any


def fill_image(fill: Fill, picture: Picture, labels: NDArray[np.int64]) -> NDArray[Any]:
    """Return the image (h, w, c) that shows where a superpixel is hidden, in the picture's dtype.

    Parameters
    ----------
    fill
        ``"mean"``: each superpixel's mean colour. ``"blur"``: the image, blurred. A number or a tuple of one number for
        each channel (alpha may be left out): a colour. An image of the same shape: an array, a tensor, a PIL image or a
        `pathlib.Path`. A callable from the image (h, w, c) and labels (h, w) to an image (h, w, c).
    picture
        The image.
    labels
        (h, w) integers 0 … d − 1.

    Raises
    ------
    InputError
        If the fill has another shape, or numbers that the image's dtype cannot hold.
    UnknownNameError
        If its name is not known.
    """
    planes = picture.planes
    if isinstance(fill, str):
        if fill not in ("mean", "blur"):
            raise UnknownNameError("fill", fill, FILLS)
        return with_alpha_of(picture, segment_means(planes, labels) if fill == "mean" else blurred(planes))
    if callable(fill) and not is_pil(fill) and not is_tensor(fill):
        return _fitting(as_array("fill", fill(planes.copy(), labels.copy())), planes, "fill (a callable)")
    if isinstance(fill, os.PathLike) or is_pil(fill) or is_tensor(fill) or as_array("fill", fill).ndim > 1:
        return _other_image(fill, picture)
    return _colour(np.asarray(fill), picture)


def segment_means(planes: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[Any]:
    """Return each pixel's superpixel's mean colour (h, w, c); NaN pixels do not count.

    Means of integers are cut, not rounded, so that composites are lime's to the byte.

    >>> segment_means(np.array([[[1], [2]], [[7], [7]]]), np.array([[0, 0], [1, 1]]))[:, :, 0]
    array([[1, 1],
           [7, 7]])
    """
    flat, d = labels.ravel(), int(labels.max()) + 1
    means = np.empty((d, planes.shape[2]), planes.dtype)
    for channel in range(planes.shape[2]):
        values = planes[:, :, channel].ravel()
        if values.dtype.kind == "f":
            known = np.isfinite(values)
        else:
            known = np.ones(len(values), bool)
        weights = np.where(known, values, 0).astype(np.float64)
        if known.all():
            counts = np.bincount(flat, minlength=d)
        else:
            counts = np.bincount(flat, known, minlength=d)
        mean = np.bincount(flat, weights, minlength=d) / np.maximum(counts, 1)
        means[:, channel] = mean >= 0.5 if values.dtype.kind == "b" else mean
    return np.asarray(means[labels])


def blurred(planes: NDArray[Any]) -> NDArray[Any]:
    """Return the image blurred by a gaussian of a sixteenth of the longer side, (h, w, c)."""
    from scipy.ndimage import gaussian_filter

    sigma = max(1.0, max(planes.shape[:2]) / BLUR_PART)
    wide = np.nan_to_num(planes.astype(np.float64))
    smooth = np.stack([gaussian_filter(wide[:, :, c], sigma, mode="nearest") for c in range(wide.shape[2])], axis=2)
    return _cast(smooth, planes.dtype)


def noise(planes: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return an image (h, w, c) whose pixels are pixels of the image, drawn at random with replacement.

    The noise so has the image's own colours, and numbers that the image's dtype and range hold.
    """
    height, width, channels = planes.shape
    chosen = rng.integers(0, height * width, size=height * width)
    return np.asarray(np.ascontiguousarray(planes).reshape(-1, channels)[chosen].reshape(planes.shape))


def with_alpha_of(picture: Picture, planes: NDArray[Any]) -> NDArray[Any]:
    """Return the fill (h, w, c) with the opacity of the image, where it has one."""
    if picture.alpha:
        planes[:, :, -1] = picture.planes[:, :, -1]
    return planes


def _colour(colour: NDArray[Any], picture: Picture) -> NDArray[Any]:
    planes, colour = picture.planes, np.atleast_1d(colour)
    channels = planes.shape[2]
    given_alpha = len(colour) == channels
    if colour.dtype.kind not in "biuf" or len(colour) not in {1, channels, channels - picture.alpha}:
        raise InputError(
            f"fill: expected a number or {channels} numbers, one for each channel, got {colour.tolist()}; "
            "or one of 'mean', 'blur', 'noise', an image, a callable."
        )
    whole = np.empty(planes.shape, np.result_type(colour.dtype, planes.dtype))
    whole[:, :, : max(len(colour), channels - picture.alpha)] = colour
    fitting = _fitting(_opaque(whole, picture, given_alpha), planes, "fill")
    if given_alpha:
        return fitting
    return with_alpha_of(picture, fitting)


def _opaque(whole: NDArray[Any], picture: Picture, given_alpha: bool) -> NDArray[Any]:
    """Put a number that fits where the opacity will be, which a colour without one leaves open."""
    if picture.alpha and not given_alpha:
        whole[:, :, -1] = picture.planes[:, :, -1]
    return whole


def _other_image(fill: Any, picture: Picture) -> NDArray[Any]:
    if picture.axis is None:
        channels = "auto"
    elif picture.axis == 0:
        channels = "first"
    else:
        channels = "last"
    other = read_picture(fill, channels).planes  # type: ignore[arg-type]
    return _fitting(other, picture.planes, "fill")


def _fitting(fill: NDArray[Any], planes: NDArray[Any], argument: str) -> NDArray[Any]:
    """Return the fill in the image's dtype, or say what does not fit."""
    fill = fill[:, :, None] if fill.ndim == 2 else fill
    if fill.shape != planes.shape:
        raise InputError(
            f"{argument}: expected an image of shape {planes.shape} (height, width, channels), got {fill.shape}; "
            "resize it to the image that is explained."
        )
    if fill.dtype.kind not in "biuf":
        raise InputError(f"{argument}: expected numbers, got {fill.dtype}; pass an image as an array.")
    if planes.dtype.kind in "iu" and fill.dtype != planes.dtype:
        limits = np.iinfo(planes.dtype)
        if not np.isfinite(fill).all() or fill.min() < limits.min or fill.max() > limits.max:
            raise InputError(
                f"{argument}: expected numbers from {limits.min} to {limits.max} for an image of {planes.dtype}, "
                f"got {float(fill.min()):g} to {float(fill.max()):g}; scale the fill like the image."
            )
    return fill.astype(planes.dtype)


def _cast(values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.asarray(values >= 0.5 if dtype.kind == "b" else values.astype(dtype))
