"""One explanation asked for in lime's words, and computed by `rounds/pipeline.py`.

Input: an instance, a function, a modality and lime's arguments. Output: an `Answer`: limelight's explanation, and
lime's numbers read off it. The function is asked for the instance alone first, so that an answer that does not fit is
found before thousands of rows are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.compat.lime.surrogate import LimeSurrogate, check_num_features, lime_fit
from limelight.compat.lime.tables import distinct
from limelight.contracts import FloatArray, Modality
from limelight.errors import InputError, ModelOutputError, UnknownNameError
from limelight.models.adapters import METHODS
from limelight.models.calls import Caller
from limelight.result.explanation import Explanation
from limelight.rounds.instance import Context
from limelight.rounds.pipeline import explain_one
from limelight.rounds.shared import SharedDraws
from limelight.seeding import stream
from limelight.settings import Settings, whole

Pairs = list[tuple[Any, Any]]
"""(feature, weight), largest |weight| first; weights are numpy's floats, as lime's are."""
SAMPLING = {"gaussian": "auto", "lhs": "lhs"}
"""lime's `sampling_method` → limelight's sampler."""
NAMED_DISTANCES = ("euclidean", "cosine")
"""Distances that limelight knows; all others are asked of scikit-learn, under its own names."""


@dataclass(frozen=True)
class SklearnDistance:
    """A distance by scikit-learn's name, or a callable of two rows."""

    metric: Any

    def __call__(self, Z: Any, center: FloatArray) -> FloatArray:
        """Return the distance (n,) of each row of Z to the center."""
        from sklearn.metrics import pairwise_distances

        try:
            found = pairwise_distances(np.asarray(Z, dtype=np.float64), center.reshape(1, -1), metric=self.metric)
        except ValueError as error:
            raise InputError(
                f"distance_metric: expected a name that sklearn.metrics.pairwise_distances takes, got {self.metric!r} "
                f"({error}); 'euclidean' and 'cosine' are usual."
            ) from error
        return np.asarray(found, dtype=np.float64).ravel()


@dataclass(frozen=True)
class Kernel:
    """lime's kernel: a function of distances and width, in units `scale` times limelight's.

    Parameters
    ----------
    function
        The user's own, ``kernel(d, kernel_width)``; None is exp(-d² / 2w²).
    width
        In lime's units.
    scale
        lime's text explainer multiplies distances by 100.

    >>> float(Kernel(None, 25.0, 100.0).at(0.25).round(4))
    0.6065
    """

    function: Callable[..., Any] | None
    width: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.width) or self.width <= 0:
            raise InputError(f"kernel_width: expected a positive number, got {self.width!r}; None is the default.")
        if self.function is not None and not callable(self.function):
            raise InputError(f"kernel: expected a function of distances and width, got {self.function!r}.")

    def at(self, D: Any) -> Any:
        """Return the proximity at distances D in limelight's units."""
        D = self.scale * np.asarray(D, dtype=np.float64)
        if self.function is None:
            return np.exp(-0.5 * (D / self.width) ** 2)
        return self.function(D, kernel_width=self.width)

    def __call__(self, D: FloatArray, width: float) -> Any:
        """Return the proximity at distances D (n,); the width is this kernel's own."""
        return self.at(D)

    def settings(self) -> dict[str, Any]:
        """Return the settings that give this kernel."""
        width = self.width / self.scale
        return {"kernel_width": width, "kernel": "exponential" if self.function is None else self}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What `explain_instance` was told, and what its explainer holds; lime's words, see its documentation.

    Parameters
    ----------
    mode
        "classification" or "regression".
    class_names
        What to call the outputs; None: their numbers.
    seed
        The explainer's.
    """

    mode: str = "classification"
    class_names: Any = None
    labels: Any = (1,)
    top_labels: int | None = None
    num_features: int = 10
    num_samples: int = 5000
    distance_metric: Any = "euclidean"
    model_regressor: Any = None
    feature_selection: str = "auto"
    sampling_method: str = "gaussian"
    batch_size: int | str = "auto"
    kernel: Kernel
    seed: int
    verbose: bool = False

    def __post_init__(self) -> None:
        check_num_features(self.num_features)
        n = self.num_samples
        if (whole(n) or 0) < 2:
            raise InputError(f"num_samples: expected an integer of at least 2, got {n!r}; 5000 is the default.")
        if not isinstance(self.sampling_method, str) or self.sampling_method not in SAMPLING:
            raise UnknownNameError("sampling_method", self.sampling_method, SAMPLING)
        top = self.top_labels
        if top is not None and (whole(top) is None or top < 0):
            raise InputError(f"top_labels: expected a positive integer or None, got {top!r}; pass for example 1.")

    def settings(self, targets: list[int], surrogate: LimeSurrogate, sampler: str) -> Settings:
        """Return limelight's settings."""
        named = isinstance(self.distance_metric, str) and self.distance_metric in NAMED_DISTANCES
        return Settings(
            targets=targets,
            max_features=int(self.num_features),
            n_samples=int(self.num_samples) - 1,  # the instance itself is lime's first row
            seed=self.seed,
            sampler=sampler,
            distance=self.distance_metric if named else SklearnDistance(self.distance_metric),
            surrogate=surrogate,
            replicates=1,
            batch_size=self.batch_size,
            **self.kernel.settings(),
        )


@dataclass(frozen=True)
class Answer:
    """An explanation in both packages' words.

    Parameters
    ----------
    native
        limelight's explanation.
    outputs
        (k,) the model's outputs for the instance.
    labels
        What is explained, in lime's order: of `top_labels` the most probable last.
    chosen
        For each label the (feature, weight) pairs, largest |weight| first; features count from 0.
    intercept, score, local_prediction
        For each label.
    lowest, highest
        The range of the explained output over the neighborhood, for a regression.
    """

    native: Explanation
    outputs: FloatArray
    labels: tuple[int, ...]
    chosen: tuple[list[tuple[int, float]], ...]
    intercept: FloatArray
    score: FloatArray
    local_prediction: FloatArray
    lowest: float
    highest: float

    def fit_of(self, row: int, names: Sequence[int] | None = None) -> tuple[Any, Pairs, float, FloatArray]:
        """Return what lime's fit returns for one label, in its types: intercept, pairs, score, local prediction.

        Parameters
        ----------
        row
            The label's position in `labels`.
        names
            What lime calls each of limelight's features; their numbers by default.
        """
        pairs = []
        for feature, weight in self.chosen[row]:
            named = feature if names is None else names[feature]
            pairs.append((np.int64(named), np.float64(weight)))
        local = np.array([self.local_prediction[row]], dtype=np.float64)
        return np.float64(self.intercept[row]), pairs, float(self.score[row]), local


def ask(
    question: Question,
    instance: Any,
    predict: Callable[[Any], Any],
    modality: Modality,
    pools: dict[bytes, SharedDraws],
) -> Answer:
    """Return the answer to a question about one instance.

    Parameters
    ----------
    question
        What is asked.
    instance
        Whatever the modality takes.
    predict
        The user's function.
    modality
        The kind of data.
    pools
        Neighborhoods that may be shared, all of which this function has answered; new ones are added.
    """
    caller = Caller(as_called(predict), batch_size=question.batch_size, as_is=True)
    representation = modality.represent(instance, stream(question.seed, b"", "represent"))
    outputs = caller.ask([representation.original])[0][0]
    labels = wanted_labels(question, outputs)
    caller.output_names = output_names(question, len(outputs))
    inner = lime_fit(question.feature_selection, question.num_features, question.model_regressor)
    targets = [label % len(outputs) for label in labels]
    surrogate = LimeSurrogate(
        inner,
        outputs[targets],
        own_weight=float(np.ravel(question.kernel.at(np.zeros(1)))[0]),
        n_rows=int(question.num_samples) - 1,
        always_hides=getattr(representation, "law", "") == "uniform",
    )
    sampler = SAMPLING[question.sampling_method]
    context = Context(question.settings(targets, surrogate, sampler), modality, caller, pools)
    native = explain_one(instance, context)
    answer = _answer(question, native, outputs, labels, surrogate)
    if question.verbose:
        say(answer)
    return answer


def as_called(predict: Any) -> Callable[[Any], Any]:
    """Return the function as lime would call it: itself, also where it has a `predict` that limelight would prefer."""
    if not callable(predict):
        raise InputError(
            f"predict_fn: expected a function of n inputs, got {type(predict).__name__}; pass for example "
            "model.predict_proba, the method itself."
        )
    if any(hasattr(predict, method) for method in METHODS):
        function: Callable[[Any], Any] = predict.__call__
        return function
    checked: Callable[[Any], Any] = predict
    return checked


def wanted_labels(question: Question, outputs: FloatArray) -> tuple[int, ...]:
    """Return the labels to explain: the largest outputs, or those given, each once.

    Raises
    ------
    ModelOutputError
        If the answer does not fit the mode.
    UnknownNameError
        If a label is not among the outputs.
    """
    k = len(outputs)
    if question.mode == "regression":
        if k > 1:
            raise ModelOutputError(
                f"model returned {k} outputs per input; expected one in mode 'regression'. Pass a function that "
                "returns the column to explain, or use limelight.Explainer, which explains all of them."
            )
        return (0,)
    if question.top_labels:
        return tuple(np.argsort(outputs)[-question.top_labels :].tolist())
    return _checked_labels(question.labels, k)


def _checked_labels(labels: Any, k: int) -> tuple[int, ...]:
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise InputError(
            f"labels: expected a sequence of column numbers, got {labels!r}; pass for example labels=(0,)."
        )
    numbers = []
    for given in labels:
        number = whole(given)
        if number is None:
            raise InputError(f"labels: expected column numbers of the model's output, got {given!r}; pass integers.")
        numbers.append(number)
    found = tuple(dict.fromkeys(numbers))
    for label in found:
        if not -k <= label < k:
            if k == 1:
                raise ModelOutputError(
                    "model returned one output per input; expected probabilities of shape (n, k), a column for each "
                    "class. Pass predict_proba, not predict; or mode='regression' for numbers, or labels=(0,)."
                )
            raise UnknownNameError("labels", label, range(k))
    return found


def output_names(question: Question, k: int) -> tuple[str, ...]:
    """Return the names of the outputs: the class names as far as there are some, else numbers."""
    if question.mode == "regression":
        return ("prediction",)
    names = question.class_names
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable | None):
        raise InputError(f"class_names: expected a name for each of {k} outputs, got {names!r}.")
    given = [] if names is None else list(names)[:k]
    return distinct([*given, *range(len(given), k)])


def _answer(
    question: Question, native: Explanation, outputs: FloatArray, labels: tuple[int, ...], surrogate: LimeSurrogate
) -> Answer:
    fitted = surrogate.fitted
    if fitted is None:
        raise InputError("instance: expected one that has features to explain, got none; nothing was fitted.")
    chosen = []
    for coef, selected in zip(fitted.coef, fitted.selected, strict=True):
        found = [int(j) for j in selected]
        chosen.append([(j, float(coef[j])) for j in [*found, *_constant(question, found, len(coef))]])
    lowest, highest = surrogate.lowest, surrogate.highest
    return Answer(
        native, outputs, labels, tuple(chosen), native.intercept, surrogate.score, native.local_prediction,
        np.float64(lowest.min(initial=np.inf)), np.float64(highest.max(initial=-np.inf)),
    )  # fmt: skip


def _constant(question: Question, found: list[int], d: int) -> list[int]:
    """Return features that the neighborhood cannot vary, to make up the number asked for; lime lists them with 0."""
    if question.feature_selection == "lasso_path":
        return []
    if question.feature_selection == "none":
        wanted = d
    else:
        wanted = min(int(question.num_features), d)
    chosen = set(found)
    return [j for j in range(d) if j not in chosen][: max(0, wanted - len(found))]


def say(answer: Answer) -> None:
    """Print what lime's ``verbose=True`` prints."""
    for row, label in enumerate(answer.labels):
        print("Intercept", float(answer.intercept[row]))
        print("Prediction_local", float(answer.local_prediction[row]))
        print("Right:", float(answer.outputs[label]))
