from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
import samples

from limelight.contracts import Feature, Where
from limelight.views import facts as f
from limelight.views import terminal


def test_every_line_fits_into_80_columns() -> None:
    assert max(map(terminal.columns, terminal.render(samples.table()).splitlines())) <= 80


def test_a_long_name_keeps_its_column_and_its_edges() -> None:
    name = "0.04861 < mean concave points of all nuclei ≤ 0.07432"
    features = [Feature(name, Where("column", "mean concave points of all nuclei"), "0.0512")]
    text = terminal.render(samples.explanation(features, [[0.4]]))
    line = next(line for line in text.splitlines() if "0.400" in line and "0.380" in line)
    assert re.match(r"  0\.04861 < mean\S* ?\S*…\S* ?\S* ≤ 0\.07432 ", line), line


def test_the_footer_breaks_between_facts_not_between_a_number_and_what_it_counts() -> None:
    sure = samples.table()
    provenance = replace(sure.provenance, shared=True, n_samples=4096, effective_sample_size=4059.0)
    text = terminal.render(replace(sure, provenance=provenance, rankings=()))
    assert re.search(r", seed 7$|^seed 7$", text, re.MULTILINE)


def test_doubts_are_quoted_in_one_way() -> None:
    explanation = samples.doubtful(samples.table())
    assert '"' not in terminal.render(explanation)
    words = " ".join(terminal.render(explanation).split())
    assert all(sentence in words for sentence in explanation.doubts())


def test_weights_intervals_and_both_predictions_are_shown() -> None:
    text = terminal.render(samples.table())
    for fact in ("+0.412", "0.371 to 0.453", "f(x) = 0.951", "g(x') = 0.933", "intercept = 0.193", "0.83 +/- 0.02"):
        assert fact in text


def test_an_uncertain_weight_is_marked_and_the_mark_explained() -> None:
    lines = terminal.render(samples.table()).splitlines()
    assert any("sex = Male" in line and "+0.021?" in line for line in lines)
    assert any(line.strip().startswith("?") for line in lines)


def test_every_layout_fits_into_80_columns_whatever_the_names() -> None:
    hostile = samples.hostile(["x" * 300, "日本語" * 40, "👩‍👧‍👦" * 30, "a\nb\x00", "עברית", "\u202e"])
    for explanation in [make() for make in samples.ALL.values()] + [hostile]:
        assert max(map(terminal.columns, terminal.render(explanation).splitlines())) <= 80


def test_bars_and_numbers_are_ascii() -> None:
    assert terminal.render(samples.bars()).isascii()


def test_output_that_is_not_a_terminal_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_rich(samples.raster())
    assert capsys.readouterr().out == terminal.render(samples.raster()) + "\n"


@pytest.mark.parametrize("name", samples.ALL)
def test_a_terminal_in_colour_says_the_same_numbers_and_reads_no_name_as_markup(name: str) -> None:
    rich = pytest.importorskip("rich.console", reason="rich is not installed")
    console = rich.Console(force_terminal=True, color_system="truecolor", width=100, file=io.StringIO())
    terminal.print_rich(samples.ALL[name](), console=console)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())
    facts = f.target_facts(samples.ALL[name]())
    numbers = f.weight_numbers(facts)
    assert [row for row in facts.rows if numbers.signed(row.weight) not in shown] == []


def test_a_name_is_not_read_as_rich_markup() -> None:
    rich = pytest.importorskip("rich.console", reason="rich is not installed")
    console = rich.Console(force_terminal=True, width=100, file=io.StringIO())
    terminal.print_rich(samples.hostile(["[red]x[/red]", "[/]"]), console=console)
    assert "[red]x[/red]" in console.file.getvalue()


def test_no_color_is_plain() -> None:
    rich = pytest.importorskip("rich.console", reason="rich is not installed")
    console = rich.Console(force_terminal=True, no_color=True, width=100, file=io.StringIO())
    terminal.print_rich(samples.table(), console=console)
    assert "|===" in console.file.getvalue()
