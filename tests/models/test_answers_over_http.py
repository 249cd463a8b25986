"""Answers of an OpenAI-compatible server that is busy now and then: the same explanation, counted, paid once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import limelight as ll

pytest.importorskip("httpx", reason="models behind an address need httpx")
pytest.importorskip("stamina", reason="models behind an address need stamina")

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Rome is old. The Tiber flows through Rome. Cats sleep. Which river is it?"},
]


def say(messages: list[dict[str, str]]) -> str:
    return "It is the Tiber." if any("Tiber" in message["content"] for message in messages) else "I do not know."


class Server(ThreadingHTTPServer):
    """Counts requests; every seventh is told to come again."""

    requests = 0

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            server: Any = self.server
            server.requests += 1
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if server.requests % 7 == 3:
                self.send_response(429)
                self.send_header("Retry-After", "0")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            message = {"role": "assistant", "content": say(body["messages"])}
            usage = {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}
            choices = [{"index": 0, "finish_reason": "stop", "message": message}]
            said = json.dumps({"id": "1", "object": "chat.completion", "choices": choices, "usage": usage}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Server.Handler) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def explained(server: Server, cache: Path) -> tuple[ll.Explanation, Any]:
    from limelight import remote

    price = remote.Price(per_million_in=1.0, per_million_out=2.0)
    url = f"http://127.0.0.1:{server.server_port}/v1"
    chat = remote.http(url, "openai-chat", model="m", cache=cache, price=price)
    return ll.Explainer(ll.Answers(chat, max_calls=48), ll.Prompt()).explain(CHAT), chat


def test_a_server_is_explained_as_a_function_is_and_a_rerun_asks_nothing(server: Server, tmp_path: Path) -> None:
    first, chat = explained(server, tmp_path / "answers.db")
    local = ll.Explainer(ll.Answers(lambda prompts: [say(each) for each in prompts], max_calls=48), ll.Prompt())
    assert (first.coef == local.explain(CHAT).coef).all()
    assert first.as_list()[0][0] == "The Tiber flows through Rome."
    usage, requests = first.layout["usage"], server.requests
    assert chat.usage.retries > 0
    assert usage["tokens_in"] == 40 * usage["calls"]
    assert usage["cost"] == pytest.approx(usage["calls"] * (40 + 2 * 5) / 1e6)
    again, _ = explained(server, tmp_path / "answers.db")
    assert server.requests == requests
    assert (again.coef == first.coef).all()
    assert again.layout["usage"]["cached"] == usage["calls"]
    assert again.layout["usage"]["cost"] == 0
