"""The service over its real protocol: what it answers, and what it refuses before anything is asked.

The claims of `web/app.py`, `web/guard.py` and `web/site.py`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pytest

import limelight as ll
from aside import aside
from limelight.errors import InputError
from limelight.result.schema import from_dict

pytest.importorskip("starlette", reason="starlette is not installed: pip install 'limelight[web]'")
httpx = pytest.importorskip("httpx")

from limelight.web import create  # noqa: E402
from limelight.web.guard import Guard  # noqa: E402

TOKEN = "a-token-of-twenty-letters"
JSON = {"content-type": "application/json"}


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([float(len(text)) for text in texts])


def table() -> ll.Explainer:
    X = np.random.default_rng(0).normal(size=(200, 2))
    model = lambda X: np.stack([X[:, 0], 1 - X[:, 0] * X[:, 1]], axis=1)  # noqa: E731
    return ll.Explainer(model, ll.Tabular(X, names=["a", "<b>"]), output_names=["yes", "no"], seed=0)


def ask(app: Any, method: str, path: str, *, base: str = "http://localhost:8000", **request: Any) -> Any:
    async def sent() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base) as client:
            return await client.request(method, path, **request)

    return aside(sent())


@pytest.fixture
def app() -> Guard:
    text = ll.Explainer(lengths, ll.Text(), seed=0)
    return create({"t": table(), "s": text}, start={"t": [0.5, 2.0], "s": "ab </script> cde"})


def test_explain_answers_the_bits_of_explain(app: Guard) -> None:
    rows = [[0.5, 2.0], {"<b>": 0.25, "a": -1.0}]
    said = ask(app, "POST", "/v1/models/t:explain", json={"instances": rows}).json()
    assert [from_dict(each) for each in said["explanations"]] == [table().explain(row) for row in rows]


def test_answers_are_smaller_for_whoever_takes_them_so_and_say_the_same(app: Guard) -> None:
    said = {"json": {"instances": [[0.5, 2.0]]}}
    plain = ask(app, "POST", "/v1/models/t:explain", headers={"accept-encoding": "identity"}, **said)
    small = ask(app, "POST", "/v1/models/t:explain", headers={"accept-encoding": "gzip"}, **said)
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(plain.content) / 2
    one, other = (from_dict(each.json()["explanations"][0]) for each in (plain, small))
    assert one == other


def test_predict_answers_a_number_or_a_row_of_them(app: Guard) -> None:
    rows = ask(app, "POST", "/v1/models/t:predict", json={"instances": [[0.5, 2.0], [1, 1]]}).json()
    assert rows == {"predictions": [[0.5, 0.0], [1.0, 0.0]]}
    assert ask(app, "POST", "/v1/models/s:predict", json={"instances": ["ab", ""]}).json() == {"predictions": [2, 0]}


def test_models_are_listed_and_ready_as_kserve_says_it(app: Guard) -> None:
    assert ask(app, "GET", "/v1/models").json() == {"models": ["t", "s"]}
    assert ask(app, "GET", "/v1/models/t").json() == {"name": "t", "ready": True}
    assert ask(app, "GET", "/v1/models/u").status_code == 404
    assert ask(app, "GET", "/healthz").json() == {"status": "ok"}


def test_parts_are_cut_where_letters_are_counted(app: Guard) -> None:
    text = "a 😀 e\u0301t 😀"
    parts = ask(app, "POST", "/v1/models/s:why", json={"instance": text}).json()["parts"]
    assert "".join(piece for piece, _ in parts) == text
    assert [piece for piece, j in parts if j is not None] == ["a", "😀", "e\u0301t", "😀"]


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[]", b"{}", b'{"instances": []}', b'{"instances": 3}', b'{"instances": [[NaN, 1]]}',
             b'{"instances": [[1]]}', b'{"instances": [null]}', b'{"instances": [[1, 2]], "x": 1}', b"[" * 99_999,
             b"\xff"]
)  # fmt: skip
@pytest.mark.parametrize("verb", ["predict", "explain"])
def test_what_is_no_question_gets_a_sentence(app: Guard, verb: str, body: bytes) -> None:
    answer = ask(app, "POST", f"/v1/models/t:{verb}", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_other_hosts_origins_and_forms_are_refused(app: Guard) -> None:
    path, body = "/v1/models/t:predict", json.dumps({"instances": [[1, 1]]})
    assert ask(app, "GET", "/", base="http://evil.example").status_code == 403
    assert ask(app, "POST", path, content=body, headers={**JSON, "origin": "http://evil.example"}).status_code == 403
    assert ask(app, "POST", path, content=body, headers={**JSON, "origin": "null"}).status_code == 403
    assert ask(app, "POST", path, content=body, headers={**JSON, "sec-fetch-site": "cross-site"}).status_code == 403
    assert ask(app, "POST", path, content=body, headers={"content-type": "text/plain"}).status_code == 415
    assert ask(app, "POST", path, content=body, headers={**JSON, "origin": "http://localhost:8000"}).is_success


def test_a_token_is_asked_of_everybody_and_a_cookie_carries_it() -> None:
    app = create({"t": table()}, start={"t": [0.5, 2.0]}, token=TOKEN, hosts=())
    for path in ("/", "/models/t", "/v1/models", "/metrics", "/openapi.json"):
        assert ask(app, "GET", path).status_code == 401
    assert ask(app, "GET", "/healthz").is_success
    assert ask(app, "GET", "/", headers={"authorization": f"Bearer {TOKEN}"}).is_success
    assert ask(app, "GET", "/", headers={"authorization": f"Bearer {TOKEN}x"}).status_code == 401
    assert ask(app, "POST", "/login", data={"token": "wrong"}).status_code == 401
    cookie = ask(app, "POST", "/login", data={"token": TOKEN}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ask(app, "GET", "/", headers={"cookie": cookie.partition(";")[0]}).is_success


def test_whoever_has_no_token_yet_may_send_no_more_than_a_form() -> None:
    app = create({"t": table()}, token=TOKEN)
    large = {"token": TOKEN, "more": "x" * 5000}
    assert ask(app, "POST", "/login", data=large).status_code == 413

    async def pieces() -> Any:
        for _ in range(3):
            yield b"token=" * 500

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert ask(app, "POST", "/login", content=pieces(), headers=form).status_code == 413


def test_pages_of_other_sites_may_embed_nothing(app: Guard) -> None:
    for path in ("/", "/models/t", "/static/live.js", "/openapi.json", "/nothing"):
        assert ask(app, "GET", path).headers["cross-origin-resource-policy"] == "same-origin"


def test_a_body_is_bounded_in_size_and_in_time() -> None:
    app = create({"t": table()}, body_limit=100)
    path = "/v1/models/t:predict"
    assert ask(app, "POST", path, content=b" " * 101, headers=JSON).status_code == 413

    async def pieces() -> Any:
        for _ in range(3):
            yield b" " * 40

    assert ask(app, "POST", path, content=pieces(), headers=JSON).status_code == 413
    slow = Guard(app.app, patience=0.01)

    async def never() -> Any:
        await asyncio.sleep(60)
        yield b""

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    aside(slow({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send))
    assert sent[0]["status"] == 408


def test_whoever_comes_when_the_queue_is_full_is_told_to_come_back() -> None:
    arrived, go = threading.Event(), threading.Event()

    def model(texts: list[str]) -> np.ndarray:
        arrived.set()
        assert go.wait(30)
        return lengths(texts)

    app = create({"s": ll.Explainer(model, ll.Text(), seed=0)}, waiting=1)

    async def both() -> tuple[Any, Any]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            first = asyncio.create_task(client.post("/v1/models/s:predict", json={"instances": ["ab"]}))
            while not arrived.is_set():
                await asyncio.sleep(0.001)
            second = await client.post("/v1/models/s:predict", json={"instances": ["ab"]})
            go.set()
            return await first, second

    first, second = aside(both())
    assert first.json() == {"predictions": [2.0]}
    assert (second.status_code, second.headers["retry-after"]) == (503, "1"), second.text
    assert 'limelight_requests_total{verb="predict",end="busy"} 1' in ask(app, "GET", "/metrics").text


def test_pages_run_nothing_of_somebody_elses_and_files_beside_the_script_stay_there(app: Guard) -> None:
    page = ask(app, "GET", "/models/s")
    assert "</script> cde" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    for name in ("../app.py", "..%2fapp.py", "openapi.json", "%2e%2e/guard.py"):
        assert ask(app, "GET", f"/static/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/models/nobody", "/nothing", "/a/b/c", "/static/<i>", "/v1/models/<i>x</i>"])
def test_where_there_is_nothing_programs_get_json_and_browsers_the_way_back(app: Guard, path: str) -> None:
    said = ask(app, "GET", path)
    assert (said.status_code, list(said.json())) == (404, ["error"])
    if path.startswith(("/static", "/v1")):
        return
    page = ask(app, "GET", path, headers={"accept": "text/html"})
    assert page.status_code == 404
    back = page.text.partition('<p><a href="')[2].partition('"')[0]
    assert urljoin("http://localhost:8000/prefix" + path, back) == "http://localhost:8000/prefix/"


def test_every_address_of_the_description_is_answered(app: Guard) -> None:
    paths = ask(app, "GET", "/openapi.json").json()["paths"]
    for path, methods in paths.items():
        field = "instances" if path.endswith(("predict", "explain")) else "instance"
        body: dict[str, Any] = {field: [[0.5, 2.0]] if field == "instances" else [0.5, 2.0]}
        if path.endswith("infer"):
            body = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [0.5, 2.0]}]}
        if path.endswith("beside"):
            body["against"] = [1.0, 1.0]
        method = next(iter(methods))
        answer = ask(app, method.upper(), path.replace("{model}", "t"), **({"json": body} if method == "post" else {}))
        assert answer.status_code == 200, path
        described = methods[method]["responses"]["200"].get("content", {})
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in described, path
        needed = described[kind]["schema"].get("required", []) if kind.endswith("json") else []
        assert set(needed) <= set(answer.json() if needed else ()), path


def test_what_would_be_unsafe_is_not_made() -> None:
    with pytest.raises(InputError, match="with a token only"):
        create({"t": table()}, hosts=())
    with pytest.raises(InputError, match="at least 16"):
        create({"t": table()}, token="short")
    with pytest.raises(InputError, match="address"):
        create({"../t": table()})
    with pytest.raises(InputError, match="at least one"):
        create({})


@pytest.mark.parametrize("verb", ["predict", "explain"])
def test_no_file_of_the_server_is_read_for_anybody(tmp_path: Any, verb: str) -> None:
    pillow = pytest.importorskip("PIL.Image")
    file = tmp_path / "secret.png"
    pillow.new("RGB", (8, 8), (200, 10, 10)).save(file)
    app = create({"i": ll.Explainer(lambda images: [float(np.mean(each)) for each in images], ll.Image(), seed=0)})
    for name in (str(file), file.as_uri(), str(tmp_path / "missing.png"), "\x00"):
        answer = ask(app, "POST", f"/v1/models/i:{verb}", json={"instances": [name]})
        assert answer.status_code == 400
        assert answer.json()["error"] == "instance: expected the numbers of an image as nested lists, got str."
    tensor = {"name": "x", "shape": [1], "datatype": "BYTES", "data": [str(file)]}
    assert ask(app, "POST", "/v2/models/i/infer", json={"inputs": [tensor]}).status_code == 400


def test_an_image_comes_as_nested_lists_and_is_explained_like_its_array() -> None:
    pytest.importorskip("skimage")
    explainer = ll.Explainer(lambda images: [float(np.mean(each)) for each in images], ll.Image(), seed=0)
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    said = ask(create({"i": explainer}), "POST", "/v1/models/i:explain", json={"instances": [image.tolist()]}).json()
    expected = explainer.explain(image)
    assert said["explanations"][0]["coef"] == expected.coef.tolist()
    assert [each["name"] for each in said["explanations"][0]["features"]] == [each.name for each in expected.features]


def test_an_integer_that_no_column_can_hold_gets_a_sentence() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": np.arange(100)})
    app = create({"t": ll.Explainer(lambda f: f["n"] * 1.0, ll.Tabular(frame), seed=0)})
    answer = ask(app, "POST", "/v1/models/t:explain", json={"instances": [[10**400]]})
    assert (answer.status_code, "int64 can hold" in answer.text) == (400, True)


def test_a_series_of_integers_beyond_all_floats_gets_a_sentence() -> None:
    app = create({"s": ll.Explainer(lambda many: np.asarray(many).sum(axis=1), ll.TimeSeries(), seed=0)})
    answer = ask(app, "POST", "/v1/models/s:explain", json={"instances": [[1, 10**400]]})
    assert (answer.status_code, "expected a series of numbers" in answer.text) == (400, True)


def test_a_series_of_unequal_lists_gets_a_sentence() -> None:
    app = create({"s": ll.Explainer(lambda many: np.asarray(many).sum(axis=1), ll.TimeSeries(), seed=0)})
    answer = ask(app, "POST", "/v1/models/s:explain", json={"instances": [[[1.0], [1.0, 2.0]]]})
    assert (answer.status_code, "unequal" in answer.text) == (400, True)
