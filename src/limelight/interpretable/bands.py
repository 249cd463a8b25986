"""Bands of an image as features: which channel of a satellite image or a microscope speaks for the answer?

Part of the image modality. Input: the picture and the names of its bands. Output: the feature of each number, and one
grey picture for each band.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Layout
from limelight.errors import InputError
from limelight.interpretable.montage import Tile, montage_layout, seen
from limelight.interpretable.pixels import Channels, Picture

Bands = Sequence[str] | bool | None


def checked_bands(bands: Any) -> tuple[str, ...] | bool | None:
    """Return the names as a tuple, True where they are to be numbered, None where bands are no features.

    Raises
    ------
    InputError
        If they are no different names.

    >>> checked_bands(["red", "nir"])
    ('red', 'nir')
    """
    if bands is None or bands is False:
        return None
    if bands is True:
        return True
    named = isinstance(bands, Sequence) and not isinstance(bands, str)
    if not named or not bands or not all(isinstance(each, str) and each for each in bands):
        raise InputError(f"bands: expected a list of names, or True, got {bands!r}; such as ['red', 'near infrared'].")
    if len(set(bands)) < len(bands):
        raise InputError(f"bands: expected different names, got {list(bands)!r}; number them.")
    return tuple(bands)


def band_channels(bands: Bands, channels: Channels, shape: tuple[int, ...]) -> Channels:
    """Return where the channels are, which the number of names tells where only one axis has as many.

    >>> band_channels(("a",) * 13, "auto", (13, 64, 64))
    'first'
    """
    if channels != "auto" or not isinstance(bands, Sequence) or len(shape) != 3:
        return channels
    first, last = shape[0] == len(bands), shape[2] == len(bands)
    if first == last:
        return channels
    if first:
        return "first"
    return "last"


def band_names(bands: Bands, picture: Picture) -> tuple[str, ...]:
    """Return the names of a picture's bands, without its opacity.

    Raises
    ------
    InputError
        If there are not as many.
    """
    count = picture.planes.shape[2] - picture.alpha
    if not isinstance(bands, Sequence):
        return tuple([f"band {number}" for number in range(count)])
    if len(bands) != count:
        beside = " beside opacity" if picture.alpha else ""
        raise InputError(
            f"bands: expected a name for each of {count} bands{beside}, got {len(bands)}: {list(bands)!r}."
        )
    return tuple(bands)


def band_places(picture: Picture) -> NDArray[np.int64]:
    """Return which band each number belongs to, in the picture's own shape.

    Opacity goes with the first band, whose fill has the image's own opacity.
    """
    planes = picture.planes
    numbers = np.arange(planes.shape[2])
    if picture.alpha:
        numbers[-1] = 0
    return picture.laid_out(np.broadcast_to(numbers, planes.shape))


def band_layout(picture: Picture, names: Sequence[str]) -> Layout:
    """Return one grey picture for each band, side by side, each scaled by itself."""
    planes = picture.planes
    tiles = [
        Tile(name, np.full(planes.shape[:2], at), seen(planes[:, :, at : at + 1])) for at, name in enumerate(names)
    ]
    return montage_layout(tiles, names)
