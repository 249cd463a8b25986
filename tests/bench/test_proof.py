"""What the proof writes: tables, the best in bold, where limelight is not better; the documentation shows the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from limelight.bench.proof import Figure, Proof, Question, best_of, table
from limelight.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
LESS = Question("time", "Time", "How long.", "ms", "less", 1)
MORE = Question("fit", "Fit", "How well.", "correlation", "more", 2)
PLAIN = Question("coverage", "Coverage", "How often.", "shares", "", 3)
PROOF = Proof(
    (
        Figure("time", "wine", "limelight", 4.0),
        Figure("time", "wine", "lime", 40.0),
        Figure("time", "beer", "limelight", 5.0),
        Figure("time", "beer", "lime", 1.25),
        Figure("fit", "wine", "limelight", 0.9),
        Figure("fit", "wine", "lime", 0.899),
        Figure("coverage", "wine", "500 rows", 0.951),
    ),
    (LESS, MORE, PLAIN),
    {"Python": "3.11"},
    {"seeds": "4"},
)


def test_a_table_has_a_line_a_method_and_the_best_of_each_case_in_bold() -> None:
    assert table(PROOF, LESS) == (
        "| | wine | beer |\n| --- | ---: | ---: |\n| limelight | **4.0** | 5.0 |\n| lime | 40.0 | **1.2** |"
    )


def test_figures_that_are_as_good_are_all_bold_and_one_alone_is_not() -> None:
    assert best_of(MORE, {"a": 0.9, "b": 0.899, "c": 0.5}) == {"a", "b"}
    assert best_of(LESS, {"a": 0.9, "b": float("nan")}) == set()
    assert best_of(PLAIN, {"a": 0.9, "b": 0.1}) == set()


def test_where_limelight_is_behind_is_said_and_nothing_else() -> None:
    text = PROOF.to_markdown()
    behind = text.split("## Where limelight is not better")[1].split("## What was left out")[0]
    assert "- Time, beer: lime 1.2; limelight 5.0." in behind
    assert behind.count("\n- ") == 1


def test_what_was_not_measured_is_a_dash() -> None:
    proof = Proof(PROOF.figures[:3], (LESS,))
    assert "| lime | 40.0 | – |" in table(proof, LESS)


def test_what_was_left_out_is_on_the_page_with_its_reason() -> None:
    proof = Proof(PROOF.figures, PROOF.questions, left_out=("nobody: not installed",))
    assert "## What was left out, and why\n\n- nobody: not installed.\n" in proof.to_markdown()
    assert Proof.from_json(proof.to_json()) == proof


def test_json_comes_back_and_something_else_is_refused() -> None:
    assert Proof.from_json(PROOF.to_json()) == PROOF
    with pytest.raises(InputError, match="expected the JSON that `limelight bench` writes"):
        Proof.from_json('{"figures": 3}')


def test_the_page_of_the_documentation_is_what_the_command_wrote() -> None:
    proof = Proof.from_json((ROOT / "docs" / "proof.json").read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "proof.md").read_text(encoding="utf-8") == proof.to_markdown("proof")
    assert all((ROOT / "docs" / f"proof-{ground}.png").is_file() for ground in ("light", "dark"))


def test_the_coverage_that_the_readme_states_is_the_least_and_the_most() -> None:
    proof = Proof.from_json((ROOT / "docs" / "proof.json").read_text(encoding="utf-8"))
    found = [figure.value for figure in proof.figures if figure.question == "coverage"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"hold {100 * min(found):.1f}% to {100 * max(found):.1f}% of the time" in readme


@pytest.mark.parametrize("page", ["README.md", "docs/concepts/weights.md"])
def test_every_figure_of_a_table_from_the_proof_is_one_of_it(page: str) -> None:
    proof = Proof.from_json((ROOT / "docs" / "proof.json").read_text(encoding="utf-8"))
    titles = {question.title: question for question in proof.questions}
    readme = (ROOT / page).read_text(encoding="utf-8")
    case = re.search(r"<!-- figures of docs/proof.json: (.+) -->", readme)
    assert case is not None
    lines = readme[case.end() :].strip().split("\n\n")[0].splitlines()
    methods = [cell.strip() for cell in lines[0].strip("|").split("|")[1:]]
    assert len(lines) > 4
    for line in lines[2:]:
        title, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        question = titles[title.split(" (")[0]]
        for method, cell in zip(methods, cells, strict=True):
            value = proof.value(question.key, case.group(1), method)
            assert cell == (f"{value:,.{question.digits}f}" if value == value else "–"), (title, method)
