"""A model behind an address gives the bits of the same model here, whatever fails on the way, and is paid once.

The claims of `remote/sending.py`.
"""

from __future__ import annotations

import json
import pickle
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import servers

import limelight
from limelight import Explainer, Tabular, remote
from limelight.errors import BudgetSpent, InputError, RemoteError

X = np.random.default_rng(0).normal(size=(640, 3))
QUICK: dict[str, Any] = {"backoff": 0.01}
TIMEOUT = {"late": 2.0, "drip": 2.0}  # only these wait for it: a busy machine must not fail another


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_explanations_of_a_remote_model_have_the_bits_of_the_local_one(binary: bool) -> None:
    with servers.serving(servers.v2(binary=binary)) as server, remote.http(server.url, "v2", model="risk") as model:
        there = Explainer(model, Tabular(X)).explain(X[0])
    here = Explainer(servers.model, Tabular(X)).explain(X[0])
    assert there.as_list() == here.as_list()
    assert np.array_equal(there.stderr, here.stderr)


@pytest.mark.parametrize("fault", ["429", "500", "503", "408", "late", "torn", "cut", "drip", "reset"])
def test_a_fifth_of_faults_costs_their_number_of_requests_and_no_bit(fault: str) -> None:
    asked: Counter[bytes] = Counter()
    faults = servers.Faults(seed=3, **{fault: 0.2})
    counted = lambda rows: asked.update(row.tobytes() for row in rows)  # noqa: E731
    with (
        servers.serving(servers.v2(count=counted), faults=faults) as server,
        remote.http(
            server.url, "v2", model="risk", rows_per_request=16, timeout=TIMEOUT.get(fault, 30.0), **QUICK
        ) as model,
    ):
        answers = model(X)
        met, usage = faults.met.total(), model.usage
    assert met >= 3
    assert np.array_equal(answers, servers.model(X))
    assert server.posts == usage.requests == 40 + met  # the least there can be
    assert (usage.retries, usage.rows) == (met, 640)
    if fault in ("429", "500", "503", "408", "late"):  # the model was not reached
        assert set(asked.values()) == {1}


def test_no_answered_row_is_asked_twice_where_another_request_fails_for_good() -> None:
    asked: Counter[bytes] = Counter()
    broken = threading.Event()
    broken.set()

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        if body is not None and broken.is_set() and X[300].tobytes() in body:
            return 500, {}, b"no"
        return whole(path, body, headers)

    whole = servers.v2(binary=True, count=lambda rows: asked.update(row.tobytes() for row in rows))
    with servers.serving(answer) as server:
        model = remote.http(server.url, "v2", model="risk", rows_per_request=16, attempts=2, **QUICK)
        with pytest.raises(RemoteError, match=r"127.0.0.1:\d+ gave no answer after 2 attempts: status 500: no"):
            model(X)
        broken.clear()
        assert np.array_equal(model(X), servers.model(X))
        model.close()
    assert set(asked.values()) == {1}


def test_a_rerun_asks_nothing_also_in_another_process_and_in_other_batches(tmp_path: Path) -> None:
    with servers.serving(servers.v2()) as server:
        options = {"model": "risk", "version": None, "cache": tmp_path / "answers.db"}
        with remote.http(server.url, "v2", **options) as model:
            first = Explainer(model, Tabular(X)).explain(X[0])
            posts = server.posts
        with remote.http(server.url, "v2", rows_per_request=5, **options) as model:
            again = Explainer(model, Tabular(X), batch_size=100).explain(X[0])
            assert (server.posts, model.usage.requests) == (posts, 0)
            assert model.usage.cached == again.provenance.cost.model_rows
    assert again.as_list() == first.as_list()


def test_a_cache_that_is_handed_over_empty_is_the_one_that_is_used(tmp_path: Path) -> None:
    with servers.serving(servers.v2()) as server, remote.Cache(tmp_path / "answers.db") as cache:
        with remote.http(server.url, "v2", model="risk", cache=cache) as model:
            model(X[:50])
        assert len(cache) == 50
        assert cache.clear("nobody") == 0
        assert cache.clear(next(iter(cache.models()))) == 50


def test_whoever_names_the_version_sends_nothing_at_all_in_a_rerun(tmp_path: Path) -> None:
    with servers.serving(servers.v2()) as server:
        for sent in ((1, 2), (1, 2)):
            with remote.http(server.url, "v2", model="risk", version="7", cache=tmp_path / "a.db") as model:
                assert np.array_equal(model(X[:50]), servers.model(X[:50]))
            assert (server.posts, server.gets) == sent


def test_another_version_is_another_model(tmp_path: Path) -> None:
    for versions, requests in ((["1"], 1), (["1"], 0), (["2"], 1)):
        with (
            servers.serving(servers.v2(versions=versions)) as server,
            remote.http(server.url, "v2", model="risk", cache=tmp_path / "answers.db") as model,
        ):
            moved = model.__getstate__() | {"_url": "http://same"}  # the address is part of the key: keep it
            model._salt = lambda wire, url=moved["_url"]: json.dumps(  # type: ignore[method-assign]
                {"url": url, **wire.identity}, sort_keys=True
            ).encode()
            model(X[:8])
            assert model.usage.requests == requests, versions


def test_the_cap_is_never_passed_and_what_was_paid_before_is_kept() -> None:
    for cap in (1, 7, 39):
        with servers.serving(servers.v2()) as server:
            model = remote.http(server.url, "v2", model="risk", rows_per_request=16, max_requests=cap)
            with pytest.raises(BudgetSpent, match=rf"max_requests: {cap} requests are spent, of {cap} allowed"):
                Explainer(model, Tabular(X)).explain(X[0])
            assert server.posts == model.usage.requests == cap
            model.close()


def test_retries_count_against_the_cap() -> None:
    with servers.serving(servers.v2(), faults=servers.Faults(**{"500": 1.0})) as server:
        model = remote.http(server.url, "v2", model="risk", max_requests=3, **QUICK)
        with pytest.raises(BudgetSpent):
            model(X[:10])
        assert server.posts == 3
        model.close()


def test_rows_and_money_are_capped_before_the_request(tmp_path: Path) -> None:
    with servers.serving(servers.v2()) as server:
        model = remote.http(server.url, "v2", model="risk", rows_per_request=16, max_rows=100)
        with pytest.raises(BudgetSpent, match="max_rows"):
            model(X)
        assert model.usage.rows == 96
        price = remote.Price(per_request=0.25, per_row=0.01)
        model = remote.http(server.url, "v2", model="risk", rows_per_request=16, max_cost=2.0, price=price)
        with pytest.raises(BudgetSpent, match="max_cost: 1.64 USD is spent, and the next request may cost 0.41"):
            model(X)
        assert model.usage.cost == pytest.approx(4 * 0.41)


def test_requests_go_at_once_and_one_brake_holds_all() -> None:
    with servers.serving(servers.v2(), latency=0.05) as server:
        with remote.http(server.url, "v2", model="risk", rows_per_request=16) as model:
            model(X)
        assert server.peak == 8
    told: list[float] = []

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        if body is not None:
            told.append(time.monotonic())
            if len(told) == 1:
                return 429, {"Retry-After": "0.5"}, b""
        return whole(path, body, headers)

    whole = servers.v2()
    with servers.serving(answer) as server, remote.http(server.url, "v2", model="risk", rows_per_request=16) as model:
        model(X)
    waited = np.diff(sorted(told))
    assert waited.max() >= 0.3  # nobody asked while the server was left alone
    assert (np.array(told) > told[0] + 0.45).sum() == len(
        told
    ) - 1  # the first row went alone, though metadata came first


def test_ctrl_c_ends_all_waits_and_keeps_what_was_answered() -> None:
    import _thread

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        if body is not None and X[639].tobytes() in body:
            threading.Timer(0.3, _thread.interrupt_main).start()
            return 500, {}, b""  # asked again after 1000 s
        return whole(path, body, headers)

    whole = servers.v2(binary=True)
    with servers.serving(answer) as server:
        options: dict[str, Any] = {"rows_per_request": 16, "backoff": 1000.0, "max_wait": 1000.0}
        with remote.http(server.url, "v2", model="risk", **options) as model:
            with pytest.raises(KeyboardInterrupt):
                model(X)
            answered = model.usage.rows
            model(X[:624])
            assert model.usage.rows == 624
    assert answered == 624


def test_a_longer_wait_than_allowed_is_given_up_at_once() -> None:
    with servers.serving(lambda *_: (429, {"Retry-After": "3600"}, b"quota")) as server:
        model = remote.http(server.url, "mlflow", max_wait=5.0)
        with pytest.raises(RemoteError, match="asks to wait 3600 s"):
            model(X[:3])
        assert server.posts == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_is_refused_for_good_is_asked_once(status: int) -> None:
    with servers.serving(lambda *_: (status, {}, b'{"error": "column  age\nis missing"}')) as server:
        model = remote.http(server.url, "mlflow")
        with pytest.raises(RemoteError, match=f"status {status}: .*column age is missing") as caught:
            Explainer(model, Tabular(X)).explain(X[0])
        assert (caught.value.status, server.posts) == (status, 1)


def test_a_wrong_column_costs_one_request_also_where_the_server_told_its_metadata() -> None:
    whole = servers.v2()
    refusing = lambda path, body, headers: (400, {}, b"no") if body else whole(path, body, headers)  # noqa: E731
    with servers.serving(refusing, latency=0.05) as server, pytest.raises(RemoteError, match="status 400"):
        remote.http(server.url, "v2", model="risk", rows_per_request=1)(X[:50])
    assert (server.gets > 0, server.posts) == (True, 1)


def test_an_empty_refusal_says_what_its_status_means() -> None:
    with (
        servers.serving(lambda *_: (404, {}, b"")) as server,
        pytest.raises(RemoteError, match="status 404: Not Found; see whether the address and the name of the model"),
    ):
        remote.http(server.url, "mlflow")(X[:3])


def test_a_request_that_is_too_large_is_asked_in_halves() -> None:
    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        assert body is not None
        rows = json.loads(body)["inputs"]
        return (
            (413, {}, b"") if len(rows) > 5 else (200, {}, json.dumps({"predictions": [r[0] for r in rows]}).encode())
        )

    with servers.serving(answer) as server, remote.http(server.url, "mlflow") as model:
        assert np.array_equal(model(X[:64]), X[:64, 0])


def test_a_noisy_model_stays_noisy_in_the_cache_and_a_rerun_repeats_it(tmp_path: Path) -> None:
    rng, lock = np.random.default_rng(5), threading.Lock()

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        assert body is not None
        rows = np.array(json.loads(body)["inputs"])
        with lock:
            noise = rng.normal(size=len(rows))
        return 200, {}, json.dumps({"predictions": (rows[:, 0] + noise).tolist()}).encode()

    said, posts = [], []
    with servers.serving(answer) as server:
        for _ in range(2):
            with remote.http(server.url, "mlflow", cache=tmp_path / "answers.db") as model:
                said.append(Explainer(model, Tabular(X)).explain(X[0]))
            posts.append(server.posts)
        assert posts[0] == posts[1]
    assert any("not deterministic" in str(warning) for warning in said[0].provenance.warnings)
    assert said[0].as_list() == said[1].as_list()


def test_a_remote_model_pickles_without_sockets_and_counts() -> None:
    with servers.serving(servers.v2()) as server:
        model = remote.http(server.url, "v2", model="risk")
        model(X[:4])
        copy = pickle.loads(pickle.dumps(model))
        assert copy.usage.requests == 0
        assert np.array_equal(copy(X[:4]), servers.model(X[:4]))
        model.close()
        copy.close()


def test_a_protocol_of_ones_own() -> None:
    def encode(rows: Any) -> Any:
        return {"rows": rows.tolist()}

    def decode(answer: Any) -> Any:
        return answer["scores"]

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        assert path == "/score" and body is not None
        return 200, {}, json.dumps({"scores": [sum(row) for row in json.loads(body)["rows"]]}).encode()

    mine = remote.Protocol("mine", encode, decode)
    with servers.serving(answer) as server, remote.http(f"{server.url}/score", mine) as model:
        assert np.allclose(model(X), X.sum(axis=1))


def test_wrong_arguments_are_said_before_anything_is_asked() -> None:
    for given, said in (
        ({"protocol": "grpc"}, "protocol: unknown name 'grpc'"),
        ({"protocol": "v2"}, "model: expected with 'v2'"),
        ({"protocol": "mlflow", "concurency": 3}, "did you mean 'concurrency'"),
        ({"protocol": "mlflow", "max_cost": 1.0}, "max_cost: needs the price"),
        ({"protocol": "mlflow", "output": "p"}, "output: has no effect"),
        ({"protocol": "mlflow", "timeout": 0}, "timeout: expected a number > 0"),
    ):
        with pytest.raises(InputError, match=said):
            remote.http("http://localhost:1", **given)
    price = remote.Price(per_million_out=2.0)
    with pytest.raises(InputError, match="nothing sets an end to an answer"):
        remote.http("http://localhost:1", "openai-chat", model="m", max_cost=1.0, price=price)
    assert limelight.BudgetSpent is BudgetSpent


def test_the_cost_is_said_before_the_first_call() -> None:
    with servers.serving(servers.v2()) as server:
        price = remote.Price(per_request=0.001, per_row=0.0001)
        model = remote.http(server.url, "v2", model="risk", price=price)
        cost = Explainer(model, Tabular(X)).estimate_cost(X[0])
        assert server.posts == server.gets == 0
    assert cost.least.rows == 2048 + 1 + 16
    assert cost.least.requests == 33
    assert cost.least.cost == pytest.approx(33 * 0.001 + 2065 * 0.0001)
    assert cost.rows == cost.most.rows == 16384 + 1 + 16
    chat = remote.http("http://localhost:1", "openai-chat", model="m", parameters={"max_tokens": 20})
    quote = chat.quote(["The sky is blue. " * 50], rows=100)
    assert (quote.requests, quote.tokens_out, quote.cost) == (100, 2000, None)
    assert quote.tokens_in == pytest.approx(100 * 50 * 17 / 4, rel=0.1)


def test_replies_carry_what_the_server_says_and_tokens_are_counted_and_paid() -> None:
    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        assert path == "/v1/chat/completions" and body is not None
        asked = json.loads(body)["messages"][-1]["content"]
        top = [{"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -2.4}]
        content = [{"token": "yes", "logprob": -0.1, "top_logprobs": top}]
        choice = {
            "message": {"content": asked.upper()}, "finish_reason": "length", "logprobs": {"content": content},
        }  # fmt: skip
        usage = {"prompt_tokens": len(asked.split()), "completion_tokens": 1}
        return 200, {}, json.dumps({"choices": [choice], "usage": usage}).encode()

    price = remote.Price(per_million_in=1e6, per_million_out=1e6)  # a token costs one
    options: dict[str, Any] = {"parameters": {"max_tokens": 1}, "price": price, "max_cost": 600.0, "concurrency": 2}
    with (
        servers.serving(answer) as server,
        remote.http(f"{server.url}/v1", "openai-chat", model="m", **options) as chat,
    ):
        first, second = chat.answers(["is it so", [{"role": "user", "content": "say yes"}]])
        assert (first.text, first.finish, first.tokens_in, second.tokens_in) == ("IS IT SO", "length", 3, 2)
        assert first.tokens == (("yes", -0.1, {"yes": -0.1, "no": -2.4}),)
        assert chat(["is it so"]) == ["IS IT SO"]
        usage = chat.usage
        assert (usage.requests, usage.cached, usage.tokens_in, usage.tokens_out, usage.cost) == (2, 1, 5, 2, 7.0)
        with pytest.raises(BudgetSpent, match="max_cost"):
            chat([f"a question, the {n}th of many" for n in range(1000)])
        assert chat.usage.cost <= 600.0
        assert chat.usage.cost > 480.0  # what is reserved is given back, so that most of the sum is used
