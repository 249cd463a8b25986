"""**I**nterpretable, for images: a photograph → superpixels that are shown or hidden, and composites for the model.

Input: an image of any kind, a way to segment it and what a hidden superpixel looks like. Output: a representation that
composites masks in the image's own layout, dtype and range. Each superpixel is shown with probability ½, neighbours
count by cosine distance, as lime does [ribeiro2016, garreau2021].
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Where
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.bands import band_channels, band_layout, band_names, band_places, checked_bands
from limelight.interpretable.components import as_array, count_inputs, fingerprint, name_of
from limelight.interpretable.compositing import CHUNK_BYTES, Words, composites, tensor_composites, words_of
from limelight.interpretable.fills import FILLS, Fill, fill_image, noise, with_alpha_of
from limelight.interpretable.pixels import (
    CHANNELS,
    USUAL_CHANNELS,
    Channels,
    Converter,
    Picture,
    is_pil,
    is_tensor,
    read_picture,
    visible,
)
from limelight.interpretable.segments import COUNTED, METHODS, Segmenter, Segments, as_labels, find_segments
from limelight.result.layouts import raster_layout

MAX_SAMPLES = 2048
"""Twice lime's 1000: pairs of masks make them worth four thousand; most images are precise enough long before."""
KEPT_PIXELS = 1 << 20
"""Of a larger image, segments are not kept from one question to the next: 8 MB is enough."""


@dataclass(frozen=True, eq=False)
class Superpixels:
    """x' of one image: which of its superpixels are shown.

    Parameters
    ----------
    features
        One per superpixel.
    content
        Bytes equal for equal images.
    picture
        The image, in memory of its own.
    segments
        Which superpixel each pixel belongs to.
    ground
        The fill in the image's own layout; None where every composite gets fresh noise.
    to_model
        As in `Image`.
    place
        The feature of each number, in the image's own shape, where bands are features; None where pixels are.
    """

    features: tuple[Feature, ...]
    content: bytes
    picture: Picture
    segments: Segments
    ground: NDArray[Any] | None
    to_model: Converter | None
    place: NDArray[np.int64] | None = None
    law: Literal["bernoulli"] = "bernoulli"

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): every superpixel is shown."""
        return np.ones(len(self.features))

    @property
    def deterministic(self) -> bool:
        """Whether the same mask always gives the same composite: unless noise fills."""
        return self.ground is not None

    @property
    def chunk(self) -> int:
        """Return how many composites are made at once, so that memory stays small whatever the image."""
        return max(1, CHUNK_BYTES // self.picture.values.nbytes)

    @property
    def original(self) -> Inputs:
        """Return the image as one model input."""
        picture = self.picture
        if picture.tensor is None:
            whole = picture.values[None].copy()
        else:
            whole = picture.tensor[None].clone()
        return self._handed_over(whole, 1)

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return the composites of masks Z (n, d), as the model takes them."""
        picture = self.picture
        if picture.tensor is not None:
            whole = self._tensors(Z, rng)
        else:
            whole = composites(Z, self._values, self._grounds(len(Z), rng), self._words)
        return self._handed_over(whole, len(Z))

    def layout(self) -> Layout:
        """Return the label image, and the photograph small enough to keep; of bands one picture each."""
        if self.place is not None:
            return band_layout(self.picture, [str(feature.where.key) for feature in self.features])
        return raster_layout(self.segments.index, visible(self.picture), keys=self.segments.keys)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return how the image's shape was read where it could mean two things."""
        return self.picture.notes

    @cached_property
    def _values(self) -> NDArray[Any]:
        return np.ascontiguousarray(self.picture.values)

    @cached_property
    def _words(self) -> Words:
        values = self.picture.values
        if self.place is None:
            labels, axis = self.segments.index, self.picture.axis
        else:
            labels, axis = self.place, None
        return words_of(labels, values.shape, axis, values.itemsize)

    def _grounds(self, n: int, rng: np.random.Generator) -> Iterator[NDArray[Any]]:
        """Yield the fill of each composite."""
        if self.ground is not None:
            yield from itertools.repeat(self.ground, n)
            return
        for _ in range(n):
            fresh = with_alpha_of(self.picture, noise(self.picture.planes, rng))
            yield self.picture.laid_out(fresh)

    def _tensors(self, Z: MaskArray, rng: np.random.Generator) -> Any:
        image, labels, axis = self.picture.tensor, self.segments.index, self.picture.axis
        if self.place is not None:
            labels, axis = self.place, None
        if self.ground is not None:
            return tensor_composites(Z, image, _as_tensor(self.ground, image), labels, axis)
        grounds = np.stack(list(self._grounds(len(Z), rng)))
        return tensor_composites(Z, image, _as_tensor(grounds, image), labels, axis)

    def _handed_over(self, whole: Any, n: int) -> Inputs:
        inputs = self.picture.hand_over(whole)
        if self.to_model is None:
            return inputs
        converted = self.to_model(inputs)
        found = count_inputs(converted)
        if found is not None and found != n:
            raise InputError(f"to_model: expected {n} model inputs for {n} images, got {found}; convert all of them.")
        return converted


@dataclass(frozen=True, eq=False)
class Image:
    """Images: grey, colour, with alpha, channels first or last, of any dtype; arrays, tensors, PIL images, files.

    The model receives perturbed images exactly as the instance came: an array (h, w, 3) of uint8 gives arrays
    (n, h, w, 3) of uint8 in the same range, a tensor gives tensors on its device, a PIL image gives a list of PIL
    images of its mode; a path or bytes give arrays of uint8 as decoded.

    Parameters
    ----------
    segments
        How superpixels are found: ``"auto"`` (default), ``"slic"``, ``"quickshift"``, ``"felzenszwalb"``, ``"grid"``, a
        label array (h, w) of any integers, masks (k, h, w) or dicts of them, or a callable from the image (channels
        last) to one of these, see `segments.find_segments`.
    fill
        What a hidden superpixel shows: ``"mean"`` (default, as in lime: its own mean colour), a colour, ``"blur"``,
        ``"noise"``, another image, or a callable from image and labels to an image, see `fills.fill_image`. Grey or
        black is a thing to many networks; a blur or noise tells whether the mean colour itself says something.
    n_segments
        About how many superpixels ``"auto"``, ``"slic"`` and ``"grid"`` make; 50 where None.
    channels
        Where the channels of a three-dimensional array are: ``"auto"`` (default; see `pixels.read_picture`),
        ``"first"`` or ``"last"``.
    alpha
        Whether the last channel is opacity, which is never hidden. None (default): where that is known, from the mode
        of a PIL image or of a file. The fourth channel of an array may as well be near infrared, so it is hidden like
        the others, and the explanation says so.
    bands
        Names of the channels, such as ``["blue", "green", "red", "near infrared"]``, or True where they have none: each
        channel as a whole is then a feature, in place of superpixels. Opacity is none. By default a superpixel hides
        all channels.
    to_model
        A callable from n perturbed images, as described above, to what the model takes: resizing, scaling, moving of
        channels. None: the model takes them as they are.
    max_samples
        Default budget of composites for one image; ``n_samples="auto"`` stops before, when enough is known.

    Raises
    ------
    UnknownNameError
        If a segmentation, a fill or a place of channels is not known.
    InputError
        If an argument has no effect with the others.

    Examples
    --------
    >>> import limelight as ll
    >>> image = np.full((8, 8), 200, np.uint8)
    >>> def brightness(images):
    ...     return images[:, :4, :4].mean(axis=(1, 2)) - images[:, 4:, 4:].mean(axis=(1, 2)) / 2
    >>> explainer = ll.Explainer(brightness, ll.Image(segments="grid", n_segments=4, fill=0), seed=0)
    >>> [(name, round(weight, 6)) for name, weight in explainer.explain(image).as_list()][:2]
    [('superpixel 0', 200.0), ('superpixel 3', -100.0)]
    """

    segments: Segmenter = "auto"
    fill: Fill = "mean"
    n_segments: int | None = None
    channels: Channels = "auto"
    to_model: Converter | None = None
    max_samples: int = MAX_SAMPLES
    distance: Literal["cosine"] = "cosine"
    alpha: bool | None = field(default=None, kw_only=True)
    bands: Sequence[str] | bool | None = field(default=None, kw_only=True)
    _last: tuple[bytes, Segments] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        # labels and fills are the caller's arrays, who may go on to use them for something else
        for name in ("segments", "fill"):
            if isinstance(getattr(self, name), (np.ndarray, list)):
                given = getattr(self, name)
                if name == "segments":
                    own = as_labels(given)
                else:
                    own = as_array(name, given)
                object.__setattr__(self, name, np.array(own))
        if self.alpha not in (None, True, False):
            raise InputError(f"alpha: expected True, False or None, got {self.alpha!r}.")
        if isinstance(self.segments, str) and self.segments not in METHODS:
            raise UnknownNameError("segments", self.segments, METHODS)
        if isinstance(self.fill, str) and self.fill not in FILLS:
            raise UnknownNameError("fill", self.fill, FILLS)
        if self.channels not in CHANNELS:
            raise UnknownNameError("channels", self.channels, CHANNELS)
        if self.to_model is not None and not callable(self.to_model):
            raise InputError(f"to_model: expected a function of images, got {type(self.to_model).__name__}.")
        _check_number(self.n_segments, self.segments)
        object.__setattr__(self, "bands", checked_bands(self.bands))
        if self.bands is not None and (
            self.n_segments is not None or not isinstance(self.segments, str) or self.segments != "auto"
        ):
            raise InputError(
                "segments: has no effect with bands, which are features as a whole; leave out one of them."
            )

    def represent(self, instance: Any, rng: np.random.Generator) -> Superpixels:
        """Return the superpixels of one image.

        Raises
        ------
        InputError
            If this is no image, or segments or fill do not fit it.
        """
        if self.bands is not None:
            return self._represent_bands(instance)
        picture = read_picture(instance, self.channels, self.alpha)
        content = _content(picture)
        segments = self._cut(picture, content)
        noisy = isinstance(self.fill, str) and self.fill == "noise"
        if noisy:
            ground = None
        else:
            ground = picture.laid_out(fill_image(self.fill, picture, segments.index))
        features = tuple(Feature(f"superpixel {key}", Where("segment", key)) for key in segments.keys)
        return Superpixels(features, content, picture, segments, ground, self.to_model)

    def _represent_bands(self, instance: Any) -> Superpixels:
        shape = tuple(getattr(instance, "shape", ()))
        picture = read_picture(instance, band_channels(self.bands, self.channels, shape), self.alpha)
        names = band_names(self.bands, picture)
        whole = np.zeros(picture.planes.shape[:2], np.int64)  # a band's own mean is that of all its pixels
        noisy = isinstance(self.fill, str) and self.fill == "noise"
        if noisy:
            ground = None
        else:
            ground = picture.laid_out(fill_image(self.fill, picture, whole))
        features = tuple([Feature(name, Where("part", name)) for name in names])
        one = Segments(whole, (0,))
        content = b"bands" + _content(picture)
        return Superpixels(features, content, picture, one, ground, self.to_model, band_places(picture))

    def _cut(self, picture: Picture, content: bytes) -> Segments:
        """Return the segments of a picture; those of the last one are kept, since "what if" asks about it many times.

        Only what a named method finds: a function may find something else the next time.
        """
        if not isinstance(self.segments, str):
            return find_segments(self.segments, picture, self.n_segments)
        content += f"{picture.axis} {picture.alpha}".encode()  # of equal bytes, one picture may have opacity
        if self._last is not None and self._last[0] == content:
            return self._last[1]
        found = find_segments(self.segments, picture, self.n_segments)
        kept = (content, found) if found.index.size <= KEPT_PIXELS else None
        object.__setattr__(self, "_last", kept)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: what was found last is found again."""
        return {**self.__dict__, "_last": None}

    def instances(self, many: Any) -> Iterable[Any]:
        """Return the images of a list, a stream, or an array or tensor (n, …).

        Raises
        ------
        InputError
            If this is one image rather than many.
        """
        shape = tuple(getattr(many, "shape", ()))
        one = len(shape) == 2 or (len(shape) == 3 and (shape[2] in USUAL_CHANNELS or shape[0] in USUAL_CHANNELS))
        if one and len(shape) == 3 and shape[2] not in USUAL_CHANNELS and self.channels != "first":
            raise InputError(
                f"instances: expected many images, got shape {shape}, which is {shape[0]} grey images or one with its "
                f"channels first; pass list(images) for many, or use explain for one."
            )
        if one or isinstance(many, (str, bytes)) or is_pil(many):
            raise InputError("instances: expected many images, got one; pass a list of them, or use explain.")
        if not isinstance(many, Iterable):
            raise InputError(f"instances: expected a list of images, got {type(many).__name__}; pass a list of them.")
        return many

    @property
    def content(self) -> bytes:
        """Return bytes that are equal for equal data among the options, which `describe` does not hold."""
        held = [each for each in (self.segments, self.fill) if isinstance(each, np.ndarray)]
        if held:
            return fingerprint(held)
        return b""

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON."""
        return {
            "modality": "image",
            "segments": described(self.segments),
            "fill": described(self.fill),
            "n_segments": self.n_segments,
            "channels": self.channels,
            "alpha": self.alpha,
            **({} if self.bands is None else {"bands": list(self.bands) if isinstance(self.bands, tuple) else True}),
            "to_model": None if self.to_model is None else name_of(self.to_model),
        }


def _check_number(n_segments: int | None, segments: Segmenter) -> None:
    if n_segments is None:
        return
    if not isinstance(segments, str) or segments not in COUNTED:
        raise InputError(
            f"n_segments: has no effect with segments={described(segments)!r}, which find their own number; "
            f"leave it out, or choose one of {', '.join(COUNTED)}."
        )
    if isinstance(n_segments, bool) or not isinstance(n_segments, (int, np.integer)) or n_segments < 1:
        raise InputError(f"n_segments: expected a positive number, got {n_segments!r}; 50 suits most photos.")


def _content(picture: Picture) -> bytes:
    values = picture.values
    digest = hashlib.blake2b(f"{values.dtype.str}{values.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(values).view(np.uint8).reshape(-1).data)
    return digest.digest()


def _as_tensor(values: NDArray[Any], like: Any) -> Any:
    return sys.modules["torch"].as_tensor(values).to(device=like.device, dtype=like.dtype)


def described(option: Any) -> Any:
    """Return an option as JSON: arrays by their shape, files and functions by their name."""
    if isinstance(option, np.generic):
        option = option.item()
    if isinstance(option, (str, int, float)) or option is None:
        return option
    if isinstance(option, os.PathLike):
        return os.fspath(option)
    if is_pil(option) or is_tensor(option) or np.ndim(option) > 1:
        return f"array {tuple(np.shape(option))}"
    if callable(option):
        return name_of(option)
    return [float(number) for number in option]
