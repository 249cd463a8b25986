"""lime's fit: the instance is one of the rows, features are chosen, and a regressor is refitted on them alone.

Input: a `Neighborhood` whose rows are the perturbations. Output: the fit of `local.surrogate`, with what lime reports
besides: which features it chose, R² in the sample, the range of the outputs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from limelight.contracts import FloatArray, Neighborhood, SurrogateFit
from limelight.errors import InputError, UnknownNameError
from limelight.local.moments import moments
from limelight.local.surrogate import EstimatorSurrogate, RidgeSurrogate, weighted_r2
from limelight.settings import whole

SELECTIONS = ("auto", "forward_selection", "highest_weights", "lasso_path", "none")
FORWARD_UP_TO = 6
"""``"auto"`` is forward selection up to that many features, the highest weights beyond."""
ALPHA, RANKING_ALPHA = 1.0, 0.01
"""lime's penalties, as scikit-learn counts them: of the fit, and of the fit by which features are ranked."""


def selection_name(method: str, num_features: int) -> str:
    """Return limelight's name of one of lime's methods.

    >>> selection_name("auto", 6), selection_name("auto", 7)
    ('forward', 'highest_weights')
    """
    if not isinstance(method, str) or method not in SELECTIONS:
        raise UnknownNameError("feature_selection", method, SELECTIONS)
    if method == "auto":
        if num_features <= FORWARD_UP_TO:
            return "forward"
        return "highest_weights"
    return method.removesuffix("_selection")


def lime_fit(method: str, num_features: int, regressor: Any = None) -> RidgeSurrogate | EstimatorSurrogate:
    """Return limelight's surrogate that fits as lime does: Ridge(alpha=1), or a regressor of the user's."""
    selection = selection_name(method, num_features)
    if regressor is None:
        return RidgeSurrogate(selection, ALPHA, refit=True, selection_regularization=RANKING_ALPHA, absolute=True)
    try:
        return EstimatorSurrogate(regressor, selection, True, RANKING_ALPHA, True)
    except InputError as error:
        raise InputError(str(error).replace("surrogate:", "model_regressor:", 1)) from error


def check_num_features(num_features: Any) -> int:
    """Return the number of features to show, checked."""
    found = whole(num_features)
    if found is None or found < 1:
        raise InputError(f"num_features: expected a positive integer, got {num_features!r}; 10 is the default.")
    return found


class LimeSurrogate:
    """The surrogate of one explanation, as lime fits it; it remembers what it fitted, which lime reports.

    Parameters
    ----------
    inner
        The fit.
    own
        (k,) the model's outputs for the instance.
    own_weight
        What the kernel says at distance 0.
    n_rows
        How many perturbations were asked for; complete sets of masks, of fewer rows, weigh as much.
    always_hides
        Whether lime's perturbations hide something in every row: texts.

    Attributes
    ----------
    fitted
        The fit; None before.
    score
        (k,) weighted R² in the sample.
    lowest, highest
        (k,) the range of the outputs, the instance's included.
    """

    def __init__(
        self,
        inner: RidgeSurrogate | EstimatorSurrogate,
        own: FloatArray,
        *,
        own_weight: float,
        n_rows: int,
        always_hides: bool = False,
    ) -> None:
        self.inner = inner
        self.own = own
        self.own_weight = own_weight
        self.n_rows = n_rows
        self.always_hides = always_hides
        self.fitted: SurrogateFit | None = None
        self.score = self.lowest = self.highest = np.empty(0)

    def __repr__(self) -> str:
        """Return what provenance records."""
        estimator = getattr(self.inner, "estimator", f"Ridge(alpha={ALPHA:g})")
        return f"lime: {estimator}, selection={self.inner.selection!r}"

    def fit(self, neighborhood: Neighborhood, max_features: int | None) -> SurrogateFit:
        """Return the fit for all targets."""
        rows = self._with_instance(neighborhood)
        sums = moments(rows.Z, rows.Y, rows.weights)
        if isinstance(self.inner, RidgeSurrogate):
            self.fitted = self.inner.fit_moments(sums, rows.center, max_features)
        else:
            self.fitted = self.inner.fit(rows, max_features)
        self.score = weighted_r2(sums, self.fitted.coef)
        self.lowest, self.highest = rows.Y.min(axis=0), rows.Y.max(axis=0)
        return self.fitted

    def _with_instance(self, neighborhood: Neighborhood) -> Neighborhood:
        n = len(neighborhood.Z)
        center = neighborhood.center.astype(neighborhood.Z.dtype)
        # beside the instance, whose weight is fixed, few rows of a complete set must weigh as much as lime's many
        weights = neighborhood.weights * (self.n_rows / n if n else 1.0)
        if self.always_hides and center.size == 1:  # half of limelight's masks of a single word hide nothing
            weights = 2.0 * weights * (neighborhood.Z[:, 0] != center[0])
        return replace(
            neighborhood,
            Z=np.vstack([center, neighborhood.Z]),
            Y=np.vstack([self.own, neighborhood.Y]),
            weights=np.concatenate([[self.own_weight], weights]),
            enumerated=np.concatenate([[True], neighborhood.enumerated]),
            clusters=np.concatenate([[-1], neighborhood.clusters]),
            noise=None,
        )
