"""The contracts between the rooms, and nothing else.

A modality turns an instance into a `Representation`; a sampler (or a background) yields perturbations `Z`; the model
answers `Y`; a surrogate is fitted to the `Neighborhood`. Arrays are named by the mathematics: masks `Z (n, d)`,
outputs `Y (n, k)`, `weights (n,)`, `coef (k, d)`, `stderr (k, d)`. There is no classification or regression mode:
outputs are numbers with target names.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
MaskArray = NDArray[Any]
"""Perturbations (n, d): uint8 where features are on or off, float64 where they are continuous."""
Inputs = Any
"""n model inputs in the model's own type: array, frame, sparse matrix, list, tensor. `inputs/kinds.py` handles all."""
Layout = Mapping[str, Any]
"""JSON for the views; `layout["kind"]` is `table`, `text`, `raster`, `series`, `bars`, or added by `views/kinds.py`."""


@dataclass(frozen=True, slots=True)
class Where:
    """What a feature is, across instances (`kind`, `key`), and where it lies in this one (`places`).

    Parameters
    ----------
    kind
        ``"column"``, ``"word"``, ``"segment"``, ``"window"`` or ``"part"``.
    key
        Identity across instances: a column's name, a word, a segment's label. Pick and importance group by it.
    places
        Half-open ranges in the instance, for drawing: character spans, time steps. Empty for tables.

    >>> Where("word", "good", ((4, 8), (20, 24))).key
    'good'
    """

    kind: str
    key: Hashable
    places: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """One interpretable component z'_j of one instance.

    Parameters
    ----------
    name
        What a person reads: ``"good"``, ``"28 < age ≤ 37"``, ``"superpixel 7"``.
    where
        Identity and place, see `Where`.
    value
        The instance's own value, as shown; empty where the name says it.
    keep
        P(z'_j = 1) under the background: a bin's frequency; 0.5 for masks.

    >>> Feature("28 < age ≤ 37", Where("column", "age"), value="31", keep=0.25).keep
    0.25
    """

    name: str
    where: Where
    value: str = ""
    keep: float = 0.5


@dataclass(frozen=True, slots=True)
class Draws:
    """Perturbations as a sampler hands them over, with what is known about how they were drawn.

    Parameters
    ----------
    Z
        (n, d) perturbations.
    importance
        (n,) for a sampled row p(z) / a(z), the law asked for over the law drawn from; for an enumerated row its
        probability p(z). `local.sampling.design_weights` brings both to one scale.
    enumerated
        (n,) bool: rows of strata that are complete, and so carry no sampling error.
    clusters
        (n,) int: rows that share randomness (a complement pair) share a number. Unique within one block.
    """

    Z: MaskArray
    importance: FloatArray
    enumerated: NDArray[np.bool_]
    clusters: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """Everything a surrogate sees: perturbations, outputs, and weights (design × proximity).

    Parameters
    ----------
    Z
        (n, d) perturbations; the instance itself is not a row.
    Y
        (n, k) model outputs for the explained targets.
    weights
        (n,) design weight times proximity, non-negative.
    center
        (d,) x', the instance's own z': ones for masks, standardised values for a continuous surrogate.
    enumerated, clusters
        As in `Draws`; clusters are unique over the whole neighborhood.
    noise
        (n, k) variance of each output where rows were asked repeatedly (a noisy model); None where they were not.
    order
        (R, m) rows of each of R independent replicates of the draws, −1 for none (`local/replicates.py`); None where
        rows, or clusters, are independent of each other.
    """

    Z: MaskArray
    Y: FloatArray
    weights: FloatArray
    center: FloatArray
    enumerated: NDArray[np.bool_]
    clusters: NDArray[np.int64]
    noise: FloatArray | None = None
    order: NDArray[np.int64] | None = None

    @property
    def exhaustive(self) -> bool:
        """Whether every perturbation with positive probability is a row, so that the fit is exact."""
        return bool(self.enumerated.all())


@dataclass(frozen=True, slots=True)
class SurrogateFit:
    """A fitted linear surrogate for all targets.

    Parameters
    ----------
    coef
        (k, d) weights; zero for features that the surrogate leaves out.
    intercept
        (k,)
    selected
        For each target, the indices of the features shown, largest |weight| first.
    """

    coef: FloatArray
    intercept: FloatArray
    selected: tuple[NDArray[np.int64], ...] = field(default=())


INNER_TERMS = 4
"""What a column may do inside a bin: place, place², value, value²."""


@dataclass(frozen=True)
class Shape:
    """What one coordinate of a background may do inside its bins, at each value that it can take.

    Parameters
    ----------
    mass
        (m,) probability of each value.
    codes
        (m,) the bin of each, non-decreasing.
    terms
        (m, 4) place, place², value, value². Places have mean 0 in every bin and variance 1 in theirs; values have
        mean 0 and variance 1 over the whole column. A term that cannot matter is 0. A group of columns may have more:
        the other values, then products of two.
    means
        (b, 4) the mean of each term in every bin.
    share
        (b,) P(code = b).
    values
        How many terms are values; there are several in a group of columns alone.
    together
        Whether it is a group of columns: then draws with nearly the same first value need not be alike.
    """

    mass: FloatArray
    codes: NDArray[np.int64]
    terms: FloatArray
    means: FloatArray
    share: FloatArray
    values: int = 1
    together: bool = False

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Return (b,) in which bins the place matters: those that hold several values."""
        found = np.zeros(len(self.share), bool)
        found[self.codes[self.terms[:, 0] != 0]] = True
        return found

    @property
    def valued(self) -> bool:
        """Return whether there is a value: a number of which the bins do not say everything."""
        return bool(self.terms[:, 2].any())


class SamplingPlan(Protocol):
    """How one instance's perturbations are drawn, block after block; `local.sampling.MaskPlan` is one."""

    @property
    def exhaustive_rows(self) -> int | None:
        """Number of rows of the first block when it enumerates everything; None when sampling goes on."""
        ...

    def draw(self, n: int, rng: np.random.Generator, *, first: bool) -> Draws:
        """Return a block of n rows (an exhaustive plan: all of them); the first also holds the enumerated strata."""
        ...


class Background(Protocol):
    """A law over model inputs that is independent between coordinates; its draws may be shared by many instances."""

    @property
    def content(self) -> bytes:
        """Return what identifies the law; it keys the random stream."""
        ...

    @property
    def shared(self) -> bool:
        """Return whether all instances of the modality draw from this same law, so that its draws are asked once."""
        ...

    @property
    def n_coordinates(self) -> int:
        """Return how many uniform coordinates one draw takes."""
        ...

    @property
    def probabilities(self) -> tuple[FloatArray, ...] | None:
        """For each coordinate P(code = b), codes in the order of u: code b covers u in [cum[b-1], cum[b]).

        None where codes are not discrete.
        """
        ...

    @property
    def shapes(self) -> tuple[Shape, ...] | None:
        """For each coordinate what it may do inside its bins; None where codes are not discrete."""
        ...

    def inside(self, U: FloatArray) -> FloatArray:
        """Return (n, c, 4) the inner terms of the draws at points U (n, c), see `Shape`."""
        ...

    def draw(self, U: FloatArray) -> tuple[NDArray[Any], Inputs]:
        """Turn points U (n, c) of the unit cube into codes (n, c) and the n model inputs that they stand for."""
        ...


class Representation(Protocol):
    """x' for one instance: its features, and a way back to model inputs (`Masked` or `Encoded`).

    It may have `notes`, a tuple of sentences: how something was read that could mean two things. They are the first of
    the explanation's warnings. A modality may have `notes` too, for what holds of all instances.
    """

    @property
    def features(self) -> tuple[Feature, ...]:
        """Return the d interpretable features; d = 0 is legal."""
        ...

    @property
    def center(self) -> FloatArray:
        """Return x' (d,), the instance's own z'."""
        ...

    @property
    def original(self) -> Inputs:
        """Return the instance as one model input (n = 1)."""
        ...

    @property
    def content(self) -> bytes:
        """Return bytes equal for equal instances: the key of its random stream."""
        ...

    def layout(self) -> Layout:
        """Return what the views need, as JSON."""
        ...


class Masked(Representation, Protocol):
    """A representation that rebuilds model inputs from masks: text, images, series, parts.

    It may have a `budget` (`inputs/budget.py`): then it is explained economically (`rounds/economy.py`).
    """

    @property
    def deterministic(self) -> bool:
        """Whether the same z' always gives the same input, so that repeated rows may be asked once."""
        ...

    @property
    def chunk(self) -> int:
        """Return how many rows to rebuild at once: all in one go for texts, a few for large images."""
        ...

    @property
    def law(self) -> Literal["uniform", "bernoulli", "near"]:
        """Return the law of the masks: LIME's ``"uniform"`` or ``"bernoulli"``; ``"near"`` hides few features."""
        ...

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return n model inputs for masks Z (n, d); all ones give the instance exactly."""
        ...


class Encoded(Representation, Protocol):
    """A representation that reads draws which do not depend on the instance: tables."""

    @property
    def background(self) -> Background:
        """Return the law whose draws are encoded; the same object for all instances that may share them."""
        ...

    @property
    def own(self) -> NDArray[Any]:
        """Return (c,) the instance's own code at each coordinate; feature j is read off coordinate j, so c = d."""
        ...

    @property
    def reference(self) -> FloatArray:
        """Return (d,) the average z', which each contribution is compared with."""
        ...

    @property
    def bins(self) -> tuple[tuple[str, ...], ...]:
        """For each coordinate what its bins are called, in the order of the codes; empty where there are none."""
        ...

    @property
    def inside(self) -> FloatArray | None:
        """Return (c, 4) the instance's own inner terms, see `Shape`; None where codes are not discrete."""
        ...

    @property
    def outside(self) -> Mapping[int, Hashable]:
        """Coordinates at which the background never shows the instance's value → a key for the value.

        Whoever has the same key has the same value there, so that draws made with it may be shared.
        """
        ...

    def encode(self, codes: NDArray[Any]) -> MaskArray:
        """Return Z (n, d) for shared codes (n, c): z'_j = 1 where the draw falls into the instance's own bin."""
        ...

    def draw_with(self, U: FloatArray, coordinate: int) -> tuple[NDArray[Any], Inputs]:
        """Return codes and model inputs at points U (n, c), with the instance's own value at one coordinate."""
        ...


class Modality(Protocol):
    """One kind of data: owns the background statistics and its options; frozen and picklable."""

    @property
    def distance(self) -> str:
        """Return LIME's distance for this kind of data: ``"cosine"`` or ``"euclidean"``."""
        ...

    @property
    def max_samples(self) -> int:
        """Return the default budget of perturbations for one instance."""
        ...

    def represent(self, instance: Any, rng: np.random.Generator) -> Representation:
        """Return the representation of one instance.

        Raises
        ------
        InputError
            If the instance does not fit the modality.
        """
        ...

    def instances(self, many: Any) -> Sequence[Any] | Any:
        """Return an iterable of instances for what `explain_many` was given: a frame, an array, a list, a stream."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON, for provenance."""
        ...


class Surrogate(Protocol):
    """A weighted linear model fitted around one prediction, all targets in one fit."""

    def fit(self, neighborhood: Neighborhood, max_features: int | None) -> SurrogateFit:
        """Return the fit; `max_features=None` shows all features."""
        ...
