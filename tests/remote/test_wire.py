"""What is sent is JSON to the letter, or refused with the reason; what comes back torn is known as torn."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import RemoteError
from limelight.remote.open_inference import OpenInference
from limelight.remote.openai import Chat, Completions, Embeddings
from limelight.remote.scoring import HuggingFace, MLflow, TFServing, TorchServe
from limelight.remote.wire import Body, Received, TornError, answers_of


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ({"x": np.array([0.1, 1 / 3])}, {"x": [0.1, 1 / 3]}),
        ([np.float64(0.1), np.int64(2**62), np.bool_(True)], [0.1, 2**62, True]),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        ("naïve 🙂", "naïve 🙂"),
        (None, None),
    ],
)
def test_every_bit_arrives(value: Any, want: Any) -> None:
    assert json.loads(Body.of(value).content) == want


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([float("nan")], "JSON has no NaN or infinity"),
        ([np.inf], "JSON has no NaN or infinity"),
        ([Decimal("1.10")], r"got Decimal\('1.10'\) of type Decimal; convert the column"),
        ([b"bytes"], "of type bytes"),
        ([1j], "of type complex"),
        (["\ud83d"], "half of a character"),
    ],
)
def test_what_json_cannot_say_is_refused_before_anything_is_sent(value: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        Body.of(value)


def test_a_body_that_was_cut_off_is_torn() -> None:
    with pytest.raises(TornError, match="5 bytes that are no JSON"):
        Received(200, {}, b'{"a":').json()
    with pytest.raises(TornError):
        Received(200, {}, b"\xff\xfe").json()
    assert Received(200, {}, b'{"a":1}').json() == {"a": 1}


WIRES: dict[str, tuple[Any, int]] = {
    "mlflow": (MLflow(), 2),
    "tf-serving": (TFServing("m"), 2),
    "torchserve": (TorchServe("m", rows_per_request=2), 2),
    "huggingface": (HuggingFace(), 2),
    "v2": (OpenInference("m"), 2),
    "openai-chat": (Chat("m"), 1),
    "openai-completions": (Completions("m"), 2),
    "openai-embeddings": (Embeddings("m"), 2),
}
STRANGE: tuple[Any, ...] = (
    None, 3, "no", [], [None], [[]], {}, {"predictions": 1}, {"predictions": None}, {"choices": None},
    {"choices": [1, 2]}, {"choices": [{"message": None}]}, {"choices": [{"message": {}, "logprobs": {"content": [3]}}]},
    {"choices": [{"text": "a", "index": "x"}, {"text": "b"}]}, {"data": [{"embedding": ["a"]}, {"embedding": [1]}]},
    {"outputs": [{}]}, {"outputs": 5}, {"outputs": [{"name": "p", "datatype": "FP64", "data": [[1], [2, 3]]}]},
    {"outputs": [{"name": "p", "shape": [-3], "datatype": "FP64", "data": [1]}]}, [{"label": "a"}, 3],
)  # fmt: skip


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize("said", STRANGE, ids=json.dumps)
def test_whatever_a_server_answers_is_read_or_refused_in_words(name: str, said: Any) -> None:
    wire, n = WIRES[name]
    try:
        found = answers_of(wire, Received(200, {}, json.dumps(said).encode()), n)
    except (RemoteError, TornError) as error:
        assert len(str(error)) > 10
        return
    assert len(found.answers) == n


def test_an_answer_of_another_form_is_shown_with_what_to_look_at() -> None:
    with pytest.raises(RemoteError, match=r"a form that openai-chat does not have .*'\{\"choices\": 7\}'; see whether"):
        answers_of(Chat("m"), Received(200, {}, b'{"choices": 7}'), 1)


def test_answers_that_claim_one_place_are_refused_and_others_put_in_order() -> None:
    def said(*places: int | None) -> Received:
        choices = [{"text": f"for {place}", "index": place} for place in places]
        return Received(200, {}, json.dumps({"choices": choices}).encode())

    wire = Completions("m")
    for places in ((0, 1, 1), (1, 2, 3), (0, 2, -1)):
        with pytest.raises(RemoteError, match="counts answers from 0"):
            answers_of(wire, said(*places), 3)
    assert [each["text"] for each in answers_of(wire, said(2, 0, 1), 3).answers] == ["for 0", "for 1", "for 2"]
    assert [each["text"] for each in answers_of(wire, said(None, None), 2).answers] == ["for None"] * 2
