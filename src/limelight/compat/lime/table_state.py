"""What an explainer of tables holds now, against what it was made with.

lime reads its attributes at every explanation, so that programs set them afterwards. Most of them are laws and names,
from which the table is made again; what limelight's pipeline has no place for goes lime's own route.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from limelight.compat.lime.discretize import BaseDiscretizer, Bins
from limelight.compat.lime.lime_base import departs

ORIGINAL_DISCRETIZER = {
    name: inspect.getattr_static(BaseDiscretizer, name)
    for name in ("discretize", "undiscretize", "get_undiscretize_values")
}
"""What `BaseDiscretizer` does, as it was when it was imported."""


def fingerprint(explainer: Any) -> str:
    """Return what tells the attributes that an explanation depends on from all others that they may have."""
    held: list[Any] = [
        list(map(str, explainer.feature_names)),
        {j: list(map(str, names)) for j, names in dict(explainer.categorical_names).items()},
        bool(explainer.sample_around_instance),
        list(map(int, explainer.categorical_features)),
        {j: list(map(float, values)) for j, values in explainer.feature_values.items()},
        {j: list(map(float, shares)) for j, shares in explainer.feature_frequencies.items()},
        np.asarray(explainer.scaler.mean_, dtype=np.float64).tolist(),
        np.asarray(explainer.scaler.scale_, dtype=np.float64).tolist(),
    ]
    if explainer.discretizer is not None:
        held += [{j: np.asarray(each).tolist() for j, each in of.items()} for of in _bins(explainer.discretizer)]
    return repr(held)


def _bins(discretizer: BaseDiscretizer) -> list[Any]:
    return [
        discretizer.names,
        discretizer.edges,
        discretizer.means,
        discretizer.stds,
        discretizer.mins,
        discretizer.maxs,
    ]


def bins_by_hand(discretizer: BaseDiscretizer | None) -> bool:
    """Return whether somebody's code says which bin a value is in, or what a bin gives back."""
    if discretizer is None:
        return False
    if departs(discretizer, ORIGINAL_DISCRETIZER) or set(discretizer.lambdas) != set(discretizer.edges):
        return True
    return not all(
        isinstance(place, Bins) and np.array_equal(place.edges, discretizer.edges[j])
        for j, place in discretizer.lambdas.items()
    )


def scales_by_hand(explainer: Any) -> bool:
    """Return whether somebody gave yes/no features a scale, which limelight's have not."""
    at = np.asarray(explainer.categorical_features, dtype=int)
    mean, scale = explainer.scaler.mean_[at], explainer.scaler.scale_[at]
    return bool((mean != 0).any() or (scale != 1).any())
