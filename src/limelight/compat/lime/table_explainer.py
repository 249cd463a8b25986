"""lime's explainer of tables, over `Tabular`: arrays of numbers with categories as codes, dense or sparse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from limelight.compat.lime.arrays import (
    column_names,
    column_numbers,
    is_sparse,
    kernel_width_of,
    nonzero_columns,
    one_row,
    training_array,
)
from limelight.compat.lime.discretize import BaseDiscretizer, StatsDiscretizer, discretizer_of
from limelight.compat.lime.draws import draw_rows
from limelight.compat.lime.explanation import MODES, Explanation
from limelight.compat.lime.lime_base import LimeBase, departs
from limelight.compat.lime.lime_route import (
    Perturbed,
    distances_to_first,
    fit_perturbed,
    keeps_base,
    kernel_of,
    taken,
    warn_of_no_probabilities,
)
from limelight.compat.lime.question import Kernel, Question, as_called, ask
from limelight.compat.lime.randomness import Seeds, check_random_state, draw_seed
from limelight.compat.lime.surrogate import selection_name
from limelight.compat.lime.table_counts import check_statistics, counted, stated_counts
from limelight.compat.lime.table_names import TableDomainMapper, list_zeros, map_row, map_sparse, two_decimals
from limelight.compat.lime.table_state import bins_by_hand, fingerprint, scales_by_hand
from limelight.compat.lime.tables import Statistics, build_table, distinct, standard_scaler
from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular import Tabular
from limelight.rounds.shared import SharedDraws
from limelight.seeding import stream


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
    _known: str
    _made: str

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
        if not isinstance(mode, str) or mode not in MODES:
            raise UnknownNameError("mode", mode, MODES)
        selection_name(feature_selection, 1)
        if training_data_stats:
            self.validate_training_data_stats(training_data_stats)
        data = training_array(training_data)
        self.random_state = check_random_state(random_state)
        self.mode, self.class_names = mode, class_names
        self.categorical_names = categorical_names or {}
        self.sample_around_instance = sample_around_instance
        self.training_data_stats = training_data_stats
        self.feature_selection = feature_selection
        self.categorical_features = column_numbers(categorical_features, data.shape[1])
        self.feature_names = column_names(feature_names, training_data, data.shape[1])
        self._kernel = Kernel(kernel, kernel_width_of(kernel_width, data.shape[1]))
        self.base = LimeBase(self._kernel.at, verbose, random_state=self.random_state)
        self.discretizer: BaseDiscretizer | None = None
        if discretize_continuous and not is_sparse(data):
            self.discretizer = self._discretizer(discretizer, data, training_labels)
        self._prepare(data)
        self._seeds = Seeds(self.random_state)

    @staticmethod
    def convert_and_round(values: Any) -> list[str]:
        """Return numbers with two decimals."""
        return two_decimals(values)

    @staticmethod
    def validate_training_data_stats(training_data_stats: Mapping[str, Any]) -> None:
        """Raise where statistics lack something."""
        check_statistics(training_data_stats)

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
        found = self._perturb_and_fit if self._read_again() else self._ask
        explanation, said, labels = found(question, row, predict_fn)
        self._seeds.leave(self._random_states)
        warn_of_no_probabilities(self.mode, said)
        if self.mode == "regression":
            explanation.predicted_value = said[0]
        else:
            explanation.predict_proba = said
            explanation.top_labels = list(labels)[::-1] if top_labels else None
        return explanation.seal()

    def _ask(
        self, question: Question, row: Any, predict_fn: Callable[[Any], Any]
    ) -> tuple[Explanation, FloatArray, tuple[int, ...]]:
        """Return limelight's explanation in lime's words, what the model said (k,), and the labels."""
        answer = ask(question, row, predict_fn, self._tabular, self._pools(predict_fn))
        explanation = self._explanation(row, len(answer.outputs)).fill(answer, nonzero_columns(row))
        if is_sparse(row) and self.feature_selection != "lasso_path":
            wanted = len(self.feature_names) if self.feature_selection == "none" else question.num_features
            list_zeros(explanation, wanted)
        if self.mode == "regression":
            explanation.min_value, explanation.max_value = answer.lowest, answer.highest
        return explanation, answer.outputs, answer.labels

    # -- lime's own route, where somebody replaced a part of it -------------------------------------------------------

    def _read_again(self) -> bool:
        """Make the table anew where attributes were set, and return whether limelight's pipeline has no place for them.

        Means, frequencies, bins and names are what the table is made of. Overridden methods, another `base`, bins that
        somebody's code finds, and scales of yes/no features are parts of lime's own pipeline only.
        """
        now = fingerprint(self)
        changed, self._known = now != self._known, now
        if changed and self._statistics is not None:
            self._build()
        return (
            departs(self, ORIGINAL)
            or not keeps_base(self.base)
            or bins_by_hand(self.discretizer)
            or scales_by_hand(self)
            or (self._statistics is None and now != self._made)
        )

    def _perturb_and_fit(
        self, question: Question, row: Any, predict_fn: Callable[[Any], Any]
    ) -> tuple[Explanation, FloatArray, tuple[int, ...]]:
        """Return an explanation by lime's own route, what the model said (k,), and the labels."""
        n, method = int(question.num_samples), question.sampling_method
        if departs(self, ORIGINAL):
            inverse = self.__data_inverse
            words = taken(inverse, {"sampling_method": method}, {"sampling_method": "gaussian"})
            data, rows = inverse(row, n, **words)
        else:
            data, rows = draw_rows(
                self, row, n, method, stream(question.seed, np.ravel(_plain(row)).tobytes(), "sample")
            )
        outputs = as_called(predict_fn)(rows)
        scaled = self._scaled(data)
        distances = distances_to_first(scaled, question.distance_metric)
        perturbed = Perturbed.checked("__data_inverse", scaled, outputs, distances, self.mode)
        explanation = self._explanation(row, perturbed.outputs.shape[1])
        labels = fit_perturbed(explanation, self.base, question, perturbed)
        if self.mode == "regression":
            explanation.repeat_regression()
            explanation.min_value, explanation.max_value = perturbed.outputs.min(), perturbed.outputs.max()
        return explanation, perturbed.outputs[0], labels

    def __data_inverse(self, data_row: Any, num_samples: int, sampling_method: str = "gaussian") -> tuple[Any, Any]:
        """Return perturbations z′ and the rows that a model is asked, by lime's law; subclasses may override it."""
        rng = np.random.default_rng(draw_seed(self.random_state))
        return draw_rows(self, data_row, num_samples, sampling_method, rng)

    def _scaled(self, data: Any) -> Any:
        """Return z′ in units of mean and scale, of a sparse row in units of scale."""
        if is_sparse(data):
            return data.multiply(1.0 / self.scaler.scale_).tocsr()
        return (np.asarray(data, dtype=np.float64) - self.scaler.mean_) / self.scaler.scale_

    # -- what the training data say -----------------------------------------------------------------------------------

    def _discretizer(self, discretizer: Any, data: Any, training_labels: Any) -> BaseDiscretizer:
        if self.training_data_stats:
            return StatsDiscretizer(
                data, self.categorical_features, self.feature_names, training_labels, self.random_state,
                self.training_data_stats,
            )  # fmt: skip
        of = (data, self.categorical_features, self.feature_names)
        return discretizer_of(discretizer, *of, labels=training_labels, random_state=self.random_state)

    def _prepare(self, data: Any) -> None:
        """Keep what explaining needs: the table, and lime's attributes."""
        self._chosen = frozenset(self.categorical_features)
        self._statistics: Statistics | None = None
        if self.discretizer is not None:
            self.categorical_features = list(range(data.shape[1]))
        self.feature_values: dict[int, list[Any]] = {}
        self.feature_frequencies: dict[int, FloatArray] = {}
        if is_sparse(data):
            if self._chosen:
                raise InputError(
                    "categorical_features: expected none for sparse data, whose rows are perturbed in their "
                    "non-zeros; one-hot the columns, or pass data.toarray()."
                )
            around: Any = "instance" if self.sample_around_instance else "background"
            self._tabular = Tabular(data, bins=None, names=distinct(self.feature_names), around=around)
            mean, scale = self._tabular.table.moments  # type: ignore[union-attr]
            self.scaler = standard_scaler(mean, scale, ())
        else:
            self._count(data)
            mean, scale = np.nanmean(data, axis=0), np.nanstd(data, axis=0)
            self.scaler = standard_scaler(mean, scale, self.categorical_features)
            self._build()
        self._known = self._made = fingerprint(self)

    def _build(self) -> None:
        """Make the table of what the attributes say now."""
        chosen = self._chosen if self.discretizer is not None else frozenset(self.categorical_features)
        self._statistics = Statistics(
            tuple(map(str, self.feature_names)), chosen, self.categorical_names, self.discretizer, self.feature_values,
            self.feature_frequencies, self.scaler.mean_, self.scaler.scale_,
        )  # fmt: skip
        self._tabular = build_table(self._statistics, around_instance=self.sample_around_instance)
        self._shared: tuple[Any, int, dict[bytes, SharedDraws]] | None = None

    def _count(self, data: FloatArray) -> None:
        """Keep values and frequencies of the columns that have a bin for each value, or bins."""
        binned = data if self.discretizer is None else self.discretizer.discretize(data)
        for j in self.categorical_features:
            stated = self.training_data_stats
            values, counts = counted(binned[:, j]) if not stated else stated_counts(stated, j)
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
            kernel=kernel_of(self.base, self._kernel, self._kernel.at),
            seed=self._seed,
            verbose=getattr(self.base, "verbose", False),
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

    def _explanation(self, row: Any, k: int) -> Explanation:
        """Return an empty explanation of one row and k outputs."""
        names = [str(label) for label in range(k)] if self.class_names is None else list(self.class_names)
        return Explanation(self._mapper(row), mode=self.mode, class_names=names)

    def _row(self, data_row: Any) -> Any:
        if is_sparse(data_row):
            return data_row.tocsr() if self._statistics is None else data_row.toarray()[0].astype(np.float64)
        return one_row(data_row, len(self.feature_names))

    def _mapper(self, row: Any) -> TableDomainMapper:
        if is_sparse(row):
            return map_sparse(self.feature_names, row, self.scaler.scale_)
        if self._statistics is None:
            return TableDomainMapper(self.feature_names, two_decimals(row), row / self.scaler.scale_, [], None)
        return map_row(self._statistics, row, self.categorical_features, self._scaled(row))


ORIGINAL = {
    name: vars(LimeTabularExplainer)[name] for name in vars(LimeTabularExplainer) if name.endswith("__data_inverse")
}
"""The part of lime's pipeline that subclasses override, as it was when it was imported."""


def _plain(row: Any) -> FloatArray:
    values: FloatArray = row.toarray() if is_sparse(row) else row
    return values
