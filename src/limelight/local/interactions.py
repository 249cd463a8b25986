"""What of a model's answers to masks adds up, and which two features act together.

Input: a neighborhood of masks. Output, for each target: *additivity*, the share of the weighted variance that the best
additive function of the features explains, and the pairs that explain at least a hundredth of it beyond.

With h = ±1 for shown and hidden, the part of z_j z_k that no weights can tell is h_j h_k / 4. What is left of it after
(1, Z) meets the residual of the linear fit (Frisch–Waugh); complement pairs count once, since h_j h_k is the same for
both of them. For all pairs at once the rest is taken under an exchangeable law, which needs sums of size d × d only;
pairs that pass are then worked out exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.geometry import Geometry, effective_sample_size, geometry
from limelight.local.moments import Moments, moments
from limelight.local.pairs import Folded, fold
from limelight.local.surrogate import solve

MOST_FEATURES = 200
"""With more there are 20,000 pairs and more: too many to screen in passing, and to tell apart from chance."""
LEAST_SHARE = 0.01
"""A pair that explains less of the variance is not named, however certain it is."""
LEVEL = 0.05
"""The chance that any pair is named where none acts together."""
MOST_NAMED = 12
"""Pairs of one target that are named at most."""


@dataclass(frozen=True, slots=True)
class ActingPair:
    """Two features that act together.

    Parameters
    ----------
    first, second
        Their indices.
    share, share_stderr
        The share of the weighted variance that z_first · z_second explains beyond the weights, and its standard error.
    size, stderr
        The coefficient of z_first · z_second beside the weights, and its standard error.
    """

    first: int
    second: int
    share: float
    share_stderr: float
    size: float
    stderr: float


@dataclass(frozen=True, slots=True)
class Additivity:
    """What of the answers adds up.

    Parameters
    ----------
    share, stderr
        (k,) the share that an additive function explains, and its standard error; NaN where nothing varies or the
        sample does not identify the weights.
    pairs
        For each target the pairs that act together, largest share first.
    screened
        Whether pairs were looked for.
    """

    share: FloatArray
    stderr: FloatArray
    pairs: tuple[tuple[ActingPair, ...], ...]
    screened: bool


def additivity(neighborhood: Neighborhood, sums: tuple[Moments, Geometry] | None = None) -> Additivity:
    """Return what of a neighborhood of masks adds up, and the pairs that act together.

    `sums` are its moments and its geometry, where the fit has made them.

    >>> Z = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 1], [1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 1]], np.uint8)
    >>> Y = (Z[:, :1] & Z[:, 1:2]) + 1.0 * Z[:, 2:]
    >>> found = additivity(Neighborhood(Z, Y, np.ones(8), np.ones(3), np.ones(8, bool), np.arange(8)))
    >>> found.share.round(3), [(pair.first, pair.second, round(pair.size, 3)) for pair in found.pairs[0]]
    (array([0.857]), [(0, 1, 1.0)])
    """
    Z = neighborhood.Z
    Y = neighborhood.Y
    sample, shape = sums or _sums_of(neighborhood)
    if 2 <= Z.shape[1] <= MOST_FEATURES and not len(shape.rows.second):  # pairs are looked for among half-rows
        sample, shape = _sums_of(neighborhood)
    elif shape.penalised:
        shape = geometry(neighborhood, sample, folded=shape.rows)
    k = Y.shape[1]
    d = Z.shape[1]
    nothing: tuple[tuple[ActingPair, ...], ...] = ((),) * k
    if not shape.identified or sample.total <= 0:
        return Additivity(np.full(k, np.nan), np.full(k, np.nan), nothing, screened=False)
    coef, intercept = solve(sample)
    left = Y - intercept - np.stack([shape.rows.times(each) for each in coef], axis=1).reshape(Y.shape)
    share, stderr = _shares(neighborhood, sample, shape, left)
    if not 2 <= d <= MOST_FEATURES:
        return Additivity(share, stderr, nothing, screened=d < 2)
    screen = _Screen(neighborhood, sample, shape)
    pairs = tuple(screen.pairs(left[:, target], target) for target in range(k))
    return Additivity(share, stderr, pairs, screened=True)


def _sums_of(neighborhood: Neighborhood) -> tuple[Moments, Geometry]:
    folded = fold(neighborhood.Z, neighborhood.clusters) or _alone(neighborhood.Z)
    sample = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights, folded=folded)
    return sample, geometry(neighborhood, sample, folded=folded)


def _alone(Z: NDArray[np.uint8]) -> Folded:
    """Return masks as half-rows that stand alone."""
    return Folded(Z.astype(np.float64) - 0.5, np.full(Z.shape[1], 0.5), np.arange(len(Z)), np.arange(0))


def _shares(
    neighborhood: Neighborhood, sample: Moments, shape: Geometry, left: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (k,) the share that the best additive function explains, and its standard error.

    e²/(1 − h) in the sum of squares is about the best function of the class; e²/(1 − h)² would be about the fitted one.
    The two rows of a complement pair are left out together: d weights are fitted to n / 2 differences.
    """
    weights = neighborhood.weights
    rows = shape.rows
    free = np.maximum(1.0 - _leverages_of_differences(neighborhood, shape), 1e-9)
    # roots, so that sums of squares come out weighted
    weighted = np.sqrt(weights)[:, None] * left
    odd = rows.minus(weighted)
    even = rows.plus(weighted)
    paired = np.arange(len(rows.first)) < len(rows.second)
    # A pair's sum of squares is half of that of its sum and of its difference; a row that stands alone is its own.
    squares = np.where(paired[:, None], np.square(even) / 2 + np.square(odd) / 2 / free[:, None], 0.0)
    squares += np.where(paired[:, None], 0.0, np.square(odd) / free[:, None])
    deviations = rows.plus(weights[:, None] * np.square(neighborhood.Y - sample.mean_Y))
    complete = neighborhood.enumerated[rows.first]
    # where all masks of a size are there nothing is left out, so nothing is flattered
    squares[complete] = rows.plus(np.square(weighted))[complete]
    scatter = sample.variance_Y * sample.total
    constant = scatter <= 0
    scatter = np.where(constant, 1.0, scatter)
    effective = effective_sample_size(weights)
    # the mean was fitted as well, which costs one effective row
    if neighborhood.exhaustive:
        spread = 1.0
    else:
        spread = effective / max(effective - 1.0, 1.0)
    unexplained = squares.sum(axis=0) / (scatter * spread)
    scores = np.where(complete[:, None], 0.0, squares / spread - unexplained * deviations)
    stderr = np.sqrt(np.square(scores).sum(axis=0)) / scatter
    nan = np.where(constant, np.nan, 0.0)
    return 1.0 - unexplained + nan, stderr + nan


def _leverages_of_differences(neighborhood: Neighborhood, shape: Geometry) -> FloatArray:
    """Return for each pair how much its difference determines its own fit; for a row alone, its leverage."""
    rows = shape.rows
    weights = neighborhood.weights
    quadratic = np.einsum("ij,ij->i", shape.directions, rows.H)
    of_pairs = np.square(rows.plus(np.sqrt(weights))) / 2 * quadratic
    alone = shape.leverage[rows.first]
    return np.asarray(np.where(np.arange(len(rows.first)) < len(rows.second), of_pairs, alone))


class _Screen:
    """All pairs of one neighborhood, tested for one target after the other.

    h_j h_k less its projection on (1, h_j + h_k, Σ h) is even − odd for a row and even + odd for its complement, with
    even = h_j h_k − a and odd = b (h_j + h_k) + c Σ h. Sums over rows of their products are sums of d × d products.
    """

    def __init__(self, neighborhood: Neighborhood, sample: Moments, shape: Geometry) -> None:
        self.neighborhood = neighborhood
        self.sample = sample
        self.shape = shape
        self.own = np.zeros(len(neighborhood.Z))
        self.signs = 2.0 * shape.rows.H
        self.size = self.signs.sum(axis=1)
        self.first, self.second = np.triu_indices(self.signs.shape[1], 1)
        self.projection = _projection(neighborhood.Z, neighborhood.weights)
        total = shape.rows.plus(neighborhood.weights)
        self.energy = np.maximum(self._sums(total, total, shape.rows.minus(neighborhood.weights)), 0.0)

    def pairs(self, left: FloatArray, target: int) -> tuple[ActingPair, ...]:
        """Return the pairs that act together in what the linear fit leaves (n,) of a target, largest share first.

        One at a time: a pair shows in others that are drawn together with it, so it is taken out before the next.
        """
        named: list[tuple[int, int]] = []
        scatter = float(self.sample.variance_Y[target] * self.sample.total)
        if self.neighborhood.noise is not None:
            self.own = np.sqrt(self.neighborhood.noise[:, target])
        squares = self.neighborhood.weights * np.square(self.neighborhood.Y[:, target] - self.sample.mean_Y[target])
        products = np.empty((len(left), 0))
        rest = left
        while scatter > 0 and len(named) < MOST_NAMED:
            found = self._strongest(rest, scatter)
            if found is None or found in named:
                break
            named.append(found)
            products = np.column_stack([products, self._product(*found)])
            rest = left - products @ _slopes(products, left, self.neighborhood.weights)
        exact = [self._exactly(named, products, place, left, rest, squares) for place in range(len(named))]
        told = [pair for pair in exact if self._of_a_third(pair, rest, scatter) <= pair.share]
        return tuple(sorted(told, key=lambda pair: -pair.share))

    def _of_a_third(self, pair: ActingPair, rest: FloatArray, scatter: float) -> float:
        """Return the share, less its noise, that the pair explains together with a third feature, whichever is best.

        Under a law that shows features more often than not, three that act together only (a parity) have a part that
        looks like pairs. Where the three explain more than the pair, it is not the pair that acts.
        """
        rows = self.shape.rows
        weights = self.neighborhood.weights
        two = self.signs[:, pair.first] * self.signs[:, pair.second]
        moved = np.abs((two * rows.minus(weights * rest)) @ self.signs)
        # the third must be another feature
        moved[[pair.first, pair.second]] = -1.0
        third = int(np.argmax(moved))
        inside = [(pair.first, pair.second), (pair.first, third), (pair.second, third)]
        if third in inside[0]:
            return 0.0
        pairs = np.column_stack([self._product(min(two), max(two)) for two in inside])
        three = self._residual(np.prod(self.neighborhood.Z[:, [pair.first, pair.second, third]], axis=1))
        three = three - pairs @ _slopes(pairs, three, weights)
        energy = float(weights @ np.square(three))
        noise = np.square(rows.plus(three * self._unseen(rest))).sum()
        found = float(weights @ (three * rest)) ** 2 - float(noise)
        if energy > 1e-9 * self.sample.total:
            return found / energy / scatter
        return 0.0

    def _strongest(self, left: FloatArray, scatter: float) -> tuple[int, int] | None:
        """Return the pair of the largest share, if it is certain and large enough to be named."""
        rows = self.shape.rows
        moved = self._products(rows.plus(self.neighborhood.weights * left))
        unseen = self._unseen(left)
        even = rows.plus(unseen)
        odd = rows.minus(unseen)
        noise = np.maximum(self._sums(np.square(even), np.square(odd), even * odd), 0.0)
        # a product that weights can tell has nothing left to be tested by
        known = self.energy > 1e-9 * self.sample.total
        energy = np.where(known, self.energy, 1.0)
        share = np.where(known, np.square(moved) / energy / scatter, 0.0)
        certain = np.square(moved) > np.square(self._critical()) * noise
        worth = np.where(certain & (share - noise / energy / scatter > LEAST_SHARE), share, 0.0)
        best = int(np.argmax(worth))
        if worth[best] > 0:
            return (int(self.first[best]), int(self.second[best]))
        return None

    def _unseen(self, left: FloatArray) -> FloatArray:
        """Return w e / (1 − h) (n,): what each row adds to the noise.

        Where all masks of its size are there it is the model's own noise, if it has some.
        """
        unseen = left / np.maximum(1.0 - self.shape.leverage, 1e-9)
        return self.neighborhood.weights * np.where(self.neighborhood.enumerated, self.own, unseen)

    def _critical(self) -> float:
        """Return how many standard errors make one of all pairs certain."""
        from scipy.special import stdtrit

        clusters = len(self.shape.rows.first)
        free = max(clusters - self.signs.shape[1] - 1, 1)
        return float(stdtrit(free, 1.0 - LEVEL / 2 / len(self.first)))

    def _products(self, values: FloatArray) -> FloatArray:
        """Return Σ values · h_j h_k (pairs,)."""
        return np.asarray((self.signs.T @ (self.signs * values[:, None]))[self.first, self.second])

    def _sums(self, even: FloatArray, odd: FloatArray, mixed: FloatArray) -> FloatArray:
        """Return Σ even · even² + odd · odd² − 2 mixed · even · odd (pairs,), see the class."""
        a, b, c = self.projection
        size = self.size
        always = (1 + a * a) * even + (2 * b * b + np.square(c * size)) * odd + 2 * a * c * size * mixed
        together = self._products(-2 * a * even + 2 * b * b * odd - 2 * c * size * mixed)
        single = (2 * b * c * size * odd - 2 * b * (1 - a) * mixed) @ self.signs
        return np.asarray(always.sum() + together + single[self.first] + single[self.second])

    def _product(self, j: int, k: int) -> FloatArray:
        """Return z_j z_k (n,) less its projection on (1, Z)."""
        return self._residual(self.neighborhood.Z[:, j] & self.neighborhood.Z[:, k])

    def _residual(self, shown: NDArray[Any]) -> FloatArray:
        """Return what is 1 where some features are all shown (n,) less its projection on (1, Z)."""
        weights = self.neighborhood.weights
        shape = self.shape
        together = shown.astype(np.float64)
        mean = float(weights @ together) / self.sample.total
        slopes = shape.directions.T @ shape.rows.minus(weights * (together - mean))
        return np.asarray(together - mean - (shape.rows.times(slopes) - float(self.sample.mean_Z @ slopes)))

    def _exactly(
        self,
        named: list[tuple[int, int]],
        products: FloatArray,
        place: int,
        left: FloatArray,
        rest: FloatArray,
        squares: FloatArray,
    ) -> ActingPair:
        """Return what one of the named pairs explains beside the weights and the other pairs.

        Its share is size² · energy / scatter, and varies with all three; `squares` holds each row's part of the last.
        """
        weights = self.neighborhood.weights
        together = self.shape.rows.plus
        own = products[:, place]
        others = np.delete(products, place, axis=1)
        # beside the other pairs: two that overlap must not both claim what they share
        own = own - others @ _slopes(others, own, weights)
        energy = float(weights @ np.square(own))
        scatter = float(squares.sum())
        size = float(weights @ (own * left)) / energy
        share = size**2 * energy / scatter
        scores = together(own * self._unseen(rest)) / energy
        sampled = np.where(self.neighborhood.enumerated, 0.0, weights * np.square(own) / energy - squares / scatter)
        of_share = share * (2 * scores / size + together(sampled))
        errors = [float(np.sqrt(np.square(each).sum())) for each in (of_share, scores)]
        return ActingPair(*named[place], share, errors[0], size, errors[1])


def _slopes(columns: FloatArray, values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted least squares slopes of values (n,) on a few columns (n, p)."""
    weighted = columns.T * weights
    return np.asarray(np.linalg.lstsq(weighted @ columns, weighted @ values, rcond=1e-12)[0])


def _projection(Z: NDArray[np.uint8], weights: FloatArray) -> tuple[float, float, float]:
    """Return a, b, c with which a + b (h_j + h_k) + c Σ h is nearest to h_j h_k under the law of the masks' sizes."""
    d = Z.shape[1]
    size = 2.0 * Z.sum(axis=1, dtype=np.float64) - d
    share = weights / weights.sum()
    mean = float(share @ size)
    square = float(share @ np.square(size))
    together = (np.square(size) - d) / (d * (d - 1))
    # E[h_j h_k] given the size, averaged over sizes: all that an exchangeable law needs
    both = float(share @ together)
    with_size = float(share @ (together * size))
    single = 2 * mean / d
    gram = np.array(
        [[1.0, single, mean], [single, 2 + 2 * both, 2 * square / d], [mean, 2 * square / d, square]],
    )
    found = np.linalg.lstsq(gram, np.array([both, single, with_size]), rcond=1e-10)[0]
    return float(found[0]), float(found[1]), float(found[2])
