"""`limelight serve` as a user runs it: another process, a real socket, several models, Ctrl-C; and how it refuses.

The claims of `cli/catalogue.py`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limelight.errors import InputError, UnknownNameError

httpx = pytest.importorskip("httpx")
pd = pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")
for module in ("uvicorn", "starlette", "loky", "yaml"):
    pytest.importorskip(module, reason=f"{module} is not installed: pip install 'limelight[web]'")

from limelight.cli.catalogue import several  # noqa: E402

MODELS = """import numpy as np
def rates(frame):
    if (frame["a"] > 1e6).any():
        raise ValueError("a is no number that there is")
    return frame["a"] + (frame["b"] == "x")
def lengths(texts):
    return np.array([float(len(text)) for text in texts])
"""
SEVERAL = """models:
  rates: {model: "served_models:rates", background: rows.csv, row: 3, settings: {seed: 7}}
  words: {model: "served_models:lengths", text: "one two"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=100).round(3), "b": rng.choice(["x", "y"], 100)})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "served_models.py").write_text(MODELS, encoding="utf-8")
    (tmp_path / "models.yaml").write_text(SEVERAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


class Running:
    """A `limelight serve` in a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        code = "from limelight.cli import main; main()"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", *arguments, "--port", "0"],
            cwd=folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.address = found.group()
                return
        raise AssertionError(self.said)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        assert self.process.stderr is not None
        self.said += self.process.stderr.read()
        return self.process.wait(30)


@pytest.fixture
def run(folder: Path) -> Iterator[Any]:
    started: list[Running] = []

    def begin(*arguments: str) -> Running:
        started.append(Running(folder, *arguments))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.communicate()


def test_several_models_in_two_processes_until_ctrl_c(run: Any) -> None:
    server = run("models.yaml", "--workers", "2")
    with httpx.Client(base_url=server.address, timeout=60) as client:
        assert client.get("/v1/models").json() == {"models": ["rates", "words"]}
        said = client.post("/v1/models/rates:predict", json={"instances": [[0.5, "x"], {"a": 1, "b": "y"}]})
        assert said.json() == {"predictions": [1.5, 1.0]}
        broken = client.post("/v1/models/rates:predict", json={"instances": [[1e7, "x"]]})
        assert (broken.status_code, "a is no number that there is" in broken.text) == (422, True)
        explained = client.post("/v1/models/rates:explain", json={"instances": [[0.5, "x"]]}).json()
        assert explained["explanations"][0]["provenance"]["seed"] == 7
        tensor = {"name": "t", "shape": [1], "datatype": "BYTES", "data": ["four"]}
        inferred = client.post("/v2/models/words/infer", json={"inputs": [tensor]}).json()
        assert inferred["outputs"][0]["data"] == [4.0]
        assert 'verb="predict",end="refused"} 1' in client.get("/metrics").text
        assert "rates" in client.get("/", headers={"accept": "text/html"}).text
    server.stop()
    assert "Traceback" not in server.said


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_server(run: Any, by: signal.Signals) -> None:
    psutil = pytest.importorskip("psutil")
    server = run("models.yaml", "--workers", "2")
    children = psutil.Process(server.process.pid).children(recursive=True)
    assert len(children) >= 2
    server.process.send_signal(by)
    server.process.wait(30)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


def test_one_model_of_a_table_has_its_page(run: Any) -> None:
    server = run("served_models:rates", "--background", "rows.csv", "--name", "r")
    assert f"{server.address}/models/r" in server.said
    assert "What if?" in httpx.get(f"{server.address}/models/r").text


def test_a_folder_for_each_model(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "model.skops").write_bytes(b"")
    (folder / "models" / "one" / "background.csv.gz").write_bytes(b"")
    (folder / "models" / "two" / "text.txt").write_text("a b", encoding="utf-8")
    found = several(str(folder / "models")) or []
    assert [(each.name, each.text) for each in found] == [("one", None), ("two", "a b")]
    (folder / "models" / "two" / "model.pkl").write_bytes(b"")
    with pytest.raises(InputError, match="one file named model"):
        several(str(folder / "models"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("models: [", "no YAML"),
        ("models: []", "an entry for each"),
        ("model: x", "an entry for each"),
        ("models: {a: {background: b.csv}}", "expected 'model:'"),
        ("models: {a: {model: m.skops}}", "--background"),
        ("models: {a: {model: m.skops, text: a, series: b}}", "--background"),
        ("models: {a: {model: m.skops, text: a, settings: {tolerance: -1}}}", "tolerance"),
    ],
)
def test_a_file_that_does_not_say_what_is_served_is_refused(folder: Path, text: str, complaint: str) -> None:
    (folder / "models.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=complaint):
        several("models.yaml")


def test_files_are_beside_the_file_that_names_them_and_objects_are_imported(folder: Path) -> None:
    text = "models: {a: {model: m.skops, background: b.csv}, c: {model: 'a.package:model', text: hi}}"
    (folder / "sub").mkdir()
    (folder / "sub" / "models.yaml").write_text(text, encoding="utf-8")
    first, second = several("sub/models.yaml") or []
    assert (first.model, first.background) == (str(Path("sub/m.skops")), Path("sub/b.csv"))
    assert second.model == "a.package:model"


def test_an_unknown_word_in_the_file_is_named(folder: Path) -> None:
    (folder / "models.yaml").write_text("models: {a: {model: m.skops, backgroud: b.csv}}", encoding="utf-8")
    with pytest.raises(UnknownNameError, match="did you mean 'background'"):
        several("models.yaml")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["served_models:rates"], "--background"),
        (["served_models:rates", "--background", "rows.csv", "--text", "a"], "--background"),
        (["served_models:rates", "--background", "rows.csv", "--host", "0.0.0.0"], "--token-file"),
        (["models.yaml", "--text", "a"], "--text: belongs to one model"),
        (["nothing.yaml"], "no file"),
        (["served_models:rates", "--background", "rows.csv", "--row", "100"], "--row"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(folder: Path, arguments: list[str], complaint: str) -> None:
    from limelight.cli.commands import app

    result = testing.CliRunner().invoke(app, ["serve", *arguments, "--port", "0"])
    assert result.exit_code == 2
    assert complaint in result.output


def test_a_port_that_is_taken_is_said_before_the_model_is_read(folder: Path) -> None:
    import socket

    from limelight.cli.commands import app

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = testing.CliRunner().invoke(app, ["serve", "missing.skops", "--text", "a", "--port", port])
    assert result.exit_code == 2
    assert f"port {port}" in result.output
