"""Look through a model that was read from a .skops file for trees that would read memory which is not theirs.

The trees of scikit-learn are arrays of numbers that compiled code follows without looking: a file in which a child's
number lies beyond the last node, or before its parent, would crash the process, hang it, or show what is in memory.
Such a file is damaged or made on purpose; here it is refused before the model is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from limelight.errors import InputError

UNCHECKED = ("sklearn.ensemble._forest", "sklearn.ensemble._gb", "sklearn.ensemble._iforest")
"""Ensembles that hand rows to their trees without looking whether these take as many columns."""


def check_trees(model: Any, spec: str) -> None:
    """Raise where a part of a model points outside of itself.

    Raises
    ------
    InputError
        If a tree does.
    """
    for part, owner in _parts(model, None, set()):
        check = _CHECKS.get(type(part).__name__)
        if check is not None and not check(part, owner):
            raise InputError(
                f"--model: {spec} holds a {type(part).__name__} whose nodes point outside of it; the file is damaged, "
                "or was made to harm: do not use it."
            )
        if type(part).__module__ in UNCHECKED and not _has_own_columns(part):
            raise InputError(f"--model: {spec} holds trees of other columns than their ensemble's; do not use it.")


def _parts(value: Any, owner: Any, seen: set[int]) -> Iterator[tuple[Any, Any]]:
    """Yield every part of a model with the estimator that holds it."""
    if id(value) in seen or isinstance(value, (str, bytes, int, float, type(None))):
        return
    seen.add(id(value))
    yield value, owner
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, (list, tuple, set)):
        inner = value
    elif isinstance(value, np.ndarray):
        inner = value.ravel() if value.dtype == object else ()
    elif hasattr(value, "__dict__"):
        inner = vars(value).values()
        owner = value if "n_features_in_" in vars(value) else owner
    for each in inner:
        yield from _parts(each, owner, seen)


def _has_own_columns(ensemble: Any) -> bool:
    """Whether every tree of an ensemble takes the columns that the ensemble hands it."""
    width = ensemble.n_features_in_
    chosen = getattr(ensemble, "estimators_features_", None)  # of an isolation forest
    trees = [each.tree_ for each in np.ravel(np.asarray(ensemble.estimators_, dtype=object))]
    if chosen is None:
        widths = [width] * len(trees)
    else:
        widths = [len(columns) for columns in chosen]
    return [tree.n_features for tree in trees] == widths


def _follows(left: Any, right: Any, inner: Any, count: int) -> bool:
    """Whether the children of all inner nodes lie behind their parents and inside, so that every way ends at a leaf."""
    own = np.arange(count)
    return all(bool(((side > own) & (side < count))[inner].all()) for side in (left, right))


def _tree(tree: Any, owner: Any) -> bool:
    if not 0 < tree.node_count <= tree.capacity:  # the arrays below are cut to this length without a look
        return False
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != -1
    within = (feature >= 0) & (feature < tree.n_features)
    fits = tree.n_features == getattr(owner, "n_features_in_", None)
    return fits and bool(within[inner].all()) and _follows(left, right, inner, tree.node_count)


def _boosted(predictor: Any, owner: Any) -> bool:
    nodes, bits = predictor.nodes, predictor.raw_left_cat_bitsets
    inner = nodes["is_leaf"] == 0
    mapper = getattr(owner, "_bin_mapper", None)
    if mapper is None:
        categorical = np.zeros(owner.n_features_in_, dtype=bool)
    else:
        categorical = mapper.is_categorical_ != 0
    feature = nodes["feature_idx"]
    if len(nodes) == 0 or len(categorical) != owner.n_features_in_:
        return False
    if not ((feature >= 0) & (feature < owner.n_features_in_))[inner].all():
        return False
    named = inner & (nodes["is_categorical"] != 0)
    known = (
        categorical[feature[named]].all() and (nodes["bitset_idx"][named] < len(bits)).all() and bits.shape[1:] == (8,)
    )
    return bool(known) and _follows(nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), inner, len(nodes))


def _neighbors(tree: Any, _: Any) -> bool:
    data, index, nodes, bounds = (np.asarray(each) for each in tree.get_arrays())
    n, count = len(data), len(nodes)
    start, end = nodes["idx_start"], nodes["idx_end"]
    inner = nodes["is_leaf"] == 0
    inside = ((start >= 0) & (start <= end) & (end <= n)).all() and ((index >= 0) & (index < n)).all()
    shapes = len(index) == n and bounds.ndim == 3 and bounds.shape[1:] == (count, data.shape[1]) and len(bounds) > 0
    own = np.arange(count)
    return bool(count and inside and shapes) and bool((2 * own[inner] + 2 < count).all())


_CHECKS = {"Tree": _tree, "TreePredictor": _boosted, "KDTree": _neighbors, "BallTree": _neighbors}
