"""Which estimator fits a neighborhood: decided by settings and sizes, never by the clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood, Surrogate
from limelight.control.masks import estimate_masked
from limelight.control.table_weights import Corrected, estimate_table
from limelight.local.estimate import Estimate, WholeCovariance
from limelight.local.geometry import geometry
from limelight.local.moments import moments
from limelight.local.precision import assemble, estimate_plain
from limelight.local.proximity import proximity_to
from limelight.local.sampling import size_law, weighted_size_law
from limelight.local.sparse import estimate_sparse
from limelight.local.surrogate import EstimatorSurrogate
from limelight.rounds.economy import FrugalSource
from limelight.rounds.encoded import SharedSource
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.neighborhoods import MaskSource
from limelight.rounds.stack import stack_of_one
from limelight.rounds.worded import with_leading


def fit(one: OpenInstance, neighborhood: Neighborhood, width: float) -> Estimate:
    """Return the estimate of the weights of one instance from its neighborhood."""
    settings = one.context.settings
    if settings.surrogate != "ridge":
        return _fit_surrogate(neighborhood, as_surrogate(one.context), settings.max_features)
    if isinstance(one.source, SharedSource):
        return _fit_shared(one, one.source, neighborhood, width)
    controlled = settings.control_variates and not one.left_out.matters
    if isinstance(one.source, FrugalSource) and not settings.regularization and not one.left_out.matters:
        sizes = _sizes_near(one, one.source, width)
        if sizes is not None:
            return with_leading(one, neighborhood, estimate_sparse(neighborhood, sizes), sizes)
    sizes = _sizes_near(one, one.source, width) if controlled else None
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
    errors = WholeCovariance(whole, estimate.varying)
    return replace(estimate, coef=coef, stderr=stderr, errors=errors, estimators=("refit",) * len(parts), **joined)


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


def _fit_shared(one: OpenInstance, source: SharedSource, neighborhood: Neighborhood, width: float) -> Estimate:
    """Return the weights of a row on shared draws, each target corrected by its second model where it has one."""
    settings, fixed = one.context.settings, np.array(source.fixed)
    if settings.regularization:
        return estimate_plain(neighborhood, regularization=settings.regularization, fixed=fixed)
    stack = stack_of_one(one, neighborhood, width)
    if stack is None:  # a continuous z', for which no second model has a projection
        k, d = len(one.targets), neighborhood.Z.shape[1]
        none = Corrected(np.empty((0, k)), np.zeros((k, d)), np.zeros(k), ("",) * k)
        return estimate_table(neighborhood, none, fixed)
    fits, identified = stack.fits()
    # a value that was never drawn, say, is not known, nor certain
    if identified[0]:
        return fits.estimate(0)
    return estimate_plain(neighborhood, fixed=fixed)
