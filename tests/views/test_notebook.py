"""A real JupyterLab opens a saved notebook; its outputs draw themselves before any cell is run again."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PORT = int(os.environ.get("LIMELIGHT_JUPYTER_PORT", "18923"))
PYTHON = os.environ.get("LIMELIGHT_JUPYTER_PYTHON", sys.executable)
"""The interpreter that has JupyterLab: ours, or another one that finds our packages."""


def cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": f"c{abs(hash(source)) % 10**8}", "source": source, "metadata": {}} | {
        "outputs": [],
        "execution_count": None,
    }


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running JupyterLab and an executed notebook in it. Lab may start a kernel on opening; no cell is run."""
    if "LIMELIGHT_JUPYTER_PYTHON" not in os.environ and importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("jupyterlab is not installed: pip install jupyterlab nbconvert ipykernel")
    folder = tmp_path_factory.mktemp("lab")
    paths = [str(REPOSITORY / "src"), str(REPOSITORY / "tests" / "views"), *filter(os.path.isdir, sys.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HOME": str(folder), "JUPYTER_NO_CONFIG": "1"}
    cells = [cell("import samples"), cell("samples.table()"), cell("samples.text()")]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "why.ipynb").write_text(json.dumps(notebook))
    run = [PYTHON, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", "why.ipynb"]
    subprocess.run(run, cwd=folder, env=environment, check=True, capture_output=True)
    subprocess.run([PYTHON, "-m", "jupyter", "trust", "why.ipynb"], cwd=folder, env=environment, check=True)
    options = [f"--ServerApp.port={PORT}", "--IdentityProvider.token=", "--no-browser", "--allow-root"]
    server = subprocess.Popen(
        [PYTHON, "-m", "jupyter", "lab", *options], cwd=folder, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{PORT}/lab")
        yield f"http://127.0.0.1:{PORT}/lab/tree/why.ipynb"
    finally:
        server.terminate()
        server.wait(20)


def _wait(address: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
    pytest.skip(f"JupyterLab did not answer at {address}")


def test_saved_outputs_draw_and_work_in_jupyterlab_before_any_cell_is_run_again(lab: str, chromium: Any) -> None:
    page = chromium.new_context(viewport={"width": 1200, "height": 1800}).new_page()
    page.goto(lab)
    frames = page.locator("iframe.limelight")
    frames.first.wait_for(timeout=60_000)
    first = frames.first.content_frame
    first.get_by_role("button", name="capital-gain").click()
    assert first.locator(".now b").inner_text() == "0.521"
    height = first.locator("body").evaluate("body => body.scrollHeight")
    assert abs(frames.first.bounding_box()["height"] - height) <= 2
    if os.environ.get("LIMELIGHT_SHOT"):
        page.screenshot(path=os.environ["LIMELIGHT_SHOT"])
    page.context.close()
