"""KServe's V1 protocol: requests with bodies as its documentation shows them, and answers of the shape it says.

The pages: kserve.github.io/website/docs, "V1 Protocol", "First InferenceService" (iris), "Anchors Tabular Explanation
for Income Prediction".
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import limelight as ll
from aside import aside

pytest.importorskip("starlette", reason="starlette is not installed: pip install 'limelight[web]'")
httpx = pytest.importorskip("httpx")

from limelight.result.schema import from_dict  # noqa: E402
from limelight.web import create  # noqa: E402

IRIS = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
INCOME = {"instances": [[39, 7, 1, 1, 1, 1, 4, 1, 2174, 0, 40, 9]]}


@pytest.fixture(scope="module")
def app() -> Any:
    rng = np.random.default_rng(0)
    flowers = rng.normal((5.8, 3.0, 3.7, 1.2), 0.5, (150, 4))
    people = np.column_stack([rng.integers(18, 90, 200), rng.integers(0, 9, (200, 11))])
    iris = lambda X: (X[:, 2] > 2.5).astype(float) + (X[:, 3] > 1.7)  # noqa: E731
    income = lambda X: np.stack([1 - X[:, 0] / 100, X[:, 0] / 100], axis=1)  # noqa: E731
    wide = lambda X: (odds := np.exp(X[:, :1] * np.arange(7.0))) / odds.sum(axis=1, keepdims=True)  # noqa: E731
    return create(
        {
            "sklearn-iris": ll.Explainer(iris, ll.Tabular(flowers), seed=0),
            "income": ll.Explainer(income, ll.Tabular(people), output_names=["<=50K", ">50K"], seed=0),
            "wide": ll.Explainer(wide, ll.Tabular(flowers), seed=0),
        }
    )


def post(app: Any, path: str, body: Any) -> tuple[int, Any]:
    async def sent() -> Any:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            # as `curl -d @./iris-input.json -H "Content-Type: application/json"` sends it
            headers = {"content-type": "application/json"}
            return await client.post(path, content=json.dumps(body), headers=headers)

    answer = aside(sent())
    return answer.status_code, answer.json()


def test_predict_answers_as_many_predictions_as_instances(app: Any) -> None:
    assert post(app, "/v1/models/sklearn-iris:predict", IRIS) == (200, {"predictions": [1.0, 1.0]})


@pytest.mark.parametrize("verb", ["predict", "explain"])
def test_instances_may_be_called_inputs(app: Any, verb: str) -> None:
    path = f"/v1/models/sklearn-iris:{verb}"
    (status, said), (_, expected) = (post(app, path, body) for body in ({"inputs": IRIS["instances"]}, IRIS))
    assert (status, said["predictions"]) == (200, expected["predictions"])
    for name in ("explanations",) if verb == "explain" else ():
        assert list(map(from_dict, said[name])) == list(map(from_dict, expected[name]))
    status, said = post(app, path, {**IRIS, "inputs": IRIS["instances"]})
    assert (status, "inputs" in said["error"]) == (400, True)


@pytest.mark.parametrize(("model", "body"), [("sklearn-iris", IRIS), ("income", INCOME), ("wide", IRIS)])
def test_explain_answers_explanations_in_addition_to_predictions(app: Any, model: str, body: Any) -> None:
    status, said = post(app, f"/v1/models/{model}:explain", body)
    assert (status, set(said)) == (200, {"predictions", "explanations"})
    assert said["predictions"] == post(app, f"/v1/models/{model}:predict", body)[1]["predictions"]
    for explanation, predicted in zip(map(from_dict, said["explanations"]), said["predictions"], strict=True):
        assert explanation.outputs[0][1] == np.max(predicted)


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("*/*", False),  # what KServe's client sends, and curl
        (None, False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0", False),
        ("text/html;q=x, */*", False),
        ("image/webp,*/*;q=0.8", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", True),  # a browser
        ("TEXT/HTML; level=1; q=0.7, application/json;q=0.7", True),
    ],
)
def test_the_root_says_alive_to_programs_and_lists_models_to_browsers(app: Any, accept: str | None, page: bool) -> None:
    async def asked() -> Any:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            client.headers.pop("accept")
            return await client.get("/", headers={} if accept is None else {"accept": accept})

    said = aside(asked())
    assert (said.status_code, said.headers["vary"].lower().split(",")[0]) == (200, "accept")
    if page:
        assert "sklearn-iris" in said.text
    else:
        assert said.json() == {"status": "alive"}
