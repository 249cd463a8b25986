"""A real JupyterLab runs a notebook in a browser; another one, without any kernel, opens what was saved."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("LIMELIGHT_JUPYTER_PYTHON", sys.executable)
"""The interpreter that has JupyterLab: ours, or another one that finds our packages."""
NO_KERNELS = ("--KernelSpecManager.allowed_kernelspecs={'none'}", "--KernelSpecManager.ensure_native_kernel=False")
WHAT_IF = """import limelight as ll, numpy as np
spam = lambda texts: np.array([0.2 + 0.5 * ("free" in text) + 0.2 * ("prize" in text) for text in texts])
ll.what_if(ll.Explainer(spam, ll.Text(), seed=0), "free prize, call home")"""
SOURCES = ("import samples", "samples.table()", "samples.text()")


def cell(source: str, number: int) -> dict[str, Any]:
    empty: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
    return {"cell_type": "code", "id": f"cell-{number}", "source": source, **empty}


@contextmanager
def lab(folder: Path, *options: str) -> Iterator[str]:
    """Serve a folder with JupyterLab; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    paths = [str(REPOSITORY / "src"), str(REPOSITORY / "tests" / "views"), *filter(os.path.isdir, sys.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HOME": str(folder), "JUPYTER_NO_CONFIG": "1"}
    port = address.rpartition(":")[2]
    given = [f"--ServerApp.port={port}", "--IdentityProvider.token=", "--no-browser", "--allow-root", *options]
    server = subprocess.Popen(
        [PYTHON, "-m", "jupyter", "lab", *given], cwd=folder, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(f"{address}/lab")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:  # a browser that is still connected can hold it up
            server.kill()
            server.wait(5)


def _wait(address: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
    pytest.skip(f"JupyterLab did not answer at {address}")


def _said(address: str) -> Any:
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a notebook that was never run."""
    if "LIMELIGHT_JUPYTER_PYTHON" not in os.environ and importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("jupyterlab is not installed: pip install --group notebook-test, or set LIMELIGHT_JUPYTER_PYTHON")
    folder = tmp_path_factory.mktemp("lab")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [cell(source, number) for number, source in enumerate(SOURCES)]
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "why.ipynb").write_text(json.dumps(notebook))
    notebook["cells"] = [cell(WHAT_IF, 0)]
    (folder / "whatif.ipynb").write_text(json.dumps(notebook))
    return folder


def _works(page: Any) -> None:
    """Strike out a feature in the first output, and see that the frame has its own height."""
    frames = page.locator("iframe.limelight")
    frames.first.wait_for(timeout=60_000)
    first = frames.first.content_frame
    first.get_by_role("button", name="capital-gain").click()
    assert first.locator(".now b").inner_text() == "0.521"
    height = first.locator("body").evaluate("body => body.scrollHeight")
    assert abs(frames.first.bounding_box()["height"] - height) <= 2


def test_an_output_works_where_it_was_run_and_reopened_by_a_server_without_any_kernel(
    folder: Path, chromium: Any
) -> None:
    with lab(folder) as address:
        page = chromium.new_context(viewport={"width": 1200, "height": 1800}).new_page()
        _run(page, address, "why.ipynb", "samples.table()")
        _works(page)
        page.locator("iframe.limelight").nth(1).wait_for(timeout=60_000)
        page.get_by_role("menuitem", name="File", exact=True).click()
        page.get_by_text("Save Notebook", exact=True).click()
        _saved(folder / "why.ipynb", outputs=2)
        page.context.close()
    with lab(folder, *NO_KERNELS) as address:
        assert _said(f"{address}/api/kernelspecs")["kernelspecs"] == {}
        page = chromium.new_context(viewport={"width": 1200, "height": 1800}).new_page()
        # JupyterLab asks for a kernel that it does not have.
        page.add_locator_handler(page.locator(".jp-Dialog"), lambda: page.keyboard.press("Escape"))
        page.goto(f"{address}/lab/tree/why.ipynb")
        _works(page)
        assert _said(f"{address}/api/kernels") == []
        page.context.close()


def _run(page: Any, address: str, name: str, cell_text: str) -> None:
    page.goto(f"{address}/lab/tree/{name}")
    page.get_by_text(cell_text).first.wait_for(timeout=60_000)
    page.get_by_text("Python 3", exact=False).first.wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def test_what_if_asks_the_kernel_and_without_one_the_picture_is_there(folder: Path, chromium: Any) -> None:
    if subprocess.run([PYTHON, "-c", "import anywidget"], capture_output=True).returncode:
        pytest.skip("anywidget is not installed: pip install --group notebook-test")
    with lab(folder) as address:
        page = chromium.new_context(viewport={"width": 1200, "height": 1800}).new_page()
        elsewhere: list[str] = []
        page.on("request", lambda request: None if request.url.startswith((address, "data:", "blob:", "ws:")) else
                elsewhere.append(request.url))  # fmt: skip
        _run(page, address, "whatif.ipynb", "import limelight as ll")
        frame = page.frame_locator("iframe.limelight-live")
        frame.get_by_role("button", name="prize").press("Enter", timeout=90_000)
        frame.locator("#answer data", has_text="0.700").wait_for()
        frame.get_by_role("textbox", name="The text").fill("prize")
        frame.locator("#answer data", has_text="0.400").wait_for()
        assert page.locator("iframe.limelight").is_hidden(), "what can be changed stands in the place of the picture"
        page.get_by_role("menuitem", name="File", exact=True).click()
        page.get_by_text("Save Notebook", exact=True).click()
        _saved(folder / "whatif.ipynb", outputs=1)
        page.context.close()
        assert elsewhere == [], "nothing is loaded from elsewhere"
    with lab(folder, *NO_KERNELS) as address:
        page = chromium.new_context(viewport={"width": 1200, "height": 1800}).new_page()
        page.add_locator_handler(page.locator(".jp-Dialog"), lambda: page.keyboard.press("Escape"))
        page.goto(f"{address}/lab/tree/whatif.ipynb")
        picture = page.locator("iframe.limelight")
        picture.wait_for(timeout=60_000)
        assert picture.content_frame.get_by_role("button", name="prize").first.is_visible()
        page.context.close()


def _saved(notebook: Path, *, outputs: int, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(json.JSONDecodeError):  # half written
            cells = json.loads(notebook.read_text())["cells"]
            if sum(bool(each["outputs"]) for each in cells) == outputs:
                return
        time.sleep(0.2)
    raise AssertionError(f"the notebook was not saved with {outputs} outputs in {seconds:g} s")
