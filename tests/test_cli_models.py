"""Files of models on the command line: what opens as it is, what is asked about, what is refused.

The claims of `cli/skops_checks.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, IsolationForest
from sklearn.ensemble import RandomForestClassifier as Forest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

import limelight as ll
import sessions
from limelight.cli.commands import app
from limelight.cli.models import load_model
from limelight.cli.skops_checks import check_trees
from limelight.cli.skops_types import DATA
from limelight.errors import InputError, MissingDependencyError

testing = pytest.importorskip("typer.testing")
skops = pytest.importorskip("skops.io")

rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400), "city": rng.choice(["Rome", "Oslo"], 400)})
NUMBERS = TABLE[["a", "b"]]
YES = (TABLE["a"] > 0).astype(int)
OSLO = ((TABLE["city"] == "Oslo") & (TABLE["a"] > -1)).astype(int)
"""Mostly the city: known to be the first reason of a model that learned it."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    NUMBERS.assign(y=YES).to_csv(tmp_path / "numbers.csv", index=False)
    TABLE.assign(y=OSLO).to_csv(tmp_path / "table.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def explained(model: str, table: str = "numbers.csv", row: int = 0, *more: str) -> ll.Explanation:
    flags = ("--model", model, "--background", table, "--data", table, "--row", str(row), "--drop", "y")
    told = ("--seed", "0", "--n-samples", "512", "--json", "why.json", *more)
    result = testing.CliRunner().invoke(app, ["explain", *flags, *told])
    assert result.exit_code == 0, result.output
    return ll.Explanation.from_json(Path("why.json"))


def first_reason(explanation: ll.Explanation) -> tuple[str, float]:
    return explanation.as_list()[0]


# ---- skops -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        Forest(10, random_state=0),
        HistGradientBoostingClassifier(max_iter=10),
        GradientBoostingClassifier(n_estimators=10),
        KNeighborsClassifier(),
        GaussianProcessClassifier(),
        MLPClassifier(max_iter=300, random_state=0),
        IsolationForest(n_estimators=10, max_features=1, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_own_types_are_not_asked_about(model: Any, folder: Path) -> None:
    if "Boosting" in type(model).__name__ and sklearn.__version__.startswith("1.5."):
        pytest.skip("scikit-learn 1.5 writes its losses under a name that is no part of scikit-learn: say --trust")
    skops.dump(model.fit(NUMBERS, YES), "model.skops")
    opened = load_model("model.skops")
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            assert np.array_equal(getattr(opened, method)(NUMBERS), getattr(model, method)(NUMBERS))
    if hasattr(model, "predict_proba"):
        row = int(np.argmax(TABLE["a"]))
        assert first_reason(explained("model.skops", row=row))[0].startswith("a >")


def test_no_type_that_is_trusted_takes_a_function_by_name_or_runs_anything() -> None:
    assert not {name for name in DATA if name.startswith(("builtins", "operator", "os", "sys", "numpy.load"))}
    assert {name.split(".")[0] for name in DATA} == {"numpy", "sklearn"}


def with_node(model: Any, change: Any) -> Any:
    """Return a model whose first tree was changed."""
    tree = model.estimators_[0].tree_ if hasattr(model, "estimators_") else model.tree_
    state = tree.__getstate__()
    change(state)
    tree.__setstate__(state)
    return model


def far_child(state: Any) -> None:
    state["nodes"]["left_child"][0] = 1 << 40


def loop(state: Any) -> None:
    state["nodes"]["right_child"][0] = 0


def far_column(state: Any) -> None:
    state["nodes"]["feature"][0] = 9


def many_nodes(state: Any) -> None:
    state["node_count"] = 1 << 30


@pytest.mark.parametrize("change", [far_child, loop, far_column, many_nodes])
@pytest.mark.parametrize("make", [lambda: Forest(3, random_state=0), DecisionTreeClassifier], ids=["forest", "tree"])
def test_a_tree_that_points_outside_of_itself_is_refused(change: Any, make: Any) -> None:
    model = make().fit(NUMBERS, YES)
    check_trees(model, "good.skops")
    with pytest.raises(InputError, match="holds a Tree whose nodes point outside of it"):
        check_trees(with_node(model, change), "bad.skops")


def test_such_a_file_is_refused_before_the_model_is_asked(folder: Path) -> None:
    skops.dump(with_node(Forest(3, random_state=0).fit(NUMBERS, YES), far_child), "bad.skops")
    with pytest.raises(InputError, match=r"bad\.skops holds a Tree"):
        load_model("bad.skops")


def test_trees_of_more_columns_than_their_forest_has_are_refused(folder: Path) -> None:
    forest = Forest(3, random_state=0).fit(NUMBERS, YES)
    wide = DecisionTreeClassifier().fit(np.hstack([NUMBERS, NUMBERS]), YES)
    forest.estimators_[1] = wide
    with pytest.raises(InputError, match="trees of other columns"):
        check_trees(forest, "x.skops")


def test_a_boosted_tree_that_points_outside_of_itself_is_refused() -> None:
    for field, value in (("left", 4_000_000), ("right", 0), ("feature_idx", 7), ("is_categorical", 1)):
        model = HistGradientBoostingClassifier(max_iter=2).fit(NUMBERS, YES)
        model._predictors[1][0].nodes[field][0] = value
        with pytest.raises(InputError, match="TreePredictor"):
            check_trees(model, "x.skops")


def test_a_tree_of_neighbors_that_points_outside_of_itself_is_refused() -> None:
    for place, value in (("idx_end", 4_000), ("idx_start", -1), ("is_leaf", 0)):
        model = KNeighborsClassifier(leaf_size=400).fit(NUMBERS, YES)
        np.asarray(model._tree.get_arrays()[2])[place][0] = value
        with pytest.raises(InputError, match="KDTree"):
            check_trees(model, "x.skops")


# ---- boosted trees, sessions -----------------------------------------------------------------------------------------


def test_a_session_is_opened_from_its_file(folder: Path) -> None:
    pytest.importorskip("onnxruntime")
    Path("model.onnx").write_bytes(sessions.ZIPMAP)
    four = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    four.assign(y=0).to_csv("four.csv", index=False)
    row = int(np.argmax(four["a"]))
    explanation = explained("model.onnx", "four.csv", row)
    assert explanation.targets == ("high",)
    assert first_reason(explanation)[0].startswith("a >")
    flags = ("--background", "numbers.csv", "--data", "numbers.csv", "--row", "0", "--drop", "y")
    refused = testing.CliRunner().invoke(app, ["explain", "--model", "model.onnx", *flags])
    assert "the model takes 4 columns, 'numbers.csv' has 2" in refused.stderr


@pytest.mark.parametrize("name", ["model.txt", "model.lgb", "model.model", "booster"])
def test_a_booster_of_lightgbm_is_opened_with_its_categories_and_classes(name: str, folder: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    data = lightgbm.Dataset(TABLE.astype({"city": "category"}), label=OSLO)
    lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 4}, data, 30).save_model(name)
    row = int(np.flatnonzero(OSLO)[0])
    explanation = explained(name, "table.csv", row)
    assert explanation.targets == ("1",)
    reason, weight = first_reason(explanation)
    assert reason == "city = Oslo"
    assert weight > 0.5


@pytest.mark.parametrize("name", ["model.ubj", "model.json"])
def test_a_booster_of_xgboost_is_opened_with_its_categories_and_classes(name: str, folder: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(TABLE.astype({"city": "category"}), label=OSLO, enable_categorical=True)
    xgboost.train({"objective": "binary:logistic", "max_depth": 2, "nthread": 1}, data, 30).save_model(name)
    explanation = explained(name, "table.csv", int(np.flatnonzero(OSLO)[0]))
    assert explanation.targets == ("1",)
    reason, weight = first_reason(explanation)
    assert reason == "city = Oslo"
    assert weight > 0.5


def test_categories_whose_order_an_old_xgboost_did_not_save_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Booster:
        feature_types = ("float", "c")

        def __init__(self, model_file: str) -> None: ...

    from types import SimpleNamespace

    from limelight.cli.models import _xgboost

    monkeypatch.setitem(sys.modules, "xgboost", SimpleNamespace(Booster=Booster, __version__="2.1.4"))
    with pytest.raises(InputError, match="which number is which; install xgboost>=3.1"):
        _xgboost("model.ubj")


@pytest.mark.parametrize("regression", [False, True])
def test_a_model_of_catboost_is_opened_with_its_categories_and_classes(regression: bool, folder: Path) -> None:
    catboost = pytest.importorskip("catboost")
    options = {"iterations": 30, "depth": 2, "verbose": 0, "cat_features": ["city"], "allow_writing_files": False}
    make = catboost.CatBoostRegressor if regression else catboost.CatBoostClassifier
    make(**options, thread_count=1).fit(TABLE, OSLO * 10 if regression else OSLO).save_model("model.cbm")
    explanation = explained("model.cbm", "table.csv", int(np.flatnonzero(OSLO)[0]))
    assert explanation.targets == ("output" if regression else "1",)
    reason, weight = first_reason(explanation)
    assert reason == "city = Oslo"
    assert weight > (5 if regression else 0.5)


def test_a_model_of_catboost_that_was_fitted_on_an_array_knows_how_many_columns_it_takes(folder: Path) -> None:
    catboost = pytest.importorskip("catboost")
    options = {"iterations": 10, "depth": 2, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    catboost.CatBoostClassifier(**options).fit(NUMBERS.to_numpy(), np.where(YES, "yes", "no")).save_model("m.cbm")
    explanation = explained("m.cbm", "numbers.csv", int(np.argmax(TABLE["a"])))
    assert explanation.targets == ("yes",)
    assert first_reason(explanation)[0].startswith("a >")


IN_MLFLOW = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


# ---- folders of MLflow -----------------------------------------------------------------------------------------------


@IN_MLFLOW
def test_a_folder_of_mlflow_is_opened_and_a_pickle_inside_is_asked_about(folder: Path) -> None:
    sklearn = pytest.importorskip("mlflow.sklearn")
    forest = Forest(10, random_state=0).fit(NUMBERS, np.where(YES, "yes", "no"))
    sklearn.save_model(forest, "data", serialization_format="skops", skops_trusted_types=["sklearn.tree._tree.Tree"])
    sklearn.save_model(forest, "pickled", serialization_format="cloudpickle")
    with pytest.raises(InputError, match="pickled holds a model of Python that MLflow unpickles.*--trust-pickle"):
        load_model("pickled")
    row = int(np.argmax(TABLE["a"]))
    opened = explained("data", row=row)
    assert opened.targets == ("yes",)
    assert opened.as_list() == explained("pickled", "numbers.csv", row, "--trust-pickle").as_list()


@IN_MLFLOW
def test_a_booster_in_a_folder_of_mlflow_is_no_pickle(folder: Path) -> None:
    flavor, lightgbm = pytest.importorskip("mlflow.lightgbm"), pytest.importorskip("lightgbm")
    options = {"objective": "binary", "verbose": -1, "num_threads": 1}
    flavor.save_model(lightgbm.train(options, lightgbm.Dataset(NUMBERS, label=YES), 10), "booster")
    explanation = explained("booster", row=int(np.argmax(TABLE["a"])))
    assert (explanation.targets, first_reason(explanation)[0][:3]) == (("1",), "a >")


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.json", b'{"a": 1}', "whose content is none of these"),
        ("model.txt", b"hello", "whose content is none of these"),
        ("model", b"", "whose content is none of these"),
        ("model.lgb", b"tree\nversion=v4\nnum_class=x\n", "could not read model.lgb"),
        ("model.onnx", b"\x00\x01nonsense", "could not read model.onnx"),
        ("model.json", b'{"learner": {"a": 1', "could not read model.json|read by xgboost"),
        ("model.cbm", b"CBM1nonsense", "could not read model.cbm|read by catboost"),
    ],
)
def test_what_is_no_model_is_refused(name: str, content: bytes, said: str, folder: Path) -> None:
    if name.endswith((".lgb", ".onnx")):
        pytest.importorskip({"lgb": "lightgbm", "onnx": "onnxruntime"}[name[6:]])
    Path(name).write_bytes(content)
    with pytest.raises((InputError, MissingDependencyError), match=said):
        load_model(name)


def test_the_library_that_wrote_a_file_is_named_where_it_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "catboost", None)
    Path("model.cbm").write_bytes(b"CBM1")
    with pytest.raises(MissingDependencyError, match=r"is read by catboost.*pip install catboost"):
        load_model("model.cbm")
