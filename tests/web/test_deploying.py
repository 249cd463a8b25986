"""The how-to of deploying holds: its nginx block before a real service, and its files are what their programs read."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pytest

import limelight as ll

httpx = pytest.importorskip("httpx")
uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install 'limelight[web]'")
pytest.importorskip("loky", reason="loky is not installed: pip install 'limelight[web]'")

from limelight.web import create  # noqa: E402

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "deploy-the-service.md").read_text(encoding="utf-8")
TOKEN = "a-token-of-twenty-letters"
NGINX = """daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; {location} }}
}}"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.S)
    assert found is not None
    return found.group(1)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def service() -> Iterator[int]:
    X = np.random.default_rng(0).normal(size=(100, 2))
    explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X, names=["a", "b"]), seed=0)
    app = create({"m": explainer}, start={"m": [0.5, 1.0]}, token=TOKEN)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def prefix(service: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run nginx with the block of the how-to, before the service; its address with the prefix."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    location = block("nginx").replace("127.0.0.1:8000", f"127.0.0.1:{service}")
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, port=port, location=location), encoding="utf-8")
    process = subprocess.Popen([program, "-c", str(file), "-e", str(folder / "error.log")])
    address = f"http://127.0.0.1:{port}/credit/"
    for _ in range(500):
        try:
            httpx.get(address + "healthz")
            break
        except httpx.ConnectError:
            time.sleep(0.02)
    yield address
    process.terminate()
    process.wait(30)


def test_a_person_logs_in_and_asks_below_the_prefix(prefix: str) -> None:
    with httpx.Client() as client:
        assert client.get(prefix).status_code == 401
        sent = client.post(urljoin(prefix, "login"), data={"token": TOKEN})
        assert urljoin(str(sent.url), sent.headers["location"]) == prefix
        # as a browser asks: programs are told that the service is alive
        listed = client.get(prefix, headers={"accept": "text/html"}).text
        page = urljoin(prefix, re.search(r'href="(models/m)"', listed).group(1))  # type: ignore[union-attr]
        html = client.get(page).text
        for name in re.findall(r'(?:href|src)="(\.\./static/[^"]+)"', html):
            assert client.get(urljoin(page, name)).status_code == 200, name
        origin = prefix.removesuffix("/credit/")
        asked = urljoin(page, "../v1/models/m:whatif")
        said = client.post(asked, json={"instance": [0.5, 1.0]}, headers={"origin": origin})
        assert said.json()["outputs"][0]["value"] == 0.5
        foreign = client.post(asked, json={"instance": [0.5, 1.0]}, headers={"origin": "http://evil.example"})
        assert foreign.status_code == 403


def test_a_program_explains_below_the_prefix(prefix: str) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    said = httpx.post(prefix + "v1/models/m:explain", json={"instances": [[0.5, 1.0]]}, headers=headers, timeout=60)
    assert len(said.json()["explanations"]) == 1
    assert httpx.post(prefix + "v1/models/m:explain", json={"instances": [[0.5, 1.0]]}).status_code == 401


def test_the_page_works_in_a_browser_below_the_prefix(prefix: str, chromium: Any) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(prefix + "login")
    page.get_by_label("token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    page.get_by_role("link", name="m").click()
    page.locator("#answer data", has_text="0.500").wait_for(timeout=10_000)
    page.wait_for_selector("#reasons article")
    context.close()


def test_the_container_runs_the_flags_that_there_are() -> None:
    from typer.main import get_command

    pytest.importorskip("typer")
    from limelight.cli.commands import app

    command = get_command(app).commands["serve"]  # type: ignore[attr-defined]
    known = {name for parameter in command.params for name in parameter.opts}
    for text in (block("dockerfile"), block("yaml")):
        used = set(re.findall(r'"(--[a-z-]+)"', text))
        assert used
        assert used <= known


def test_the_inference_service_is_what_kserve_reads() -> None:
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load(block("yaml"))
    assert (found["apiVersion"], found["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    (container,) = found["spec"]["predictor"]["containers"]
    assert container["name"] == "kserve-container"
    assert str(container["ports"][0]["containerPort"]) in block("dockerfile")
    volumes = {each["name"] for each in found["spec"]["predictor"]["volumes"]}
    assert {each["name"] for each in container["volumeMounts"]} <= volumes
