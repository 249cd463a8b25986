"""Real servers answer with the bits of the model here: MLServer (Open Inference v2) and MLflow's scoring server.

Each test needs the server's own package and is skipped without it: `.ci/optional mlserver`, `.ci/optional mlflow`.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import free_ports, running
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from limelight import Explainer, Tabular, remote

X, y = load_breast_cancer(return_X_y=True)

# the servers' libraries warn of one another; what limelight warns of still fails
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.filterwarnings("error:::limelight")]


def fitted() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X, y)


def program(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def same_bits_and_a_free_rerun(url: str, protocol: str, folder: Path, **options: Any) -> None:
    here = Explainer(fitted().predict_proba, Tabular(X)).explain(X[0])
    said = []
    for _ in range(2):
        with remote.http(url, protocol, cache=folder / "answers.db", **options) as model:
            said.append((Explainer(model, Tabular(X)).explain(X[0]), model.usage))
            assert np.array_equal(model(X[:50]), fitted().predict_proba(X[:50]))
    (there, used), (again, rerun) = said
    assert there.as_list() == again.as_list() == here.as_list()
    assert used.rows > 2000 and used.retries == 0
    assert (rerun.requests, rerun.cached) == (0, used.rows + used.cached)


def test_mlserver_gives_the_bits_of_the_local_model(tmp_path: Path) -> None:
    pytest.importorskip("mlserver_sklearn", reason="mlserver-sklearn is not installed")
    import joblib

    http, grpc, metrics = free_ports(3)
    ports = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics, "host": "127.0.0.1", "parallel_workers": 0}
    joblib.dump(fitted(), tmp_path / "model.joblib")
    (tmp_path / "settings.json").write_text(json.dumps(ports))
    settings = {"name": "tumors", "implementation": "mlserver_sklearn.SKLearnModel"}
    version = {"uri": "./model.joblib", "version": "v7"}
    (tmp_path / "model-settings.json").write_text(json.dumps({**settings, "parameters": version}))
    url = f"http://127.0.0.1:{http}"
    with running([program("mlserver"), "start", "."], f"{url}/v2/models/tumors/ready", tmp_path):
        same_bits_and_a_free_rerun(url, "v2", tmp_path, model="tumors", output="predict_proba")
        same_bits_and_a_free_rerun(url, "v2", tmp_path, model="tumors", version="v7", output="predict_proba")


def test_mlflow_gives_the_bits_of_the_local_model(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow.sklearn", reason="mlflow is not installed")
    mlflow.save_model(fitted(), tmp_path / "model", pyfunc_predict_fn="predict_proba")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    serve = [program("mlflow"), "models", "serve", "-m", "model", "-p", str(port), "--env-manager", "local"]
    with running(serve, f"{url}/ping", tmp_path):
        same_bits_and_a_free_rerun(url, "mlflow", tmp_path)
