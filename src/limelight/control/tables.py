"""Step 5, for tables: a second model of the outputs on shared draws, fitted once and used by every row.

Enters: codes, points of the unit cube, outputs, the background's probabilities. Leaves: a `PoolControl` (g's residuals
on the shared draws, and g as parts whose projection is known for every row, `product.py`), then an `Estimate` per row:
β = Proj_Q(g) + WLS(y − g), the limit of plain least squares with less noise.

g is fitted in two steps. First an additive logistic index s(u) = Σ_j α_j(b_j) + γ_j(b_j) v_j, in the bins and in the
place v inside the bin. Then, by ridge regression, the sum of one more additive function and of a smooth curve in s, as
waves: the mean of a wave over independent coordinates is a product, so any curve's projection is exact. Terms in v have
mean zero in every bin, whatever the row: they take out noise and leave the projection alone. Pairs of bins were tried
and left out: scrambled Sobol points already average them well, and fitting them cost more noise than they explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.control.logistic import additive_index
from limelight.control.product import ProductParts, own_and_others
from limelight.local.precision import Estimate, Sandwich, effective_sample_size, estimate_plain
from limelight.local.scrambling import scrambling_factor, turns

WAVES = 8
"""Harmonics of the curve in the index; from 6 to 20 the gain is the same."""

ROWS_PER_TERM = 6
"""With fewer than six draws for each bin there is no control."""

ROWS_PER_TERM_WITH_PLACES = 8
"""With fewer than eight draws for each bin, g knows the bins alone and not the places inside them."""

_INDEX_ROWS = 1000  # the index only shapes g: it is fitted to the first 1,000 draws, or to six for each of its terms
_INDEX_ROWS_PER_TERM = 6
_PENALTY = 1e-3  # of the ridge, relative to the rows; anything up to 0.01 does as well
_WORTHWHILE = 0.95


@dataclass(frozen=True)
class PoolControl:
    """g for shared draws, one per target.

    Parameters
    ----------
    parts
        For each target, g in parts with known projections.
    outputs
        (3k, n): the outputs y; y − g with g halfway between fitted with the row and without it, which makes the
        estimate; y − g with g fitted without the row, which judges it and gives its standard error.
    """

    parts: tuple[ProductParts, ...]
    outputs: FloatArray


def fit_pool(
    codes: NDArray[np.int64],
    points: FloatArray,
    Y: FloatArray,
    probabilities: Sequence[FloatArray] | None,
    places: Sequence[NDArray[np.bool_]] | None = None,
) -> PoolControl | None:
    """Fit g once for all rows that share the draws; None where bins are unknown or too many for the draws.

    Parameters
    ----------
    codes
        (n, c) the bin of every draw.
    points
        (n, c) the points of the unit cube that it came from.
    Y
        (n, k) outputs.
    probabilities
        For each coordinate, the bins' probabilities (`contracts.Background.probabilities`).
    places
        For each coordinate and bin whether the place inside it can matter; None: everywhere. A category has one value.
    """
    if probabilities is None or len(probabilities) == 0 or len(Y) == 0 or Y.shape[1] == 0:
        return None
    shares = tuple(np.asarray(each, float) for each in probabilities)
    bins = sum(len(each) for each in shares)
    rows_per_term = len(Y) / bins
    if rows_per_term < ROWS_PER_TERM:
        return None
    placed = np.ones(bins, bool) if places is None else np.concatenate(places)
    terms = _Terms.of(codes, points, shares, placed & (rows_per_term >= ROWS_PER_TERM_WITH_PLACES))
    fits = [_fit_target(terms, y, shares) for y in Y.T]
    parts, middle, unseen = zip(*fits, strict=True)
    return PoolControl(tuple(parts), np.array([*Y.T, *middle, *unseen]))


def estimate_encoded(
    neighborhood: Neighborhood,
    pool: PoolControl | None = None,
    codes: NDArray[np.int64] | None = None,
    ratio: float | None = None,
    *,
    fixed: NDArray[np.bool_] | None = None,
    regularization: float = 0.0,
) -> Estimate:
    """Return the weights of one row on shared draws, with the pool's control variate where it helps.

    Parameters
    ----------
    neighborhood
        z' of the shared draws for this row, their outputs, and weights.
    pool
        g, fitted to the same draws; None for plain least squares.
    codes
        (d,) the row's own code of every coordinate, −1 where the background never draws it. None for plain least
        squares, as where features are not one for each coordinate.
    ratio
        ρ, the factor by which the kernel shrinks for each feature that differs: exp(−1 / 2w²) for the Euclidean
        distance and the exponential kernel. None for any other, where Q is no product measure: plain least squares.
    fixed
        (d,) features that the background cannot vary; their weight is 0, and certain.
    regularization
        Ridge penalty relative to the total weight. A penalised limit is another one: plain least squares.
    """
    d = neighborhood.Z.shape[1]
    certain = np.zeros(d, bool) if fixed is None else fixed
    if pool is None or codes is None or ratio is None or len(codes) != d or regularization:
        return estimate_plain(neighborhood, regularization=regularization, fixed=fixed)
    fitted = _Fitted.of(neighborhood, pool.outputs, np.flatnonzero(~certain))
    if fitted is None or effective_sample_size(neighborhood.weights) < fitted.d + 2:
        return estimate_plain(neighborhood, fixed=fixed)
    k, first = neighborhood.Y.shape[1], neighborhood.Y[0]
    constant = (first == neighborhood.Y).all(axis=0)
    fitted.fit[:-1, :k][:, constant], fitted.fit[-1, :k][constant] = 0.0, first[constant]  # exactly, without rounding
    helps = ~constant & (fitted.unexplained[2 * k :] < _WORTHWHILE * fitted.unexplained[:k])
    targets = np.arange(k)
    source = targets + np.where(helps, 2 * k, 0)  # whose residual makes the noise
    fit = fitted.fit[:, targets + np.where(helps, k, 0)].copy()
    for target in np.flatnonzero(helps):
        known, start = pool.parts[target].project(codes, ratio)
        fit[:-1, target] += known[~certain]
        fit[-1, target] += start
    names = tuple("logistic additive" if helped else "least squares" for helped in helps)
    return _assemble(neighborhood, fitted, fit, source, certain, names)


@dataclass(frozen=True)
class _Fitted:
    """Rows [Z, 1, outputs]' and what weighted least squares makes of them: one row costs a few products of size (d, n).

    `fit` (d + 1, 3k) holds the weights, and the intercept last; `bread` (d + 1, d + 1) the inverse of Σ w x x'.
    """

    rows: FloatArray
    d: int
    total: float
    center: FloatArray
    bread: FloatArray
    fit: FloatArray
    unexplained: FloatArray
    variance: FloatArray
    mean: FloatArray

    @classmethod
    def of(cls, neighborhood: Neighborhood, outputs: FloatArray, free: NDArray[np.int64]) -> _Fitted | None:
        """Return None where the draws do not identify the weights: the careful path knows what to say then."""
        d, weights = len(free), neighborhood.weights
        total = float(weights.sum())
        rows = np.empty((d + 1 + len(outputs), len(weights)))
        rows[:d] = (neighborhood.Z if d == neighborhood.Z.shape[1] else neighborhood.Z[:, free]).T
        rows[d] = 1.0
        rows[d + 1 :] = outputs
        sums = (rows * weights) @ rows.T  # one weighted factor: twice as quick as the symmetric product of √w rows
        center = sums[:d, d] / total if total > 0 else np.zeros(d)
        gram = sums[:d, :d] - np.multiply.outer(center, sums[:d, d])
        if total <= 0 or (gram.diagonal() <= 1e-9 * total).any():
            return None
        try:
            bread = np.linalg.inv(sums[: d + 1, : d + 1])
        except np.linalg.LinAlgError:
            return None
        if not (bread.diagonal()[:d] * gram.diagonal() < 1e8).all():  # variance inflation: nearly collinear
            return None
        right = sums[: d + 1, d + 1 :]
        fit = bread @ right
        mean = sums[d, d + 1 :] / total
        second = sums.diagonal()[d + 1 :] / total
        unexplained = np.maximum(second - np.einsum("ij,ij->j", fit, right) / total, 0.0)
        variance = np.maximum(second - np.square(mean), 0.0)
        return cls(rows, d, total, center, np.asarray(bread, float), fit, unexplained, variance, mean)


def _assemble(
    neighborhood: Neighborhood,
    fitted: _Fitted,
    fit: FloatArray,
    source: NDArray[np.int64],
    fixed: NDArray[np.bool_],
    names: tuple[str, ...],
) -> Estimate:
    """Return the estimate; HC1, since no draw of a shared pool has much leverage, less what scrambled points gain."""
    d, k, weights, total = fitted.d, fit.shape[1], neighborhood.weights, fitted.total
    X, outputs = fitted.rows[: d + 1], fitted.rows[d + 1 :]
    both = np.concatenate([fitted.fit[:, source], fit], axis=1).T @ X  # what makes the noise, and what is fitted
    seen = outputs[source] - both[:k]
    unseen = seen / (1.0 - np.minimum(weights * ((d + 1) / total), 0.5))
    scores = weights * unseen
    meats = np.array([(X * np.square(each)) @ X.T for each in scores])
    covariance = fitted.bread @ meats @ fitted.bread
    if neighborhood.scrambled:
        factor = _scrambling(fitted, scores, covariance)[:, None]
        scores, covariance = scores * factor, covariance * np.square(factor)[:, :, None]
    errors = np.sqrt(np.maximum(covariance.diagonal(axis1=1, axis2=2), 0.0))
    left = outputs[:k] - both[k:]
    variance = np.where(fitted.variance[:k] > 1e-24 * np.square(fitted.mean[:k]), fitted.variance[:k], 0.0)
    deviations = outputs[:k] - fitted.mean[:k, None]
    fidelity, fidelity_stderr = _fidelity(left + (unseen - seen), deviations, weights, variance * total)
    r2 = 1.0 - np.square(left) @ weights / np.where(variance > 0, variance * total, np.inf)
    coef, stderr = fit[:-1].T, errors[:, :d]
    if len(fixed) > d:
        coef, stderr = np.zeros((k, len(fixed))), np.zeros((k, len(fixed)))
        coef[:, ~fixed], stderr[:, ~fixed] = fit[:-1].T, errors[:, :d]
    meat = _sandwich(neighborhood, fitted, scores, fixed, covariance)
    return Estimate(coef, fit[-1], stderr, errors[:, d], fidelity, fidelity_stderr, r2, names, True, meat)


def _scrambling(fitted: _Fitted, scores: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the factor (k,) by which scrambled points make the weights' errors smaller."""
    differences = fitted.bread @ (fitted.rows[: fitted.d + 1] @ (scores * turns(scores.shape[1])).T)
    variances = covariance.diagonal(axis1=1, axis2=2).T
    return scrambling_factor(differences[: fitted.d], variances[: fitted.d])


def _fidelity(
    held_out: FloatArray, deviations: FloatArray, weights: FloatArray, scatter: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return 1 − Σ w e² / Σ w (y − ȳ)² and its standard error, from residuals and deviations (k, n)."""
    safe = np.where(scatter > 0, scatter, np.inf)
    squares = weights * np.square(held_out)
    unexplained = squares.sum(axis=1) / safe
    scores = squares - unexplained[:, None] * (weights * np.square(deviations))
    return 1.0 - unexplained, np.sqrt(np.einsum("ij,ij->i", scores, scores)) / safe


def _sandwich(
    neighborhood: Neighborhood, fitted: _Fitted, scores: FloatArray, fixed: NDArray[np.bool_], covariance: FloatArray
) -> Sandwich:
    """Return the same sandwich as factors, for contrasts on demand, with its covariance, intercept first."""
    width, d = len(fixed), fitted.d
    first = [d, *range(d)]
    whole = covariance[:, first][:, :, first]
    center, inverse = fitted.center, fitted.bread[:d, :d]
    if width > d:
        free = np.flatnonzero(~fixed)
        center, inverse = np.zeros(width), np.zeros((width, width))
        center[free], inverse[np.ix_(free, free)] = fitted.center, fitted.bread[:d, :d]
        places = np.concatenate([[0], free + 1])
        spread = np.zeros((len(scores), width + 1, width + 1))
        spread[:, places[:, None], places] = whole
        whole = spread
    floor = np.zeros((len(scores), width))
    return Sandwich(neighborhood.Z, center, inverse, fitted.total, scores.T, None, floor, whole)


@dataclass(frozen=True)
class _Terms:
    """Which bin every draw is in, of all coordinates' bins in a row (n, c), and the place inside it (√12 v, (n, c)).

    Places have unit variance, and are 0 in the bins where they cannot matter: all but the (B,) `placed`.
    """

    flat: NDArray[np.int64]
    place: FloatArray
    placed: NDArray[np.bool_]

    @classmethod
    def of(
        cls, codes: NDArray[Any], points: FloatArray, probabilities: Sequence[FloatArray], placed: NDArray[np.bool_]
    ) -> _Terms:
        bins = np.array([len(each) for each in probabilities])
        flat = codes + (np.cumsum(bins) - bins)
        lower = np.concatenate([np.cumsum(each) - each for each in probabilities])
        width = np.maximum(np.concatenate(probabilities), 1e-12)
        place = np.clip((points - lower[flat]) / width[flat], 0.0, 1.0) - 0.5
        return cls(flat, np.sqrt(12.0) * place * placed[flat], placed)

    def columns(self, more: int) -> NDArray[np.float32]:
        """Return a column for each bin and for each place that matters (n, B + p), and as many more to be filled."""
        bins = len(self.placed)
        columns = np.zeros((len(self.flat), bins + np.count_nonzero(self.placed) + more), np.float32)
        np.put_along_axis(columns, self.flat, np.float32(1), axis=1)
        rows, coordinates = np.nonzero(self.place)
        at = np.cumsum(self.placed) + (bins - 1)
        columns[rows, at[self.flat[rows, coordinates]]] = self.place[rows, coordinates]
        return columns

    def spread(self, coef: FloatArray) -> FloatArray:
        """Return coefficients (B + p,) with zeros for the places that cannot matter (2B,)."""
        bins = len(self.placed)
        whole = np.zeros(2 * bins)
        whole[:bins], whole[bins:][self.placed] = coef[:bins], coef[bins:]
        return whole

    def sum(self, coef: FloatArray) -> FloatArray:
        """Return (n,) what the coefficients (2B,) add up to."""
        bins = len(self.placed)
        return np.asarray(coef[:bins][self.flat].sum(axis=1) + (coef[bins:][self.flat] * self.place).sum(axis=1))


def _fit_target(
    terms: _Terms, y: FloatArray, probabilities: Sequence[FloatArray]
) -> tuple[ProductParts, FloatArray, FloatArray]:
    """Return g for one target, and its residuals halfway seen and unseen.

    Coefficients are found in single precision; what g says is summed in double, as its projection is.
    """
    design = terms.columns(more=2 * WAVES)
    few, width = max(_INDEX_ROWS, _INDEX_ROWS_PER_TERM * (design.shape[1] - 2 * WAVES)), design.shape[1] - 2 * WAVES
    slopes = additive_index(design[:few, :width], y[:few])
    index = terms.sum(terms.spread(slopes))
    phase = _frequency(index) * np.arange(1.0, WAVES + 1)
    waves = np.cumprod(np.repeat(np.exp(1j * phase[0] * index)[:, None], WAVES, axis=1), axis=1)
    design[:, width:-WAVES], design[:, -WAVES:] = waves.real, waves.imag
    coef, constant, freedom = _ridge(design, y)
    additive, amplitudes = terms.spread(coef[:width]), coef[width:-WAVES] - 1j * coef[-WAVES:]
    residual = y - constant - terms.sum(additive) - (waves @ amplitudes).real
    freedom += np.count_nonzero(slopes)  # the index was fitted to the same outputs
    unseen = residual / (1.0 - freedom / len(y))
    bins = len(terms.placed)
    parts = _parts(additive[:bins], amplitudes, constant, terms.spread(slopes), phase, probabilities)
    return parts, (residual + unseen) / 2, unseen


def _frequency(index: FloatArray) -> float:
    """Return ω such that the index fits into four fifths of a period."""
    reach = float(np.abs(index).max())
    return 0.8 * np.pi / reach if reach > 1e-9 else 1.0


def _ridge(design: NDArray[np.float32], y: FloatArray) -> tuple[FloatArray, float, float]:
    """Return coefficients, constant and degrees of freedom of a ridge regression with a free constant."""
    mean = design.mean(axis=0, dtype=float)
    gram = (design.T @ design).astype(float) - len(y) * np.multiply.outer(mean, mean)
    penalised = gram.copy()
    penalised.flat[:: len(gram) + 1] += _PENALTY * len(y)
    inverse = np.linalg.inv(penalised)
    coef = inverse @ (design.T @ (y - y.mean()).astype(np.float32)).astype(float)
    return coef, float(y.mean() - mean @ coef), 1.0 + float((inverse * gram).sum())


def _parts(
    additive: FloatArray,
    amplitudes: NDArray[np.complex128],
    constant: float,
    slopes: FloatArray,
    phase: FloatArray,
    probabilities: Sequence[FloatArray],
) -> ProductParts:
    """Return g's parts as tables, own bin against others.

    E[exp(iφ(α + γ √12 v))] over v uniform on ±½ is exp(iφα) · sin(x)/x with x = √3 φγ.
    """
    bins = len(slopes) // 2
    starts = np.cumsum([len(each) for each in probabilities])[:-1]
    spread = np.multiply.outer(slopes[bins:], phase) * np.sqrt(3.0) / np.pi
    wave = np.exp(1j * np.multiply.outer(slopes[:bins], phase)) * np.sinc(spread)
    return ProductParts(
        own=own_and_others([np.asarray(each) for each in probabilities], probabilities)[:, :, 0]
        * _drawn(probabilities),
        constant=constant,
        additive=own_and_others(np.split(additive, starts), probabilities),
        waves=own_and_others(np.split(wave, starts), probabilities),
        amplitudes=amplitudes,
    )


def _drawn(probabilities: Sequence[FloatArray]) -> FloatArray:
    """Return (c, B + 1) ones, and zeros for the last code: none of the bins."""
    drawn = np.ones((len(probabilities), max(len(each) for each in probabilities) + 1))
    drawn[:, -1] = 0.0
    return drawn
