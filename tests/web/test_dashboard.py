"""The dashboard over HTTP: what it answers, what it refuses, and that it needs no model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from aside import aside
from limelight.errors import InputError
from limelight.result.schema import to_json
from limelight.web.page import read_island

pytest.importorskip("starlette", reason="starlette is not installed: pip install 'limelight[web]'")
httpx = pytest.importorskip("httpx")
pytest.importorskip("pyarrow")

from limelight.web import create  # noqa: E402
from limelight.web.answering import Said, said  # noqa: E402
from limelight.web.dashboard import Dashboard  # noqa: E402


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    X = np.random.default_rng(0).normal(size=(80, 2))
    explainer = ll.Explainer(lambda X: 2 * X[:, 0] - X[:, 1], ll.Tabular(X, names=["<b>", "b"]), seed=0)
    file = tmp_path_factory.mktemp("board") / "many.jsonl"
    file.write_text("\n".join(to_json(each) for each in explainer.explain_many(X)), encoding="utf-8")
    return create({}, explanations=file)


def ask(app: Any, method: str, path: str, **request: Any) -> Any:
    async def sent() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
            return await client.request(method, path, **request)

    return aside(sent())


def view(app: Any, name: str, **body: Any) -> Any:
    return ask(app, "POST", f"/dashboard/{name}", json=body).json()


def test_the_page_names_what_codes_stand_for_and_runs_nothing_of_it(app: Any) -> None:
    page = ask(app, "GET", "/dashboard").text
    assert read_island(page)["features"] == ["<b>", "b"]
    assert "<b>" not in page
    assert 'href="dashboard"' in ask(app, "GET", "/", headers={"accept": "text/html"}).text


def test_one_question_is_worked_on_at_a_time_and_whoever_left_is_not_answered(tmp_path: Path) -> None:
    explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(np.eye(9)), seed=0)
    file = tmp_path / "few.jsonl"
    file.write_text("\n".join(to_json(each) for each in explainer.explain_many(np.eye(9))), encoding="utf-8")
    dashboard = Dashboard(file)
    at_once: list[int] = []

    def answer(name: str, body: bytes) -> Said:
        at_once.append(dashboard.queue.running)
        return said({"name": name})

    dashboard.answer = answer  # type: ignore[method-assign]

    class Request:
        def __init__(self, gone: bool) -> None:
            self.gone = gone
            self.path_params = {"view": "overview"}

        async def body(self) -> bytes:
            return b"{}"

        async def is_disconnected(self) -> bool:
            return self.gone

    async def all_of_them() -> list[Any]:
        requests: list[Any] = [Request(gone=i % 2 == 1) for i in range(20)]
        return await asyncio.gather(*[dashboard.view(each) for each in requests])

    statuses = [each.status_code for each in aside(all_of_them())]
    assert statuses == [200, 499] * 10
    assert at_once == [1] * 10


def test_a_filter_narrows_every_view_alike(app: Any) -> None:
    everything = view(app, "overview")
    assert everything["count"] == 80
    code = everything["importance"][0]["code"]
    chosen = {"reason": code, "direction": 1}
    some = view(app, "overview", filter=chosen)
    assert 0 < some["count"] < 80
    assert some["importance"][0]["leads"] == some["count"]
    rows = view(app, "rows", filter=chosen)
    assert rows["count"] == some["count"] == sum(map(sum, some["map"]["cells"]))
    assert all(row["reasons"][0]["contribution"] > 0 for row in rows["rows"])
    bins = view(app, "effect", filter=chosen, feature=code)["bins"]
    assert sum(each["count"] for each in bins) == some["count"]


def test_a_row_is_drawn_without_a_style_that_the_policy_would_refuse(app: Any) -> None:
    found = view(app, "rows", offset=75)
    assert len(found["rows"]) == 5
    article = view(app, "row", place=found["rows"][0]["place"])["article"]
    assert "<article" in article
    assert " style=" not in article


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("overview", []),
        ("overview", {"filter": []}),
        ("overview", {"filter": {"color": 1}}),
        ("overview", {"filter": {"target": None}}),
        ("overview", {"filter": {"target": 9}}),
        ("overview", {"filter": {"reason": -1}}),
        ("overview", {"filter": {"reason": True}}),
        ("overview", {"filter": {"reason": "age"}}),
        ("overview", {"filter": {"direction": 2}}),
        ("overview", {"filter": {"direction": [1]}}),
        ("overview", {"filter": {"low": "0"}}),
        ("effect", {}),
        ("effect", {"feature": 2}),
        ("rows", {"offset": -1}),
        ("rows", {"offset": 10**9}),
        ("row", {"place": 80}),
        ("row", {"place": "../x"}),
    ],
)
def test_what_is_no_question_gets_a_sentence(app: Any, name: str, body: Any) -> None:
    answer = ask(app, "POST", f"/dashboard/{name}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_unknown_views_and_other_sites_get_nothing(app: Any) -> None:
    assert ask(app, "POST", "/dashboard/secrets", json={}).status_code == 404
    foreign = {"origin": "http://evil.example", "content-type": "application/json"}
    assert ask(app, "POST", "/dashboard/rows", content=json.dumps({}), headers=foreign).status_code == 403


def test_what_is_no_source_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder or file"):
        create({}, explanations=tmp_path / "missing")
