"""Explanations in MLflow's runs, with the real library; skipped where it is missing (`.ci/optional integrations`)."""

from __future__ import annotations

import sys
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
    logged = tracking.log_explainer(made)
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
    assert sorted(name for name in found if "fidelity" in name) == ["why/fidelity/_", "why/fidelity/_ (2)"]
