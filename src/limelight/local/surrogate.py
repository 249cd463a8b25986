"""Fit a weighted linear model to (Z, Y, weights), all targets at once.

Input: perturbations `Z (n, d)`, outputs `Y (n, k)`, `weights (n,)`. Output: `coef (k, d)` and `intercept (k,)`.
Everything is computed from `Moments` (`moments.py`): the n rows are read once, and selection, fit, refit and score are
solves of size d. The objective is that of the paper [ribeiro2016, §3.4, equation 1] with squared loss; the penalty is
relative to the total weight, so that it means the same for any kernel and any n.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood, SurrogateFit
from limelight.errors import InputError
from limelight.local.moments import Moments, moments
from limelight.local.selection import check_method, select, strongest

_SINGULAR = 1e-12  # reciprocal condition (columns scaled to unit variance) below which weights are not identified


def solve(
    moments: Moments, *, regularization: float = 0.0, subset: Sequence[int] | NDArray[np.int64] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return coef (k, d) and intercept (k,) of the weighted ridge regression, all targets in one factorisation.

    Solves (gram + regularization · total · I) coef = cross; the intercept is not penalised. Where the weights are not
    identified (fewer rows than features, duplicate columns), the solution of least norm is returned: the limit of a
    vanishing penalty, which shares a weight equally among duplicates. A feature that does not vary gets exactly 0.

    Parameters
    ----------
    moments
        See `moments`.
    regularization
        Penalty relative to the total weight: ``alpha / total`` gives scikit-learn's ``Ridge(alpha)``. Default 0, so
        that a linear model comes back exactly.
    subset
        Features to fit alone; coef is then (k, len(subset)).

    >>> Z = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8)
    >>> coef, intercept = solve(moments(Z, Z @ [[2.0], [-1.0]] + 5, np.array([1.0, 2.0, 3.0, 4.0])))
    >>> coef.round(9) + 0, intercept.round(9)
    (array([[ 2., -1.]]), array([5.]))
    """
    gram = moments.gram
    cross = moments.cross
    mean_Z = moments.mean_Z
    if subset is not None:
        columns = np.asarray(subset, dtype=np.int64)
        gram = gram[np.ix_(columns, columns)]
        cross = cross[columns]
        mean_Z = mean_Z[columns]
    diagonal = gram.diagonal()
    varying = diagonal > 0
    if varying.all():
        coef = _solve_varying(gram, cross, regularization * moments.total)
    else:
        coef = np.zeros_like(cross)
        kept = np.flatnonzero(varying)
        # a feature that never varies has the weight 0, and must not make the others unsolvable
        coef[kept] = _solve_varying(gram[np.ix_(kept, kept)], cross[kept], regularization * moments.total)
    return np.ascontiguousarray(coef.T), moments.mean_Y - mean_Z @ coef


def weighted_r2(moments: Moments, coef: FloatArray) -> FloatArray:
    """Return the weighted R² (k,) in the sample, of weights (k, d) with their best intercept; 1 for a constant target.

    >>> Z = np.array([[0], [1]], dtype=np.uint8)
    >>> m = moments(Z, np.array([[0.0, 7.0], [1.0, 7.0]]), np.ones(2))
    >>> weighted_r2(m, solve(m)[0])
    array([1., 1.])
    """
    scatter = moments.variance_Y * moments.total
    explained = np.einsum("kj,jk->k", coef, 2 * moments.cross - moments.gram @ coef.T)
    constant = scatter <= 0
    return np.where(constant, np.where(explained < 0, 0.0, 1.0), explained / np.where(constant, 1.0, scatter))


@dataclass(frozen=True, slots=True)
class RidgeSurrogate:
    """The weighted linear model of LIME in closed form, all targets from one set of moments.

    Parameters
    ----------
    selection
        How the K features shown are chosen, see `limelight.local.selection.select`.
    regularization
        Ridge penalty relative to the total weight; 0 by default, because a penalty shrinks true effects.
    refit
        Whether to fit the chosen features alone (coef is zero elsewhere), as the lime package does. Default False: the
        weights of the full fit, which leaving features out does not inflate.
    selection_regularization
        Penalty of a fit of its own by which ``"highest_weights"`` ranks; None ranks by the full fit.
    absolute
        Whether both penalties are absolute, as scikit-learn's `alpha`, instead of relative to the total weight. The
        lime package is ``regularization=1, refit=True, selection_regularization=0.01, absolute=True``.

    >>> Z = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8)
    >>> m = moments(Z, Z @ np.array([[2.0], [-1.0]]), np.ones(4))
    >>> RidgeSurrogate().fit_moments(m, np.ones(2), max_features=1).selected
    (array([0]),)
    """

    selection: str = "auto"
    regularization: float = 0.0
    refit: bool = False
    selection_regularization: float | None = None
    absolute: bool = False

    def __post_init__(self) -> None:
        check_method(self.selection)
        _check_penalty("regularization", self.regularization)
        _check_penalty("selection_regularization", self.selection_regularization)

    def fit(self, neighborhood: Neighborhood, max_features: int | None) -> SurrogateFit:
        """Return the fit for all targets; `max_features=None` shows every feature that varies."""
        sums = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights)
        return self.fit_moments(sums, neighborhood.center, max_features)

    def fit_moments(self, moments: Moments, center: FloatArray, max_features: int | None) -> SurrogateFit:
        """Return the fit where the moments are known already."""
        penalty = _relative(self.regularization, moments, self.absolute)
        coef, intercept = solve(moments, regularization=penalty)
        ranked = coef
        if self.selection_regularization is not None:
            inner = _relative(self.selection_regularization, moments, self.absolute)
            ranked, _ = solve(moments, regularization=inner)
        selected = select(moments, ranked, max_features=max_features, method=self.selection, center=center)
        if self.refit:
            coef = np.zeros_like(coef)
            for i, subset in enumerate(selected):
                alone, intercepts = solve(moments, regularization=penalty, subset=subset)
                coef[i, subset] = alone[i]
                intercept[i] = intercepts[i]
        return SurrogateFit(coef, intercept, _largest_first(coef, selected))


@dataclass(frozen=True, slots=True)
class EstimatorSurrogate:
    """Any linear scikit-learn regressor as the surrogate: one clone fitted per target.

    Parameters
    ----------
    estimator
        A regressor with `coef_` after `fit(X, y, sample_weight)`; never fitted itself. Where it or a part of it has a
        `random_state` that is None, the clones get 0, so that the same samples give the same explanation.
    selection, refit, selection_regularization, absolute
        As in `RidgeSurrogate`; `selection_regularization=None` ranks by the estimator's own weights.

    Raises
    ------
    InputError
        If the estimator takes no `sample_weight` or has no `coef_`; tried on a few rows, before any model call.

    >>> from sklearn.linear_model import Lasso
    >>> Z = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8)
    >>> Y = Z @ np.array([[2.0], [1.0]])
    >>> around = Neighborhood(Z, Y, np.ones(4), np.ones(2), np.ones(4, dtype=bool), np.arange(4))
    >>> EstimatorSurrogate(Lasso(alpha=0.125)).fit(around, 2).coef
    array([[1.5, 0.5]])
    """

    estimator: Any
    selection: str = "auto"
    refit: bool = False
    selection_regularization: float | None = None
    absolute: bool = False

    def __post_init__(self) -> None:
        check_method(self.selection)
        _check_penalty("selection_regularization", self.selection_regularization)
        _check_estimator(self.estimator)

    def fit(self, neighborhood: Neighborhood, max_features: int | None) -> SurrogateFit:
        """Return the fit for all targets; `max_features=None` shows every feature that varies."""
        sums = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights)
        Z = np.asarray(neighborhood.Z, dtype=np.float64)
        n_targets = neighborhood.Y.shape[1]
        everything = (np.flatnonzero(sums.varying),) * n_targets
        coef, intercept = self._fit_each(Z, neighborhood, everything)
        ranked = coef
        if self.selection_regularization is not None:
            inner = _relative(self.selection_regularization, sums, self.absolute)
            ranked, _ = solve(sums, regularization=inner)
        selected = select(sums, ranked, max_features=max_features, method=self.selection, center=neighborhood.center)
        if self.refit:
            coef, intercept = self._fit_each(Z, neighborhood, selected)
        return SurrogateFit(coef, intercept, _largest_first(coef, selected))

    def _fit_each(
        self, Z: FloatArray, neighborhood: Neighborhood, subsets: tuple[NDArray[np.int64], ...]
    ) -> tuple[FloatArray, FloatArray]:
        """Return coef (k, d) and intercept (k,) of a clone fitted on each target's subset of features."""
        Y = neighborhood.Y
        weights = neighborhood.weights
        coef = np.zeros((Y.shape[1], Z.shape[1]))
        intercept = np.zeros(Y.shape[1])
        for i, subset in enumerate(subsets):
            if subset.size and weights.any():
                fitted = _seeded_clone(self.estimator).fit(Z[:, subset], Y[:, i], sample_weight=weights)
                coef[i, subset] = np.ravel(_coef(fitted))
                intercept[i] = float(np.ravel(getattr(fitted, "intercept_", 0.0))[0])
            else:
                intercept[i] = np.average(Y[:, i], weights=weights if weights.any() else None)
        return coef, intercept


def _solve_varying(gram: FloatArray, cross: FloatArray, penalty: float) -> FloatArray:
    """Return coef (d, k) for features that all vary: Cholesky on unit-variance columns, least norm where that fails."""
    from scipy.linalg.lapack import dpocon, dpotrf, dpotrs

    if gram.shape[0] == 0:
        return np.zeros_like(cross)
    scale = 1.0 / np.sqrt(gram.diagonal() + penalty)
    scaled = gram * scale[:, None] * scale
    # exactly one: the product above may be off in the last digit
    scaled.flat[:: scaled.shape[0] + 1] = 1.0
    right = cross * scale[:, None]
    factor, failed = dpotrf(scaled, lower=True, clean=False)
    if not failed and dpocon(factor, np.abs(scaled).sum(axis=0).max(), uplo="L")[0] > _SINGULAR:
        coef, _ = dpotrs(factor, right, lower=True)
        return np.asarray(coef * scale[:, None])
    return _least_norm(scaled, right, scale)


def _least_norm(scaled: FloatArray, right: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the solution of least Euclidean norm in the original units, its rank decided in unit-variance columns."""
    values, vectors = np.linalg.eigh(scaled)
    identified = values > _SINGULAR * values[-1]
    span = vectors[:, identified]
    coef = scale[:, None] * (span @ ((span.T @ right) / values[identified, None]))
    # of all solutions the shortest: take away whatever lies in directions that the rows say nothing about
    unidentified, _ = np.linalg.qr(scale[:, None] * vectors[:, ~identified])
    return np.asarray(coef - unidentified @ (unidentified.T @ coef))


def _check_penalty(argument: str, penalty: float | None) -> None:
    if penalty is not None and not (np.isfinite(penalty) and penalty >= 0):
        raise InputError(f"{argument}: expected a finite number, 0 or more, got {penalty!r}; 0 means no penalty.")


def _relative(penalty: float, moments: Moments, absolute: bool) -> float:
    """Return a penalty relative to the total weight."""
    if absolute and moments.total > 0:
        return penalty / moments.total
    return penalty


def _largest_first(coef: FloatArray, selected: tuple[NDArray[np.int64], ...]) -> tuple[NDArray[np.int64], ...]:
    """Return each target's features ordered by the weight shown; the lower index first where weights tie."""
    ascending = (np.sort(indices) for indices in selected)
    return tuple(indices[strongest(np.abs(row[indices]))] for row, indices in zip(coef, ascending, strict=True))


def _seeded_clone(estimator: Any) -> Any:
    """Return an unfitted copy whose randomness, if any, is fixed and not drawn from global state."""
    from sklearn.base import clone

    copy = clone(estimator)
    names = [name for name, value in copy.get_params().items() if name.endswith("random_state") and value is None]
    if names:
        return copy.set_params(**dict.fromkeys(names, 0))
    return copy


def _coef(fitted: Any) -> Any:
    if not hasattr(fitted, "coef_"):
        raise InputError(
            f"surrogate: expected a linear regressor with coef_ after fit, got {type(fitted).__name__}; "
            "use for example sklearn.linear_model.Ridge()."
        )
    return fitted.coef_


def _check_estimator(estimator: Any) -> None:
    """Fit a clone on a few rows to learn whether it has what a surrogate needs; other failures are left to the fit."""
    from sklearn.utils.validation import has_fit_parameter

    if not all(hasattr(estimator, name) for name in ("fit", "get_params", "set_params")):
        raise InputError(
            f"surrogate: expected a scikit-learn regressor, got {type(estimator).__name__}; "
            "use for example sklearn.linear_model.Ridge()."
        )
    if not has_fit_parameter(estimator, "sample_weight"):
        raise InputError(
            f"surrogate: expected a regressor whose fit takes sample_weight, got {type(estimator).__name__}; "
            "use for example sklearn.linear_model.Ridge()."
        )
    rows = np.arange(24.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = _seeded_clone(estimator).fit(np.c_[rows % 2, rows % 3], rows % 5, sample_weight=np.ones(24))
        except Exception:  # these rows may not suit it; what matters is whether the neighborhood does
            return
    _coef(fitted)
