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

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.logistic import additive_index
from limelight.local.precision import Estimate, Sandwich, effective_sample_size, estimate_plain
from limelight.local.product import ProductParts, own_and_others

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
    codes: NDArray[np.int64], points: FloatArray, Y: FloatArray, probabilities: Sequence[FloatArray] | None
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
    """
    if probabilities is None or len(probabilities) == 0 or len(Y) == 0 or Y.shape[1] == 0:
        return None
    shares = tuple(np.asarray(each, float) for each in probabilities)
    rows_per_term = len(Y) / sum(len(each) for each in shares)
    if rows_per_term < ROWS_PER_TERM:
        return None
    columns = _columns(codes, points, shares)
    if rows_per_term < ROWS_PER_TERM_WITH_PLACES:
        columns[:, columns.shape[1] // 2 :] = 0.0
    fits = [_fit_target(columns, y, shares) for y in Y.T]
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
    scaled = _Scaled.of(neighborhood, pool.outputs, np.flatnonzero(~certain))
    if scaled is None or effective_sample_size(neighborhood.weights) < scaled.d + 2:
        return estimate_plain(neighborhood, fixed=fixed)
    k = neighborhood.Y.shape[1]
    if (neighborhood.Y == neighborhood.Y[0]).all(axis=0).any():  # exact zeros rather than rounding
        return estimate_plain(neighborhood, fixed=fixed)
    helps = scaled.unexplained[2 * k :] < _WORTHWHILE * scaled.unexplained[:k]
    targets = np.arange(k)
    source = targets + np.where(helps, 2 * k, 0)  # whose residual makes the noise
    fit = scaled.fit[:, targets + np.where(helps, k, 0)].copy()
    for target in np.flatnonzero(helps):
        known, start = pool.parts[target].project(codes, ratio)
        fit[:-1, target] += known[~certain]
        fit[-1, target] += start
    names = tuple("logistic additive" if helped else "least squares" for helped in helps)
    return _assemble(neighborhood, scaled, fit, source, certain, names)


@dataclass(frozen=True)
class _Scaled:
    """√w · [Z, 1, outputs]' and what least squares makes of it: one row costs a few products of size (d, n).

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
    def of(cls, neighborhood: Neighborhood, outputs: FloatArray, free: NDArray[np.int64]) -> _Scaled | None:
        """Return None where the draws do not identify the weights: the careful path knows what to say then."""
        d, total = len(free), float(neighborhood.weights.sum())
        roots = np.sqrt(neighborhood.weights)
        rows = np.empty((d + 1 + len(outputs), len(roots)))
        Z = neighborhood.Z if d == neighborhood.Z.shape[1] else neighborhood.Z[:, free]
        np.multiply(Z.T, roots, out=rows[:d])
        rows[d] = roots
        np.multiply(outputs, roots, out=rows[d + 1 :])
        sums = rows @ rows.T
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
        variance = sums.diagonal()[d + 1 :] / total
        unexplained = np.maximum(variance - np.einsum("ij,ij->j", fit, right) / total, 0.0)
        spread = np.maximum(variance - np.square(mean), 0.0)
        return cls(rows, d, total, center, np.asarray(bread, float), fit, unexplained, spread, mean)


def _assemble(
    neighborhood: Neighborhood,
    scaled: _Scaled,
    fit: FloatArray,
    source: NDArray[np.int64],
    fixed: NDArray[np.bool_],
    names: tuple[str, ...],
) -> Estimate:
    """Return the estimate; HC1, since no draw of a shared pool has much leverage, and all draws are independent."""
    d, k, weights, total = scaled.d, fit.shape[1], neighborhood.weights, scaled.total
    X, outputs = scaled.rows[: d + 1], scaled.rows[d + 1 :]
    leverage = np.minimum(weights * ((d + 1) / total), 0.5)
    both = np.concatenate([scaled.fit[:, source], fit], axis=1).T @ X  # what makes the noise, and what is fitted
    noisy = outputs[source] - both[:k]
    correction = noisy * (leverage / (1.0 - leverage))
    noisy += correction
    meats = np.array([(X * np.square(each)) @ X.T for each in noisy])
    covariance = scaled.bread @ meats @ scaled.bread
    errors = np.sqrt(np.maximum(covariance.diagonal(axis1=1, axis2=2), 0.0))
    left = outputs[:k] - both[k:]
    variance = np.where(scaled.variance[:k] > 1e-24 * np.square(scaled.mean[:k]), scaled.variance[:k], 0.0)
    fidelity, fidelity_stderr = _fidelity(
        left + correction, outputs[:k] - scaled.mean[:k, None] * X[-1], variance, total
    )
    safe = np.where(variance > 0, variance * total, np.inf)
    r2 = 1.0 - np.einsum("ij,ij->i", left, left) / safe
    meat = _sandwich(neighborhood, scaled, noisy, fixed, covariance)
    stderr = errors[:, :d]
    if len(fixed) > d:
        stderr = np.zeros((k, len(fixed)))
        stderr[:, ~fixed] = errors[:, :d]
    coef = fit[:-1].T
    if len(fixed) > d:
        coef = np.zeros((k, len(fixed)))
        coef[:, ~fixed] = fit[:-1].T
    return Estimate(coef, fit[-1], stderr, errors[:, d], fidelity, fidelity_stderr, r2, names, True, meat)


def _fidelity(
    held_out: FloatArray, deviations: FloatArray, variance: FloatArray, total: float
) -> tuple[FloatArray, FloatArray]:
    """Return 1 − Σ w e² / Σ w (y − ȳ)² and its standard error, from residuals and deviations (k, n) scaled by √w."""
    constant = variance <= 0
    safe = np.where(constant, np.inf, variance * total)
    squares = np.square(held_out)
    unexplained = squares.sum(axis=1) / safe
    scores = squares - unexplained[:, None] * np.square(deviations)
    return 1.0 - unexplained, np.sqrt(np.einsum("ij,ij->i", scores, scores)) / safe


def _sandwich(
    neighborhood: Neighborhood, scaled: _Scaled, noisy: FloatArray, fixed: NDArray[np.bool_], covariance: FloatArray
) -> Sandwich:
    """Return the same sandwich as factors, for contrasts on demand, with its covariance, intercept first."""
    width, d = len(fixed), scaled.d
    scores = (noisy * scaled.rows[d]).T
    floor = np.zeros((len(noisy), width))
    first = [d, *range(d)]
    whole = covariance[:, first][:, :, first]
    center, inverse = scaled.center, scaled.bread[:d, :d]
    if width > d:
        free = np.flatnonzero(~fixed)
        center, inverse = np.zeros(width), np.zeros((width, width))
        center[free], inverse[np.ix_(free, free)] = scaled.center, scaled.bread[:d, :d]
        places = np.concatenate([[0], free + 1])
        spread = np.zeros((len(noisy), width + 1, width + 1))
        spread[:, places[:, None], places] = whole
        whole = spread
    return Sandwich(neighborhood.Z, center, inverse, scaled.total, scores, None, floor, whole)


def _columns(codes: NDArray[np.int64], points: FloatArray, probabilities: Sequence[FloatArray]) -> FloatArray:
    """Return (n, 2 Σ B): which bin, then the place inside it (√12 v, of unit variance)."""
    bins = np.array([len(each) for each in probabilities])
    flat = codes + (np.cumsum(bins) - bins)
    lower = np.concatenate([np.cumsum(each) - each for each in probabilities])
    width = np.maximum(np.concatenate(probabilities), 1e-12)
    place = np.clip((points - lower[flat]) / width[flat], 0.0, 1.0) - 0.5
    columns = np.zeros((len(codes), 2 * int(bins.sum())))
    rows = np.arange(len(codes))[:, None]
    columns[rows, flat] = 1.0
    columns[rows, int(bins.sum()) + flat] = np.sqrt(12.0) * place
    return columns


def _fit_target(
    columns: FloatArray, y: FloatArray, probabilities: Sequence[FloatArray]
) -> tuple[ProductParts, FloatArray, FloatArray]:
    """Return g for one target, and its residuals halfway seen and unseen."""
    few = max(_INDEX_ROWS, _INDEX_ROWS_PER_TERM * columns.shape[1])
    slopes = additive_index(columns[:few], y[:few])
    index = columns @ slopes
    phase = _frequency(index) * np.arange(1.0, WAVES + 1)
    angles = np.multiply.outer(index, phase)
    design = np.concatenate([columns, np.cos(angles), np.sin(angles)], axis=1)
    coef, constant, freedom = _ridge(design, y)
    residual = y - constant - design @ coef
    freedom += np.count_nonzero(slopes)  # the index was fitted to the same outputs
    unseen = residual / (1.0 - freedom / len(y))
    return _parts(coef, constant, slopes, phase, probabilities), (residual + unseen) / 2, unseen


def _frequency(index: FloatArray) -> float:
    """Return ω such that the index fits into four fifths of a period."""
    reach = float(np.abs(index).max())
    return 0.8 * np.pi / reach if reach > 1e-9 else 1.0


def _ridge(design: FloatArray, y: FloatArray) -> tuple[FloatArray, float, float]:
    """Return coefficients, constant and degrees of freedom of a ridge regression with a free constant."""
    mean = design.mean(axis=0)
    centred = (design - mean).astype(np.float32)
    gram = (centred.T @ centred).astype(float)
    penalised = gram.copy()
    penalised.flat[:: len(gram) + 1] += _PENALTY * len(y)
    inverse = np.linalg.inv(penalised)
    coef = inverse @ (centred.T @ (y - y.mean()).astype(np.float32)).astype(float)
    return coef, float(y.mean() - mean @ coef), 1.0 + float((inverse * gram).sum())


def _parts(
    coef: FloatArray, constant: float, slopes: FloatArray, phase: FloatArray, probabilities: Sequence[FloatArray]
) -> ProductParts:
    """Return g's parts as tables, own bin against others.

    E[exp(iφ(α + γ √12 v))] over v uniform on ±½ is exp(iφα) · sin(x)/x with x = √3 φγ.
    """
    bins = len(slopes) // 2
    starts = np.cumsum([len(each) for each in probabilities])[:-1]
    spread = np.multiply.outer(slopes[bins:], phase) * np.sqrt(3.0) / np.pi
    wave = np.exp(1j * np.multiply.outer(slopes[:bins], phase)) * np.sinc(spread)
    first = 2 * bins
    return ProductParts(
        own=own_and_others([np.asarray(each) for each in probabilities], probabilities)[:, :, 0]
        * _drawn(probabilities),
        constant=constant,
        additive=own_and_others(np.split(coef[:bins], starts), probabilities),
        waves=own_and_others(np.split(wave, starts), probabilities),
        amplitudes=coef[first : first + WAVES] - 1j * coef[first + WAVES :],
    )


def _drawn(probabilities: Sequence[FloatArray]) -> FloatArray:
    """Return (c, B + 1) ones, and zeros for the last code: none of the bins."""
    drawn = np.ones((len(probabilities), max(len(each) for each in probabilities) + 1))
    drawn[:, -1] = 0.0
    return drawn
