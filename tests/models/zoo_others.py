"""ONNX Runtime, statsmodels, survival analysis, spaCy, fastText, MLflow, and what answers as H2O does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import zoo
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from zoo import ARRAY, CLEAR, FRAME, MIXED, MOODS, NAMED, PAIR, TEXTS, TWO, Known, column, each, need, table

# ---- ONNX Runtime ----------------------------------------------------------------------------------------------------


def _session(model: Any, inputs: Any = None, **options: Any) -> Any:
    runtime, skl2onnx = need("onnxruntime"), need("skl2onnx")
    from skl2onnx.common.data_types import FloatTensorType

    inputs = inputs or [("X", FloatTensorType([None, 3]))]
    made = skl2onnx.convert_sklearn(model, initial_types=inputs, options=options or None, target_opset=18)
    return runtime.InferenceSession(made.SerializeToString())


@zoo.kind("ONNX Runtime", "session with a map of scores (zipmap)", "three classes named by strings", "array")
def zipmap() -> Known:
    model = LogisticRegression().fit(ARRAY, NAMED)
    place = list(model.classes_).index("high")
    ask = column(model.predict_proba, place)
    return table(_session(model), {"high": (ask, 1)}, background=ARRAY.astype(np.float32))


@zoo.kind("ONNX Runtime", "session with a tensor of scores", "two classes", "frame")
def tensor() -> Known:
    model = LogisticRegression().fit(FRAME.to_numpy(), TWO)
    ask = lambda F: model.predict_proba(np.asarray(F))[:, 1]  # noqa: E731
    return table(_session(model, zipmap=False), {"output 1": (ask, 1)})


@zoo.kind("ONNX Runtime", "session with an input for each column", "two classes", "frame with text columns")
def columns() -> Known:
    need("skl2onnx")
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    one_hot = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    model = make_pipeline(one_hot, LogisticRegression()).fit(MIXED, TWO)
    kinds = {"city": StringTensorType([None, 1])}
    session = _session(model, [(name, kinds.get(name, FloatTensorType([None, 1]))) for name in MIXED])
    return table(session, {"1": (column(model.predict_proba, 1), 1)}, background=MIXED)


@zoo.kind("ONNX Runtime", "session", "regression", "array")
def onnx_regression() -> Known:
    model = LinearRegression().fit(ARRAY, CLEAR)
    return table(_session(model), {"output": (model.predict, 1)}, background=ARRAY)


@zoo.kind("ONNX Runtime", "session", "regression of several outputs", "array")
def onnx_pair() -> Known:
    model = LinearRegression().fit(ARRAY, PAIR)
    return table(_session(model), each(model.predict, ("output 0", "output 1"), (1, -1)), background=ARRAY)


@zoo.kind("ONNX Runtime", "session that takes texts", "two classes", "text")
def onnx_text() -> Known:
    need("skl2onnx")
    from skl2onnx.common.data_types import StringTensorType

    vectorizer = TfidfVectorizer(token_pattern=r"[a-z]+", lowercase=False)
    model = make_pipeline(vectorizer, LogisticRegression(C=10)).fit(TEXTS, MOODS)
    session = _session(model, [("text", StringTensorType([None, 1]))])
    return zoo.text(session, {"1": (column(model.predict_proba, 1), 1)})


# ---- statsmodels -----------------------------------------------------------------------------------------------------


@zoo.kind("statsmodels", "OLS by a formula", "regression")
def ols() -> Known:
    need("statsmodels")
    import statsmodels.formula.api as smf

    model = smf.ols("y ~ a + b + c", FRAME.assign(y=CLEAR)).fit()
    return table(model, {"output": (model.predict, 1)})


@zoo.kind("statsmodels", "OLS on an array", "regression", "array")
def ols_array() -> Known:
    need("statsmodels")
    import statsmodels.api as sm

    model = sm.OLS(CLEAR.to_numpy(), ARRAY).fit()
    return table(model, {"output": (model.predict, 1)}, background=ARRAY)


@zoo.kind("statsmodels", "Logit by a formula", "two classes")
def logit() -> Known:
    need("statsmodels")
    import statsmodels.formula.api as smf

    model = smf.logit("y ~ a + b + c", FRAME.assign(y=TWO)).fit(disp=0, method="bfgs")
    return table(model, {"1": (model.predict, 1)})


@zoo.kind("statsmodels", "GLM of a binomial family", "two classes")
def glm() -> Known:
    need("statsmodels")
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    model = smf.glm("y ~ a + b + c", FRAME.assign(y=TWO), family=sm.families.Binomial()).fit()
    return table(model, {"1": (model.predict, 1)})


@zoo.kind("statsmodels", "MNLogit", "three classes")
def mnlogit() -> Known:
    need("statsmodels")
    import statsmodels.formula.api as smf

    model = smf.mnlogit("y ~ a + b + c", FRAME.assign(y=zoo.THREE)).fit(disp=0, method="bfgs")
    return table(model, {"2": (lambda F: np.asarray(model.predict(F))[:, 2], 1)})


# ---- survival --------------------------------------------------------------------------------------------------------

TIMES = pd.DataFrame({"time": np.exp(3 - 0.5 * CLEAR + zoo.rng.normal(size=1000)), "event": True})
"""Those with a large `a` die early."""


def _survival(name: str, module: str, **options: Any) -> None:
    def make() -> Known:
        made = getattr(need(f"sksurv.{module}"), name)(**options)
        from sksurv.util import Surv

        model = made.fit(FRAME, Surv.from_dataframe("event", "time", TIMES))
        return table(model, {"output": (model.predict, 1)})

    zoo.kind("scikit-survival", name, "risk")(make)


_survival("CoxPHSurvivalAnalysis", "linear_model")
_survival("RandomSurvivalForest", "ensemble", n_estimators=20, max_depth=4, random_state=0)
_survival("GradientBoostingSurvivalAnalysis", "ensemble", n_estimators=30, random_state=0)


@zoo.kind("lifelines", "CoxPHFitter", "log partial hazard")
def cox() -> Known:
    model = need("lifelines").CoxPHFitter().fit(FRAME.assign(**TIMES), "time", "event")
    return table(model, {"log partial hazard": (model.predict_log_partial_hazard, 1)})


@zoo.kind("lifelines", "WeibullAFTFitter", "median survival time")
def weibull() -> Known:
    model = need("lifelines").WeibullAFTFitter().fit(FRAME.assign(**TIMES), "time", "event")
    return table(model, {"median survival time": (model.predict_median, -1)})


# ---- texts -----------------------------------------------------------------------------------------------------------


@zoo.kind("spaCy", "pipeline with textcat", "two classes", "text")
def textcat() -> Known:
    spacy = need("spacy")
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    categories = nlp.add_pipe(
        "textcat",
        config={
            "model": {
                "@architectures": "spacy.TextCatBOW.v3",
                "length": 4096,
                "ngram_size": 1,
                "exclusive_classes": True,
                "no_output_layer": False,
            }
        },
    )
    for label in ("NEG", "POS"):
        categories.add_label(label)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {"POS": float(mood), "NEG": 1.0 - mood}})
        for text, mood in zip(TEXTS, MOODS, strict=True)
    ]
    nlp.initialize(lambda: examples)
    for _ in range(8):
        for batch in spacy.util.minibatch(examples, 16):
            nlp.update(batch)
    return zoo.text(nlp, {"POS": (lambda texts: [doc.cats["POS"] for doc in nlp.pipe(texts)], 1)})


@zoo.kind("fastText", "supervised model", "two classes", "text")
def fasttext() -> Known:
    module = need("fasttext")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = [f"__label__{'POS' if mood else 'NEG'} {text}" for text, mood in zip(TEXTS, MOODS, strict=True)]
        path.write_text("\n".join(lines), encoding="utf-8")
        model = module.train_supervised(str(path), epoch=25, lr=0.1, dim=8, loss="ova", thread=1, verbose=0)

    def ask(texts: Any) -> Any:
        labels, scores = model.predict(list(texts), k=2)
        found = [dict(zip(*row, strict=True)) for row in zip(labels, scores, strict=True)]
        return [row.get("__label__POS", 0.0) for row in found]

    return zoo.text(model, {"POS": (ask, 1)})


# ---- MLflow ----------------------------------------------------------------------------------------------------------


def _pyfunc(model: Any, **options: Any) -> Any:
    need("mlflow")
    import mlflow.pyfunc
    import mlflow.sklearn

    with TemporaryDirectory() as folder:
        mlflow.sklearn.save_model(model, f"{folder}/model", **options)
        return mlflow.pyfunc.load_model(f"{folder}/model")


def _flow(what: str, task: str, make: Callable[[], Known]) -> None:
    zoo.kind("MLflow", what, task)(make)


def _flow_regression() -> Known:
    model = LinearRegression().fit(FRAME, CLEAR)
    return table(_pyfunc(model), {"output": (model.predict, 1)})


def _flow_labels() -> Known:
    model = LogisticRegression().fit(FRAME, np.where(TWO, "yes", "no"))
    return table(_pyfunc(model), {"yes": (lambda F: model.predict(F) == "yes", 1)})


def _flow_scores() -> Known:
    model = LogisticRegression().fit(FRAME, TWO)
    return table(_pyfunc(model, pyfunc_predict_fn="predict_proba"), {"1": (column(model.predict_proba, 1), 1)})


_flow("pyfunc around scikit-learn", "regression", _flow_regression)
_flow("pyfunc around scikit-learn, predict", "two classes", _flow_labels)
_flow("pyfunc around scikit-learn, predict_proba", "two classes", _flow_scores)


# ---- what answers with a frame, as H2O does --------------------------------------------------------------------------


@zoo.kind("scikit-learn", "a function that answers as H2O does (predict, p0, p1)", "two classes")
def framed() -> Known:
    model = LogisticRegression().fit(FRAME, TWO)

    def answer(frame: Any) -> Any:
        p = model.predict_proba(frame)
        return pd.DataFrame({"predict": model.predict(frame), "p0": p[:, 0], "p1": p[:, 1]})

    return table(answer, {"1": (column(model.predict_proba, 1), 1)})
