"""Which features does each part of an answer hang on? Sparse weights, for choosing what is shown.

An answer in words falls into parts: the words of the reference, said again or not. One part hangs on few features, and
its noise is its own, where a score adds up the noise of all parts: with one statement in ten said the other way round,
no reading of the score alone finds more than 7 of 10 planted causes with 32 calls of 20 units, and the parts show 9
(`benchmarks/prompts.py`).

Input: masks, and the parts (n, w) whose sum is the score. Output: weights (d,) of the sum. For each part all functions
of one feature, of two that are both needed, and of two of which either will do are weighed by their posterior
probability, in closed form: a linear model with a unit-information prior (Zellner's g-prior with g = n), half of the
prior on single features and a quarter on each kind of pair, nine tenths of each on effects that further the part.
Further functions of the same part are added while the evidence for them is strong [kass1995]. These weights lean on
sparsity, so that no honest interval goes with them: they choose which features are shown, and the weights and intervals
shown stay those of `sparse.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray
from limelight.local.sampling import inclusion_moments

PAIRED_UP_TO = 60
"""Pairs are looked for among so many features, those that move the parts most: 3,540 functions of two."""
MOST_PARTS = 48
"""Parts read one by one, those that move the score most; the others are summed up."""
STEPS = 3
STRONG = math.log(20.0)
"""The log of a Bayes factor from which evidence is called strong: for a second and third function of one part."""
SAID_BECAUSE = 0.9
"""Prior probability that a part is there because of its features, and not because they are missing: what was said to
the whole prompt is seldom said for want of something. Found causes are the same from .8 to .97."""
LEFT = 1e-4
"""A function is taken to leave at least this share of a part unexplained: rounding must not make it infinitely sure."""
FOLDS = 8
ERRORS = 1.0
"""Standard errors by which the score's own fit must foretell left-out rows better, to be preferred to its parts."""


@dataclass(frozen=True)
class _Functions:
    """Functions of one or two features: values X (n, p), the features of each, its log prior, and which are pairs."""

    X: FloatArray
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    prior: FloatArray
    singles: int

    @classmethod
    def of(cls, Z: MaskArray, strength: FloatArray) -> _Functions:
        """Return those of masks (n, d); pairs among the features of largest strength."""
        masks = np.asarray(Z, dtype=np.float64)
        d = masks.shape[1]
        paired = np.sort(np.argsort(-strength, kind="stable")[:PAIRED_UP_TO])
        i, j = (paired[side] for side in np.triu_indices(len(paired), 1))
        both = masks[:, i] * masks[:, j]
        X = np.hstack([masks, both, masks[:, i] + masks[:, j] - both])
        # half of what is expected is owed to single features, a quarter each to both together and to either
        alone = np.full(d, 0.5 / d if len(i) else 1.0 / d)
        prior = np.concatenate([alone, np.full(2 * len(i), 0.25 / max(len(i), 1))])
        own = np.arange(d)
        return cls(X, np.concatenate([own, i, i]), np.concatenate([own, j, j]), np.log(prior), d)

    def weights(self, effects: FloatArray, sizes: FloatArray) -> FloatArray:
        """Return the weights (d,) of a linear surrogate under the masks' law, from the effects (p,) of all functions.

        Of a pair's effect each of the two has the same share, what is left for other features is the same for all.
        """
        d, pairs = self.singles, (len(effects) - self.singles) // 2
        if not pairs:
            return effects[:d].copy()
        member, other = _pair_weights(sizes)
        found = effects[:d].copy()
        for part, share, rest in ((slice(d, d + pairs), member, other), (slice(d + pairs, None), 1 - member, -other)):
            for side in (self.first, self.second):
                np.add.at(found, side[part], (share - rest) * effects[part])
            found += rest * effects[part].sum()
        return found


def _pair_weights(sizes: FloatArray) -> tuple[float, float]:
    """Return the weight of z_j, and of any third feature, in the linear surrogate of z_j z_k: Σ⁻¹ Cov(z, z_j z_k).

    >>> from limelight.local.sampling import size_law
    >>> [weight + 0.0 for weight in _pair_weights(size_law("bernoulli", 4))]
    [0.5, 0.0]
    """
    d = len(sizes) - 1
    _, one, two, three = inclusion_moments(sizes, 3)
    # an exchangeable law has one variance and one covariance, so its inverse needs their difference and their sum
    own, shared = one - one**2, two - one**2
    member, other = two - one * two, three - one * two
    everywhere = own + (d - 1) * shared
    along = shared / everywhere if everywhere > 1e-12 else -1.0 / d
    total = 2 * member + (d - 2) * other
    if own <= shared:
        return 0.0, 0.0
    scale = own - shared
    return round(float((member - along * total) / scale), 12), round(float((other - along * total) / scale), 12)


def cause_weights(Z: MaskArray, parts: FloatArray, sizes: FloatArray) -> FloatArray:
    """Return the weights (d,) of the sum of the parts, by the few features that each part hangs on.

    Parameters
    ----------
    Z
        (n, d) masks.
    parts
        (n, w) numbers whose sum is the score.
    sizes
        q(s), s = 0..d, the law of the masks' sizes.

    >>> from limelight.local.sampling import size_law
    >>> rng = np.random.default_rng(0)
    >>> Z = rng.integers(0, 2, (40, 12)).astype(np.uint8)
    >>> parts = np.column_stack([Z[:, 3], Z[:, 5] & Z[:, 7]]).astype(float)
    >>> cause_weights(Z, parts, size_law("bernoulli", 12)).round(1).tolist()
    [0.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0]
    """
    few = summed_up(parts)
    functions = _Functions.of(Z, _strength(Z, few))
    return functions.weights(_effects(functions.X, functions.prior, few).sum(axis=1), sizes)


def left_out_by_parts(Z: MaskArray, parts: FloatArray) -> FloatArray:
    """Return (n,) how far the sum of the parts is from what the other seven eighths of the rows foretell."""
    few = summed_up(parts)
    functions = _Functions.of(Z, _strength(Z, few))
    fold = np.arange(len(Z)) % min(FOLDS, len(Z))  # masks are in random order already
    errors = few.sum(axis=1)
    for part in range(int(fold.max()) + 1):
        seen = fold != part
        X = functions.X[seen]
        effects = _effects(X, functions.prior, few[seen]).sum(axis=1)
        errors[~seen] -= few[seen].sum(axis=1).mean() + (functions.X[~seen] - X.mean(axis=0)) @ effects
    return np.asarray(errors)


def parts_foretell(by_parts: FloatArray, by_score: FloatArray) -> bool:
    """Return whether the parts foretell left-out rows as well as the score's own fit does, within a standard error.

    >>> parts_foretell(np.array([0.1, 0.2, 0.1]), np.array([0.3, 0.2, 0.4]))
    True
    """
    worse = np.square(by_parts) - np.square(by_score)
    return bool(worse.mean() <= ERRORS * worse.std() / math.sqrt(max(len(worse), 1)))


def summed_up(parts: FloatArray) -> FloatArray:
    """Return parts of which equal columns, but for their size, are one, still ones none, and small ones one together.

    >>> summed_up(np.array([[0.2, 0.1, 0.5], [0.0, 0.0, 0.5], [0.2, 0.1, 0.5]])).round(2).tolist()
    [[0.1], [-0.2], [0.1]]
    """
    moved = parts - parts.mean(axis=0)
    scatter = np.square(moved).sum(axis=0)
    live = scatter > 1e-12 * max(float(scatter.max(initial=0.0)), 1e-300)
    moved, scatter = moved[:, live], scatter[live]
    if not live.any():
        return np.zeros((len(parts), 1))
    alike = np.round(moved / np.sqrt(scatter), 9) + 0.0  # −0 and 0 are one
    _, place = np.unique(alike, axis=1, return_inverse=True)
    together = np.zeros((len(parts), int(place.max()) + 1))
    np.add.at(together.T, place.ravel(), moved.T)
    order = np.argsort(-np.square(together).sum(axis=0), kind="stable")
    first, rest = together[:, order[:MOST_PARTS]], together[:, order[MOST_PARTS:]]
    if rest.size:
        return np.hstack([first, rest.sum(axis=1, keepdims=True)])
    return first


def _strength(Z: MaskArray, parts: FloatArray) -> FloatArray:
    """Return (d,) how much each feature moves all parts: Σ of its squared covariances with them."""
    masks = Z - Z.mean(axis=0)
    return np.asarray(np.square(masks.T @ parts).sum(axis=1))


def _effects(X: FloatArray, prior: FloatArray, parts: FloatArray) -> FloatArray:
    """Return (p, w) the posterior mean effect of each function on each part.

    With centred columns, R² of function and part, and g = n, the log Bayes factor against no effect is
    −½ log(1 + n) − ½ (n − 1) log(1 − R² n / (n + 1)) [liang2008, eq. 6].
    """
    n = len(X)
    centred = X - X.mean(axis=0)
    scatter = np.square(centred).sum(axis=0)
    varies = scatter > 1e-9
    scatter = np.where(varies, scatter, 1.0)
    log_prior = np.where(varies, prior, -np.inf)[:, None]
    left = parts - parts.mean(axis=0)
    at_first = np.square(left).sum(axis=0)
    found = np.zeros((X.shape[1], parts.shape[1]))
    going = (at_first > 0) & varies.any()
    for step in range(STEPS):
        if not going.any():
            break
        size = np.maximum(np.square(left).sum(axis=0), 1e-300)
        cross = centred.T @ left
        explained = np.clip(np.square(cross) / (scatter[:, None] * size), 0.0, 1.0) * n / (n + 1)
        log = log_prior - 0.5 * math.log1p(n) - 0.5 * (n - 1) * np.log(np.maximum(1.0 - explained, LEFT))
        # a part is more often there because of a feature than for want of it
        log += np.where(cross >= 0.0, math.log(SAID_BECAUSE), math.log1p(-SAID_BECAUSE))
        top = log.max(axis=0)
        share = np.exp(log - top)  # less the largest, which no exponent overflows
        total = share.sum(axis=0)
        if step:
            going &= (top + np.log(total) > STRONG) & (size > LEFT * at_first)
        # the mean over all functions, each by how probable it is: one that is picked would be too sure
        effect = np.where(going, share / total * cross / scatter[:, None] * n / (n + 1), 0.0)
        found += effect
        left = left - centred @ effect
    return found
