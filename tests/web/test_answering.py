"""Errors are answers: which status each gets, and that an unexpected one shows nothing of the request."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import RemoteError
from limelight.web.answering import VERBS, Models, answer


def lengths(texts: list[str]) -> Any:
    if "boom" in texts:
        raise KeyError("boom is in no vocabulary")
    if "away" in texts:
        raise RemoteError("the server did not answer")
    return np.array([np.nan if text == "nan" else float(len(text)) for text in texts])


EXPLAINERS = {"s": ll.Explainer(lengths, ll.Text(), seed=0)}


def ask(body: Any, verb: str = "predict") -> tuple[int, Any]:
    said = answer(Models(EXPLAINERS), "s", verb, json.dumps(body).encode())
    return said.status, json.loads(said.content)


@pytest.mark.parametrize("verb", ["predict", "explain"])
@pytest.mark.parametrize(("text", "says"), [("boom", "boom is in no vocabulary"), ("nan", "nan")])
def test_values_that_break_the_model_are_422_with_what_it_said(text: str, says: str, verb: str) -> None:
    status, said = ask({"instances": [text]}, verb)
    assert status == 422
    assert says in said["error"].lower()


def test_a_model_behind_an_address_that_is_away_is_502() -> None:
    assert ask({"instances": ["away"]})[0] == 502


def test_what_does_not_fit_is_400() -> None:
    assert ask({"instances": [3]})[0] == 400
    assert ask({"instance": "a"})[0] == 400


def test_an_unexpected_error_shows_and_logs_nothing_of_the_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(explainer: Any, body: Any) -> Any:
        raise ZeroDivisionError(body["secret"])

    monkeypatch.setitem(VERBS, "predict", broken)
    with caplog.at_level(logging.ERROR, "limelight.web"):
        status, said = ask({"secret": "number 4711"})
    assert status == 500
    assert "4711" not in json.dumps(said) + caplog.text
    assert "ZeroDivisionError in test_answering.py" in caplog.text


def test_lone_surrogates_and_numbers_that_json_lacks_come_out() -> None:
    status, said = ask({"instances": ["\ud800a"]}, "explain")
    assert status == 200
    assert said["explanations"][0]["layout"]["text"] == "\ud800a"


@pytest.mark.parametrize(
    "body",
    [
        '{"instances": ["a"], "instances": ["b"]}',
        '{"instances": [{"n": 1, "m": 2, "n": 1}]}',
        '{"instances": ["a"], "\\u0069nstances": ["b"]}',
    ],
)
def test_a_name_that_is_there_twice_is_refused_since_others_read_the_first(body: str) -> None:
    said = answer(Models(EXPLAINERS), "s", "predict", body.encode())
    assert (said.status, b"is there twice" in said.content) == (400, True)
