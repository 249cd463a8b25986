"""`limelight bench` writes what it found where it is told to.

The claims of `cli/benching.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from limelight.bench.proof import Figure, Proof, Question
from limelight.cli.commands import app

PROOF = Proof((Figure("fit", "wine", "limelight", 0.9),), (Question("fit", "Fit", "How well.", "shares", "more", 2),))


def test_the_command_asks_what_it_is_told_to_and_writes_both_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import limelight.bench

    asked = {}

    def run(**settings: object) -> Proof:
        asked.update(settings)
        return PROOF

    monkeypatch.setattr(limelight.bench, "run", run)
    out = tmp_path / "a" / "proof"
    result = CliRunner().invoke(app, ["bench", "--whole", "--only", "truth", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert (asked["quick"], asked["only"]) == (False, ["truth"])
    assert Proof.from_json((out / "proof.json").read_text(encoding="utf-8")) == PROOF
    assert (out / "proof.md").read_text(encoding="utf-8") == PROOF.to_markdown("proof")
    assert sorted(path.name for path in out.glob("*.png")) == ["proof-dark.png", "proof-light.png"]


def test_without_matplotlib_there_is_no_picture_and_the_page_names_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import limelight.bench

    monkeypatch.setattr(limelight.bench, "run", lambda **_: PROOF)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = CliRunner().invoke(app, ["bench", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "pip install 'limelight[plot]'" in result.output
    assert (tmp_path / "proof.md").read_text(encoding="utf-8") == PROOF.to_markdown()


def test_a_question_that_does_not_exist_is_one_line() -> None:
    result = CliRunner().invoke(app, ["bench", "--only", "size"])
    assert result.exit_code == 2
    assert "expected some of speed" in result.output
