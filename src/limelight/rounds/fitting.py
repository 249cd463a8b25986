"""Which estimator fits a neighborhood: decided by settings and sizes, never by the clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood, Shape, Surrogate
from limelight.control.masks import estimate_masked
from limelight.control.table_weights import Corrected, estimate_table
from limelight.control.tables import TableControl, TableDesign
from limelight.local.estimate import Estimate, WholeCovariance
from limelight.local.moments import moments
from limelight.local.precision import assemble, estimate_plain, geometry
from limelight.local.proximity import proximity_to
from limelight.local.sampling import size_law, weighted_size_law
from limelight.local.surrogate import EstimatorSurrogate
from limelight.rounds.instance import Context, Controls, OpenInstance
from limelight.rounds.neighborhoods import MaskSource
from limelight.rounds.shared import HeldDraws, SharedDraws, SharedSource

CONTROLLED_TARGETS = 16
"""A control variate is kept for each draw of a pool and target; with more targets plain least squares fits all."""


def fit(one: OpenInstance, neighborhood: Neighborhood, width: float) -> Estimate:
    """Return the estimate of the weights of one instance from its neighborhood."""
    settings = one.context.settings
    if settings.surrogate != "ridge":
        return _fit_surrogate(neighborhood, as_surrogate(one.context), settings.max_features)
    if isinstance(one.source, SharedSource):
        return _fit_shared(one, one.source, neighborhood, width)
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
    settings = one.context.settings
    keep = np.array([feature.keep for feature in source.representation.features])
    fixed = keep >= 1.0
    if settings.regularization:
        return estimate_plain(neighborhood, regularization=settings.regularization, fixed=fixed)
    one.controls = (None,) * len(one.targets)
    if settings.control_variates and settings.kernel == "exponential" and one.context.distance == "euclidean":
        one.controls = shared_controls(source.draws, one.n, one.targets)
    one.ratio = math.exp(-1.0 / (2.0 * width**2))
    one.corrected = _corrected(one, source, neighborhood, one.ratio)
    return estimate_table(neighborhood, one.corrected, fixed)


def _corrected(one: OpenInstance, source: SharedSource, neighborhood: Neighborhood, ratio: float) -> Corrected:
    """Return what second models leave of the outputs of all draws, and their projections for this row."""
    k, d = len(one.targets), neighborhood.Z.shape[1]
    left = neighborhood.Y.copy()
    coef, intercept, names = np.zeros((k, d)), np.zeros(k), [""] * k
    moved = np.zeros((k, source.draws.replicates, 1 + d))
    parts = source.parts(one.n)
    for row, control in enumerate(one.controls):
        if control is None:
            continue
        left[: one.n, row] = control.unseen
        slopes, starts = control.parts.project(source.representation.own, ratio)
        folds = np.concatenate([starts[None], slopes]).T
        mean = folds.mean(axis=0)
        intercept[row], coef[row] = mean[0], mean[1:]
        moved[row] = (folds - mean) / len(folds)
        names[row] = control.name
        start = one.n
        for part in parts:
            left[start : start + part.n, row] = _held_residuals(source.draws, one.n, control, part, one.targets[row])
            start += part.n
    return Corrected(left, coef, intercept, tuple(names), moved)


def _held_residuals(draws: SharedDraws, n: int, control: TableControl, part: HeldDraws, target: np.int64) -> FloatArray:
    """Return what a second model leaves of held draws; kept, since all rows with the same rare bin share them.

    Those of a value outside the background belong to one row, or few, and are not kept.
    """
    key = (n, int(target), part.held)
    known: FloatArray | None = draws.fits.get(key)
    if known is None:
        inside = draws.background.inside(part.U)
        known = control.residuals(part.codes, inside, part.Y[:, target], averaged=part.averaged)
        if part.averaged is None:
            draws.fits[key] = known
    return known


def shared_controls(draws: SharedDraws, n: int, targets: NDArray[np.int64]) -> Controls:
    """Return the second models of the first n shared draws, fitted once for all rows that share them.

    They are kept for each look, of which there are few; the columns they were fitted to are kept for the last one only.
    """
    shapes = draws.background.shapes
    if shapes is None or len(targets) > CONTROLLED_TARGETS:
        return (None,) * len(targets)
    found = []
    for target in targets.tolist():
        if (n, target) not in draws.fits:
            design = _design(draws, n, shapes)
            draws.fits[n, target] = None if design is None else design.control(draws.Y[:n, target])
        found.append(draws.fits[n, target])
    return tuple(found)


def _design(draws: SharedDraws, n: int, shapes: Sequence[Shape]) -> TableDesign | None:
    """Return the columns of the first n draws, made anew where the last ones were of another number of draws."""
    if "design" not in draws.fits or draws.fits["design"][0] != n:
        inside = draws.background.inside(draws.U[:n])
        draws.fits["design"] = (n, TableDesign.of(draws.codes[:n], inside, shapes, draws.replicates))
    made: TableDesign | None = draws.fits["design"][1]
    return made
