"""`limelight pick`: what it prints and writes, and how it refuses.

The claims of `cli/picking.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from made_up import explanation

pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `limelight pick` in a folder with four explanations of a table in `many.jsonl`, and of pictures."""
    from limelight.cli.commands import app

    rows = [{"age": 9.0, "sex": 1.0}, {"age": 8.0, "sex": 2.0}, {"city": 3.0, "sex": 0.1}, {"city": 0.5}]
    many = [explanation(row, stderr=0.2) for row in rows]
    pictures = [explanation({0: 1.0, 1: 2.0}, kind="segment")]
    (tmp_path / "many.jsonl").write_text("".join(each.to_json() + "\n" for each in many), encoding="utf-8")
    (tmp_path / "pictures.jsonl").write_text("".join(each.to_json() + "\n" for each in pictures), encoding="utf-8")
    (tmp_path / "what_it_shows.py").write_text("def shows(explanation, feature):\n    return feature.where.key % 2\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: testing.CliRunner().invoke(app, ["pick", *arguments])


def test_the_lines_picked_are_named_with_what_they_cover_and_why(call: Any) -> None:
    result = call("many.jsonl", "--budget", "2", "--html", "picked.html")
    assert result.exit_code == 0, result.output
    _, first, second, *rest = result.stdout.splitlines()
    # √17, √3.1 and √3.5: age and sex cover 5.884 of 7.755
    assert first.split()[:2] == ["0", "75.9%"]
    assert second.split()[:2] == ["2", "100.0%"]
    assert "age = 0; sex = 1" in first
    assert rest[0] == "Picked from 4. Each: limelight show many.jsonl --line 0"
    page = Path("picked.html").read_text(encoding="utf-8")
    assert "2 of 4 explanations" in page
    assert "line 2" in page


def test_noise_can_be_left_out(call: Any) -> None:
    first = call("many.jsonl", "--budget", "1", "--level", "0.95").stdout.splitlines()[1]
    assert first.split()[1] == "75.8%"  # without the 0.1 ± 0.2: √17 + √3 = 5.855 of 7.726


def test_pictures_need_names_for_what_they_show(call: Any) -> None:
    refusal = call("pictures.jsonl", "--budget", "1")
    assert refusal.exit_code == 2
    assert "superpixel 7 of one instance is not superpixel 7 of another" in refusal.stderr
    assert call("pictures.jsonl", "--budget", "1", "--name", "what_it_shows:shows").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["many.jsonl", "--budget", "9"], "budget: expected at most 4"),
        (["many.jsonl", "--target", "spm"], "did you mean 'spam'"),
        (["none.jsonl"], "no file 'none.jsonl'"),
    ],
)
def test_refusals_are_one_line_and_exit_code_2(call: Any, arguments: list[str], why: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert why in result.stderr
