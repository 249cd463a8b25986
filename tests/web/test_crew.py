"""Who works: threads and processes say the same bits, what breaks in a process stays there, and it is replaced."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import limelight as ll
from aside import aside
from limelight.errors import InputError
from limelight.result.schema import from_dict

loky = pytest.importorskip("loky", reason="loky is not installed: pip install 'limelight[web]'")
pytest.importorskip("cloudpickle")

from limelight.web.answering import Models  # noqa: E402
from limelight.web.crew import Gone, Processes, Threads  # noqa: E402

ROWS = [[0.5, 2.0], [-1.0, 0.25]]


def explainers() -> dict[str, ll.Explainer]:
    X = np.random.default_rng(0).normal(size=(200, 2))
    table = ll.Explainer(lambda X: X[:, 0] * X[:, 1], ll.Tabular(X, names=["a", "b"]), seed=0).prepare()

    def deadly(texts: list[str]) -> Any:
        if any("die" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return np.array([float(len(text)) for text in texts])

    return {"t": table, "deadly": ll.Explainer(deadly, ll.Text(), seed=0)}


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    crew = Processes(Models(explainers()), 2)
    yield crew
    crew.close()


def ask(crew: Any, model: str, verb: str, body: Any) -> Any:
    return aside(crew.ask(model, verb, json.dumps(body).encode()))


def test_processes_explain_with_the_bits_of_explain(processes: Processes) -> None:
    async def many() -> list[Any]:
        body = json.dumps({"instances": ROWS}).encode()
        return await asyncio.gather(*[processes.ask("t", "explain", body) for _ in range(6)])

    here = explainers()["t"]
    expected = [here.explain(row) for row in ROWS]
    for said in aside(many()):
        assert said.status == 200
        assert [from_dict(each) for each in json.loads(said.content)["explanations"]] == expected


def test_threads_and_processes_answer_alike(processes: Processes) -> None:
    threads = Threads(Models(explainers()))
    for verb, body in [
        ("predict", {"instances": ROWS}),
        ("whatif", {"instance": ROWS[0]}),
        ("predict", {"instances": [["no number", 1]]}),
        ("predict", 3),
    ]:
        assert ask(processes, "t", verb, body) == ask(threads, "t", verb, body)
    threads.close()


@pytest.mark.parametrize(("max_in_flight", "most"), [(None, 1), (2, 2)])
def test_a_model_is_asked_by_several_threads_only_where_somebody_has_said_so(max_in_flight: Any, most: int) -> None:
    inside, seen = [], []
    both = threading.Event()

    def model(texts: list[str]) -> Any:
        inside.append(1)
        seen.append(len(inside))
        if len(inside) == 2:
            both.set()
        assert both.wait(30 if most == 2 else 0.2) == (most == 2), "a second one came, or none did"
        inside.pop()
        return np.array([float(len(text)) for text in texts])

    explainer = ll.Explainer(model, ll.Text(), seed=0, max_in_flight=max_in_flight)
    threads = Threads(Models({"s": explainer}))
    if most == 2:  # the first batch of all goes alone
        both.set()
        ask(threads, "s", "predict", {"instances": ["a"]})
        both.clear()

    async def two() -> None:
        body = json.dumps({"instances": ["abc"]}).encode()
        await asyncio.gather(*[threads.ask("s", "predict", body) for _ in range(2)])

    aside(two())
    threads.close()
    assert max(seen) == most


def test_a_process_that_dies_is_told_and_replaced(processes: Processes) -> None:
    with pytest.raises(Gone):
        ask(processes, "deadly", "predict", {"instances": ["die"]})
    said = ask(processes, "deadly", "predict", {"instances": ["live"]})
    assert json.loads(said.content) == {"predictions": [4.0]}


def test_what_cannot_be_sent_is_refused_before_anybody_asks() -> None:
    class Fixed:
        def __call__(self, texts: list[str]) -> Any:
            return np.zeros(len(texts))

        def __reduce__(self) -> Any:
            raise TypeError("it holds a lock")

    with pytest.raises(InputError, match="it holds a lock"):
        Processes(Models({"s": ll.Explainer(Fixed(), ll.Text(), seed=0)}), 2)


def test_processes_end_where_there_is_neither_psutil_nor_pgrep(monkeypatch: pytest.MonkeyPatch) -> None:
    # as in a slim container; loky ends no process there, and the service would wait for ever
    monkeypatch.setattr("loky.backend.utils.psutil", None)
    monkeypatch.setenv("PATH", "")
    crew = Processes(Models({"m": ll.Explainer(lambda X: X[:, 0], ll.Tabular(np.eye(4)), seed=0)}), 2)
    started = list(crew._pool._processes.values())
    assert started
    crew.close()
    for process in started:
        process.join(10)  # its exit code is unknown where loky's own thread was told first that it has ended
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
