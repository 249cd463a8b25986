"""Draw perturbations z' around the instance, with weights that keep LIME's limit.

Input: the number of features d and of rows n. Output: masks `Z (n, d)` of bytes with what is known about how they were
drawn (`Draws`), or points of the unit cube that a background turns into rows.

The *law* P(z) is LIME's own and fixes the estimand; the *design* only takes noise away. Every law here is exchangeable:
P(z) depends on the number s = |z| of kept features alone, so the sizes' probabilities p(s) say all about it
[garreau2020, mardaoui2021]. Complement pairs remove the even part of the model from the weights' error; small strata
that are complete carry no error at all. Importance weights p(z)/a(z) do not depend on n, so blocks simply add up.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Draws, FloatArray
from limelight.errors import UnknownNameError
from limelight.local.spread import apart, near_law, spread_masks, systematic

Law = Literal["uniform", "bernoulli", "near"]
Design = Literal["pairs", "plain", "spread"]

LAWS = ("uniform", "bernoulli", "near")
DESIGNS = ("pairs", "plain", "spread")


PAIRED_ROWS_PER_FEATURE = 6
"""A pair says one thing about the weights: with fewer rows than 6 d, independent rows can estimate them better."""

ENUMERATED_FEATURES = 20
"""2^20 masks of 20 bytes fill 20 MiB: never enumerate more, whatever the budget."""


@dataclass(frozen=True)
class MaskSampler:
    """The distribution over masks that LIME uses for a kind of data, and the design that draws from it.

    Parameters
    ----------
    law
        ``"uniform"``: the number removed is uniform on 1..d, as lime does for text. ``"bernoulli"``: each feature is
        kept with probability ½, as lime does for images. ``"near"``: the number removed is uniform on 1..⌈d/5⌉, at
        least 1..2: for answers that need nearly everything to be there.
    design
        ``"pairs"`` (default, since it needs half the rows for the same error): complement pairs, stratified sizes,
        small strata complete. ``"plain"``: independent rows, lime's own. ``"spread"``: stratified sizes, and features
        as uncorrelated as few rows allow (`spread.py`); nothing complete.

    Raises
    ------
    UnknownNameError
        If `law` or `design` is not known.

    >>> plan = MaskSampler("bernoulli").plan(3, 100, exhaustive_up_to=100)
    >>> plan.exhaustive_rows
    8
    >>> plan = MaskSampler("uniform").plan(20, 100, exhaustive_up_to=100)
    >>> plan.draw(100, np.random.default_rng(0), first=True).Z.shape
    (100, 20)
    """

    law: Law = "uniform"
    design: Design = "pairs"

    def __post_init__(self) -> None:
        if self.law not in LAWS:
            raise UnknownNameError("law", self.law, LAWS)
        if self.design not in DESIGNS:
            raise UnknownNameError("design", self.design, DESIGNS)

    def plan(self, n_features: int, n: int, *, exhaustive_up_to: int, once: bool = True) -> MaskPlan:
        """Plan for d features when the first look has n rows; enumerate all if 2^d ≤ `exhaustive_up_to`.

        Where one mask stands for many inputs (a random fill), `once` is False: no stratum is known by asking each of
        its masks once, so nothing is enumerated.
        """
        sizes = size_law(self.law, n_features)
        if once and self.design != "spread" and n_features <= ENUMERATED_FEATURES and 2**n_features <= exhaustive_up_to:
            return MaskPlan(tuple(sizes), tuple(range(n_features + 1)), self.design, exhaustive=True)
        if self.design == "spread":
            return MaskPlan(tuple(sizes), (), "spread", exhaustive=n_features == 0)
        if n >= PAIRED_ROWS_PER_FEATURE * n_features:
            design: Design = self.design
        else:
            design = "plain"
        complete = complete_sizes(sizes, n) if once and design == "pairs" else ()
        rest = 1.0 - float(sizes[list(complete)].sum())
        return MaskPlan(tuple(sizes), complete, design, exhaustive=rest < 1e-12)


@dataclass(frozen=True)
class MaskPlan:
    """How one instance's masks are drawn, block after block.

    Parameters
    ----------
    sizes
        p(s), the probability that s features are kept, s = 0..d.
    complete
        The sizes whose masks are all rows of the first block.
    design
        As in `MaskSampler`.
    exhaustive
        Whether every mask of positive probability is a row of the first block.
    """

    sizes: tuple[float, ...]
    complete: tuple[int, ...]
    design: Design
    exhaustive: bool

    @property
    def exhaustive_rows(self) -> int | None:
        """Number of rows of the first block when it enumerates everything; None when sampling goes on."""
        if self.exhaustive:
            return self._complete_rows
        return None

    @property
    def _complete_rows(self) -> int:
        return sum(math.comb(len(self.sizes) - 1, size) for size in self.complete if self.sizes[size] > 0)

    def draw(self, n: int, rng: np.random.Generator, *, first: bool) -> Draws:
        """Return a block of n rows (an exhaustive plan: all of them); the first block holds the complete strata too."""
        if first:
            complete = self._draw_complete()
        else:
            complete = _no_draws(len(self.sizes) - 1)
        if self.exhaustive:
            return complete
        sampled = self._draw_sampled(max(0, n - len(complete.Z)), rng)
        return _concatenate(complete, sampled)

    def _draw_complete(self) -> Draws:
        n_features = len(self.sizes) - 1
        kept = [size for size in self.complete if self.sizes[size] > 0]
        if not kept:
            return _no_draws(n_features)
        Z = np.concatenate([masks_of_size(n_features, size) for size in kept])
        counts = [math.comb(n_features, size) for size in kept]
        probability = np.repeat([self.sizes[size] / count for size, count in zip(kept, counts, strict=True)], counts)
        return Draws(Z, probability, np.ones(len(Z), bool), np.arange(len(Z)))

    def _draw_sampled(self, n: int, rng: np.random.Generator) -> Draws:
        remaining = np.array(self.sizes)
        remaining[list(self.complete)] = 0.0
        if self.design == "plain":
            return _draw_plain(remaining, n, rng)
        if self.design == "spread":
            return _draw_spread(remaining, n, rng)
        return _draw_pairs(remaining, n, rng)


def size_law(law: Law, n_features: int) -> FloatArray:
    """Return p(s), the probability that s of d features are kept, s = 0..d.

    ``"uniform"`` removes a uniform number of 1..d features (lime's text). A single feature would then never be kept
    and its weight would not exist; lime gets one from the instance itself, which it puts in as row 0. With d = 1 both
    masks have probability ½ here, and the weight is f(1) − f(0).

    >>> size_law("uniform", 4).tolist()
    [0.25, 0.25, 0.25, 0.25, 0.0]
    >>> size_law("bernoulli", 2).tolist()
    [0.25, 0.5, 0.25]
    >>> size_law("near", 4).tolist()
    [0.0, 0.0, 0.5, 0.5, 0.0]
    """
    if n_features == 0:
        return np.ones(1)
    if law == "bernoulli":
        counts = log_binomials(n_features)
        return np.asarray(np.exp(counts - n_features * math.log(2)))
    if n_features == 1:
        return np.full(2, 0.5)
    if law == "near":
        return near_law(n_features)
    sizes = np.full(n_features + 1, 1.0 / n_features)
    # lime removes at least one word
    sizes[n_features] = 0.0
    return sizes


def weighted_size_law(sizes: FloatArray, proximity: FloatArray) -> FloatArray:
    """Return q(s) ∝ p(s)·π(s): the sizes' law under Q, the law that LIME's regression sees.

    >>> weighted_size_law(np.array([0.5, 0.5]), np.array([1.0, 3.0])).tolist()
    [0.25, 0.75]
    """
    weighted = np.asarray(sizes) * np.asarray(proximity)
    total = weighted.sum()
    return np.asarray(weighted / total if total > 0 else sizes)


def inclusion_moments(sizes: FloatArray, order: int) -> FloatArray:
    """Return m_p = E[z_1 … z_p] for p = 0..order under the exchangeable law with size probabilities `sizes`.

    m_p = Σ_s q(s) s(s−1)…(s−p+1) / d(d−1)…(d−p+1) [mardaoui2021, §2]; zero for p > d.

    >>> inclusion_moments(size_law("bernoulli", 3), 2).round(6).tolist()
    [1.0, 0.5, 0.25]
    """
    n_features = len(sizes) - 1
    s = np.arange(n_features + 1.0)
    factor = np.ones(n_features + 1)
    moments = [1.0]
    for p in range(order):
        factor = factor * np.maximum(s - p, 0.0) / max(n_features - p, 1)
        moments.append(float(sizes @ factor))
    return np.array(moments)


def log_binomials(n_features: int) -> FloatArray:
    """Return log C(d, s) for s = 0..d.

    >>> np.exp(log_binomials(4)).round(9).tolist()
    [1.0, 4.0, 6.0, 4.0, 1.0]
    """
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, n_features + 1)))])
    return np.asarray(log_factorial[-1] - log_factorial - log_factorial[::-1])


def masks_of_size(n_features: int, size: int) -> NDArray[np.uint8]:
    """Return all C(d, s) masks that keep s features, as bytes.

    >>> masks_of_size(3, 1).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    if 2 * size > n_features:
        return np.asarray(1 - masks_of_size(n_features, n_features - size), dtype=np.uint8)
    count = math.comb(n_features, size)
    Z = np.zeros((count, n_features), np.uint8)
    chosen = itertools.chain.from_iterable(itertools.combinations(range(n_features), size))
    columns = np.fromiter(chosen, np.int64, count * size).reshape(count, size)
    np.put_along_axis(Z, columns, np.uint8(1), axis=1)
    return Z


def all_masks(n_features: int) -> NDArray[np.uint8]:
    """Return all 2^d masks; bit j of the row number is 1 where feature j is kept.

    >>> all_masks(2).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    rows = np.arange(2**n_features)[:, None]
    return ((rows >> np.arange(n_features)) & 1).astype(np.uint8)


def random_masks(sizes: NDArray[np.int64], n_features: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return one uniformly random mask per entry of `sizes` that keeps that many features.

    The s smallest of d random keys are kept. Sorting the keys and comparing with the s-th is several times faster than
    ranking them; two equal keys in a row have probability below d² / 2^54.
    """
    keys = rng.random((len(sizes), n_features))
    if n_features == 0:
        return np.zeros((len(sizes), 0), np.uint8)
    ordered = np.sort(keys, axis=1)
    bound = np.take_along_axis(ordered, np.maximum(sizes - 1, 0)[:, None], axis=1)[:, 0]
    bound = np.where(sizes > 0, bound, -1.0)
    return (keys <= bound[:, None]).view(np.uint8)


def design_weights(importance: FloatArray, enumerated: NDArray[np.bool_]) -> FloatArray:
    """Bring rows of complete strata and sampled rows to one scale, so that Σ w g(z) estimates E_P[g].

    A row of a complete stratum weighs its probability; a sampled row weighs p/a over the number of sampled rows.

    >>> design_weights(np.array([0.25, 0.75, 0.75]), np.array([True, False, False])).tolist()
    [0.25, 0.375, 0.375]
    """
    sampled = len(importance) - int(np.count_nonzero(enumerated))
    return np.where(enumerated, importance, importance / max(sampled, 1))


def complete_sizes(sizes: FloatArray, n: int) -> tuple[int, ...]:
    """Return the sizes with no more masks than their share of n rows, always s with d − s, so that pairs remain."""
    n_features = len(sizes) - 1
    remaining = float(n)
    mass = 1.0
    complete = []
    for size in range(n_features // 2 + 1):  # C(d, s) / p(s) grows towards the middle under both laws
        group = sorted({size, n_features - size})
        rows = sum(math.comb(n_features, s) for s in group if sizes[s] > 0)
        share = float(sizes[group].sum())
        if rows == 0 or mass <= 1e-12 or rows > remaining * share / mass * (1 + 1e-9):
            break
        complete += group
        remaining = remaining - rows
        mass = mass - share
    return tuple(sorted(complete))


def _draw_plain(sizes: FloatArray, n: int, rng: np.random.Generator) -> Draws:
    n_features = len(sizes) - 1
    drawn = rng.choice(n_features + 1, size=n, p=sizes / sizes.sum())
    return Draws(random_masks(drawn, n_features, rng), np.ones(n), np.zeros(n, bool), np.arange(n))


def _draw_spread(sizes: FloatArray, n: int, rng: np.random.Generator) -> Draws:
    """Draw masks of systematic sizes, let their columns be nearly uncorrelated, and ask none again before its time."""
    drawn = rng.permutation(systematic(sizes, n, rng))
    Z = apart(spread_masks(random_masks(drawn, len(sizes) - 1, rng), rng), rng)
    return Draws(Z, np.ones(n), np.zeros(n, bool), np.arange(n))


def _draw_pairs(sizes: FloatArray, n: int, rng: np.random.Generator) -> Draws:
    """Draw pairs (z, 1 − z), sizes systematic in the law folded at d/2; an odd last row is half of a random pair."""
    n_features = len(sizes) - 1
    # a pair has a mask of size s and one of size d − s: draw from the mean, and weigh by what it really is
    symmetric = (sizes + sizes[::-1]) / 2
    total = symmetric.sum()
    if n == 0 or total <= 0:
        return _no_draws(n_features)
    half = (n + 1) // 2
    drawn = rng.permutation(_systematic_sizes(symmetric, half, rng))
    first = random_masks(drawn, n_features, rng)
    # half of a pair: either half, or small masks would come too often
    if n % 2 and rng.random() < 0.5:
        first[-1] = 1 - first[-1]
        drawn[-1] = n_features - drawn[-1]
    Z = np.concatenate([first, 1 - first[: n // 2]])
    kept = np.concatenate([drawn, n_features - drawn[: n // 2]])
    ratio = np.divide(sizes, symmetric, out=np.zeros_like(sizes), where=symmetric > 0) * total
    clusters = np.concatenate([np.arange(half), np.arange(n // 2)])
    return Draws(Z, ratio[kept], np.zeros(n, bool), clusters)


def _systematic_sizes(symmetric: FloatArray, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n sizes ≤ d/2 from the folded law by systematic sampling: each count is within one of its expectation."""
    n_features = len(symmetric) - 1
    folded = symmetric[: n_features // 2 + 1].copy()
    folded[: (n_features + 1) // 2] *= 2
    return systematic(folded, n, rng)


def _no_draws(n_features: int) -> Draws:
    return Draws(np.zeros((0, n_features), np.uint8), np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64))


def _concatenate(first: Draws, second: Draws) -> Draws:
    offset = int(first.clusters.max()) + 1 if len(first.clusters) else 0
    return Draws(
        np.concatenate([first.Z, second.Z]),
        np.concatenate([first.importance, second.importance]),
        np.concatenate([first.enumerated, second.enumerated]),
        np.concatenate([first.clusters, second.clusters + offset]),
    )
