"""Explanations in MLflow's runs, with the real library; skipped where it is missing (`.ci/optional integrations`)."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import limelight as ll
from limelight.integrations import tracking

# mlflow and what it is built on warn of one another; what limelight warns of still fails
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.filterwarnings("error:::limelight")]


def explainer() -> tuple[ll.Explainer, pd.DataFrame]:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=["income", "debt", "age"])
    model = LogisticRegression().fit(X, np.where(X["income"] > X["debt"], "grant", "deny"))
    return ll.Explainer(model, ll.Tabular(X), max_samples=2048), X


@pytest.fixture
def mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    library = pytest.importorskip("mlflow", reason="mlflow is not installed")
    monkeypatch.chdir(tmp_path)
    library.set_tracking_uri(f"sqlite:///{tmp_path / 'runs.db'}")
    library.set_experiment("reasons")
    with library.start_run() as run:
        yield library
    assert run


def test_without_mlflow_the_pip_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    made, X = explainer()
    with pytest.raises(ll.MissingDependencyError, match="pip install mlflow"):
        tracking.log_explanation(made.explain(X.iloc[0]))


def test_one_explanation_is_a_page_a_file_and_its_figures(mlflow: Any) -> None:
    made, X = explainer()
    explanation = made.explain(X.iloc[0])
    tracking.log_explanation(explanation, "customer 7")
    run = mlflow.active_run().info.run_id
    written = mlflow.artifacts.load_text(f"runs:/{run}/customer 7/explanation.json")
    assert ll.Explanation.from_json(written) == explanation
    assert "income" in mlflow.artifacts.load_text(f"runs:/{run}/customer 7/explanation.html")
    metrics = mlflow.get_run(run).data.metrics
    assert metrics[f"customer 7/fidelity/{explanation.targets[0]}"] == pytest.approx(explanation.fidelity[0])


def test_a_set_is_a_parquet_file(mlflow: Any, tmp_path: Path) -> None:
    made, X = explainer()
    many = made.explain_all(X.head(5))
    tracking.log_explanation(many, "today")
    run = mlflow.active_run().info.run_id
    got = mlflow.artifacts.download_artifacts(f"runs:/{run}/today/explanations.parquet", dst_path=str(tmp_path))
    assert ll.Explanations.from_parquet(got) == many


def test_a_logged_explainer_answers_with_the_same_bits(mlflow: Any) -> None:
    made, X = explainer()
    with warnings.catch_warnings(record=True) as told:
        logged = tracking.log_explainer(made)
    assert not [each for each in told if "type hints" in str(each.message)]
    alone = made.explain_all(X.head(4))
    assert tracking.load_explainer(logged.model_uri).explain_all(X.head(4)) == alone
    served = mlflow.pyfunc.load_model(logged.model_uri).predict(X.head(4))
    pd.testing.assert_frame_equal(served, alone.to_frame())


def test_what_cannot_be_pickled_is_said_before_anything_is_logged(mlflow: Any) -> None:
    X = np.random.default_rng(0).normal(size=(50, 2))
    lock = __import__("threading").Lock()
    made = ll.Explainer(lambda rows: rows[:, 0] + lock.locked(), ll.Tabular(X), max_samples=256)
    with pytest.raises(ll.InputError, match="pickled"):
        tracking.log_explainer(made)


def test_targets_that_look_alike_without_their_letters_have_a_metric_each() -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    explainer = ll.Explainer(lambda F: [{"é": x, "ü": y} for x, y in F], ll.Tabular(X), targets="all", n_samples=256)
    found = tracking._metrics(explainer.explain(X[0]), "why")
    assert sorted(name for name in found if "fidelity" in name) == ["why/fidelity/_", "why/fidelity/_-2"]


def test_what_is_no_explanation_and_no_folder_is_refused_before_mlflow_is_asked() -> None:
    made, X = explainer()
    one = made.explain(X.iloc[0])
    for wrong in ("page.html", None, [], [one, "page.html"], {"row": one}):
        with pytest.raises(ll.InputError, match="expected an Explanation or many"):
            tracking.log_explanation(wrong)  # type: ignore[arg-type]
    for name in ("", "..", "a/../b", "/a", 3):
        with pytest.raises(ll.InputError, match="name: expected a folder"):
            tracking.log_explanation(one, name)  # type: ignore[arg-type]


def test_very_long_names_of_outputs_have_a_metric_each() -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    names = ["a" * 300, "a" * 301]
    made = ll.Explainer(lambda F: F, ll.Tabular(X), targets="all", n_samples=256, output_names=names)
    found = tracking._metrics(made.explain(X[0]), "why")
    assert len([name for name in found if "fidelity" in name]) == 2
    assert max(map(len, found)) <= 250
    told = tracking._metrics(made.explain(X[0]), "Größe (1)/row")
    assert all(name.startswith("Gr__e _1_/row/") for name in told)  # MLflow refuses others, after the page is kept


def test_a_list_is_a_set_and_what_was_kept_under_a_name_stays(mlflow: Any, tmp_path: Path) -> None:
    made, X = explainer()
    first, second = made.explain(X.iloc[0]), made.explain(X.iloc[1])
    for each in (first, second, [first, second]):
        tracking.log_explanation(each, "why")  # type: ignore[arg-type]
    run = mlflow.active_run().info.run_id
    for name, kept in (("why", first), ("why-2", second)):
        assert ll.Explanation.from_json(mlflow.artifacts.load_text(f"runs:/{run}/{name}/explanation.json")) == kept
    got = mlflow.artifacts.download_artifacts(f"runs:/{run}/why-3/explanations.parquet", dst_path=str(tmp_path))
    assert list(ll.Explanations.from_parquet(got)) == [first, second]


def good(texts: list[str]) -> list[float]:
    return [float("good" in text) for text in texts]


def test_texts_are_served_from_the_only_column_of_a_frame(mlflow: Any) -> None:
    made = ll.Explainer(good, ll.Text(), n_samples=64)
    served = mlflow.pyfunc.load_model(tracking.log_explainer(made).model_uri)
    frame = served.predict(pd.DataFrame({"text": ["a good film", "bad"]}))
    pd.testing.assert_frame_equal(frame, made.explain_all(["a good film", "bad"]).to_frame())


def test_another_model_is_no_explainer(mlflow: Any) -> None:
    class Other(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            return [1.0] * len(model_input)

    logged = mlflow.pyfunc.log_model(name="other", python_model=Other())
    with pytest.raises(ll.InputError, match="that log_explainer has logged"):
        tracking.load_explainer(logged.model_uri)
