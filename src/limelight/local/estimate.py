"""What a fit hands on: the weights, how sure they are, and how their errors go together.

Whoever fits (least squares on masks, shared draws of a table, a surrogate of the user's own) returns an `Estimate`;
whoever judges, ranks, selects or shows reads one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

Features = Sequence[int] | NDArray[np.int64] | None


class Errors(Protocol):
    """How sure weights are, and how their errors go together."""

    @property
    def df(self) -> float:
        """Return the degrees of freedom: few where errors are read off replicates, else infinity."""
        ...

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Return (d,) which features vary in the neighborhood, so that their weight means something."""
        ...

    def covariance(self, features: Features = None, *, target: int | None = None) -> FloatArray:
        """Return the covariance of the intercept (first) and the weights of some features, see `Estimate`."""
        ...


@dataclass(frozen=True)
class WholeCovariance:
    """Errors whose covariance is at hand.

    Parameters
    ----------
    whole
        (k, d + 1, d + 1), the intercept first.
    varying
        (d,) which features vary.
    df
        Degrees of freedom.
    """

    whole: FloatArray
    varying: NDArray[np.bool_]
    df: float = math.inf

    def covariance(self, features: Features = None, *, target: int | None = None) -> FloatArray:
        """Return the covariance (k, m + 1, m + 1), or (m + 1, m + 1) of one target."""
        at = np.arange(self.whole.shape[1])
        if features is not None:
            # the intercept stands before the weights
            at = np.concatenate([[0], np.asarray(features, dtype=np.int64) + 1])
        chosen = self.whole if target is None else self.whole[target : target + 1]
        covariance = chosen[:, at][:, :, at]
        return covariance if target is None else covariance[0]


@dataclass(frozen=True)
class ScaledErrors:
    """The errors of weights that have been multiplied by factors (d,)."""

    errors: Errors
    factors: FloatArray

    @property
    def df(self) -> float:
        """Return the degrees of freedom."""
        return self.errors.df

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Return (d,) which features vary, and count."""
        return np.asarray(self.errors.varying & (self.factors != 0.0))

    def covariance(self, features: Features = None, *, target: int | None = None) -> FloatArray:
        """Return the covariance of the intercept (first) and the scaled weights of some features."""
        if features is None:
            chosen = self.factors
        else:
            chosen = self.factors[np.asarray(features, dtype=np.int64)]
        # the intercept keeps its unit
        scale = np.concatenate([[1.0], chosen])
        return np.asarray(self.errors.covariance(features, target=target) * np.multiply.outer(scale, scale))


@dataclass(frozen=True)
class Estimate:
    """Weights of the linear surrogate for all targets, and how sure they are.

    Parameters
    ----------
    coef, intercept
        (k, d) and (k,) estimates of LIME's limit.
    stderr, intercept_stderr
        (k, d) and (k,) standard errors; zero where the answer is exact.
    fidelity, fidelity_stderr
        (k,) weighted R² on perturbations that the fit has not seen, and its standard error; NaN where the output never
        moved, of which nothing can be explained.
    r2
        (k,) weighted R² in the sample.
    estimators
        For each target, what was used: ``"exact"``, ``"least squares"`` or the name of the control variate.
    identified
        Whether the sample identifies all weights; otherwise the standard errors are Cauchy–Schwarz bounds.
    errors
        Covariances on demand.
    leading
        (k, d) other estimates of the weights, less noisy and without honest errors, by which the features shown are
        chosen; None where the weights themselves choose.
    """

    coef: FloatArray
    intercept: FloatArray
    stderr: FloatArray
    intercept_stderr: FloatArray
    fidelity: FloatArray
    fidelity_stderr: FloatArray
    r2: FloatArray
    estimators: tuple[str, ...]
    identified: bool
    errors: Errors
    leading: FloatArray | None = None

    def covariance(self, features: Features = None, *, target: int | None = None) -> FloatArray:
        """Return the covariance (k, m + 1, m + 1) of the intercept (first) and the weights of m features; None: all.

        With a `target`, the covariance (m + 1, m + 1) of that target alone.
        """
        return self.errors.covariance(features, target=target)

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Return (d,) which features vary in the neighborhood, so that their weight means something."""
        return self.errors.varying

    def scaled(self, factors: FloatArray) -> Estimate:
        """Return the same with every weight and its error multiplied by a factor (d,): contributions, for example."""
        if (factors == 1.0).all():
            return self
        errors = ScaledErrors(self.errors, factors)
        leading = None if self.leading is None else self.leading * factors
        return replace(
            self, coef=self.coef * factors, stderr=self.stderr * np.abs(factors), errors=errors, leading=leading
        )
