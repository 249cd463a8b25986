"""Explanations as features: a step of a scikit-learn pipeline whose columns are contributions.

Input: rows. Output: what each column of a row contributes to the answer of a model that was fitted on the same rows.
Rows that a model treats alike lie near one another, whatever their values are: cluster them to see the model's kinds of
reasons (Lundberg et al., 2020, "From local explanations to global understanding", 2.5, call it supervised clustering).
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone, is_classifier
from sklearn.utils.validation import check_is_fitted

from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.interpretable.tabular import Tabular
from limelight.result.explanation import Explanation


class Contributions(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace each row of a table by what its columns contribute to a model's answer.

    Parameters
    ----------
    estimator
        A classifier or regressor. It is cloned and fitted by `fit`; the given one stays as it is.
    target
        The class or output whose contributions are wanted. None (default) takes all of them side by side, and of two
        classes the second: what is for one is against the other.
    tabular
        Arguments of `Tabular`, such as ``{"bins": "decile"}``.
    settings
        Settings of the `Explainer`, such as ``{"seed": 1}``.

    Attributes
    ----------
    estimator_
        The fitted model.
    explainer_
        Its `Explainer`, with the training rows as background.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from limelight.integrations.features import Contributions
    >>> X, y = load_wine(return_X_y=True, as_frame=True)
    >>> X = X[["alcohol", "hue"]]
    >>> step = Contributions(LinearRegression()).fit(X, y)
    >>> step.transform(X).shape, step.get_feature_names_out().tolist()
    ((178, 2), ['alcohol', 'hue'])
    >>> kinds = make_pipeline(step, KMeans(3, n_init=1, random_state=0)).fit(X, y)
    """

    def __init__(
        self,
        estimator: Any,
        *,
        target: str | int | None = None,
        tabular: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.estimator = estimator
        self.target = target
        self.tabular = tabular
        self.settings = settings

    def fit(self, X: Any, y: Any = None) -> Contributions:
        """Fit a clone of the estimator on the rows, and keep them as the background of its explanations.

        Raises
        ------
        InputError
            If `settings` names targets, which `target` says, or an argument does not fit.
        """
        settings = dict(self.settings or {})
        if "targets" in settings:
            raise InputError(
                "settings: expected no targets, since `target` says which columns come out; give "
                "Contributions(…, target=…)."
            )
        options, known = dict(self.tabular or {}), signature(Tabular).parameters
        for name in options:
            if name not in known or name == "background":
                raise UnknownNameError("tabular", name, [each for each in known if each != "background"])
        self.estimator_ = clone(self.estimator).fit(X, y)
        background = Tabular(X, **options)
        self._columns = [str(label) for label in background.table.labels]
        self.explainer_ = Explainer(self.estimator_, background, targets="all", **settings)
        first = self.explainer_.explain_all(X[:1])
        self._targets = self._wanted(first[0])
        self._names = first.feature_names
        self.n_features_in_ = len(self._names)
        return self

    def transform(self, X: Any) -> Any:
        """Return (n, d) contributions, or (n, d · outputs) where several targets are wanted."""
        check_is_fitted(self, "explainer_")
        made = self.explainer_.explain_all(X)
        if not len(made):
            return np.empty((0, len(self.get_feature_names_out())))
        return np.hstack([made.filter(target=target).values for target in self._targets])

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names of the columns: the features', with the target before them where there are several.

        Parameters
        ----------
        input_features
            The columns of the rows that it was fitted on; anything else is refused, as scikit-learn's own steps do.

        Raises
        ------
        InputError
            If these are other columns.
        """
        check_is_fitted(self, "explainer_")
        self._check_columns(input_features)
        if len(self._targets) == 1:
            return np.array(self._names, dtype=object)
        return np.array([f"{target}: {name}" for target in self._targets for name in self._names], dtype=object)

    def _check_columns(self, given: Any) -> None:
        known = self._columns
        if given is None:
            return
        names = [given] if isinstance(given, str) else [str(name) for name in given]
        if names != known:
            raise InputError(
                f"input_features: expected the columns that it was fitted on, {known!r:.200}, got {names!r:.200}; "
                "leave it out."
            )

    def _wanted(self, example: Explanation) -> list[str]:
        """Return the names of the targets whose contributions come out."""
        targets = list(example.targets)
        if self.target is not None:
            return [targets[example.target_index(self.target)]]
        if is_classifier(self.estimator_) and len(targets) == 2:
            return targets[1:]
        return targets
