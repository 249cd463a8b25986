"""A modality in one file: recordings, cut into pieces of equal length that sound or fall silent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import Feature, Where
from limelight.errors import InputError
from limelight.result.layouts import series_layout


@dataclass(frozen=True)
class Pieces:
    """x' of one recording: which of its pieces sound."""

    features: tuple[Feature, ...]
    samples: np.ndarray
    size: int
    content: bytes
    law: str = "bernoulli"
    deterministic: bool = True
    chunk: int = 64

    @property
    def center(self) -> np.ndarray:
        """Return the instance's own mask: every piece sounds."""
        return np.ones(len(self.features))

    @property
    def original(self) -> np.ndarray:
        """Return the recording as one model input."""
        return self.samples[None].copy()

    def reconstruct(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return n recordings for masks Z (n, d): silence where a piece is off."""
        sounds = np.asarray(Z, self.samples.dtype)[:, np.arange(len(self.samples)) // self.size]
        return self.samples * sounds

    def layout(self) -> dict[str, Any]:
        """Return what the views need: a recording is drawn like any series."""
        return series_layout(self.samples, ["sound"])


@dataclass(frozen=True)
class Audio:
    """Recordings (t,) of one rate, in pieces of so many seconds.

    >>> clip = np.sin(np.arange(8000.0))
    >>> [feature.name for feature in Audio(rate=8000, seconds=0.25).represent(clip, np.random.default_rng(0)).features]
    ['0.00–0.25 s', '0.25–0.50 s', '0.50–0.75 s', '0.75–1.00 s']
    """

    rate: int
    seconds: float = 0.1
    distance: str = "cosine"
    max_samples: int = 2048

    def represent(self, instance: Any, rng: np.random.Generator) -> Pieces:
        """Return the pieces of one recording."""
        samples = np.asarray(instance)
        if samples.ndim != 1 or samples.dtype.kind != "f" or not len(samples):
            raise InputError(
                f"instance: expected samples (t,) as floats, got {samples.dtype} of shape {samples.shape}."
            )
        size = max(1, round(self.rate * self.seconds))
        starts = range(0, len(samples), size)
        features = tuple(self._feature(i, start, min(start + size, len(samples))) for i, start in enumerate(starts))
        return Pieces(features, samples, size, hashlib.blake2b(samples.tobytes()).digest())

    def instances(self, many: Any) -> Iterable[Any]:
        """Return recordings one by one."""
        return many

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON."""
        return {"modality": "audio", "rate": self.rate, "seconds": self.seconds}

    def _feature(self, number: int, start: int, stop: int) -> Feature:
        name = f"{start / self.rate:.2f}–{stop / self.rate:.2f} s"
        return Feature(name, Where("window", ("*", number), ((start, stop),)))
