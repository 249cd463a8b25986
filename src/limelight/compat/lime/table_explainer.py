"""lime's explainer of tables, over `Tabular`: arrays of numbers with categories as codes, dense or sparse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from limelight.compat.lime.arrays import (
    column_names,
    floats,
    is_sparse,
    kernel_width_of,
    nonzero_columns,
    training_array,
)
from limelight.compat.lime.discretize import (
    BaseDiscretizer,
    DecileDiscretizer,
    EntropyDiscretizer,
    QuartileDiscretizer,
    StatsDiscretizer,
)
from limelight.compat.lime.explanation import MODES, Explanation
from limelight.compat.lime.lime_base import LimeBase
from limelight.compat.lime.question import Kernel, Question, ask
from limelight.compat.lime.randomness import Seeds, check_random_state
from limelight.compat.lime.surrogate import selection_name
from limelight.compat.lime.table_names import TableDomainMapper, list_zeros, map_row, map_sparse, two_decimals
from limelight.compat.lime.tables import Statistics, build_table, distinct
from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular import Tabular
from limelight.rounds.shared import SharedDraws

DISCRETIZERS = {"quartile": QuartileDiscretizer, "decile": DecileDiscretizer, "entropy": EntropyDiscretizer}
STATISTICS = ("means", "mins", "maxs", "stds", "feature_values", "feature_frequencies")
"""What `training_data_stats` must hold."""


class LimeTabularExplainer:
    """Explains a function of arrays of numbers, as lime's class of this name does.

    Same parameters and defaults as lime's. What differs is said in docs/how-to/move-from-lime.md.

    Parameters
    ----------
    training_data
        (n, c) numbers; or a scipy sparse matrix, of whose rows only the non-zeros are perturbed.
    mode
        ``"classification"`` or ``"regression"``.
    training_labels
        (n,) for the entropy discretizer.
    feature_names
        Column names; "0", "1", … by default.
    categorical_features
        Columns of codes, one value a bin.
    categorical_names
        Column → what its codes stand for.
    kernel_width
        In units of the distance; 0.75 √c by default.
    kernel
        ``kernel(distances, kernel_width)``; exp(-d² / 2w²) by default.
    verbose
        Whether to print intercept, local and true prediction.
    class_names
        Names of the classes; their numbers by default.
    feature_selection
        ``"auto"``, ``"forward_selection"``, ``"highest_weights"``, ``"lasso_path"`` or ``"none"``.
    discretize_continuous
        Whether columns that are not categorical are cut into bins; has no effect on sparse data, as in lime.
    discretizer
        ``"quartile"``, ``"decile"``, ``"entropy"`` or a `BaseDiscretizer`.
    sample_around_instance
        Without bins: whether to draw around the instance instead of the mean.
    random_state
        None, an integer or a RandomState, from which one seed is drawn.
    training_data_stats
        Statistics in place of the training data, see `STATISTICS`; "bins" holds the edges.

    Attributes
    ----------
    share_neighborhood
        Set it to True where the function never changes: all rows then share one neighborhood, whose perturbed rows
        are asked once. Off, because a model refitted between two calls would be answered for by the old one.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> def price(X):
    ...     return 3 * (X[:, 0] > 0) + X[:, 2]
    >>> explainer = LimeTabularExplainer(X, mode="regression", feature_names=["size", "age", "light"], random_state=0)
    >>> explanation = explainer.explain_instance(X[0], price, num_features=2)
    >>> [name.split(" <=")[0] for name, weight in explanation.as_list()]
    ['-0.10 < size', '-0.02 < light']
    """

    share_neighborhood: bool = False

    def __init__(
        self,
        training_data: Any,
        mode: str = "classification",
        training_labels: Any = None,
        feature_names: Sequence[Any] | None = None,
        categorical_features: Sequence[int] | None = None,
        categorical_names: Mapping[int, Any] | None = None,
        kernel_width: float | None = None,
        kernel: Callable[..., Any] | None = None,
        verbose: bool = False,
        class_names: Sequence[Any] | None = None,
        feature_selection: str = "auto",
        discretize_continuous: bool = True,
        discretizer: Any = "quartile",
        sample_around_instance: bool = False,
        random_state: Any = None,
        training_data_stats: Mapping[str, Any] | None = None,
    ) -> None:
        if mode not in MODES:
            raise UnknownNameError("mode", mode, MODES)
        selection_name(feature_selection, 1)
        if training_data_stats:
            self.validate_training_data_stats(training_data_stats)
        data = training_array(training_data)
        self.random_state = check_random_state(random_state)
        self.mode, self.verbose, self.class_names = mode, verbose, class_names
        self.categorical_names = categorical_names or {}
        self.sample_around_instance = sample_around_instance
        self.training_data_stats = training_data_stats
        self.feature_selection = feature_selection
        self.categorical_features = [int(j) for j in (() if categorical_features is None else categorical_features)]
        self.feature_names = column_names(feature_names, training_data, data.shape[1])
        self._kernel = Kernel(kernel, kernel_width_of(kernel_width, data.shape[1]))
        self.base = LimeBase(self._kernel.at, verbose, random_state=self.random_state)
        self.discretizer: BaseDiscretizer | None = None
        if discretize_continuous and not is_sparse(data):
            self.discretizer = self._discretizer(discretizer, data, training_labels)
        self._prepare(data)
        self._seeds = Seeds(self.random_state)
        self._shared: tuple[Any, int, dict[bytes, SharedDraws]] | None = None

    @staticmethod
    def convert_and_round(values: Any) -> list[str]:
        """Return numbers with two decimals."""
        return two_decimals(values)

    @staticmethod
    def validate_training_data_stats(training_data_stats: Mapping[str, Any]) -> None:
        """Raise where statistics lack something."""
        missing = [name for name in STATISTICS if name not in training_data_stats]
        if missing:
            raise InputError(
                f"training_data_stats: expected the keys {', '.join(STATISTICS)}, got none of {', '.join(missing)}; "
                "a discretizer of the full data holds them."
            )

    @property
    def scaler(self) -> Any:
        """Return mean and scale of the continuous columns as a `StandardScaler`; 0 and 1 for all others."""
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler(with_mean=False)
        scaler.mean_, scaler.scale_ = self._mean.copy(), self._scale.copy()
        scaler.var_, scaler.n_features_in_ = scaler.scale_**2, len(self._mean)
        return scaler

    def explain_instance(
        self,
        data_row: Any,
        predict_fn: Callable[[Any], Any],
        labels: Sequence[int] = (1,),
        top_labels: int | None = None,
        num_features: int = 10,
        num_samples: int = 5000,
        distance_metric: Any = "euclidean",
        model_regressor: Any = None,
        sampling_method: str = "gaussian",
    ) -> Explanation:
        """Return the explanation of a function's output for one row.

        Parameters
        ----------
        data_row
            (c,) numbers, or a sparse row.
        predict_fn
            From (n, c) rows to probabilities (n, k); for a regression to numbers (n,).
        labels
            Columns of the output to explain; not used for a regression.
        top_labels
            Explain that many of the largest outputs instead.
        num_features
            How many columns the explanation holds.
        num_samples
            Rows to ask, the row itself among them.
        distance_metric
            As scikit-learn calls it.
        model_regressor
            A linear regressor that takes `sample_weight`; Ridge(alpha=1) by default.
        sampling_method
            ``"gaussian"`` or ``"lhs"``.
        """
        row = self._row(data_row)
        question = self._question(
            labels=labels,
            top_labels=top_labels,
            num_features=num_features,
            num_samples=num_samples,
            distance_metric=distance_metric,
            model_regressor=model_regressor,
            sampling_method=sampling_method,
        )
        answer = ask(question, row, predict_fn, self._tabular, self._pools(predict_fn))
        self._seeds.leave(self._random_states)
        _warn_of_no_probabilities(question, answer.outputs)
        explanation = Explanation(self._mapper(row), mode=self.mode, class_names=self._class_names(len(answer.outputs)))
        explanation.fill(answer, nonzero_columns(row))
        if is_sparse(row) and self.feature_selection != "lasso_path":
            list_zeros(explanation, len(self.feature_names) if self.feature_selection == "none" else num_features)
        if self.mode == "regression":
            explanation.predicted_value = answer.outputs[0]
            explanation.min_value, explanation.max_value = answer.lowest, answer.highest
        else:
            explanation.predict_proba = answer.outputs
            explanation.top_labels = list(answer.labels)[::-1] if top_labels else None
        return explanation.seal()

    # -- what the training data say -----------------------------------------------------------------------------------

    def _discretizer(self, discretizer: Any, data: Any, training_labels: Any) -> BaseDiscretizer:
        if self.training_data_stats:
            return StatsDiscretizer(
                data, self.categorical_features, self.feature_names, training_labels, self.random_state,
                self.training_data_stats,
            )  # fmt: skip
        if isinstance(discretizer, BaseDiscretizer):
            return discretizer
        if not isinstance(discretizer, str) or discretizer not in DISCRETIZERS:
            raise UnknownNameError("discretizer", discretizer, [*DISCRETIZERS, "a BaseDiscretizer"])
        made: BaseDiscretizer = DISCRETIZERS[discretizer](
            data, self.categorical_features, self.feature_names, labels=training_labels, random_state=self.random_state
        )
        return made

    def _prepare(self, data: Any) -> None:
        """Keep what explaining needs: the table, and lime's attributes."""
        chosen = frozenset(self.categorical_features)
        self._statistics: Statistics | None = None
        if self.discretizer is not None:
            self.categorical_features = list(range(data.shape[1]))
        self.feature_values: dict[int, list[Any]] = {}
        self.feature_frequencies: dict[int, FloatArray] = {}
        if is_sparse(data):
            if chosen:
                raise InputError(
                    "categorical_features: expected none for sparse data, whose rows are perturbed in their "
                    "non-zeros; one-hot the columns, or pass data.toarray()."
                )
            self._tabular = Tabular(data, bins=None, names=distinct(self.feature_names), around=self._around)
            self._mean, self._scale = self._tabular.table.moments  # type: ignore[union-attr]
        else:
            self._mean, self._scale = np.nanmean(data, axis=0), np.nanstd(data, axis=0)
            self._count(data)
        self._scale = np.where(self._scale > 0, self._scale, 1.0)
        if not is_sparse(data):
            names = tuple(map(str, self.feature_names))
            self._statistics = Statistics(
                names, chosen, self.categorical_names, self.discretizer, self.feature_values,
                self.feature_frequencies, self._mean, self._scale,
            )  # fmt: skip
            self._tabular = build_table(self._statistics, around_instance=self.sample_around_instance)
        at = np.array(self.categorical_features, dtype=int)
        self._mean[at], self._scale[at] = 0.0, 1.0

    @property
    def _around(self) -> Any:
        return "instance" if self.sample_around_instance else "background"

    def _count(self, data: FloatArray) -> None:
        """Keep values and frequencies of the columns that have a bin for each value, or bins."""
        binned = data if self.discretizer is None else self.discretizer.discretize(data)
        for j in self.categorical_features:
            if self.training_data_stats:
                values = list(self.training_data_stats["feature_values"][j])
                counts = list(self.training_data_stats["feature_frequencies"][j])
            else:
                present = binned[:, j][~np.isnan(binned[:, j])]
                counted = sorted(Counter(present.tolist()).items())
                gone = len(binned) - len(present)
                pairs = [*counted, (np.nan, gone)] if gone else counted
                values, counts = [value for value, _ in pairs], [count for _, count in pairs]
            self.feature_values[j] = values
            self.feature_frequencies[j] = np.asarray(counts, dtype=np.float64) / float(sum(counts))

    # -- the seed -----------------------------------------------------------------------------------------------------

    @property
    def _seed(self) -> int:
        """The seed, drawn anew where somebody touched a random state."""
        return self._seeds.current(self._random_states)

    @property
    def _random_states(self) -> list[Any]:
        """Every random state that counts; the explainer's own first."""
        states = [self.random_state, getattr(self.base, "random_state", self.random_state)]
        return states if self.discretizer is None else [*states, self.discretizer.random_state]

    # -- one row ------------------------------------------------------------------------------------------------------

    def _question(self, **words: Any) -> Question:
        return Question(
            mode=self.mode,
            class_names=self.class_names,
            feature_selection=self.feature_selection,
            kernel=self._kernel,
            seed=self._seed,
            verbose=self.verbose,
            **words,
        )

    def _pools(self, predict_fn: Callable[[Any], Any]) -> dict[bytes, SharedDraws]:
        """Return the neighborhoods that this function has answered already, where they may be shared."""
        if not self.share_neighborhood:
            return {}
        seed = self._seed
        if self._shared is None or self._shared[0] != predict_fn or self._shared[1] != seed:
            self._shared = (predict_fn, seed, {})
        return self._shared[2]

    def _class_names(self, k: int) -> list[Any]:
        return [str(label) for label in range(k)] if self.class_names is None else list(self.class_names)

    def _row(self, data_row: Any) -> Any:
        if is_sparse(data_row):
            return data_row.tocsr() if self._statistics is None else data_row.toarray()[0].astype(np.float64)
        row = floats("data_row", data_row)
        row = row[0] if row.ndim == 2 and len(row) == 1 else row
        if row.shape != (len(self.feature_names),):
            raise InputError(
                f"data_row: expected {len(self.feature_names)} numbers, got shape {row.shape}; pass one row, X_test[0]."
            )
        return row

    def _mapper(self, row: Any) -> TableDomainMapper:
        if is_sparse(row):
            return map_sparse(self.feature_names, row, self._scale)
        if self._statistics is None:
            return TableDomainMapper(self.feature_names, two_decimals(row), row / self._scale, [], None)
        return map_row(self._statistics, row, self.categorical_features, (row - self._mean) / self._scale)


def _warn_of_no_probabilities(question: Question, outputs: FloatArray) -> None:
    import warnings

    if question.mode == "classification" and not np.isclose(outputs.sum(), 1.0):
        warnings.warn(
            f"predict_fn: expected probabilities that sum to 1, got a sum of {outputs.sum():.4g}; pass predict_proba, "
            "or mode='regression' for numbers. Weights are in units of what it returns.",
            stacklevel=3,
        )
