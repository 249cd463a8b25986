"""What `module:object` finds in the tests of the command line: models, a kernel and ways to cut."""

from __future__ import annotations

from typing import Any

import numpy as np


def long_petals(frame: Any) -> Any:
    """P(a petal is long): a callable that takes a frame and needs no training."""
    return 1 / (1 + np.exp(-4 * (np.asarray(frame["petal length (cm)"], dtype=float) - 4)))


def broken(frame: Any) -> Any:
    raise RuntimeError("the model is out of order\nand says so on two lines")


def flat(distances: Any, width: float) -> Any:
    """A kernel that weighs all perturbations alike."""
    return np.ones_like(distances)


def doubled(frame: Any) -> Any:
    """A step of a pipeline that skops does not know."""
    return frame * 2


def coughs(texts: list[str]) -> Any:
    """How often a text says cough, and a little for its length."""
    return np.array([text.count("cough") + len(text) / 1000 for text in texts])


def left_light(images: Any) -> Any:
    """How much lighter images (n, h, w, 3) of bytes are on the left."""
    half = images.shape[2] // 2
    return (images[:, :, :half].mean(axis=(1, 2, 3)) - images[:, :, half:].mean(axis=(1, 2, 3))) / 255


def late(series: Any) -> Any:
    """The mean of the second half of series (n, t), or of the channel `b` of series (n, t, 2)."""
    values = series if series.ndim == 2 else series[:, :, 1]
    return values[:, values.shape[1] // 2 :].mean(axis=1)


def halves(image: Any) -> Any:
    """Two superpixels: left and right."""
    return np.arange(image.shape[1])[None].repeat(image.shape[0], axis=0) >= image.shape[1] // 2


number = 3


def in_boston(frame: Any) -> Any:
    """1 where a code of five digits begins with 02: a model that knows codes as text."""
    return np.array([float(str(code).startswith("02")) for code in frame["zip"]])


def after_march(frame: Any) -> Any:
    """1 for days after the 15th of March: a model that knows dates."""
    return np.asarray((frame["day"].dt.day > 15), dtype=float)


def price_of(frame: Any) -> Any:
    """The price: a model that knows numbers."""
    return np.asarray(frame["price"], dtype=float)
