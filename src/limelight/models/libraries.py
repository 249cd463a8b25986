"""Models of libraries that have conventions of their own: ONNX sessions, boosters, torch modules, spaCy.

The door of f, beside `adapters.py`. A library is recognised by the module of the model's class and never imported: its
object can only exist where the library is loaded. An adapter is a few lines: inputs into the library's type, and out of
its answer what says most.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError
from limelight.models.estimators import About, about
from limelight.models.found import Found, as_array, labels_of_config, numbered
from limelight.models.networks import fasttext_model, keras_model, spacy_language, tokenized, torch_module
from limelight.models.wrappers import function as wrapper
from limelight.plugins import asked_by_plugin


def from_library(model: Any) -> Found | None:
    """Return how to ask a model of a library with conventions of its own; None for any other.

    A network that its author gave a `predict` is asked by that, as any estimator is.

    >>> from_library(len) is None
    True
    """
    if (found := tokenized(model)) is not None:
        return found
    for base in type(model).__mro__:
        package = base.__module__.split(".")[0]
        make = _LIBRARIES.get((package, base.__name__))
        if make is torch_module and (hasattr(model, "predict_proba") or hasattr(model, "predict")):
            return None
        if make is not None:
            return make(model)
    labels = labels_of_config(getattr(model, "model", None))
    if labels.names is not None and callable(model):  # a pipeline around a network
        return Found(model, "callable", labels)
    function = asked_by_plugin(model)
    if function is None:
        return None
    return Found(function, "callable")


# ---- onnxruntime -----------------------------------------------------------------------------------------------------

_ONNX_TYPES = {"float": "float32", "double": "float64", "float16": "float16", "bool": "bool", "string": "object"}


@dataclass(frozen=True, slots=True)
class OnnxSession:
    """Ask an `InferenceSession`: a table as one tensor, or column by column where it has an input for each."""

    session: Any
    output: str

    def __call__(self, inputs: Inputs) -> Any:
        """Return the chosen output."""
        return self.session.run([self.output], self._feed(inputs))[0]

    def _feed(self, inputs: Inputs) -> dict[str, Any]:
        wanted = self.session.get_inputs()
        if len(wanted) == 1:
            return {wanted[0].name: _tensor(as_array(inputs), wanted[0])}
        names = [each.name for each in wanted]
        missing = [name for name in names if name not in _names_of(inputs)]
        if missing:
            feed = f"{{name: inputs[:, [i]].astype('float32') for i, name in enumerate({names})}}"
            raise InputError(
                f"model: this session takes the inputs {names}, of which the data lack {missing}; rename the columns "
                "of the background, or say which column is which input:"
                + wrapper(f"return session.run([{self.output!r}], {feed})[0]")
            )
        return {each.name: _tensor(np.asarray(inputs[each.name])[:, None], each) for each in wanted}


def _names_of(inputs: Inputs) -> list[str]:
    if isinstance(inputs, Mapping):
        return [str(name) for name in inputs]
    return [str(name) for name in getattr(inputs, "columns", ())]


def _tensor(array: Any, wanted: Any) -> Any:
    """Return the array in the type that an input of a session takes."""
    found = re.fullmatch(r"tensor\((\w+)\)", wanted.type)
    kind = found.group(1) if found else "float"
    if kind == "string" and len(wanted.shape or ()) == 2 and array.ndim == 1:
        array = array[:, None]
    return array.astype(_ONNX_TYPES.get(kind, kind))


def _onnx(session: Any) -> Found:
    outputs = session.get_outputs()
    maps = [each for each in outputs if each.type.startswith("seq(map")]
    floats = [each for each in outputs if each.type in ("tensor(float)", "tensor(double)", "tensor(float16)")]
    chosen = maps or floats or outputs
    if len(chosen) > 1:
        names = [each.name for each in chosen]
        raise InputError(
            f"model: this session has {len(names)} outputs of numbers, {names}; choose one:"
            + wrapper(f"return session.run([{names[0]!r}], {{{session.get_inputs()[0].name!r}: inputs}})[0]")
        )
    return Found(OnnxSession(session, chosen[0].name), "callable")


# ---- boosters --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class XgboostBooster:
    """Ask an `xgboost.Booster`, which takes a DMatrix."""

    booster: Any

    def __call__(self, inputs: Inputs) -> Any:
        """Return the booster's prediction."""
        # An array has no names of columns, and a booster trained on a frame insists on them.
        if hasattr(inputs, "columns"):
            names = None
        else:
            names = self.booster.feature_names
        matrix = sys.modules["xgboost"].DMatrix(inputs, feature_names=names, enable_categorical=True)
        return self.booster.predict(matrix)


def _xgboost(booster: Any) -> Found:
    asked = XgboostBooster(booster)
    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]["name"]
    if objective == "binary:logistic":
        return Found(asked, "predict_proba", numbered(2))
    if objective == "binary:logitraw":
        return Found(asked, "decision_function", numbered(2))
    if objective == "binary:hinge":
        return Found(asked, "predict", numbered(2, values=True))
    classes = int(learner.get("learner_model_param", {}).get("num_class", 0) or 0)
    if objective == "multi:softmax":
        return Found(asked, "predict", numbered(classes, values=True))
    if objective == "multi:softprob":
        return Found(asked, "predict_proba", numbered(classes))
    return Found(asked, "predict")


def _lightgbm(booster: Any) -> Found:
    text = booster.model_to_string(num_iteration=1)
    found = re.search(r"^objective=(\w+)(.*)$", text, re.MULTILINE)
    objective = found.group(1) if found else ""
    if objective == "binary":
        return Found(booster.predict, "predict_proba", numbered(2))
    if objective in ("multiclass", "multiclassova"):
        classes = re.search(r"^num_class=(\d+)$", text, re.MULTILINE)
        return Found(booster.predict, "predict_proba", numbered(int(classes.group(1)) if classes else 0))
    return Found(booster.predict, "predict")


@dataclass(frozen=True, slots=True)
class CatboostClasses:
    """Ask a `catboost.CatBoost` that tells classes; it answers raw scores where nobody asks for probabilities."""

    model: Any

    def __call__(self, inputs: Inputs) -> Any:
        """Return the probability of every class."""
        return self.model.predict(inputs, prediction_type="Probability")


def _catboost(model: Any) -> Found | None:
    # A classifier of its own is asked as any estimator is; read from a file, it is only a `CatBoost`.
    classes = getattr(model, "classes_", None)
    if hasattr(model, "predict_proba") or classes is None or not len(classes):
        return None
    labels = tuple(np.asarray(classes).tolist())
    return Found(CatboostClasses(model), "predict_proba", About(labels, tuple(str(each) for each in labels)))


# ---- models around other models --------------------------------------------------------------------------------------


def _pyfunc(model: Any) -> Found:
    """Ask what MLflow wraps around a model, which checks and orders the columns; the model inside names its classes."""
    inside = getattr(getattr(model, "_model_impl", None), "sklearn_model", None)
    flavors = getattr(getattr(model, "metadata", None), "flavors", None) or {}
    method = str(flavors.get("python_function", {}).get("predict_fn", "predict"))
    return Found(model.predict, method, about(inside, method))


# ---- statistics ------------------------------------------------------------------------------------------------------


def _statsmodels(results: Any) -> Found | None:
    """Name the classes of a model of classes; any other is asked by `predict`, as an estimator is."""
    inside = getattr(results, "_results", results)
    family = type(getattr(getattr(inside, "model", None), "family", None)).__name__
    names = {base.__name__ for base in type(inside).__mro__}
    if "BinaryResults" in names or family == "Binomial":
        return Found(results.predict, "predict_proba", numbered(2))
    return None


def _lifelines(fitter: Any) -> Found | None:
    """Ask for what adds up: the logarithm of the partial hazard; else for the time that half of them reach."""
    for method, name in (
        ("predict_log_partial_hazard", "log partial hazard"),
        ("predict_median", "median survival time"),
    ):
        if callable(getattr(fitter, method, None)):
            return Found(getattr(fitter, method), "predict", About(None, (name,)))
    return None


_LIBRARIES: dict[tuple[str, str], Callable[[Any], Found | None]] = {
    ("onnxruntime", "InferenceSession"): _onnx,
    ("xgboost", "Booster"): _xgboost,
    ("lightgbm", "Booster"): _lightgbm,
    ("catboost", "CatBoost"): _catboost,
    ("torch", "Module"): torch_module,
    ("keras", "Model"): keras_model,
    ("tf_keras", "Model"): keras_model,
    ("spacy", "Language"): spacy_language,
    ("fasttext", "_FastText"): fasttext_model,
    ("statsmodels", "ResultsWrapper"): _statsmodels,
    ("lifelines", "RegressionFitter"): _lifelines,
    ("mlflow", "PyFuncModel"): _pyfunc,
}
"""By the package and the name of a class among the bases of the model's."""
