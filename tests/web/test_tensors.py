"""The Open Inference Protocol: requests as its documentation writes them, and our client against our service."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.remote.open_inference import OpenInference
from limelight.remote.wire import Received
from limelight.web.tensors import infer, metadata

IRIS = {
    "inputs": [
        {"name": "input-0", "shape": [2, 4], "datatype": "FP32", "data": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
    ]
}
"""As KServe's documentation asks a scikit-learn model of irises."""


def iris() -> ll.Explainer:
    X = np.random.default_rng(0).normal(4, 1, size=(100, 4))
    return ll.Explainer(lambda X: X.sum(axis=1), ll.Tabular(X, names=list("abcd")), seed=0)


def mixed() -> ll.Explainer:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(18, 90, 100), "city": rng.choice(["Oslo", "Rome"], 100)})
    return ll.Explainer(lambda f: f["age"] + 100.0 * (f["city"] == "Rome"), ll.Tabular(frame), seed=0)


def test_rows_as_the_documentation_writes_them() -> None:
    said = infer("m", iris(), {"id": "7", **IRIS})
    assert said["id"] == "7"
    assert said["model_name"] == "m", "which the protocol asks for, and KServe's client"
    (output,) = said["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("predictions", "FP64", [2, 1])
    assert output["data"] == pytest.approx([15.8, 15.5])
    flat = {"inputs": [{**IRIS["inputs"][0], "data": [6.8, 2.8, 4.8, 1.4, 6.0, 3.4, 4.5, 1.6]}]}
    assert infer("m", iris(), flat)["outputs"] == said["outputs"]


def test_a_tensor_for_each_column_in_any_order() -> None:
    cities = {"name": "city", "shape": [2, 1], "datatype": "BYTES", "data": ["Rome", "Oslo"]}
    ages = {"name": "age", "shape": [2], "datatype": "INT64", "data": [40, 50]}
    assert infer("m", mixed(), {"inputs": [cities, ages]})["outputs"][0]["data"] == [140.0, 50.0]


def test_texts_and_arrays() -> None:
    text = ll.Explainer(lambda texts: [float(len(each)) for each in texts], ll.Text(), seed=0)
    said = infer("m", text, {"inputs": [{"name": "t", "shape": [2], "datatype": "BYTES", "data": ["ab", "cde"]}]})
    assert said["outputs"][0]["data"] == [2.0, 3.0]
    series = ll.Explainer(lambda many: np.asarray(many).sum(axis=1), ll.TimeSeries(), seed=0)
    tensor = {"name": "s", "shape": [1, 8], "datatype": "INT16", "data": list(range(8))}
    assert infer("m", series, {"inputs": [tensor]})["outputs"][0]["data"] == [28.0]


def test_our_client_reads_our_service() -> None:
    pd = pytest.importorskip("pandas")
    explainer = mixed()
    about = {"/v2": {"extensions": []}, "/v2/models/m": metadata("m", explainer.modality)}
    client = OpenInference("m").settled(about.get)
    assert client.inputs == (("age", "INT64"), ("city", "BYTES"))
    frame = pd.DataFrame({"age": [40, 50], "city": ["Rome", "Oslo"]})
    answer = json.dumps(infer("m", explainer, json.loads(client.encode(frame).content))).encode()
    assert np.asarray(client.decode(Received(200, {}, answer), 2).answers).tolist() == [140.0, 50.0]


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": []},
        {"inputs": 3},
        {"outputs": [{"name": "other"}]},
        {"outputs": 3},
        {"inputs": [{"name": "x"}]},
        *({"inputs": [{**IRIS["inputs"][0], **tensor}]} for tensor in (
            {"shape": [3, 4]}, {"shape": [0, 4]}, {"shape": [True, 4]}, {"shape": "2"}, {"shape": [2000, 4]},
            {"datatype": "FP99"}, {"datatype": "BYTES"}, {"datatype": "BOOL"}, {"data": "x"}, {"data": [[1, 2], 3]},
            {"data": [["a"] * 4] * 2}, {"shape": [2, 3], "data": [1] * 6}, {"shape": [10**8, 10**8], "data": []},
        )),
        {"inputs": IRIS["inputs"] * 2},
    ],
)  # fmt: skip
def test_what_is_no_request_gets_a_sentence(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"\.$"):
        infer("m", iris(), {**IRIS, **change})


def test_numbers_beyond_their_datatype_are_refused() -> None:
    series = ll.Explainer(lambda many: np.asarray(many).sum(axis=1), ll.TimeSeries(), seed=0)
    for data in ([300] * 8, [-1] * 8, [2.5] * 8, [float("nan")] * 8, [None] * 8):
        with pytest.raises(InputError, match="UINT8"):
            infer("m", series, {"inputs": [{"name": "s", "shape": [1, 8], "datatype": "UINT8", "data": data}]})
