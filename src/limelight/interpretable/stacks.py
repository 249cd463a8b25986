"""Numbers of a volume in its own layout, whatever it came as, and what its hidden voxels show.

Part of the modality of volumes. Input: an array or tensor (z, y, x), (z, y, x, c) or (c, z, y, x). Output: a `Stack`,
which knows where the channels are, and fills of its shape and dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError
from limelight.interpretable.components import as_array
from limelight.interpretable.pixels import USUAL_CHANNELS, Channels, is_tensor, own_numbers

FILLS = ("mean", "blur")
Fill = str | float | Sequence[float] | NDArray[Any] | Callable[[NDArray[Any], NDArray[np.int64]], NDArray[Any]]
BLUR_PART = 16
"""As for images: the blur's standard deviation is this part of the longest side."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The numbers of one volume, in its own layout.

    Parameters
    ----------
    values
        (z, y, x), (z, y, x, c) or (c, z, y, x), in the volume's own dtype.
    axis
        Where the channels are: 0, 3, or None where there is no such axis.
    tensor
        The torch tensor that the volume was; composites are tensors on its device.
    notes
        How its shape was read where it could mean two things.
    """

    values: NDArray[Any]
    axis: Literal[0, 3] | None
    tensor: Any = None
    notes: tuple[str, ...] = ()

    @property
    def planes(self) -> NDArray[Any]:
        """Return the numbers with channels last, (z, y, x, c), as a view."""
        if self.axis is None:
            return self.values[..., None]
        if self.axis == 0:
            return np.moveaxis(self.values, 0, 3)
        return self.values

    def laid_out(self, planes: NDArray[Any]) -> NDArray[Any]:
        """Return (z, y, x, c) numbers in the volume's own layout."""
        if self.axis is None:
            own = planes[..., 0]
        elif self.axis == 0:
            own = np.moveaxis(planes, 3, 0)
        else:
            own = planes
        return np.ascontiguousarray(own)


def read_stack(instance: Any, channels: Channels = "auto") -> Stack:
    """Return the numbers of a volume, in memory of their own: an array that is refilled changes nothing.

    Raises
    ------
    InputError
        If this is no volume, or its channels cannot be told.

    >>> read_stack(np.zeros((3, 8, 16, 16))).planes.shape
    (8, 16, 16, 3)
    """
    tensor = instance.detach().clone() if is_tensor(instance) else None
    values = own_numbers(instance if tensor is None else tensor.cpu().numpy())
    if values.ndim not in (3, 4) or values.size == 0:
        if values.ndim == 2:
            remedy = "; one image is explained by ll.Image"
        else:
            remedy = ""
        raise InputError(
            f"instance: expected a volume (z, y, x), (z, y, x, c) or (c, z, y, x), got shape {values.shape}{remedy}."
        )
    if values.dtype.kind not in "biuf":
        raise InputError(f"instance: expected voxels as numbers, got {values.dtype}; convert them to float32.")
    if values.ndim == 3:
        return Stack(values, None, tensor)
    return _with_channels(values, channels, tensor)


def _with_channels(values: NDArray[Any], channels: Channels, tensor: Any) -> Stack:
    shape = values.shape
    if channels != "auto":
        return Stack(values, 0 if channels == "first" else 3, tensor)
    first, last = shape[0] in USUAL_CHANNELS, shape[3] in USUAL_CHANNELS
    if not first and not last:
        raise InputError(
            f"channels: expected 1, 3 or 4 channels in the first or last axis, got shape {shape}; say where they "
            "are by channels='first' or 'last'."
        )
    axis: Literal[0, 3] = 3
    # Where both could be channels, tensors are taken to have them first, as torch has, and arrays last.
    if first and (tensor is not None or not last):
        axis = 0
    place = "first" if axis == 0 else "last"
    doubt = f"the volume of shape {shape} was read with its channels {place}; channels= says where they are"
    return Stack(values, axis, tensor, (doubt,) if first and last else ())


def fill_volume(fill: Fill, stack: Stack, labels: NDArray[np.int64]) -> NDArray[Any]:
    """Return what each voxel (z, y, x, c) shows while it is hidden, in the volume's dtype.

    Raises
    ------
    InputError
        If the fill has another shape, or numbers that the volume's dtype cannot hold.
    """
    planes = stack.planes
    if isinstance(fill, str):
        if fill == "mean":
            return _means(planes, labels)
        return _blurred(planes)
    found = as_array("fill", fill(planes.copy(), labels.copy()) if callable(fill) else fill)
    if found.dtype.kind not in "biuf":
        raise InputError(f"fill: expected numbers, got {found.dtype}; pass a number, or a volume as an array.")
    if found.ndim == 4 and stack.axis == 0 and not callable(fill):
        found = np.moveaxis(found, 0, 3)
    if found.ndim == 3 and found.shape == planes.shape[:3]:
        found = found[..., None]
    if found.ndim > 1:
        fits = found.shape == planes.shape
    else:
        fits = found.size in (1, planes.shape[3])
    if not fits:
        raise InputError(
            f"fill: expected a number, {planes.shape[3]} numbers, or a volume of shape {stack.values.shape}, got shape "
            f"{found.shape}; crop or resample it to the volume that is explained."
        )
    _check_range(found, planes.dtype)
    return np.broadcast_to(found, planes.shape).astype(planes.dtype)


def _check_range(found: NDArray[Any], dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "iu" or found.dtype == dtype:
        return
    limits = np.iinfo(dtype)
    if not np.isfinite(found).all() or found.min() < limits.min or found.max() > limits.max:
        raise InputError(
            f"fill: expected numbers from {limits.min} to {limits.max} for a volume of {dtype}, got "
            f"{float(found.min()):g} to {float(found.max()):g}; scale the fill like the volume."
        )


def _means(planes: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[Any]:
    """Return each voxel's supervoxel's mean (z, y, x, c); missing voxels do not count."""
    flat, d = labels.ravel(), int(labels.max()) + 1
    out = np.empty(planes.shape, planes.dtype)
    for channel in range(planes.shape[3]):
        values = planes[..., channel].ravel().astype(np.float64)
        known = np.isfinite(values)
        sums = np.bincount(flat, np.where(known, values, 0.0), minlength=d)
        means = sums / np.maximum(np.bincount(flat, known, minlength=d), 1)
        out[..., channel] = (means >= 0.5 if planes.dtype.kind == "b" else means)[labels]
    return out


def _blurred(planes: NDArray[Any]) -> NDArray[Any]:
    from scipy.ndimage import gaussian_filter

    sigma = max(1.0, max(planes.shape[:3]) / BLUR_PART)
    wide = np.nan_to_num(planes.astype(np.float64))
    smooth = np.stack([gaussian_filter(wide[..., c], sigma, mode="nearest") for c in range(wide.shape[3])], axis=3)
    return np.asarray(smooth >= 0.5 if planes.dtype.kind == "b" else smooth.astype(planes.dtype))
