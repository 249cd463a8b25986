"""Which estimator fits a neighborhood: decided by settings and sizes, never by the clock."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood, Surrogate
from limelight.control.masks import estimate_masked
from limelight.control.tables import PoolControl, estimate_encoded, fit_pool
from limelight.local.moments import moments
from limelight.local.precision import Estimate, assemble, estimate_plain, geometry
from limelight.local.proximity import proximity_to
from limelight.local.sampling import size_law, weighted_size_law
from limelight.local.surrogate import EstimatorSurrogate
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.neighborhoods import MaskSource, PoolSource

CONTROLLED_TARGETS = 16
"""A control variate is kept for each draw of a pool and target; with more targets plain least squares fits all."""


def fit(one: OpenInstance, neighborhood: Neighborhood, width: float) -> Estimate:
    """Return the estimate of the weights of one instance from its neighborhood."""
    settings = one.context.settings
    if settings.surrogate != "ridge":
        return _fit_surrogate(neighborhood, as_surrogate(one.context), settings.max_features)
    if isinstance(one.source, PoolSource):
        return _fit_encoded(one, one.source, neighborhood, width)
    sizes = _sizes_near(one, one.source, width) if settings.control_variates else None
    return estimate_masked(neighborhood, sizes, regularization=settings.regularization)


def as_surrogate(context: Context) -> Surrogate:
    """Return the surrogate of the settings: a scikit-learn regressor is wrapped, ours is taken as it is."""
    settings = context.settings
    if hasattr(settings.surrogate, "get_params"):
        return EstimatorSurrogate(settings.surrogate, settings.selection, settings.refit)
    return cast(Surrogate, settings.surrogate)


def refit(neighborhood: Neighborhood, estimate: Estimate, selected: tuple[NDArray[np.int64], ...]) -> Estimate:
    """Return the estimate with each target's shown features fitted alone by least squares, as lime does."""
    (k, d), parts = estimate.coef.shape, []
    coef, stderr, whole = np.zeros((k, d)), np.zeros((k, d)), np.zeros((k, d + 1, d + 1))
    for target, shown in enumerate(selected):
        alone = replace(
            neighborhood,
            Z=np.ascontiguousarray(neighborhood.Z[:, shown]),
            Y=neighborhood.Y[:, [target]],
            noise=None if neighborhood.noise is None else neighborhood.noise[:, [target]],
        )
        part = estimate_plain(alone)
        coef[target, shown], stderr[target, shown] = part.coef[0], part.stderr[0]
        places = np.concatenate([[0], shown + 1])
        whole[target][np.ix_(places, places)] = part.covariance(target=0)
        parts.append(part)
    columns = ("intercept", "intercept_stderr", "fidelity", "fidelity_stderr", "r2")
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    meat = replace(estimate.sandwich, whole=whole)
    return replace(estimate, coef=coef, stderr=stderr, sandwich=meat, estimators=("refit",) * len(parts), **joined)


def _fit_surrogate(neighborhood: Neighborhood, surrogate: Surrogate, max_features: int | None) -> Estimate:
    """Return the fit of a surrogate of the user's own, with the sampling errors that its residuals speak of."""
    fitted = surrogate.fit(neighborhood, max_features)
    left = neighborhood.Y - fitted.intercept - neighborhood.Z @ fitted.coef.T
    sample = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights)
    names = (type(surrogate).__name__,) * len(fitted.intercept)
    shape = geometry(neighborhood, sample)
    return assemble(neighborhood, sample, shape, (fitted.coef, fitted.intercept), (left, left), names)


def _sizes_near(one: OpenInstance, source: MaskSource, width: float) -> FloatArray | None:
    """Return q(s), the law of the masks' sizes as the kernel weighs them; None where the distance is the user's own."""
    context, d = one.context, len(one.representation.features)
    if callable(context.distance):
        return None
    each_size = np.tri(d + 1, d, -1, dtype=np.uint8)
    near = proximity_to(each_size, np.ones(d), distance=context.distance, width=width, kernel=context.settings.kernel)
    return weighted_size_law(size_law(source.representation.law, d), near)


def _fit_encoded(one: OpenInstance, source: PoolSource, neighborhood: Neighborhood, width: float) -> Estimate:
    settings, representation = one.context.settings, source.representation
    keep = np.array([feature.keep for feature in representation.features])
    control = ratio = None
    if settings.control_variates and settings.kernel == "exponential" and one.context.distance == "euclidean":
        control = _pool_control(one, source, len(neighborhood.Z))
        ratio = math.exp(-1.0 / (2.0 * width**2))
    fixed = (keep <= 0.0) | (keep >= 1.0)
    return estimate_encoded(
        neighborhood, control, representation.own, ratio, fixed=fixed, regularization=settings.regularization
    )


def _pool_control(one: OpenInstance, source: PoolSource, n: int) -> PoolControl | None:
    """Return the control of the first n draws for the targets of an instance, fitted once for all who share them."""
    if len(one.targets) > CONTROLLED_TARGETS or source.pool.background.probabilities is None:
        return None
    found = [_one_control(source, n, int(target)) for target in one.targets]
    whole = [control for control in found if control is not None]
    if len(whole) < len(found):
        return None
    if len(whole) == 1:
        return whole[0]
    outputs = np.array([control.outputs[kind] for kind in range(3) for control in whole])
    return PoolControl(tuple(control.parts[0] for control in whole), outputs)


def _one_control(source: PoolSource, n: int, target: int) -> PoolControl | None:
    pool = source.pool
    if (n, target) not in pool.controls:
        Y = pool.Y[:n, [target]]
        pool.controls[n, target] = fit_pool(
            pool.codes[:n], pool.U[:n], Y, pool.background.probabilities, pool.background.places
        )
    found: PoolControl | None = pool.controls[n, target]
    return found
