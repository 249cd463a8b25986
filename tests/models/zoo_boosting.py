"""XGBoost, LightGBM and CatBoost: wrappers, boosters, categories, texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import zoo
from zoo import ARRAY, FRAME, MIXED, MOODS, NAMED, PAIR, SIGNAL, TEXTS, THREE, TWO, Known, column, each, need, table

CATEGORIES = MIXED.astype({"city": "category"})
TASKS = {
    "binary": (TWO, "1", "two classes"),
    "multi": (THREE, "2", "three classes"),
    "regression": (SIGNAL, "output", "regression"),
}


def _answer(model: Any, task: str) -> dict[str, Any]:
    """Return what an estimator says of the class that `a` speaks for, or of the quantity."""
    _, name, _ = TASKS[task]
    if task == "regression":
        return {name: (model.predict, 1)}
    return {name: (column(model.predict_proba, int(name)), 1)}


# ---- XGBoost ---------------------------------------------------------------------------------------------------------


def _booster(task: str, frame: Any, objective: str) -> Known:
    xgboost = need("xgboost")
    labels, name, _ = TASKS[task]
    options = {"objective": objective, "max_depth": 3, "nthread": 1, "seed": 0}
    if task == "multi":
        options["num_class"] = 3
    model = xgboost.train(options, xgboost.DMatrix(frame, label=labels, enable_categorical=True), 30)

    def ask(inputs: Any) -> Any:
        answer = model.predict(xgboost.DMatrix(inputs, enable_categorical=True))
        return answer[:, int(name)] if task == "multi" else answer

    return table(model, {name: (ask, 1)}, background=frame)


for _task, _objective in (
    ("binary", "binary:logistic"),
    ("multi", "multi:softprob"),
    ("regression", "reg:squarederror"),
):
    zoo.kind("XGBoost", "Booster", TASKS[_task][2])(lambda t=_task, o=_objective: _booster(t, FRAME, o))
zoo.kind("XGBoost", "Booster", "two classes", "array")(lambda: _booster("binary", ARRAY, "binary:logistic"))
zoo.kind("XGBoost", "Booster, raw margins", "two classes")(lambda: _booster("binary", FRAME, "binary:logitraw"))
zoo.kind("XGBoost", "Booster", "two classes", "frame with categories")(
    lambda: _booster("binary", CATEGORIES, "binary:logistic")
)


def _xgb(task: str) -> Known:
    xgboost = need("xgboost")
    make = xgboost.XGBRegressor if task == "regression" else xgboost.XGBClassifier
    model = make(n_estimators=30, max_depth=3, n_jobs=1).fit(FRAME, TASKS[task][0])
    return table(model, _answer(model, task))


for _task in TASKS:
    zoo.kind("XGBoost", "XGBClassifier, XGBRegressor", TASKS[_task][2])(lambda t=_task: _xgb(t))


@zoo.kind("XGBoost", "XGBRegressor", "regression of several outputs")
def xgb_pair() -> Known:
    model = need("xgboost").XGBRegressor(n_estimators=30, max_depth=3, n_jobs=1).fit(FRAME, PAIR)
    return table(model, each(model.predict, ("output 0", "output 1"), (1, -1)))


@zoo.kind("XGBoost", "XGBRanker", "scores of a ranking")
def xgb_rank() -> Known:
    model = need("xgboost").XGBRanker(n_estimators=30, max_depth=3, n_jobs=1)
    model.fit(FRAME, THREE, qid=np.repeat(np.arange(20), 50))
    return table(model, {"output": (model.predict, 1)})


# ---- LightGBM --------------------------------------------------------------------------------------------------------

QUIET = {"verbose": -1, "num_threads": 1, "num_leaves": 8}


def _lightgbm(task: str, frame: Any, objective: str) -> Known:
    lightgbm = need("lightgbm")
    labels, name, _ = TASKS[task]
    options = {"objective": objective, **QUIET, **({"num_class": 3} if task == "multi" else {})}
    model = lightgbm.train(options, lightgbm.Dataset(frame, label=labels), 30)
    ask = column(model.predict, 2) if task == "multi" else model.predict
    return table(model, {name: (ask, 1)}, background=frame)


for _task, _objective in (("binary", "binary"), ("multi", "multiclass"), ("regression", "regression")):
    zoo.kind("LightGBM", "Booster", TASKS[_task][2])(lambda t=_task, o=_objective: _lightgbm(t, FRAME, o))
zoo.kind("LightGBM", "Booster", "two classes", "array")(lambda: _lightgbm("binary", ARRAY, "binary"))
zoo.kind("LightGBM", "Booster", "regression", "frame with categories")(
    lambda: _lightgbm("regression", CATEGORIES, "regression")
)


def _lgbm(task: str, frame: Any = FRAME) -> Known:
    lightgbm = need("lightgbm")
    make = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = make(n_estimators=30, verbose=-1, n_jobs=1, num_leaves=8).fit(frame, TASKS[task][0])
    return table(model, _answer(model, task), background=frame)


for _task in TASKS:
    zoo.kind("LightGBM", "LGBMClassifier, LGBMRegressor", TASKS[_task][2])(lambda t=_task: _lgbm(t))
zoo.kind("LightGBM", "LGBMClassifier", "two classes", "frame with categories")(lambda: _lgbm("binary", CATEGORIES))


# ---- CatBoost --------------------------------------------------------------------------------------------------------

CALM: dict[str, Any] = {"iterations": 60, "depth": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}


def _catboost(task: str) -> Known:
    catboost = need("catboost")
    make = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
    labels = NAMED if task == "multi" else TASKS[task][0]
    model = make(**CALM, cat_features=["city"]).fit(MIXED, labels)
    if task == "multi":
        place = list(model.classes_).index("high")
        return table(model, {"high": (column(model.predict_proba, place), 1)}, background=MIXED)
    return table(model, _answer(model, task), background=MIXED)


for _task in TASKS:
    zoo.kind("CatBoost", "CatBoostClassifier, CatBoostRegressor", TASKS[_task][2], "frame with text columns")(
        lambda t=_task: _catboost(t)
    )


@zoo.kind("CatBoost", "CatBoost with a loss of classes", "two classes")
def cat_plain() -> Known:
    model = need("catboost").CatBoost({"loss_function": "Logloss", **CALM}).fit(FRAME, TWO)
    ask = lambda F: model.predict(F, prediction_type="Probability")  # noqa: E731
    return table(model, {"1": (column(ask, 1), 1)})


@zoo.kind("CatBoost", "CatBoostRegressor, MultiRMSE", "regression of several outputs")
def cat_pair() -> Known:
    model = need("catboost").CatBoostRegressor(loss_function="MultiRMSE", **CALM).fit(FRAME, PAIR)
    return table(model, each(model.predict, ("output 0", "output 1"), (1, -1)))


@zoo.kind("CatBoost", "a function that makes a Pool", "two classes", "frame with text columns")
def cat_pool() -> Known:
    catboost = need("catboost")
    model = catboost.CatBoostClassifier(**CALM).fit(catboost.Pool(MIXED, TWO, cat_features=["city"]))

    def ask(frame: Any) -> Any:
        return model.predict_proba(catboost.Pool(frame, cat_features=["city"]))

    return table(ask, {"output 1": (column(ask, 1), 1)}, background=MIXED)


@zoo.kind("CatBoost", "CatBoostClassifier with text_features", "two classes", "text")
def cat_text() -> Known:
    catboost = need("catboost")
    model = catboost.CatBoostClassifier(**CALM, text_features=["text"])
    model.fit(pd.DataFrame({"text": TEXTS}), MOODS)

    def ask(texts: Any) -> Any:
        return model.predict_proba(pd.DataFrame({"text": list(texts)}))

    return zoo.text(ask, {"output 1": (column(ask, 1), 1)})
