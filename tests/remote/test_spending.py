"""A cap holds for all copies of a model together, in whatever processes, where a file keeps the answers."""

from __future__ import annotations

import multiprocessing
import pickle
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import servers

import limelight as ll
from limelight import remote
from limelight.errors import BudgetSpent
from limelight.remote.limits import Limits
from limelight.remote.spending import OwnSums, Refusal, SharedSums, Spent

pytest.importorskip("httpx", reason="httpx is not installed")
X = np.random.default_rng(0).normal(size=(400, 3))


def spend(pickled: bytes, part: int, pipe: Any) -> None:
    """Ask for a quarter of the rows, and say what that took."""
    model = pickle.loads(pickled)
    spent = False
    try:
        model(X[100 * part : 100 * part + 100])
    except BudgetSpent:
        spent = True
    pipe.send((spent, model.usage.requests, model.usage.cost))


def in_four_processes(model: Any) -> list[tuple[bool, int, float]]:
    context, found = multiprocessing.get_context("spawn"), []
    pickled = pickle.dumps(model)
    pipes, processes = [], []
    for part in range(4):
        ours, theirs = context.Pipe()
        process = context.Process(target=spend, args=(pickled, part, theirs))
        process.start()
        pipes.append(ours)
        processes.append(process)
    for pipe, process in zip(pipes, processes, strict=True):
        found.append(pipe.recv())
        process.join(30)
    return found


@pytest.mark.parametrize(
    ("caps", "requests"),
    [
        ({"max_requests": 61}, 61),
        ({"max_rows": 242}, 60),
        ({"max_cost": 3.05, "price": remote.Price(per_request=0.05)}, 61),
    ],
    ids=["requests", "rows", "money"],
)
def test_four_processes_spend_one_cap_and_not_four(caps: dict[str, Any], requests: int, tmp_path: Path) -> None:
    # a fifth fails and is asked again, which counts for requests and money
    faults = servers.Faults(3, **{"500": 0.2}) if "max_rows" not in caps else None
    with servers.serving(servers.v2(), latency=0.01, faults=faults) as server:
        options = {"rows_per_request": 4, "concurrency": 4, "backoff": 0.01}
        model = remote.http(server.url, "v2", model="risk", cache=tmp_path / "a.db", **options, **caps)
        found = in_four_processes(model)
        assert server.posts == sum(each[1] for each in found) == requests
        assert sum(each[2] for each in found) <= caps.get("max_cost", 0.0) + 1e-9
        assert any(spent for spent, _, _ in found)
        # the copy that stayed here has nothing left either; a model made anew has, and pays for what is missing only
        with pytest.raises(BudgetSpent):
            model(X)
        assert server.posts == requests
        again = remote.http(server.url, "v2", model="risk", cache=tmp_path / "a.db", rows_per_request=4)
        assert np.array_equal(again(X), servers.model(X))


def test_what_was_reserved_before_a_kill_stays_spent(tmp_path: Path) -> None:
    cache, limits = remote.Cache(tmp_path / "a.db"), Limits(max_rows=100)
    assert SharedSums(cache, "one").take(Spent(1, 64), limits) is None
    assert SharedSums(cache, "one").take(Spent(1, 64), limits) == Refusal("max_rows", Spent(1, 64))  # nobody corrected
    assert SharedSums(cache, "two").take(Spent(1, 64), limits) is None  # another model


@pytest.mark.parametrize("shared", [False, True])
def test_what_was_not_used_may_be_spent_by_others_and_rounding_is_no_money(shared: bool, tmp_path: Path) -> None:
    sums: Any = SharedSums(remote.Cache(tmp_path / "a.db"), "one") if shared else OwnSums()
    limits = Limits(max_cost=0.3, price=remote.Price(per_request=0.1))
    for _ in range(3):
        assert sums.take(Spent(1, 1, 0.1), limits) is None  # .1 + .1 + .1 is a little more than .3
    refused = sums.take(Spent(1, 1, 0.1), limits)
    assert (refused.name, refused.spent.requests) == ("max_cost", 3)
    sums.correct(Spent(0, 0, -0.05))
    assert sums.take(Spent(1, 1, 0.05), limits) is None
    assert sums.take(Spent(1, 1, 1e-6), limits).name == "max_cost"


def test_copies_without_a_file_are_warned_of_and_those_without_a_cap_are_not(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"max_requests and max_cost: each pickled copy .* cache='answers.db'") as told:
        capped = {"max_requests": 5, "max_cost": 1.0, "price": remote.Price(per_request=0.1)}
        pickle.dumps(remote.http("http://localhost:1", "mlflow", **capped))
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pickle.dumps(remote.http("http://localhost:1", "mlflow"))
        pickle.dumps(remote.http("http://localhost:1", "mlflow", max_requests=5, cache=tmp_path / "a.db"))


def test_a_file_of_before_learns_to_keep_sums(tmp_path: Path) -> None:
    with remote.Cache(tmp_path / "a.db") as cache:
        cache.put({b"row": b"answer"}, "model")
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("drop table spent")
    connection.close()
    with remote.Cache(tmp_path / "a.db") as cache:
        assert SharedSums(cache, "one").take(Spent(1), Limits(max_requests=1)) is None
        assert len(cache) == 1


def test_a_cap_costs_little_beside_a_request(tmp_path: Path) -> None:
    """No more than two transactions a request: counted, since clocks of busy machines mean nothing."""
    cache = remote.Cache(tmp_path / "a.db")
    written = []
    with servers.serving(servers.v2()) as server:
        model = remote.http(server.url, "v2", model="risk", cache=cache, max_requests=500, rows_per_request=40)
        with cache.writing() as connection:
            connection.set_trace_callback(lambda statement: written.append(statement) if "begin" in statement else None)
        model(X)
        assert server.posts == 10
    assert len(written) <= 3 * 10  # with the one that keeps the answers


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_job_says_what_it_costs(tmp_path: Path, n_jobs: int) -> None:
    rows = np.random.default_rng(1).normal(size=(40, 3))
    with servers.serving(servers.v2()) as server:
        price = remote.Price(per_request=0.25, per_row=0.01)
        model = remote.http(server.url, "v2", model="risk", price=price, cache=tmp_path / "answers.db")
        explainer = ll.Explainer(model, ll.Tabular(X), n_samples=512).prepare()
        before, posts = model.usage.cost, server.posts
        job = ll.jobs.run(explainer, rows, tmp_path / "job", n_jobs=n_jobs, chunk_rows=10)
    assert before > 0.0
    assert job.cost == pytest.approx(0.25 * (server.posts - posts) + 0.01 * 40, abs=0.02)
