"""`limelight compare`, `audit` and `drift`: what they print and write, and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")
pytest.importorskip("matplotlib")

X = np.random.default_rng(0).normal(size=(300, 3))


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `limelight` in a folder with models, tables and explanations."""
    from limelight.cli.commands import app

    models = "import numpy as np\n"
    for name, slopes in (("old", (1, 1, 0)), ("new", (1, 0, 1))):
        models += f"def {name}(frame):\n    return 1 / (1 + np.exp(-np.asarray(frame, float) @ np.array({slopes})))\n"
    (tmp_path / "two_models.py").write_text(models, encoding="utf-8")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.assign(side=np.where(X[:, 0] > 0, "l", "r"), ill=(X[:, 0] + X[:, 1] > 0).astype(int)).to_csv(
        tmp_path / "more.csv", index=False
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: testing.CliRunner().invoke(app, list(arguments))


def explain(call: Any, model: str, rows: str, out: str) -> None:
    done = call(
        *["explain", "--model", f"two_models:{model}", "--background", "rows.csv", "--data", "rows.csv"],
        *["--rows", rows, "--out", out],
    )
    assert done.exit_code == 0, done.output


def test_two_models_are_compared_and_written(call: Any) -> None:
    result = call(
        *["compare", "--model", "two_models:old", "--against", "two_models:new", "--background", "rows.csv"],
        *["--data", "rows.csv", "--rows", "0:30", "--html", "c.html", "--png", "c.png", "--json", "c.json"],
    )
    assert result.exit_code == 0, result.output
    assert "two_models:old and two_models:new on 30 rows" in result.stdout
    found = json.loads(Path("c.json").read_text(encoding="utf-8"))
    assert {entry["feature"] for entry in found["features"][:2]} == {"b", "c"}
    assert "What changed" in Path("c.html").read_text(encoding="utf-8")
    assert Path("c.png").read_bytes().startswith(b"\x89PNG")


def test_explanations_are_audited_with_the_data_beside(call: Any) -> None:
    explain(call, "old", "0:200", "many.jsonl")
    result = call(
        *["audit", "many.jsonl", "--data", "more.csv", "--rows", "0:200", "--truth", "ill", "--sensitive", "side"],
        *["--html", "a.html", "--json", "a.json"],
    )
    assert result.exit_code == 0, result.output
    assert "Reasons that differ by group" in result.stdout
    found = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert [each["kind"] for each in found["findings"]] == ["group"]
    assert "side" in Path("a.html").read_text(encoding="utf-8")


def test_two_months_are_held_against_each_other(call: Any) -> None:
    explain(call, "old", "0:150", "may.jsonl")
    explain(call, "new", "150:300", "june.jsonl")
    result = call("drift", "may.jsonl", "june.jsonl", "--html", "d.html", "--png", "d.svg", "--json", "d.json")
    assert result.exit_code == 0, result.output
    assert "may (150 explanations) and june (150)" in result.stdout
    found = json.loads(Path("d.json").read_text(encoding="utf-8"))
    changed = {entry["feature"] for entry in found["features"] if entry["p_reasons"] <= 0.05}
    assert {"b", "c"} <= changed


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["audit", "none.jsonl"], "no file"),
        (["audit", "rows.csv"], "expected a .jsonl file"),
        (["audit", "none.jsonl", "--truth", "ill"], "--data"),
        (["drift", "a.jsonl", "b.jsonl", "--png", "x.gif"], "--png"),
        (
            "compare --model two_models:old --against old.pkl --background rows.csv --data rows.csv".split(),
            "--against: no file",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(call: Any, arguments: list[str], why: str) -> None:
    refusal = call(*arguments)
    assert refusal.exit_code == 2
    assert why in refusal.stderr
    assert refusal.stderr.count("\n") == 1
