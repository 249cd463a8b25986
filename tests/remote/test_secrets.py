"""The key is nowhere: not in a message, a log, a pickle, a cache or an explanation, whatever fails."""

from __future__ import annotations

import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import servers

from limelight import Explainer, Tabular, remote
from limelight.errors import InputError, LimelightError
from limelight.remote.secrets import Key, check_address

SECRET = "sk-7f3b9c51d2e84aa6"
X = np.random.default_rng(0).normal(size=(100, 3))


def from_vault() -> str:
    return "sk-7f3b9c51" + "d2e84aa6"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "stamina", "limelight"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def echoing(status: int) -> Callable[..., Any]:
    """A server that repeats in body and headers what it was sent."""

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        said = {"error": f"bad key: {headers.get('Authorization')} {headers.get('X-Api-Key')}"}
        return status, {"Retry-After": "0.01"}, json.dumps(said).encode()

    return answer


def scoring(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
    assert SECRET in headers.get("Authorization", "") + headers.get("X-Api-Key", "")
    rows = json.loads(body or b"")["inputs"]
    return 200, {}, json.dumps({"predictions": [row[0] for row in rows]}).encode()


def texts_of(error: BaseException) -> list[str]:
    """All that a tool could show of an error: the local variables of each frame included."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    found = ["".join(whole.format()), repr(error), repr(vars(error)), str(error.__cause__), str(error.__context__)]
    return [*found, pickle.dumps(error).decode("latin-1")]


def files_in(folder: Path) -> list[str]:
    return [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]


MODES = {
    "answered": (scoring, {}),
    "429": (scoring, {"429": 1.0}),
    "500": (scoring, {"500": 1.0}),
    "late": (scoring, {"late": 1.0}),
    "torn": (scoring, {"torn": 1.0}),
    "cut": (scoring, {"cut": 1.0}),
    "drip": (scoring, {"drip": 1.0}),
    "reset": (scoring, {"reset": 1.0}),
    **{f"echo {status}": (echoing(status), {}) for status in (200, 400, 401, 403, 404, 422, 429, 500, 503)},
}


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
@pytest.mark.parametrize("source", ["the environment", "a function"])
@pytest.mark.parametrize("mode", MODES)
def test_the_key_is_nowhere(
    mode: str, source: str, header: str, tmp_path: Path, log: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setenv("MODEL_KEY", SECRET)
    key: Any = "MODEL_KEY" if source == "the environment" else from_vault
    answer, faults = MODES[mode]
    patience = 5.0 if mode == "answered" else 0.15  # a busy machine may be slow, and an answer is wanted here
    options: dict[str, Any] = {"timeout": patience, "attempts": 2, "backoff": 0.01, "max_requests": 400}
    found: list[str] = []
    with servers.serving(answer, faults=servers.Faults(**faults)) as server:
        kept = tmp_path / "answers.db"
        with remote.http(server.url, "mlflow", key=key, key_header=header, cache=kept, **options) as model:
            explainer = Explainer(model, Tabular(X), n_samples=64)
            try:
                explanation = explainer.explain(X[0])
                found += [explanation.to_json(), explanation.to_html(), repr(explanation)]
            except LimelightError as error:
                assert mode != "answered"
                found += texts_of(error)
            found += [repr(model), str(model), repr(model.usage), pickle.dumps(model).decode("latin-1")]
            found += [pickle.dumps(explainer).decode("latin-1")]
        assert server.posts
    said = capfd.readouterr()
    found += [said.out, said.err, log.text, *(repr(vars(record)) for record in log.records), *files_in(tmp_path)]
    assert len(found) > 8
    for text in found:
        assert SECRET not in text


def test_a_text_that_repeats_the_key_is_kept_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_KEY", SECRET)

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        message = {"role": "assistant", "content": f"your key is {headers['Authorization']}"}
        return 200, {}, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()

    kept = tmp_path / "answers.db"
    with (
        servers.serving(answer) as server,
        remote.http(server.url, "openai-chat", model="m", key="MODEL_KEY", cache=kept) as model,
    ):
        assert model(["what is my key?"]) == ["your key is Bearer ***"]
    assert all(SECRET not in text for text in files_in(tmp_path))


def test_what_may_be_the_key_itself_is_refused_and_not_shown() -> None:
    for given in ({"key": SECRET}, {"url": f"https://user:{SECRET}@host"}, {"url": f"https://host/?api_key={SECRET}"}):
        with pytest.raises(InputError) as caught:
            remote.http(**{"url": "https://host", "protocol": "mlflow", **given})
        assert all(SECRET not in text.partition("    given =")[0] for text in texts_of(caught.value)[1:])
        assert SECRET not in str(caught.value)


def test_a_function_that_holds_the_key_is_not_pickled() -> None:
    from functools import partial

    with pytest.raises(InputError, match="the function holds the key itself"):
        pickle.dumps(Key(partial(str, SECRET)))
    assert pickle.loads(pickle.dumps(Key(from_vault))).reveal() == SECRET
    assert SECRET not in io.StringIO(repr(Key(from_vault))).read()


def test_addresses_that_hold_no_secret_are_taken() -> None:
    assert check_address("https://host/openai/?api-version=2025-01-01") == "https://host/openai/?api-version=2025-01-01"
    assert check_address("http://host:8080/") == "http://host:8080"
    for wrong in ("host:8080", "ftp://host", "http://", 3):
        with pytest.raises(InputError, match="url:"):
            check_address(wrong)
