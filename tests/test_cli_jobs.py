"""`limelight job`: a table explained into a folder, gone on with after a kill, asked how far it is and by SQL.

The claims of `cli/jobbing.py`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll

pd = pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")
pytest.importorskip("loky")

SRC = Path(ll.__file__).resolve().parents[1]
MODEL = """
import os, time
import numpy as np

def score(frame):
    time.sleep(float(os.environ.get("SLOW", 0)) if len(frame) < 100 else 0)
    values = np.asarray(frame[["a", "b"]], float)
    if os.environ.get("DOWN") and (values[:, 0] > 1.5).any():
        raise RuntimeError("503")
    return 2 * values[:, 0] - values[:, 1]
"""
LINE = ["--model", "of_two:score", "--background", "rows.csv", "--data", "rows.csv", "--out", "reasons"]
MORE = ["--chunk-rows", "20", "--n-samples", "512", "--drop", "key", "--id-column", "key"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "of_two.py").write_text(MODEL, encoding="utf-8")
    X = np.random.default_rng(0).normal(size=(100, 2))
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(key=[f"k{i}" for i in range(100)])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def call(*arguments: str) -> Any:
    from limelight.cli.commands import app

    return testing.CliRunner().invoke(app, ["job", *arguments])


def test_a_job_is_run_asked_and_gone_on_with(folder: Path) -> None:
    result = call("run", *LINE, *MORE)
    assert result.exit_code == 0, result.output
    assert "100 rows in 5 parts; complete" in result.stdout
    assert "100 rows in 5 parts; complete" in call("status", "reasons").stdout
    assert call("view", "reasons").stdout.startswith("CREATE OR REPLACE VIEW reasons")
    assert "parquet.`reasons`" in call("view", "reasons", "--dialect", "spark").stdout
    assert ll.jobs.table("reasons", ["id"]).column("id").to_pylist()[:2] == ["k0", "k1"]
    assert call("run", *LINE, *MORE).exit_code == 0
    other = call("run", *LINE, "--chunk-rows", "20", "--n-samples", "256", "--drop", "key", "--id-column", "key")
    assert other.exit_code == 2
    assert "n_samples" in other.stderr


def test_rows_that_failed_are_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWN", "1")
    first = call("run", *LINE, *MORE)
    assert first.exit_code == 0, first.output
    bad = int((pd.read_csv("rows.csv")["a"] > 1.5).sum())
    assert f"{bad} failed (limelight job retry)" in first.stdout
    again = call("retry", *LINE, *[part for part in MORE if part not in ("--chunk-rows", "20")])
    assert again.exit_code == 0, again.output
    assert f"{bad} failed" in again.stdout


def test_what_holds_no_job_is_said_in_one_line(folder: Path) -> None:
    for command in ("status", "view"):
        result = call(command, "nowhere")
        assert result.exit_code == 2
        assert "holds no job" in result.stderr
    missing = call("run", *[part.replace("rows.csv", "none.csv") for part in LINE], *MORE)
    assert missing.exit_code == 2
    assert "no file 'none.csv'" in missing.stderr


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_job_that_is_killed_goes_on_and_says_the_same(folder: Path) -> None:
    command = [sys.executable, "-m", "limelight", "job", "run", *LINE, *MORE]
    slow = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SRC), str(folder)]), "SLOW": "0.2"}
    started = subprocess.Popen(command, env=slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(folder.glob("reasons/part-*.parquet")) and started.poll() is None:
        time.sleep(0.02)
    started.send_signal(signal.SIGKILL)
    started.wait()
    before = len(list(folder.glob("reasons/part-*.parquet")))
    assert 1 <= before < 5
    assert call("run", *LINE, *MORE).exit_code == 0
    whole = ll.jobs.digest("reasons")
    assert call("run", *[part if part != "reasons" else "anew" for part in LINE], *MORE).exit_code == 0
    assert ll.jobs.digest("anew") == whole
