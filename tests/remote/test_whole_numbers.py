"""Whole numbers may be labels or quantities: nobody guesses which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import servers

from limelight import Explainer, Tabular, remote
from limelight.errors import InputError, RemoteError
from limelight.remote.scoring import MLflow
from limelight.remote.wire import Received

pytest.importorskip("httpx", reason="httpx is not installed")


@pytest.mark.parametrize("protocol", ["mlflow", "v2"])
def test_whole_numbers_are_refused_until_somebody_says_what_they_are(protocol: str, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(300, 3))

    def classes(rows: Any) -> Any:  # 0, 1 and 2 are names
        return np.digitize(np.asarray(rows, float)[:, 0], [-0.5, 0.5])

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        if body is None:
            return 404, {}, b""
        if protocol == "mlflow":
            return 200, {}, json.dumps({"predictions": classes(json.loads(body)["inputs"]).tolist()}).encode()
        tensor = json.loads(body)["inputs"][0]
        said = classes(np.reshape(tensor["data"], tensor["shape"]))
        output = {"name": "predict", "datatype": "INT64", "shape": [len(said), 1], "data": said.tolist()}
        return 200, {}, json.dumps({"outputs": [output]}).encode()

    named = {"model": "classes"} if protocol == "v2" else {}
    with servers.serving(answer) as server:
        with pytest.raises(RemoteError, match=r"whole numbers \(0, 1, 2\).*predict_proba.*whole_numbers='labels'"):
            remote.http(server.url, protocol, **named)(X)
        assert server.posts == 1
        options = {**named, "cache": tmp_path / "answers.db"}
        counted = remote.http(server.url, protocol, whole_numbers="quantities", **options)
        assert np.array_equal(counted(X), classes(X))
        model = remote.http(server.url, protocol, whole_numbers="labels", **options)
        assert model(X) == [str(label) for label in classes(X)]  # not the numbers that are kept
        explained = Explainer(model, Tabular(X), seed=0).explain(X[0])
        local = Explainer(lambda rows: [str(label) for label in classes(rows)], Tabular(X), seed=0).explain(X[0])
        assert (explained.targets, explained.as_list()) == (local.targets, local.as_list())
        assert any("answers labels, not scores" in warning for warning in explained.provenance.warnings)


def test_scores_and_rows_of_whole_numbers_are_no_labels() -> None:
    for answers in ([1.0, 0.0], [[1, 0], [0, 1]]):
        received = Received(200, {}, json.dumps({"predictions": answers}).encode())
        assert MLflow().decode(received, 2).answers.tolist() == answers


@pytest.mark.parametrize(
    ("protocol", "given", "said"),
    [("tf-serving", "labels", "whole_numbers: has no effect with 'tf-serving'"), ("mlflow", "label", "labels")],
)
def test_what_whole_numbers_are_is_checked(protocol: str, given: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        remote.http("http://localhost:1", protocol, model="m", whole_numbers=given)
