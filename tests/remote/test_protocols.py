"""Bodies as the servers' documents show them, and as a real server once sent them.

The claims of `remote/open_inference.py`, `remote/openai.py` and `remote/scoring.py`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from limelight.errors import InputError, RemoteError
from limelight.remote import PROTOCOLS
from limelight.remote.open_inference import TYPES, OpenInference
from limelight.remote.openai import Chat, Completions, Embeddings
from limelight.remote.scoring import HuggingFace, MLflow, TFServing, TorchServe
from limelight.remote.wire import Body, Received, TornError

X = np.array([[0.1, 2.0], [1e-300, -3.5]])
FRAME = {"age": [39, 50], "job": ["clerk", None], "pay": [0.1, float("nan")]}


def sent(body: Body) -> Any:
    return json.loads(body.content)


def got(content: Any) -> Received:
    return Received(200, {}, json.dumps(content).encode())


# -- Open Inference ---------------------------------------------------------------------------------------------------


def test_v2_sends_one_tensor_of_an_array_and_reads_mlservers_answer() -> None:
    wire = OpenInference("tumors", output="predict_proba")
    assert wire.path == "/v2/models/tumors/infer"
    assert OpenInference("tumors", "v7").path == "/v2/models/tumors/versions/v7/infer"
    tensor = {"name": "input-0", "shape": [2, 2], "datatype": "FP64", "data": [0.1, 2.0, 1e-300, -3.5]}
    assert sent(wire.encode(X)) == {"inputs": [tensor], "outputs": [{"name": "predict_proba"}]}
    recorded = {
        "model_name": "tumors", "id": "4b6c", "parameters": {},
        "outputs": [{"name": "predict_proba", "shape": [2, 2], "datatype": "FP64", "data": [0.25, 0.75, 0.5, 0.5]}],
    }  # fmt: skip
    assert wire.decode(got(recorded), 2).answers.tolist() == [[0.25, 0.75], [0.5, 0.5]]


@pytest.mark.parametrize("frame", [pd.DataFrame(FRAME), pl.DataFrame(FRAME, strict=False)], ids=["pandas", "polars"])
def test_v2_sends_a_tensor_of_each_column(frame: Any) -> None:
    types = {"age": "INT64", "job": "BYTES", "pay": "FP32"}
    inputs = [{"name": name, "datatype": datatype} for name, datatype in types.items()]
    metadata = {"inputs": inputs, "outputs": [{"name": "p"}]}
    wire = OpenInference("credit").settled(lambda path: metadata if path.endswith("credit") else {})
    whole = frame.assign(pay=1.5) if isinstance(frame, pd.DataFrame) else frame.with_columns(pay=1.5)
    age, job, pay = sent(wire.encode(whole))["inputs"]
    assert (age["datatype"], age["shape"], age["data"]) == ("INT64", [2, 1], [39, 50])
    assert (job["datatype"], job["data"][0]) == ("BYTES", "clerk")
    assert (pay["datatype"], pay["data"]) == ("FP32", [1.5, 1.5])


@pytest.mark.parametrize("datatype", [name for name in TYPES if name.startswith("FP")])
def test_v2_binary_tensors_carry_every_bit_nan_included(datatype: str) -> None:
    metadata = {"inputs": [{"name": "x", "datatype": datatype}], "outputs": [{"name": "y"}]}
    server = {"extensions": ["binary_tensor_data"]}
    wire = OpenInference("m").settled(lambda path: server if path == "/v2" else metadata)
    values = np.array([[np.nan, np.inf, -0.0, 1 / 3]])
    body = wire.encode(values)
    cut = int(body.headers["Inference-Header-Content-Length"])
    head, raw = json.loads(body.content[:cut]), body.content[cut:]
    assert head["inputs"][0]["parameters"] == {"binary_data_size": len(raw)}
    assert raw == values.astype(TYPES[datatype]).tobytes()
    output = {"name": "y", "datatype": datatype, "shape": [1, 4], "parameters": {"binary_data_size": len(raw)}}
    first = json.dumps({"outputs": [output]}).encode()
    headers = {"inference-header-content-length": str(len(first))}
    assert wire.decode(Received(200, headers, first + raw), 1).answers.tobytes() == raw
    with pytest.raises(TornError):
        wire.decode(Received(200, headers, first + raw[:-1]), 1)


def test_v2_says_which_output_it_needs() -> None:
    metadata = {"outputs": [{"name": "label"}, {"name": "p"}]}
    with pytest.raises(InputError, match=r"output: the model has several, \['label', 'p'\]"):
        OpenInference("m").settled(lambda path: metadata)
    with pytest.raises(InputError, match="expected one of"):
        OpenInference("m", output="q").settled(lambda path: metadata)
    two = [{"name": name, "datatype": "FP64", "shape": [1], "data": [1.0]} for name in "ab"]
    with pytest.raises(RemoteError, match=r"the server answered with \['a', 'b'\]"):
        OpenInference("m").decode(got({"outputs": two}), 1)
    texts = {"name": "a", "datatype": "BYTES", "shape": [2, 1], "data": ["spam", "ham"]}
    assert OpenInference("m").decode(got({"outputs": [texts]}), 2).answers == ["spam", "ham"]


# -- scoring servers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [pd.DataFrame(FRAME), pl.DataFrame(FRAME, strict=False)], ids=["pandas", "polars"])
def test_mlflow_takes_frames_split_with_gaps_as_null(frame: Any) -> None:
    rows = {"columns": ["age", "job", "pay"], "data": [[39, "clerk", 0.1], [50, None, None]]}
    assert sent(MLflow().encode(frame)) == {"dataframe_split": rows}
    assert sent(MLflow().encode(X)) == {"inputs": X.tolist()}
    assert MLflow().decode(got({"predictions": [[0.25, 0.75], [0.5, 0.5]]}), 2).answers.shape == (2, 2)
    assert MLflow().decode(got({"predictions": ["no", "yes"]}), 2).answers == ["no", "yes"]
    with pytest.raises(RemoteError, match="without 'predictions', which MLflow has: the fields \\['error_code'\\]"):
        MLflow().decode(got({"error_code": "BAD_REQUEST"}), 2)


def test_tf_serving_takes_instances() -> None:
    wire = TFServing("half_plus_two", "123")
    assert wire.path == "/v1/models/half_plus_two/versions/123:predict"
    assert sent(wire.encode(np.array([1.0, 2.0, 5.0]))) == {"instances": [1.0, 2.0, 5.0]}
    assert wire.decode(got({"predictions": [2.5, 3.0, 4.5]}), 3).answers.tolist() == [2.5, 3.0, 4.5]
    assert wire.decode(got({"predictions": [[2.5], [3.0]]}), 2).answers.shape == (2,)
    assert sent(wire.encode(pd.DataFrame({"b": [1, 2]}))) == {"instances": [{"b": 1}, {"b": 2}]}


def test_torchserve_takes_one_input_a_request_or_its_envelope() -> None:
    wire = TorchServe("sentiment")
    assert wire.path == "/predictions/sentiment"
    assert wire.encode(["Bloomberg has decided"]).content == b"Bloomberg has decided"
    assert sent(wire.encode(X[:1])) == X[0].tolist()
    assert wire.decode(got({"Negative": 0.1, "Positive": 0.9}), 1).answers == [{"Negative": 0.1, "Positive": 0.9}]
    many = TorchServe("sentiment", rows_per_request=8)
    assert sent(many.encode(["a", "b"])) == {"instances": [{"data": "a"}, {"data": "b"}]}
    assert many.decode(got({"predictions": [0.5, 0.25]}), 2).answers.tolist() == [0.5, 0.25]


def test_hugging_face_scores_by_label_in_one_order() -> None:
    wire = HuggingFace()
    assert sent(wire.encode(["fine", "bad"])) == {"inputs": ["fine", "bad"], "parameters": {"top_k": None}}
    first = [{"label": "POSITIVE", "score": 0.75}, {"label": "NEGATIVE", "score": 0.25}]
    second = [{"label": "NEGATIVE", "score": 0.9}, {"label": "POSITIVE", "score": 0.1}]
    answers = wire.decode(got([first, second]), 2).answers
    assert [list(each.items()) for each in answers] == [
        [("NEGATIVE", 0.25), ("POSITIVE", 0.75)], [("NEGATIVE", 0.9), ("POSITIVE", 0.1)],
    ]  # fmt: skip
    assert wire.decode(got(first), 1).answers == [{"NEGATIVE": 0.25, "POSITIVE": 0.75}]
    assert wire.decode(got([[0.5, 1.5]]), 1).answers.tolist() == [[0.5, 1.5]]


# -- the OpenAI-compatible API ----------------------------------------------------------------------------------------

CHAT = {
    "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "model": "m",
    "choices": [{
        "index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Hello!", "refusal": None},
        "logprobs": {"content": [{
            "token": "Hello", "logprob": -0.31, "bytes": [72],
            "top_logprobs": [{"token": "Hello", "logprob": -0.31}, {"token": "Hi", "logprob": -1.3}],
        }]},
    }],
    "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29},
}  # fmt: skip


def test_chat_sends_messages_and_reads_text_tokens_and_log_probabilities() -> None:
    wire = Chat("m", parameters={"temperature": 0, "max_tokens": 5, "n": 1})
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi “there”"}]
    asked = {"model": "m", "temperature": 0, "max_tokens": 5, "n": 1}
    assert sent(wire.encode([messages])) == {**asked, "messages": messages}
    assert sent(wire.encode(["Hi"]))["messages"] == [{"role": "user", "content": "Hi"}]
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert sent(wire.encode([{"messages": messages, "tools": tools}]))["tools"] == tools
    decoded = wire.decode(got(CHAT), 1)
    assert decoded.tokens == (19, 10)
    assert decoded.answers[0]["text"] == "Hello!"
    assert decoded.answers[0]["tokens"] == [["Hello", -0.31, {"Hello": -0.31, "Hi": -1.3}]]
    assert wire.written(3) == 15 and Chat("m").written(1) is None
    with pytest.raises(InputError, match="expected prompts"):
        wire.encode([3])


def test_completions_and_embeddings_answer_in_the_order_of_the_texts() -> None:
    choices = [{"index": 1, "text": "b", "finish_reason": "length"}, {"index": 0, "text": "a", "finish_reason": "stop"}]
    decoded = Completions("m").decode(got({"choices": choices}), 2)
    assert [each["text"] for each in decoded.answers] == ["a", "b"]
    assert sent(Completions("m").encode(["x", "y"])) == {"model": "m", "prompt": ["x", "y"]}
    data = [{"index": 1, "embedding": [0.5, 0.25]}, {"index": 0, "embedding": [1.0, 2.0]}]
    decoded = Embeddings("m").decode(got({"data": data, "usage": {"prompt_tokens": 8, "total_tokens": 8}}), 2)
    assert decoded.answers.tolist() == [[1.0, 2.0], [0.5, 0.25]]
    assert decoded.tokens == (8, 0)
    with pytest.raises(InputError, match="takes texts"):
        Embeddings("m").encode([3])


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_the_answers_depend_on_is_what_they_are_kept_under(name: str) -> None:
    wires = [
        PROTOCOLS[name](model="a"), PROTOCOLS[name](model="b"), PROTOCOLS[name](model="a", version="2"),
        PROTOCOLS[name](model="a", parameters={"temperature": 1}),
    ]  # fmt: skip
    assert len({json.dumps(wire.identity, sort_keys=True, default=str) for wire in wires}) == 4


def test_json_has_no_nan() -> None:
    with pytest.raises(InputError, match="JSON has no NaN"):
        MLflow().encode(np.array([[np.nan]]))


def test_a_refusal_that_stands_apart_is_what_was_said() -> None:
    message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    answer = Chat("m").decode(got({"choices": [{"message": message, "finish_reason": "stop"}]}), 1).answers[0]
    assert (answer["text"], answer["refusal"]) == ("I cannot help with that.", "I cannot help with that.")
