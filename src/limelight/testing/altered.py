"""Stand-ins for modalities and models, with which the laws are tried: renamed, permuted, linear, destructive.

Input: a modality or a model. Output: one that differs in a single way, so that what a law says of the difference shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Modality


@dataclass(frozen=True)
class Altered:
    """A modality whose features have other names or another order; `bare`: whose inputs are the masks themselves."""

    modality: Modality
    order: tuple[int, ...]
    suffix: str
    bare: bool = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "for_model":  # which would answer with the unaltered modality
            raise AttributeError(name)
        return getattr(self.modality, name)

    def represent(self, instance: Any, rng: np.random.Generator) -> Any:
        """Return the altered representation."""
        return AlteredRepresentation(self.modality.represent(instance, rng), self.order, self.suffix, self.bare)


class AlteredRepresentation:
    """A representation with its features renamed and permuted; `bare`: its inputs are the masks themselves."""

    def __init__(self, inner: Any, order: tuple[int, ...], suffix: str, bare: bool) -> None:
        self.inner, self.order, self.suffix, self.bare = inner, list(order), suffix, bare
        if hasattr(inner, "encode"):
            self.encode = inner.encode

    def __getattr__(self, name: str) -> Any:
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    @property
    def features(self) -> tuple[Feature, ...]:
        """Return the features, renamed, in the new order."""
        found = [self.inner.features[j] for j in self.order]
        return tuple(Feature(f.name + self.suffix, f.where, f.value, f.keep) for f in found)

    @property
    def original(self) -> Inputs:
        """Return the instance, or the mask of ones."""
        if self.bare:
            return np.ones((1, len(self.order)))
        return self.inner.original

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return the inputs for masks in the new order."""
        own = np.empty_like(Z)
        own[:, self.order] = Z
        if self.bare:
            return Z.astype(float)
        return self.inner.reconstruct(own, rng)

    def layout(self) -> Layout:
        """Return the layout of the original."""
        return cast(Layout, self.inner.layout())


@dataclass(frozen=True)
class Linear:
    """A linear function of masks."""

    true: FloatArray

    def __call__(self, Z: FloatArray) -> FloatArray:
        """Return the answers (n,) to masks (n, d)."""
        return np.asarray(Z @ self.true + 0.5)


@dataclass(frozen=True)
class Vandal:
    """A model that answers, then writes over its inputs where it can."""

    model: Callable[[Inputs], FloatArray]

    def __call__(self, inputs: Inputs) -> FloatArray:
        """Return the model's answers, and leave nothing of the inputs."""
        answer = self.model(inputs)
        if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "biuf":
            inputs[...] = 1
        elif isinstance(inputs, list):
            inputs.clear()
        elif hasattr(inputs, "zero_"):
            inputs.zero_()
        return answer
