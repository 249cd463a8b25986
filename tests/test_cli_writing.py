"""What the commands write, and the terminals that they write to."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer import testing

import limelight as ll
from limelight import files
from limelight.cli import _speak_its_language
from limelight.cli.commands import app

FRAME = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)).round(3), columns=["a", "b", "c"])
MODEL = """
def says(X):
    return X["a"] * 2 - X["b"]

rows = 0
def tired(X):
    global rows
    rows += len(X)
    if rows > 480:
        raise RuntimeError("quota exceeded")
    return X["a"] * 2 - X["b"]

def untouched(X):
    raise AssertionError("the model was asked")

def words(texts):
    return [float("good" in text) for text in texts]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    FRAME.to_csv("train.csv", index=False)
    FRAME.iloc[:8].to_csv("test.csv", index=False)
    FRAME.to_json("train.jsonl", orient="records", lines=True)
    FRAME.iloc[:8].to_json("test.jsonl", orient="records", lines=True)
    Path("said_by.py").write_text(MODEL, encoding="utf-8")
    sys.modules.pop("said_by", None)
    return tmp_path


def explain(*arguments: str, model: str = "says", form: str = "csv") -> Any:
    tables = ["--background", f"train.{form}", "--data", f"test.{form}"]
    given = ["--model", f"said_by:{model}", *tables, "--n-samples", "300"]
    return testing.CliRunner().invoke(app, ["explain", *given, *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rows", "0:3", "--out", "test.jsonl"), "--out: expected a file of its own, got 'test.jsonl', which --data"),
        (("--rows", "0:3", "--out", "./train.jsonl"), "which --background reads"),
        (("--row", "0", "--html", "train.jsonl"), "--html: expected a file of its own"),
        (("--row", "0", "--json", "test.jsonl"), "--json: expected a file of its own"),
        (("--row", "0", "--html", "x", "--json", "x"), "to which --html writes"),
        (("--row", "0", "--json", "nowhere/x.json"), "make the folder first"),
        (("--row", "0", "--html", "."), "which is a folder"),
        (("--row", "0", "--html", "why.pdf"), "--html: expected a file named .html or .htm, got 'why.pdf'"),
        (("--row", "0", "--json", "why.html"), "--json: expected a file named .json, got 'why.html'"),
    ],
)
def test_what_is_read_is_never_written_over_and_this_is_said_before_the_model_is_asked(
    arguments: tuple[str, ...], said: str, folder: Path
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = explain(*arguments, model="untouched", form="jsonl")
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_text_an_image_or_a_saved_explanation_is_never_written_over(folder: Path) -> None:
    Path("mail.txt").write_text("a good mail", encoding="utf-8")
    runner = testing.CliRunner()
    words = ["explain", "--model", "said_by:untouched", "--text", "@mail.txt", "--html", "mail.txt"]
    assert "which --text reads" in runner.invoke(app, words).stderr
    assert explain("--row", "0", "--json", "e.json").exit_code == 0
    saved = Path("e.json").read_bytes()
    assert "which FILE reads" in runner.invoke(app, ["show", "e.json", "--html", "e.json"]).stderr
    assert Path("e.json").read_bytes() == saved


def test_rows_carry_their_number_and_take_the_old_files_place_at_the_end(folder: Path) -> None:
    Path("out.jsonl").write_text("old", encoding="utf-8")
    assert explain("--rows", "2:6", "--out", "out.jsonl").exit_code == 0
    lines = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["row"] for line in lines] == [2, 3, 4, 5]
    assert ll.Explanation.from_dict(lines[0]).features[0].where.key == "a"
    assert not list(folder.glob("*partial*"))


def test_rows_that_were_paid_for_before_a_failure_are_kept_beside_the_old_file(folder: Path) -> None:
    Path("out.jsonl").write_text("old", encoding="utf-8")
    pd.concat([FRAME] * 10).to_csv("test.csv", index=False)
    result = explain("--rows", "0:300", "--out", "out.jsonl", model="tired")
    assert result.exit_code == 2
    assert "quota exceeded" in result.stderr
    assert Path("out.jsonl").read_text(encoding="utf-8") == "old"
    kept = Path("out.jsonl.partial").read_text(encoding="utf-8").splitlines()
    assert f"{len(kept)} of 300 explanations in out.jsonl.partial" in result.stderr
    assert [json.loads(line)["row"] for line in kept] == list(range(len(kept)))
    assert kept and ll.Explanation.from_json(kept[-1]).targets


@pytest.mark.parametrize("name", ["why.json", "why.jsonl", "why.csv", "why.parquet", "why.html", "why.png", "why.svg"])
def test_the_name_says_what_is_written_of_one_row(name: str, folder: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("pyarrow")
    assert explain("--row", "2", "--out", name, "--json", "told.json").exit_code == 0
    told = ll.Explanation.from_json(Path("told.json"))
    path = Path(name)
    if name == "why.csv":
        frame = pd.read_csv(path, dtype={"value": str})
        pd.testing.assert_frame_equal(frame, told.to_frame(), check_dtype=False)
    elif name == "why.parquet":
        assert ll.Explanations.from_parquet(path)[0] == told
    elif name.startswith("why.json"):
        assert ll.Explanation.from_json(path.read_text(encoding="utf-8")) == told
    else:
        begins = {".html": b"<!doctype html>", ".png": b"\x89PNG", ".svg": b"<?xml"}[path.suffix]
        assert path.read_bytes().startswith(begins)
    assert not list(folder.glob("*partial*"))


@pytest.mark.parametrize("name", ["why.csv", "why.parquet"])
def test_many_rows_become_a_table_and_a_failure_keeps_them_as_lines(name: str, folder: Path) -> None:
    pytest.importorskip("pyarrow")
    assert explain("--rows", "2:6", "--out", name).exit_code == 0
    assert explain("--rows", "2:6", "--out", "told.jsonl").exit_code == 0
    told = [ll.Explanation.from_json(line) for line in Path("told.jsonl").read_text(encoding="utf-8").splitlines()]
    if name == "why.csv":
        frame = pd.read_csv(name, converters={"weight": float})  # pandas 2 reads some numbers off by the last bit
        assert frame["row"].drop_duplicates().tolist() == [2, 3, 4, 5]
        assert frame["weight"].tolist() == [row["weight"] for each in told for row in each.rows()]
    else:
        assert list(ll.Explanations.from_parquet(name)) == told
    before = Path(name).read_bytes()
    pd.concat([FRAME] * 10).to_csv("test.csv", index=False)
    result = explain("--rows", "0:300", "--out", name, model="tired")
    assert result.exit_code == 2
    assert Path(name).read_bytes() == before
    kept = Path(f"{name}.partial").read_text(encoding="utf-8").splitlines()
    assert f"{len(kept)} of 300 explanations in {name}.partial" in result.stderr
    assert kept and ll.Explanation.from_json(kept[-1]).targets


@pytest.mark.parametrize("name", ["why.docx", "why.xlsx", "why.jpg"])
def test_a_name_that_nothing_is_written_for_is_refused_before_the_model_is_asked(name: str, folder: Path) -> None:
    result = explain("--row", "0", "--out", name, model="untouched")
    assert result.exit_code == 2
    assert f"got '{name}'; choose such a name." in result.stderr


def test_a_text_is_written_by_name_too(folder: Path) -> None:
    asked = ["explain", "--model", "said_by:words", "--text", "a good film", "--out", "why.html"]
    result = testing.CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert "Page: why.html" in result.stdout
    assert "good" in Path("why.html").read_text(encoding="utf-8")


def test_a_failure_before_the_first_row_leaves_nothing(folder: Path) -> None:
    result = explain("--rows", "0:8", "--out", "out.jsonl", model="untouched")
    assert result.exit_code != 0
    assert not list(folder.glob("out.jsonl*"))


def test_a_full_disk_is_no_success(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", no_space)
    for arguments in (("--rows", "0:2", "--out", "out.jsonl"), ("--row", "0", "--json", "e.json")):
        result = explain(*arguments)
        assert result.exit_code == 2
        assert "No space left" in result.stderr
        assert not Path(arguments[-1]).exists()


# -- terminals --------------------------------------------------------------------------------------------------------


def shell(folder: Path, encoding: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a shell does whose terminal knows one encoding only."""
    source = str(Path(ll.__file__).resolve().parents[1])
    settings = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONPATH": source, "COLUMNS": "100"}
    # the arguments go in as code, since a system in plain ASCII cannot hand over other letters
    code = f"import sys; sys.argv = {['limelight', *arguments]!a}; from limelight.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, **settings}, capture_output=True, check=False
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("explain", "--help"),
        ("explain", "--model", "said_by:words", "--text", "a good naïve film ≤ 映画 👍", "--tokens", r"\S+"),
        ("explain", "--model", "said_by:words", "--text", "naïve “quotes”", "--tokens", "(wörds"),
        ("explain",),
    ],
    ids=["help", "explain-help", "text", "refusal", "missing"],
)
def test_the_command_speaks_on_any_terminal(encoding: str, arguments: tuple[str, ...], folder: Path) -> None:
    run = shell(folder, encoding, *arguments)
    assert b"Traceback" not in run.stderr
    assert run.returncode == (0 if "--help" in arguments or "a good naïve film ≤ 映画 👍" in arguments else 2)
    if encoding != "ascii":  # where a terminal claims to be plain ASCII, typer writes UTF-8
        (run.stdout + run.stderr).decode(encoding)
    if "a good naïve film ≤ 映画 👍" in arguments:
        assert b"good" in run.stdout


def test_letters_that_a_terminal_lacks_become_their_nearest() -> None:
    held = io.BytesIO()
    terminal = io.TextIOWrapper(held, encoding="ascii")
    _speak_its_language(terminal)
    terminal.write("naïve −0.1 ± 0.2 ≤ “x”… 映 \ud800")
    terminal.flush()
    assert held.getvalue() == b'naive -0.1 +/- 0.2 <= "x"... ? ?'
