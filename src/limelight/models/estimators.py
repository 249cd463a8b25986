"""What an estimator's answers are about, as far as its attributes say: classes, clusters, inliers, or a quantity.

The door of f, beside `adapters.py`. Nothing is called here; only attributes are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class About:
    """What one method of an estimator answers.

    Parameters
    ----------
    labels
        The labels of its columns, or the values that it answers; None where it has none.
    names
        Their names, one each.
    values
        Whether each answer is one of the labels (`predict`), and not a score for each of them.
    exclusive
        Whether exactly one label holds, so that they compete; None where only the answer can tell.
    heads
        For an estimator of several outputs the labels of each; None for others.
    note
        What is said of such answers in the explanation.
    """

    labels: tuple[Any, ...] | None = None
    names: tuple[str, ...] | None = None
    values: bool = False
    exclusive: bool | None = None
    heads: tuple[tuple[Any, ...], ...] | None = None
    note: str = ""


LABELS_NOTE = "the model answers labels, not scores: an output is 1 where its label is the answer, and 0 elsewhere"
CLUSTERS_NOTE = "the model answers the number of a cluster: an output is 1 for rows in that cluster, and 0 elsewhere"
OUTLIERS_NOTE = "the model answers inlier or outlier: an output is 1 where that is the answer, and 0 elsewhere"


def about(owner: Any, method: str) -> About:
    """Return what a method of an estimator answers.

    >>> about(object(), "predict").labels is None
    True
    """
    classes = _attribute(owner, "classes_")
    if is_multi_output(classes):
        return _about_heads([tuple(each) for each in classes], method)
    if classes is not None:
        return _about_classes(owner, tuple(classes), method)
    estimator = final(owner)
    if _is_a(estimator, "OutlierMixin", "outlier_detector"):
        return _about_outliers(method)
    if method == "predict":
        return _about_clusters(estimator)
    if method == "predict_proba" and (components := _components(estimator)):
        return About(components, tuple(f"component {each}" for each in components))
    return About()


def final(estimator: Any) -> Any:
    """Return the last step of a pipeline, or the best estimator of a search; any other estimator itself."""
    for _ in range(8):  # nobody nests deeper, and an object that answers everything must not hang us
        steps = _attribute(estimator, "steps")
        best = _attribute(estimator, "best_estimator_")
        if isinstance(steps, list) and steps:
            estimator = steps[-1][1]
        elif best is not None:
            estimator = best
        else:
            break
    return estimator


def is_multi_output(classes: Any) -> bool:
    """Tell scikit-learn's multi-output `classes_`, a list with an array per output, from a list of class labels."""
    if not isinstance(classes, (list, tuple)) or not classes:
        return False
    return all(getattr(each, "ndim", 0) == 1 or isinstance(each, list) for each in classes)


def _about_classes(owner: Any, classes: tuple[Any, ...], method: str) -> About:
    names = tuple(str(each) for each in classes)
    estimator = final(owner)
    binarizer = _attribute(estimator, "_label_binarizer")  # of networks and ridge classifiers
    several = _attribute(binarizer, "y_type_") == "multilabel-indicator"
    multilabel = several or bool(_attribute(owner, "multilabel_") or _attribute(estimator, "multilabel_"))
    if method == "predict":
        return About(classes, names, values=not multilabel, exclusive=not multilabel, note=LABELS_NOTE)
    if method == "predict_proba":
        return About(classes, names)
    if method == "decision_function" and _attribute(estimator, "decision_function_shape") == "ovo" and len(names) > 2:
        pairs = [f"{a} against {b}" for i, a in enumerate(names) for b in names[i + 1 :]]
        return About(None, tuple(pairs), exclusive=False)
    return About(classes, names, exclusive=not multilabel)


def _about_heads(heads: list[tuple[Any, ...]], method: str) -> About:
    names: list[str] = []
    for number, classes in enumerate(heads):
        names += _names_of_head(number, classes)
    return About(None, tuple(names), values=method == "predict", exclusive=False, heads=tuple(heads))


def _names_of_head(number: int, classes: tuple[Any, ...]) -> list[str]:
    """Name the columns of one output: "output 0" for a yes/no output, otherwise "output 0=class"."""
    if list(classes) == [0, 1]:
        return [f"output {number}"]
    kept = classes[1:] if len(classes) == 2 else classes
    return [f"output {number}={each}" for each in kept]


def _about_outliers(method: str) -> About:
    if method == "predict":
        return About((-1, 1), ("outlier", "inlier"), values=True, exclusive=True, note=OUTLIERS_NOTE)
    return About(None, ("inlier score",))


def _about_clusters(estimator: Any) -> About:
    assigned = _attribute(estimator, "labels_")
    if _is_a(estimator, "ClusterMixin", "clusterer") and assigned is not None:
        clusters = tuple(sorted({int(each) for each in assigned}))
        names = tuple(f"cluster {each}" for each in clusters)
    elif components := _components(estimator):
        clusters, names = components, tuple(f"component {each}" for each in components)
    else:
        return About()
    return About(clusters, names, values=True, exclusive=True, note=CLUSTERS_NOTE)


def _components(estimator: Any) -> tuple[int, ...]:
    """Return the numbers of a mixture's components; a mixture has `weights_` and `means_`."""
    weights = _attribute(estimator, "weights_")
    if weights is None or _attribute(estimator, "means_") is None:
        return ()
    return tuple(range(len(weights)))


def _is_a(estimator: Any, mixin: str, kind: str) -> bool:
    mixins = {each.__name__ for each in type(estimator).__mro__}
    return mixin in mixins or _attribute(estimator, "_estimator_type") == kind


def _attribute(owner: Any, name: str) -> Any:
    """Return an attribute, or None where it is missing or cannot be read before fitting."""
    try:
        return getattr(owner, name, None)
    except Exception:
        return None
