"""Models of libraries with conventions of their own: real ones where installed, stand-ins by module and name else.

The claims of `models/networks.py` and `models/found.py`.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KernelDensity

import limelight as ll
import sessions
from limelight.errors import InputError
from limelight.models.calls import Caller
from limelight.models.libraries import from_library

X = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)
D = pd.DataFrame(X, columns=list("abcd"))
THREE = np.digitize(D.a, [-0.5, 0.5])


def explain(model: Any, background: Any = D, **settings: Any) -> ll.Explanation:
    row = background.iloc[0] if hasattr(background, "iloc") else background[0]
    return ll.Explainer(model, ll.Tabular(background), n_samples=512, **settings).explain(row)


# ---- onnxruntime -----------------------------------------------------------------------------------------------------


def session(model: bytes) -> Any:
    return pytest.importorskip("onnxruntime").InferenceSession(model)


@pytest.mark.parametrize("background", [D, X, X.astype(float)], ids=["frame", "array", "doubles"])
def test_a_session_with_a_map_of_scores_is_explained_by_its_labels(background: Any) -> None:
    explanation = explain(session(sessions.ZIPMAP), background)
    same = LogisticRegression().fit(X, np.array(["low", "mid", "high"])[THREE])
    assert explanation.targets == (same.predict(X[:1])[0],)
    assert explanation.prediction[0] == pytest.approx(same.predict_proba(X[:1]).max(), abs=1e-5)
    assert explain(session(sessions.ZIPMAP), background, targets="low").prediction[0] < 0.1


def test_a_session_with_a_label_and_scores_is_explained_by_its_scores() -> None:
    explanation = explain(session(sessions.TENSOR))
    assert explanation.targets == ("output 1",)
    assert explanation.prediction[0] == pytest.approx(0.952, abs=1e-3)


def test_a_session_with_an_input_for_each_column_takes_a_frame_and_tells_arrays_how() -> None:
    explanation = explain(session(sessions.COLUMNS))
    assert explanation.targets == ("1",)
    model = session(sessions.COLUMNS)
    with pytest.raises(InputError, match="takes the inputs") as caught:
        explain(model, X)
    code = str(caught.value).partition("\n    def ")[2]
    scope: dict[str, Any] = {"session": model}
    exec("def " + code.replace("\n    ", "\n"), scope)
    assert explain(scope["one_number"], X).prediction[0] == pytest.approx(explanation.prediction[0], abs=1e-6)


def test_a_session_of_a_regression_is_one_number() -> None:
    explanation = explain(session(sessions.REGRESSION))
    assert explanation.targets == ("output",)
    assert explanation.prediction[0] == pytest.approx(2 * X[0, 0], abs=1e-4)


def test_a_session_with_several_outputs_of_numbers_asks_which() -> None:
    class InferenceSession:
        __module__ = "onnxruntime.capi"

        def get_outputs(self) -> Any:
            return [SimpleNamespace(name=name, type="tensor(float)") for name in ("mean", "spread")]

        def get_inputs(self) -> Any:
            return [SimpleNamespace(name="x", type="tensor(float)", shape=[None, 4])]

    with pytest.raises(InputError, match=r"\['mean', 'spread'\]; choose one(.|\n)*session.run\(\['mean'\], \{'x'"):
        Caller(InferenceSession())


# ---- boosters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objective", "labels", "targets"),
    [("binary", D.a > 0, ("1",)), ("multiclass", THREE, ("1",)), ("regression", D.a * 2, ("output",))],
)
def test_a_lightgbm_booster_answers_what_its_objective_says(objective: str, labels: Any, targets: Any) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    options = {"objective": objective, "verbose": -1, "num_threads": 1, "num_leaves": 4}
    if objective == "multiclass":
        options["num_class"] = 3
    booster = lightgbm.train(options, lightgbm.Dataset(D, label=labels), 5)
    explanation = explain(booster)
    assert explanation.targets == targets
    assert explanation.prediction[0] == pytest.approx(np.ravel(booster.predict(D.iloc[:1])).max())
    if objective == "binary":
        assert explain(booster, targets=0).prediction[0] == pytest.approx(1 - booster.predict(D.iloc[:1])[0])


OBJECTIVES = {
    "binary:logistic": (D.a > 0, ("1",)),
    "binary:logitraw": (D.a > 0, ("1",)),
    "binary:hinge": (D.a > 0, ("1",)),
    "multi:softprob": (THREE, ("1",)),
    "multi:softmax": (THREE, ("1",)),
    "reg:squarederror": (D.a * 2, ("output",)),
}


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("background", [D, X], ids=["frame", "array"])
def test_an_xgboost_booster_answers_what_its_objective_says(objective: str, background: Any) -> None:
    xgboost = pytest.importorskip("xgboost")
    labels, targets = OBJECTIVES[objective]
    options = {"objective": objective, "num_class": 3} if "multi" in objective else {"objective": objective}
    booster = xgboost.train(options, xgboost.DMatrix(D, label=labels), 5)
    explanation = explain(booster, background)
    assert explanation.targets == targets
    answer = np.ravel(booster.predict(xgboost.DMatrix(D.iloc[:1])))
    expected = 1.0 if objective in ("binary:hinge", "multi:softmax") else answer.max()
    assert explanation.prediction[0] == pytest.approx(expected, abs=1e-6)


class Booster:
    """Stands in for xgboost's: P(a > 0) from a matrix that only `DMatrix` makes."""

    __module__ = "xgboost.core"
    feature_names = ("a", "b", "c", "d")

    def __init__(self, objective: str) -> None:
        self.objective = objective

    def save_config(self) -> str:
        return json.dumps({"learner": {"objective": {"name": self.objective}}})

    def predict(self, matrix: Any) -> Any:
        assert matrix.feature_names in (None, self.feature_names)
        score = 4 * np.asarray(matrix.data)[:, 0]
        return score if self.objective.endswith("logitraw") else 1 / (1 + np.exp(-score))


@pytest.mark.parametrize(("objective", "sign"), [("binary:logistic", 1), ("binary:logitraw", -1)])
@pytest.mark.parametrize("background", [D, X], ids=["frame", "array"])
def test_a_booster_is_given_its_matrix_and_its_two_classes(
    objective: str, sign: int, background: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def matrix(data: Any, feature_names: Any, enable_categorical: bool) -> Any:
        return SimpleNamespace(data=data, feature_names=feature_names)

    monkeypatch.setitem(sys.modules, "xgboost", SimpleNamespace(DMatrix=matrix))
    explanation = explain(Booster(objective), background, targets="all")
    assert explanation.targets == ("0", "1")
    zero, one = explanation.prediction
    assert one == pytest.approx(1 - zero if sign > 0 else -zero)


# ---- networks --------------------------------------------------------------------------------------------------------


def test_a_torch_module_is_asked_in_eval_mode_and_left_as_it_was() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 3), torch.nn.Softmax(-1))
    net[0].eval()
    before = [part.training for part in net.modules()]
    for background in (D, X, X.astype(float), D.assign(d=1)):
        explanation = explain(net, background)
        assert len(explanation.targets) == 1
        assert "not deterministic" not in " ".join(explanation.warnings)  # dropout would be noise
    assert [part.training for part in net.modules()] == before
    assert len(explain(net.double(), D).targets) == 1


class Parameter(np.ndarray):
    """A tensor of the stand-in below."""

    device = "cpu"

    def to(self, what: Any) -> Any:
        return self if isinstance(what, str) else np.asarray(self).astype(what).view(Parameter)

    def is_floating_point(self) -> bool:
        return self.dtype.kind == "f"


class Module:
    """Stands in for torch.nn.Module: P(a > 0), noisy while it trains."""

    __module__ = "torch.nn.modules.module"
    training = True

    def modules(self) -> list[Any]:
        return [self]

    def parameters(self) -> Any:
        return iter([np.ones(4, dtype=np.float32).view(Parameter)])

    def eval(self) -> None:
        self.training = False

    def __call__(self, inputs: Any) -> Any:
        assert not self.training
        assert isinstance(inputs, Parameter)
        assert inputs.dtype == np.float32
        p = 1 / (1 + np.exp(-4 * np.asarray(inputs)[:, 0]))
        return SimpleNamespace(logits=np.column_stack([1 - p, p]))


class Named(Module):
    """A module that somebody derived, with names of its classes."""

    config = SimpleNamespace(id2label={1: "POS", 0: "NEG"}, problem_type=None)


@pytest.mark.parametrize(("module", "names"), [(Module, ("output 0", "output 1")), (Named, ("NEG", "POS"))])
def test_a_module_gets_tensors_of_its_type_and_its_classes_are_named(
    module: Any, names: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoGrad:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: Any) -> None: ...

    torch = SimpleNamespace(Tensor=Parameter, no_grad=NoGrad, as_tensor=lambda array: array.view(Parameter))
    monkeypatch.setitem(sys.modules, "torch", torch)
    net = module()
    caller = Caller(net)
    Y = caller.ask([D.iloc[:5]])[0]
    assert caller.output_names == names
    assert Y.shape == (5, 2)
    assert net.training
    with pytest.raises(InputError, match=r"the inputs are texts(.|\n)*tokenizer\(texts"):
        Caller(net).ask([["a good film"]])


def test_a_pipeline_around_a_network_knows_its_labels_before_it_is_asked() -> None:
    class Pipeline:
        model = SimpleNamespace(config=SimpleNamespace(id2label={0: "NEG", 1: "POS"}))

        def __call__(self, texts: list[str]) -> Any:
            scores = [0.9 if "good" in text else 0.2 for text in texts]
            return [{"label": "POS", "score": p} if p > 0.5 else {"label": "NEG", "score": 1 - p} for p in scores]

    explainer = ll.Explainer(Pipeline(), ll.Text(), targets="NEG")
    explanation = explainer.explain("a good film")
    assert (explanation.targets, explanation.prediction.tolist()) == (("NEG",), [0.0])
    assert dict(explanation.as_list())["good"] == pytest.approx(-0.8)
    with pytest.raises(InputError, match="NEG"):
        ll.Explainer(Pipeline(), ll.Text(), targets="NEUTRAL")


def test_a_spacy_pipeline_is_asked_by_pipe_and_explained_by_its_categories() -> None:
    class Language:
        __module__ = "spacy.language"

        def pipe(self, texts: Any) -> Any:
            for text in texts:
                p = 0.9 if "good" in text else 0.2
                yield SimpleNamespace(text=text, cats={"POSITIVE": p, "NEGATIVE": 1 - p})

        def __call__(self, text: str) -> Any:
            raise AssertionError("one text at a time is not what it is asked")

    explanation = ll.Explainer(Language(), ll.Text()).explain("a good film")
    assert explanation.targets == ("POSITIVE",)
    assert dict(explanation.as_list())["good"] == pytest.approx(0.7)


# ---- no model --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "remedy"),
    [
        ("model.joblib", "joblib.load"),
        (PCA(2), "return model.transform(inputs)"),
        (KernelDensity(), "return model.score_samples(inputs)"),
        (DBSCAN(), "cannot answer for new rows"),
        (object(), "pass the fitted model, or a function of n inputs"),
        (SimpleNamespace(infer=len), "return model.infer(inputs)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_asked_is_refused_with_what_it_has(model: Any, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        Caller(model)
    assert remedy in str(caught.value)


def test_anything_else_is_of_no_library() -> None:
    for model in (len, LogisticRegression(), lambda X: X, object()):
        assert from_library(model) is None
