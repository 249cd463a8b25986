from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.reports import fingerprint

typer_testing = pytest.importorskip("typer.testing", reason="typer is not installed")


@pytest.fixture(scope="module")
def explained() -> ll.Explanations:
    X = np.random.default_rng(0).normal(size=(100, 2))
    explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), output_names=["score"], n_samples=256)
    return explainer.explain_all(X[:4])


def run(*arguments: object) -> tuple[int, str]:
    from limelight.cli.commands import app

    result = typer_testing.CliRunner().invoke(app, ["report", *map(str, arguments)])
    return result.exit_code, result.output


def test_one_row_becomes_a_page_with_what_was_told_and_its_fingerprint(
    explained: ll.Explanations, tmp_path: Path
) -> None:
    saved, out = tmp_path / "why.json", tmp_path / "report.html"
    explained[1].to_json(saved)
    model = tmp_path / "model.skops"
    model.write_bytes(b"model")
    told = ("--name", "score 3", "--subject", "A-1", "--role", "A clerk decides.", "--contact", "us@example.org")
    code, output = run(saved, "--out", out, *told, "--model", model, "--row", 1)
    assert code == 0 and fingerprint(explained[1]) in output
    page = out.read_text(encoding="utf-8")
    assert all(text in page for text in ("score 3", "A-1", "A clerk decides.", "us@example.org", "model.skops"))


def test_many_rows_become_a_report_and_a_model_card_and_one_line_a_row(
    explained: ll.Explanations, tmp_path: Path
) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("".join(each.to_json() + "\n" for each in explained), encoding="utf-8")
    out, card = tmp_path / "report.html", tmp_path / "card.md"
    code, output = run(file, "--out", out, "--card", card, "--row", "0:4")
    assert code == 0 and fingerprint(explained) in output
    assert "4 answers of a model" in out.read_text(encoding="utf-8")
    assert card.read_text(encoding="utf-8").startswith("## Explanations")
    assert fingerprint(explained[2]) in run(file, "--line", 2)[1]


def test_what_does_not_fit_is_said_in_one_line(explained: ll.Explanations, tmp_path: Path) -> None:
    saved = tmp_path / "why.json"
    explained[0].to_json(saved)
    assert run(saved, "--card", tmp_path / "card.md")[0] == 2
    assert run(saved, "--out", saved)[0] == 2, "never over what is read"
    assert run(saved, "--row", "first")[0] == 2
    assert run(saved, "--data", tmp_path / "none.csv")[0] == 2
