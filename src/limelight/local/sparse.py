"""Weights from few rows, where only some features matter: a lasso, and what its penalty took off put back.

Input: masks of an exchangeable law, outputs, weights, and the law of the masks' sizes under Q. Output: an `Estimate` of
the same limit as least squares, also with fewer rows than features. Two facts make it possible. The covariance Σ of the
masks is *known*, not estimated: Var z_j and Cov(z_j, z_k) are the same for all features. And a lasso coefficient g is
biased by its penalty only, which one step along the residuals undoes [javanmard2014, §3; zhang2014]:

    β = g + Σ⁻¹ mean[(z − μ)(y − z'g)]

The step needs no inverse of the sample's own Gram matrix, which few rows do not have. With features that are nearly
uncorrelated (`spread.py`) β hardly depends on g. Errors are those of the mean: the residuals' sandwich, with as many
degrees of freedom as rows less the features that the lasso kept, and what is left of the penalty's bias.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.estimate import Estimate, WholeCovariance
from limelight.local.moments import moments
from limelight.local.replicates import NORMAL_95, student_quantile
from limelight.local.sampling import inclusion_moments
from limelight.local.spread import systematic
from limelight.local.surrogate import weighted_r2

FOLDS = 8
"""Rows are left out by eighths, to choose the penalty and to see how well unseen rows are predicted."""
PENALTIES = 20
"""Penalties tried, from the one that keeps no feature down to a thousandth of it."""
LEFT_OUT = 0.2
"""Residuals of fitted rows are too small, whatever the degrees of freedom (coverage .92 with 25 rows of 20 features),
those of left-out rows too large (.99): errors are mixed from both, in this proportion."""
FEW_HIDDEN, LEFT_OUT_OF_FEW = 0.75, 0.5
"""The same where features are kept more often than this: each hangs on the few rows without it, which fit closely."""
UNSEEN = 1.5
"""Pairs that act together though no row had both hidden: as many as n rows should have shown so often. Intervals are at
least as wide as such pairs, each with the whole range of the answers and of either sign, could shift a weight. Without
them, exact matches of 58 rows of 20 features had intervals of width 0 in one explanation of 75."""
SPARE = 8
NOTHING_LEFT = 1e-20
"""A fit that leaves less of the variance than this, with so many rows to spare, is that of a linear model."""
RULE_OF_THREE = 3.0
"""What was never seen in n rows happens, at a level of 95 %, less often than 3 / n."""
SAME = 1e-9
"""Answers that differ by less than this share of their range are one."""
AT_ENDS = 7 / 8
"""Answers are one of two where so many of them are; the others are those of rows that were asked twice, one in sixteen.
More in the middle are a third answer."""
LAW_CELLS = 2**19
LEAST_LAW_MASKS = 1024
"""Masks by which weights under the law are found of what a lasso foretells between two ends: as many as have so many
cells, at least so many. With 20 features that leaves .006 of the answers' range, a tenth of any interval's half."""
NAME = "debiased lasso"


@dataclass(frozen=True)
class _Lasso:
    """A lasso of standardised features: coefficients (d,), intercept, penalty, and its errors on unseen rows (n,)."""

    coef: FloatArray
    intercept: float
    penalty: float
    unseen: FloatArray


@dataclass(frozen=True)
class _Law:
    """What is known of the masks under Q.

    Probabilities of their sizes, their mean μ and Σ⁻¹ (d, d), the deviation of one feature, and the probability that
    two given ones are hidden.
    """

    sizes: FloatArray
    mean: float
    inverse: FloatArray
    deviation: float
    both_hidden: float

    @classmethod
    def of(cls, sizes: FloatArray) -> _Law:
        """Return the law with size probabilities q(s): Σ = (a − c) I + c 11', with a = Var z_j and c = Cov(z_j, z_k).

        >>> _Law.of(np.array([0.25, 0.5, 0.25])).inverse.tolist()
        [[4.0, 0.0], [0.0, 4.0]]
        """
        d = len(sizes) - 1
        _, first, second = inclusion_moments(sizes, 2)
        own, shared = first - first**2, (second - first**2 if d > 1 else 0.0)
        everywhere = own + (d - 1) * shared
        # where all masks have one size their sum says nothing: that direction is left out
        along = shared / everywhere if everywhere > 1e-12 else -1.0 / d
        if own > shared:
            inverse = (np.eye(d) - along) / (own - shared)
        else:
            inverse = np.zeros((d, d))
        both_hidden = 1.0 - 2.0 * first + second if d > 1 else 0.0
        return cls(sizes, float(first), inverse, math.sqrt(max(own, 0.0)), max(float(both_hidden), 0.0))

    def loadings(self, centred: FloatArray) -> FloatArray:
        """Return (n, d + 1): their means with any function of the masks are its mean and its weights."""
        return np.column_stack([np.ones(len(centred)), centred @ self.inverse])

    def beyond(self, middle: float, g: FloatArray, ends: tuple[float, float]) -> FloatArray:
        """Return (d + 1,) mean and weights of what takes middle + (z − μ)'g back between two ends.

        >>> law = _Law.of(np.array([0.25, 0.5, 0.25]))  # 2, 1, 1 and 0, of which the 2 becomes 1
        >>> law.beyond(1.0, np.ones(2), (0.0, 1.0)).round(2).tolist()
        [-0.25, -0.5, -0.5]
        """
        d = len(g)
        if not math.isfinite(ends[0]):
            return np.zeros(d + 1)
        rng = np.random.default_rng(0)
        n = max(LAW_CELLS // d, LEAST_LAW_MASKS)
        masks = np.argsort(rng.random((n, d)), axis=1) < systematic(self.sizes, n, rng)[:, None]
        centred = np.asarray(masks - self.mean, dtype=np.float64)
        foretold = middle + centred @ g
        moved = np.asarray(np.clip(foretold, *ends) - foretold, dtype=np.float64)
        return np.asarray(moved @ self.loadings(centred) / n)


def estimate_sparse(neighborhood: Neighborhood, sizes: FloatArray) -> Estimate:
    """Return the weights of a sparse fit, its penalty's bias taken out, with errors that hold with few rows.

    Parameters
    ----------
    neighborhood
        Independent, or spread, masks: no complete strata.
    sizes
        q(s), s = 0..d, the sizes' law under Q (`sampling.weighted_size_law`).

    >>> rng = np.random.default_rng(0)
    >>> Z = rng.integers(0, 2, (40, 50)).astype(np.uint8)  # fewer rows than features
    >>> from limelight.local.sampling import size_law
    >>> one, y = np.ones(40), 3.0 * Z[:, :1] + 2.0 * Z[:, 1:2]
    >>> sample = Neighborhood(Z, y, one, np.ones(50), np.zeros(40, bool), np.arange(40))
    >>> found = estimate_sparse(sample, size_law("bernoulli", 50))
    >>> np.argsort(-np.abs(found.coef[0]))[:2].tolist()
    [0, 1]
    """
    law = _Law.of(sizes)
    share = neighborhood.weights / max(float(neighborhood.weights.mean()), 1e-300)
    fits = [_target(neighborhood, law, share, target) for target in range(neighborhood.Y.shape[1])]
    coef = np.array([fit.coef for fit in fits]).reshape(len(fits), -1)
    intercept = np.array([fit.intercept for fit in fits])
    whole = np.array([fit.covariance for fit in fits])
    if len(fits):
        stderr = np.sqrt(np.einsum("kii->ki", whole))
    else:
        stderr = np.zeros((0, coef.shape[1] + 1))
    sample = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights)
    fidelity, spread = _fidelity(neighborhood, np.array([fit.unseen for fit in fits]).T)
    errors = WholeCovariance(whole, np.full(coef.shape[1], law.deviation > 0), min(fit.df for fit in fits))
    r2 = np.minimum(weighted_r2(sample, coef), 1.0)
    names = (NAME,) * len(fits)
    identified = all(fit.df >= 1 for fit in fits)
    return Estimate(coef, intercept, stderr[:, 1:], stderr[:, 0], fidelity, spread, r2, names, identified, errors)


def left_out(Z: NDArray[np.uint8], y: FloatArray, sizes: FloatArray) -> FloatArray:
    """Return (n,) how far outputs are from what the lasso of the other seven eighths of the rows foretells.

    >>> from limelight.local.sampling import size_law
    >>> Z = np.random.default_rng(0).integers(0, 2, (40, 5)).astype(np.uint8)
    >>> bool(np.abs(left_out(Z, Z[:, 0].astype(float), size_law("bernoulli", 5))).max() < 0.01)
    True
    """
    law = _Law.of(sizes)
    if len(y) < 2 or not np.ptp(y) > 0 or law.deviation == 0.0:
        return np.zeros(len(y))
    X = np.asarray((Z - law.mean) / law.deviation, dtype=np.float64)
    return _lasso(X, y, np.ones(len(y))).unseen


@dataclass(frozen=True)
class _Fit:
    """One target: weights (d,), intercept, covariance (d + 1, d + 1), errors on unseen rows (n,), and df."""

    coef: FloatArray
    intercept: float
    covariance: FloatArray
    unseen: FloatArray
    df: float


def _target(neighborhood: Neighborhood, law: _Law, share: FloatArray, target: int) -> _Fit:
    y = neighborhood.Y[:, target]
    n = len(y)
    centred = neighborhood.Z - law.mean
    if n < 2 or not np.ptp(y) > 0 or law.deviation == 0.0:
        return _unmoved(neighborhood, law, target)
    lasso = _exactly(centred / law.deviation, y, share) or _lasso(centred / law.deviation, y, share)
    g = lasso.coef / law.deviation
    ends = _ends(y)
    left = y - np.clip(lasso.intercept + centred @ g, *ends)
    shift = float(share @ left) / n
    left = left - shift
    loadings = law.loadings(centred)
    beyond = law.beyond(lasso.intercept, g, ends)
    coef = g + beyond[1:] + ((share * left) @ loadings / n)[1:]
    middle = lasso.intercept + beyond[0] + shift  # at the mean of the masks, which is known
    kept = int(np.count_nonzero(g))
    df = max(n - kept - 1, 1)
    fitted = _scatter(loadings, share * left) / df
    unseen = _scatter(loadings, share * (y - np.clip(y - lasso.unseen, *ends))) / n
    share_unseen = LEFT_OUT if law.mean < FEW_HIDDEN else LEFT_OUT_OF_FEW
    covariance = ((1 - share_unseen) * fitted + share_unseen * unseen) / n
    covariance[1:, 1:] += _leftover(centred, law, share, g, lasso.penalty)
    # errors are stated so that 1.96 of them make an interval, whatever the degrees of freedom
    wider = np.array([student_quantile(0.95, min(df, each)) for each in _rows_behind(loadings)]) / NORMAL_95
    covariance *= np.outer(wider, wider)
    own = np.diag(covariance)[1:]
    covariance[1:, 1:] += np.diag(np.maximum(_never_together(neighborhood.Z, law, float(np.ptp(y))) - own, 0.0))
    return _Fit(coef, middle - law.mean * float(coef.sum()), _at_zero(covariance, law.mean), lasso.unseen, float(df))


def _ends(y: FloatArray) -> tuple[float, float]:
    """Return the two answers that there are, beside few of their mean (rows that were asked twice); else no ends.

    >>> _ends(np.array([0.0, 1.0, 1.0])), _ends(np.array([0.0, 1.0, 0.5]))
    ((0.0, 1.0), (-inf, inf))
    """
    low, high = float(y.min()), float(y.max())
    same = SAME * (high - low)
    at_ends = np.minimum(y - low, high - y) <= same
    if (at_ends | (np.abs(y - (low + high) / 2) <= same)).all() and at_ends.mean() >= AT_ENDS:
        return low, high
    return -math.inf, math.inf


def _scatter(loadings: FloatArray, scores: FloatArray) -> FloatArray:
    moved = loadings * scores[:, None]
    return np.asarray(moved.T @ moved)


def _rows_behind(loadings: FloatArray) -> FloatArray:
    """Return (d + 1,) on how many rows each error rests: Satterthwaite's degrees of freedom, (Σ l²)² / Σ l⁴ [bell2002].

    All of them where features are hidden half of the time; where they are hidden seldom, hardly more than the rows
    without each.

    >>> _rows_behind(np.array([[1.0, 3.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])).tolist()
    [4.0, 1.0]
    """
    squared = np.square(loadings)
    fourth = np.square(squared).sum(axis=0)
    return np.asarray(np.square(squared.sum(axis=0)) / np.maximum(fourth, 1e-300))


def _at_zero(covariance: FloatArray, mean: float) -> FloatArray:
    """Return the covariance of (value where all is hidden, weights) from that of (mean value, weights)."""
    turn = np.eye(len(covariance))
    turn[0, 1:] = -mean
    return np.asarray(turn @ covariance @ turn.T)


def _leftover(centred: FloatArray, law: _Law, share: FloatArray, g: FloatArray, penalty: float) -> FloatArray:
    """Return (d, d) how far the penalty's bias may remain: it took `penalty` off each kept feature, about.

    The step puts it back up to what the rows' own covariance differs from Σ: (I − Σ⁻¹Σ̂)(β − g).
    """
    differs = np.eye(len(g)) - law.inverse @ (centred.T @ (centred * share[:, None]) / len(centred))
    kept = np.where(g != 0, penalty / law.deviation, 0.0)
    return np.diag(np.square(differs) @ np.square(kept))


def _never_together(Z: NDArray[np.uint8], law: _Law, size: float) -> FloatArray:
    """Return (d,) the least variances: what pairs do that were never hidden together, no residual shows.

    c 1{z_j = z_k = 0} shifts the weight of j by c E[(z_j − μ) 1{z_j = z_k = 0}] / Var z_j, about, which is
    −c P(z_j = z_k = 0) / (1 − μ).
    """
    hidden = 1.0 - Z
    unseen = (hidden.T @ hidden == 0) & ~np.eye(Z.shape[1], dtype=bool)
    pairs = np.minimum(unseen.sum(axis=1), UNSEEN / max(len(Z) * law.both_hidden, 1e-300))
    shift = size * law.both_hidden / max(1.0 - law.mean, 1e-300)
    return np.asarray(pairs * (shift / NORMAL_95) ** 2)


def _exactly(X: FloatArray, y: FloatArray, share: FloatArray) -> _Lasso | None:
    """Return least squares where it leaves nothing over, though rows are to spare: a linear model needs no penalty."""
    n, d = X.shape
    if n < d + SPARE:
        return None
    root = np.sqrt(share)
    ones = np.column_stack([np.ones(n), X])
    fitted, *_ = np.linalg.lstsq(ones * root[:, None], y * root, rcond=None)
    left = y - ones @ fitted
    if share @ np.square(left) > NOTHING_LEFT * (share @ np.square(y - y.mean())):
        return None
    return _Lasso(fitted[1:], float(fitted[0]), 0.0, left)


def _lasso(X: FloatArray, y: FloatArray, share: FloatArray) -> _Lasso:
    """Return the lasso whose penalty predicts left-out eighths best, refitted to all rows."""
    n = len(y)
    # neighbours of a stratified draw are alike in size, so folds take every eighth row of what was shuffled before
    fold = np.arange(n) % min(FOLDS, n)
    largest = float(np.abs((share * (y - y.mean())) @ X).max()) / n
    penalties = largest * np.geomspace(1.0, 1e-3, PENALTIES)
    unseen = np.empty((n, PENALTIES))
    for part in range(int(fold.max()) + 1):
        seen = fold != part
        coef, intercept = _path(X[seen], y[seen], share[seen], penalties)
        unseen[~seen] = y[~seen, None] - intercept - X[~seen] @ coef
    best = int(np.argmin(share @ np.square(unseen)))
    coef, intercept = _path(X, y, share, penalties[: best + 1])
    return _Lasso(coef[:, -1], float(intercept[-1]), float(penalties[best]), unseen[:, best])


def _path(X: FloatArray, y: FloatArray, share: FloatArray, penalties: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return lasso coefficients (d, penalties) and intercepts (penalties,) of weighted rows."""
    from sklearn.linear_model import lasso_path

    root = np.sqrt(share)
    total = share.sum()
    middle_X, middle_y = share @ X / total, float(share @ y) / total
    if not np.any((y - middle_y) * root):
        return np.zeros((X.shape[1], len(penalties))), np.full(len(penalties), middle_y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a path that stopped early is as good: the step corrects any coefficients
        _, coef, _ = lasso_path((X - middle_X) * root[:, None], (y - middle_y) * root, alphas=penalties, max_iter=2000)
    return coef, middle_y - middle_X @ coef


def _fidelity(neighborhood: Neighborhood, unseen: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (k,) 1 − Σ w e² / Σ w (y − ȳ)² over left-out rows, and its standard error; NaN where nothing moved."""
    weights, Y = neighborhood.weights, neighborhood.Y
    deviations = np.square(Y - weights @ Y / max(float(weights.sum()), 1e-300))
    scatter = weights @ deviations
    still = (np.ptp(Y, axis=0) if len(Y) else np.zeros(Y.shape[1])) <= 0
    safe = np.where(still, 1.0, scatter)
    unexplained = weights @ np.square(unseen) / safe
    scores = weights[:, None] * (np.square(unseen) - unexplained * deviations)
    stderr = np.sqrt(np.square(scores).sum(axis=0)) / safe
    return np.where(still, np.nan, 1.0 - unexplained), np.where(still, np.nan, stderr)


def _unmoved(neighborhood: Neighborhood, law: _Law, target: int) -> _Fit:
    """Return zeros for an answer that never moved, and how large weights may be that few rows do not show."""
    y, d = neighborhood.Y[:, target], neighborhood.Z.shape[1]
    n = max(len(y), 1)
    size = max(float(np.abs(y).max(initial=0.0)), 1.0)
    rarer = max(min(law.mean, 1.0 - law.mean), 1e-3)
    bound = size * min(RULE_OF_THREE / n / rarer, 1.0) / 1.96
    unseen: NDArray[np.float64] = np.zeros(len(y))
    covariance = np.diag(np.full(d + 1, bound**2))
    return _Fit(np.zeros(d), float(y[0]) if len(y) else 0.0, covariance, unseen, 0.0)
