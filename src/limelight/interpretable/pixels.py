"""One photograph of any kind → its numbers, and composites → the kind that it was: arrays, tensors, PIL images, files.

Input: whatever a person calls an image. Output: a `Picture`, which knows where the channels are and hands composites
over in the layout, dtype and range of the instance. Pillow is asked for where there is a file to decode; torch is never
imported: a tensor can only exist where it is loaded.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import as_array
from limelight.optional import require

Channels = Literal["auto", "first", "last"]
CHANNELS = ("auto", "first", "last")
USUAL_CHANNELS = (1, 3, 4)
"""Grey, colour, four bands or colour with opacity: the sizes by which an axis of channels is recognised."""
KEPT_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "I", "F", "CMYK", "YCbCr", "HSV", "LAB")
"""PIL modes whose numbers can be averaged; palettes become colours and black-and-white becomes grey."""
OPAQUE_MODES = ("LA", "RGBA")
"""PIL modes whose last channel is opacity. Nothing about an array says so: its fourth channel may be near infrared."""
COLOUR_MODES = ("CMYK", "YCbCr", "HSV", "LAB")
"""PIL modes whose numbers are not red, green and blue; what a person looks at is made by Pillow."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The numbers of one image, in its own layout.

    Parameters
    ----------
    values
        (h, w), (h, w, c) or (c, h, w), in the image's own dtype.
    axis
        Where the channels are: 0, 2, or None where there is no such axis.
    alpha
        Whether the last channel is opacity.
    mode
        The PIL mode where the image was a PIL image, and composites shall be.
    tensor
        The torch tensor that the image was; composites are tensors on its device.
    notes
        How its shape was read where it could mean two things, in sentences.
    colours
        (h, w, 3) bytes as a person sees them, where the numbers are not red, green and blue.
    """

    values: NDArray[Any]
    axis: Literal[0, 2] | None
    alpha: bool = False
    mode: str | None = None
    tensor: Any = None
    notes: tuple[str, ...] = ()
    colours: NDArray[np.uint8] | None = None

    @property
    def planes(self) -> NDArray[Any]:
        """Return the numbers with channels last, (h, w, c), as a view."""
        if self.axis is None:
            return self.values[:, :, None]
        if self.axis == 0:
            return np.moveaxis(self.values, 0, 2)
        return self.values

    def laid_out(self, planes: NDArray[Any]) -> NDArray[Any]:
        """Return (h, w, c) numbers in the image's own layout."""
        if self.axis is None:
            own = planes[:, :, 0]
        elif self.axis == 0:
            own = np.moveaxis(planes, 2, 0)
        else:
            own = planes
        return np.ascontiguousarray(own)

    def hand_over(self, batch: NDArray[Any]) -> Inputs:
        """Return composites (n, …) in the instance's own layout as the kind of thing that the instance was."""
        if self.mode is None:
            return batch
        image = require("PIL.Image", "image")
        size = (batch.shape[2], batch.shape[1])
        return [image.frombytes(self.mode, size, np.ascontiguousarray(one).tobytes()) for one in batch]


def read_picture(instance: Any, channels: Channels = "auto", alpha: bool | None = None) -> Picture:
    """Return the numbers of an image of any kind, in memory of their own: an array that is refilled changes nothing.

    Parameters
    ----------
    instance
        A numpy array, a torch tensor, a PIL image, a path, the bytes of a file, or whatever `numpy.asarray` takes.
    channels
        Where the channels of a three-dimensional array are. ``"auto"``: last if that axis has 1, 3 or 4 entries, else
        first if that one has; where both have, last for arrays and first for tensors, as their libraries do, and the
        picture's `notes` say so.
    alpha
        Whether the last channel is opacity. None: where a PIL mode or a file says so; an array says nothing, so its
        channels are bands like each other, and `notes` say that of four.

    Raises
    ------
    InputError
        If this is no image, or channels cannot be told.

    >>> read_picture(np.zeros((3, 32, 20))).planes.shape
    (32, 20, 3)
    """
    if channels not in CHANNELS:
        raise UnknownNameError("channels", channels, CHANNELS)
    if isinstance(instance, (str, os.PathLike, bytes, bytearray, memoryview)):
        return _from_pil(_decoded(instance), alpha, keep_kind=False)
    if is_pil(instance):
        return _from_pil(instance, alpha, keep_kind=True)
    if is_tensor(instance):
        own = instance.detach().clone()
        return _from_array(_tensor_values(own), channels, alpha, "first", own)
    return _from_array(own_numbers(instance), channels, alpha, "last", None)


def is_tensor(thing: Any) -> bool:
    """Whether this is a torch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.Tensor)


def is_pil(thing: Any) -> bool:
    """Whether this is a PIL image."""
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(thing, pil.Image)


def visible(picture: Picture) -> NDArray[np.uint8]:
    """Return the image as one sees it: (h, w, 3) or, with alpha, (h, w, 4) bytes; of more bands the first three.

    Bytes stay as they are. Other numbers are scaled from 0…1 where they lie within, from 0…255 where they lie within
    and come near it, else from their range.
    """
    if picture.colours is not None:
        return picture.colours
    planes = picture.planes
    colours = planes[:, :, :-1] if picture.alpha else planes
    shown = _bytes_of(colours, _range_of(colours))
    if shown.shape[2] >= 3:
        shown = shown[:, :, :3]
    else:
        shown = np.repeat(shown[:, :, :1], 3, axis=2)
    if not picture.alpha:
        return shown
    opacity = planes[:, :, -1:]
    if opacity.dtype.kind in "iu":
        top = float(np.iinfo(opacity.dtype).max)
    else:
        top = _range_of(opacity)[1]
    return np.concatenate([shown, _bytes_of(opacity, (0.0, top))], axis=2)


def on_white(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image of bytes without alpha, (h, w, 3), laid on white."""
    if shown.shape[2] == 3:
        return shown
    opacity = shown[:, :, 3:] / 255.0
    return np.asarray(np.rint(shown[:, :, :3] * opacity + 255.0 * (1.0 - opacity)), dtype=np.uint8)


# -- reading ----------------------------------------------------------------------------------------------------------


def _decoded(source: Any) -> Any:
    """Return the PIL image of a path or of bytes, turned as its EXIF asks."""
    image = require("PIL.Image", "image")
    what = (
        f"{len(bytes(source))} bytes" if isinstance(source, (bytes, bytearray, memoryview)) else repr(os.fspath(source))
    )
    stream = io.BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else Path(source)
    try:
        with image.open(stream) as opened:
            return require("PIL.ImageOps", "image").exif_transpose(opened)
    except Exception as error:  # damaged files end in errors of their decoders, which are of every kind
        raise InputError(
            f"instance: expected an image file, got {what} that cannot be read ({error}); pass the pixels as an array."
        ) from error


def _from_pil(image: Any, alpha: bool | None, *, keep_kind: bool) -> Picture:
    if image.mode not in KEPT_MODES:
        clear = "transparency" in image.info or image.mode == "PA"
        image = image.convert("L" if image.mode == "1" else "RGBA" if clear else "RGB")
    values = np.array(image)
    axis: Literal[2] | None = None if values.ndim == 2 else 2
    _check(values)
    opaque = image.mode in OPAQUE_MODES if alpha is None else alpha
    _check_alpha(opaque, values.shape, axis)
    if image.mode in COLOUR_MODES:
        colours = np.asarray(image.convert("RGB"))
    else:
        colours = None
    return Picture(values, axis, opaque, image.mode if keep_kind else None, colours=colours)


def own_numbers(instance: Any) -> NDArray[Any]:
    """Return a copy of an array; a mask is refused, since numpy would hand on the numbers under it in silence."""
    if isinstance(instance, np.ma.MaskedArray):
        if np.ma.is_masked(instance):
            raise InputError(
                "instance: expected an image without masked pixels, got a masked array; say what they show, by "
                "image.filled(0) or image.filled(np.nan)."
            )
        instance = instance.data
    return np.array(as_array("instance", instance), subok=False)


def _from_array(values: NDArray[Any], channels: Channels, alpha: bool | None, habit: Channels, tensor: Any) -> Picture:
    if values.ndim not in (2, 3):
        if values.ndim == 4:
            remedy = "pass one of them, image[0]"
        else:
            remedy = "pass its pixels"
        raise InputError(
            f"instance: expected an image (h, w), (h, w, c) or (c, h, w), got shape {values.shape}; {remedy}."
        )
    if values.ndim == 2:
        axis = None
    else:
        axis = _channel_axis(values.shape, channels, habit)
    _check(values)
    _check_alpha(bool(alpha), values.shape, axis)
    notes = _notes(values.shape, axis, channels, alpha)
    return Picture(values, axis, bool(alpha), tensor=tensor, notes=notes)


def _notes(
    shape: tuple[int, ...], axis: Literal[0, 2] | None, channels: Channels, alpha: bool | None
) -> tuple[str, ...]:
    """Say how a shape was read that could be read in two ways, and how to say which."""
    if axis is None:
        return ()
    notes = []
    if channels == "auto" and shape[0] in USUAL_CHANNELS and shape[2] in USUAL_CHANNELS:
        place = "first" if axis == 0 else "last"
        notes.append(f"the image of shape {shape} was read with its channels {place}; channels= says where they are")
    if shape[axis] == 4 and alpha is None:
        notes.append(
            "the image's four channels were taken for four bands, all of which are hidden; "
            "Image(alpha=True) says that the last one is opacity, alpha=False that it is not"
        )
    return tuple(notes)


def _check_alpha(alpha: bool, shape: tuple[int, ...], axis: Literal[0, 2] | None) -> None:
    if alpha and (axis is None or shape[axis] < 2):
        raise InputError(
            f"alpha: expected an image with opacity as its last channel, got shape {shape} without one; leave it out."
        )


def _channel_axis(shape: tuple[int, ...], channels: Channels, habit: Channels) -> Literal[0, 2]:
    if channels != "auto":
        if channels == "first":
            return 0
        return 2
    first, last = shape[0] in USUAL_CHANNELS, shape[2] in USUAL_CHANNELS
    if not first and not last:
        raise InputError(
            f"channels: expected 1, 3 or 4 channels in the first or last axis, got shape {shape}; "
            "say where they are by channels='first' or 'last'."
        )
    # Where both axes could hold channels, the habit of the library that made the picture decides.
    if first and (habit == "first" or not last):
        return 0
    return 2


def _check(values: NDArray[Any]) -> None:
    if values.dtype.kind not in "biuf":
        raise InputError(f"instance: expected pixels as numbers, got {values.dtype}; convert them to uint8 or float32.")
    if values.size == 0:
        raise InputError(f"instance: expected an image of at least one pixel, got shape {values.shape}.")


def _tensor_values(tensor: Any) -> NDArray[Any]:
    """Return a tensor's numbers on the host; numpy has no bfloat16, so that is widened."""
    host = tensor.detach().cpu()
    return np.asarray((host.float() if str(host.dtype) == "torch.bfloat16" else host).numpy())


# -- showing ----------------------------------------------------------------------------------------------------------


def _range_of(values: NDArray[Any]) -> tuple[float, float]:
    """Return the numbers that stand for black and white."""
    if values.dtype == np.uint8:
        return 0.0, 255.0
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    if low >= 0 and high <= 255:
        return 0.0, 255.0 if high >= 128 else high
    return low, high


def _bytes_of(values: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    low, high = limits
    scaled = (values.astype(np.float32) - low) * (255.0 / ((high - low) or 1.0))
    return np.asarray(np.rint(np.clip(np.nan_to_num(scaled), 0.0, 255.0)), dtype=np.uint8)


Converter = Callable[[Inputs], Inputs]
"""What `to_model` is: composites as the instance was → model inputs."""
