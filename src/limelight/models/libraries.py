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
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError
from limelight.models.estimators import LABELS_NOTE, About, about
from limelight.models.wrappers import function as wrapper


@dataclass(frozen=True, slots=True)
class Found:
    """How a library's model is asked, and what it answers; the fields are those of `Adapted`."""

    function: Callable[[Inputs], Any]
    kind: str
    about: About = field(default_factory=About)


def from_library(model: Any) -> Found | None:
    """Return how to ask a model of a library with conventions of its own; None for any other.

    A network that its author gave a `predict` is asked by that, as any estimator is.

    >>> from_library(len) is None
    True
    """
    for base in type(model).__mro__:
        package = base.__module__.split(".")[0]
        make = _LIBRARIES.get((package, base.__name__))
        if make is _torch and (hasattr(model, "predict_proba") or hasattr(model, "predict")):
            return None
        if make is not None:
            return make(model)
    labels = labels_of_config(getattr(model, "model", None))
    if labels.names is not None and callable(model):  # a pipeline around a network
        return Found(model, "callable", labels)
    return None


def labels_of_config(model: Any) -> About:
    """Return the classes that the configuration of a network names (`config.id2label`)."""
    config = getattr(model, "config", None)
    by_id = getattr(config, "id2label", None)
    if not isinstance(by_id, Mapping) or not by_id:
        return About()
    names = tuple(str(by_id[each]) for each in sorted(by_id, key=int))
    several = getattr(config, "problem_type", None) == "multi_label_classification"
    return About(names, names, exclusive=not several)


def _numbered(k: int, *, values: bool = False) -> About:
    """Return k classes that are numbers from 0."""
    labels = tuple(range(k))
    return About(
        labels,
        tuple(str(each) for each in labels),
        values=values,
        exclusive=True,
        note=LABELS_NOTE if values else "",
    )


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
            return {wanted[0].name: _tensor(_as_array(inputs), wanted[0])}
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


def _as_array(inputs: Inputs) -> Any:
    if hasattr(inputs, "to_numpy"):
        return inputs.to_numpy()
    if hasattr(inputs, "toarray"):
        return inputs.toarray()
    return np.asarray(inputs)


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
        names = None if hasattr(inputs, "columns") else self.booster.feature_names
        matrix = sys.modules["xgboost"].DMatrix(inputs, feature_names=names, enable_categorical=True)
        return self.booster.predict(matrix)


def _xgboost(booster: Any) -> Found:
    asked = XgboostBooster(booster)
    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]["name"]
    if objective == "binary:logistic":
        return Found(asked, "predict_proba", _numbered(2))
    if objective == "binary:logitraw":
        return Found(asked, "decision_function", _numbered(2))
    if objective == "binary:hinge":
        return Found(asked, "predict", _numbered(2, values=True))
    classes = int(learner.get("learner_model_param", {}).get("num_class", 0) or 0)
    if objective == "multi:softmax":
        return Found(asked, "predict", _numbered(classes, values=True))
    if objective == "multi:softprob":
        return Found(asked, "predict_proba", _numbered(classes))
    return Found(asked, "predict")


def _lightgbm(booster: Any) -> Found:
    text = booster.model_to_string(num_iteration=1)
    found = re.search(r"^objective=(\w+)(.*)$", text, re.MULTILINE)
    objective = found.group(1) if found else ""
    if objective == "binary":
        return Found(booster.predict, "predict_proba", _numbered(2))
    if objective in ("multiclass", "multiclassova"):
        classes = re.search(r"^num_class=(\d+)$", text, re.MULTILINE)
        return Found(booster.predict, "predict_proba", _numbered(int(classes.group(1)) if classes else 0))
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


# ---- networks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TorchModule:
    """Ask a `torch.nn.Module`: arrays become tensors of its dtype on its device; in eval mode, without gradients."""

    module: Any

    def __call__(self, inputs: Inputs) -> Any:
        """Return the module's answer; its training flags are as before."""
        torch = sys.modules["torch"]
        with torch.no_grad(), _evaluating(self.module):
            if isinstance(inputs, Mapping):
                return self.module(**{name: self._tensor(values, torch) for name, values in inputs.items()})
            return self.module(self._tensor(inputs, torch))

    def _tensor(self, inputs: Any, torch: Any) -> Any:
        weight = next(iter(self.module.parameters()), None)
        if not isinstance(inputs, torch.Tensor):
            inputs = self._read(inputs, torch)
        if weight is None:
            return inputs
        inputs = inputs.to(weight.device)
        if inputs.is_floating_point() or not self._takes_numbers_of_words():
            return inputs.to(weight.dtype)
        return inputs

    def _read(self, inputs: Any, torch: Any) -> Any:
        if isinstance(inputs, (list, tuple)) and len(inputs):
            if isinstance(inputs[0], str):
                raise InputError(
                    "model: a network takes numbers, and the inputs are texts; put the tokenizer in front of it:"
                    + wrapper("return model(**tokenizer(texts, return_tensors='pt', padding=True)).logits", "texts")
                )
            if isinstance(inputs[0], torch.Tensor):
                return torch.stack(list(inputs))
        return torch.as_tensor(np.ascontiguousarray(_as_array(inputs)))

    def _takes_numbers_of_words(self) -> bool:
        """Whether integers look something up, so that they must stay integers."""
        return any(type(each).__name__.startswith("Embedding") for each in self.module.modules())


@contextmanager
def _evaluating(module: Any) -> Any:
    """Switch dropout and the like off inside the block; each part is put back by itself, since parts may differ."""
    training = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, was in training:
            part.training = was


def _torch(module: Any) -> Found:
    return Found(TorchModule(module), "callable", labels_of_config(module))


@dataclass(frozen=True, slots=True)
class SpacyPipe:
    """Ask a spaCy pipeline, which takes texts by `pipe`; the categories of each document are read."""

    nlp: Any

    def __call__(self, texts: Inputs) -> Any:
        """Return the documents."""
        return list(self.nlp.pipe(texts))


def _spacy(nlp: Any) -> Found:
    return Found(SpacyPipe(nlp), "callable")


# ---- models around other models --------------------------------------------------------------------------------------


def _pyfunc(model: Any) -> Found:
    """Ask what MLflow wraps around a model, which checks and orders the columns; the model inside names its classes."""
    inside = getattr(getattr(model, "_model_impl", None), "sklearn_model", None)
    flavors = getattr(getattr(model, "metadata", None), "flavors", None) or {}
    method = str(flavors.get("python_function", {}).get("predict_fn", "predict"))
    return Found(model.predict, method, about(inside, method))


_LIBRARIES: dict[tuple[str, str], Callable[[Any], Found | None]] = {
    ("onnxruntime", "InferenceSession"): _onnx,
    ("xgboost", "Booster"): _xgboost,
    ("lightgbm", "Booster"): _lightgbm,
    ("catboost", "CatBoost"): _catboost,
    ("torch", "Module"): _torch,
    ("spacy", "Language"): _spacy,
    ("mlflow", "PyFuncModel"): _pyfunc,
}
"""By the package and the name of a class among the bases of the model's."""
