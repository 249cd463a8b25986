"""Weights that are nothing but rounding are zero, and tied there: no order, no sign, no doubt.

A model that reads one word of nineteen leaves weights of 1e-17 on the others. Ranking them, asking whether their signs
are certain and drawing more rows until they are would answer questions that nobody has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.local.estimate import Errors, Estimate, Features

NOTHING = 1e-8
"""A weight, and its standard error, below this fraction of the output's range are zero.

The second models leave a few 1e-9: an additive function of a table has a ridge penalty of that order on its values.
"""


@dataclass(frozen=True)
class TiedErrors:
    """The errors of weights some of which are zero for certain, and vary with nothing.

    Parameters
    ----------
    errors
        As they were.
    tied
        (k, d) the weights that are zero.
    """

    errors: Errors
    tied: NDArray[np.bool_]

    @property
    def df(self) -> float:
        """Return the degrees of freedom."""
        return self.errors.df

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Return (d,) which features vary in the neighborhood."""
        return self.errors.varying

    def covariance(self, features: Features = None, *, target: int | None = None) -> FloatArray:
        """Return the covariance of the intercept (first) and the weights of some features, see `Estimate`."""
        covariance = self.errors.covariance(features, target=target)
        tied = self.tied if target is None else self.tied[target]
        if features is not None:
            tied = tied[..., np.asarray(features, dtype=np.int64)]
        # the intercept is never tied
        tied = np.concatenate([np.zeros((*tied.shape[:-1], 1), bool), tied], axis=-1)
        return np.where(tied[..., :, None] | tied[..., None, :], 0.0, covariance)


def rounding(
    coef: FloatArray, stderr: FloatArray, low: FloatArray, high: FloatArray, own: FloatArray
) -> NDArray[np.bool_]:
    """Return (…, k, d) which weights are nothing but rounding.

    Parameters
    ----------
    coef, stderr
        (…, k, d) weights and their errors.
    low, high, own
        (…, k) the range of the outputs, and the instance's own, which belongs to it: it may be the only one that
        differs.
    """
    reach = np.maximum(high, own) - np.minimum(low, own)
    least = NOTHING * reach[..., None]
    return np.asarray((np.abs(coef) <= least) & (stderr <= least))


def tied_at_zero(estimate: Estimate, Y: FloatArray, own: FloatArray) -> Estimate:
    """Return the estimate with the weights that are rounding set to 0, standard error 0, covariance 0.

    Of an output that never moved all weights are zero, and no share of its movement is explained: NaN.

    Parameters
    ----------
    estimate
        As fitted.
    Y, own
        (n, k) the outputs that it was fitted to, and (k,) the instance's own.

    >>> from limelight.contracts import Neighborhood
    >>> from limelight.local.precision import estimate_plain
    >>> Z, one = np.array([[0], [1]], dtype=np.uint8), np.ones(2)
    >>> still = Neighborhood(Z, np.full((2, 1), 0.3), one, one[:1], one.astype(bool), np.arange(2))
    >>> tied_at_zero(estimate_plain(still), still.Y, np.array([0.3])).fidelity
    array([nan])
    """
    if not len(Y):
        return estimate
    low = Y.min(axis=0)
    high = Y.max(axis=0)
    still = low == high
    tied = rounding(estimate.coef, estimate.stderr, low, high, own) | (still[:, None] & estimate.identified)
    if still.any():
        unknown = np.where(still, np.nan, 0.0)
        fidelity = estimate.fidelity + unknown
        stderr = estimate.fidelity_stderr + unknown
        estimate = replace(estimate, fidelity=fidelity, fidelity_stderr=stderr)
    if not ((estimate.coef != 0) | (estimate.stderr != 0))[tied].any():
        return estimate
    coef = np.where(tied, 0.0, estimate.coef)
    stderr = np.where(tied, 0.0, estimate.stderr)
    return replace(estimate, coef=coef, stderr=stderr, errors=TiedErrors(estimate.errors, tied))
