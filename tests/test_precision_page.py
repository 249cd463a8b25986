"""What docs/concepts/precision.md says of intervals is what `benchmarks/honesty.py` wrote into docs/honesty.json."""

from __future__ import annotations

import json
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURES = json.loads((DOCS / "honesty.json").read_text(encoding="utf-8"))
PAGE = (DOCS / "concepts" / "precision.md").read_text(encoding="utf-8").split("## Do the intervals hold?")[1]


def test_every_cell_of_the_table_is_the_measured_one() -> None:
    said = re.findall(r"^\| ([^|]+) \| (500|2048|8192|auto) \| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert {f"{name}, {draws}" for name, draws, _, _ in said} == set(FIGURES["cells"])
    for name, draws, seeds, rest in said:
        one = FIGURES["cells"][f"{name}, {draws}"]
        idle = "" if one["idle"] is None else f"{one['idle']:.4f}"
        assert int(seeds) == one["seeds"], name
        assert (
            rest.strip()
            == (
                f"{one['least']:.3f}, {one['mean']:.3f} | {one['below_90']:.3f}, {one['above_99']:.3f} "
                f"| {one['sd_low']:.2f}–{one['sd_high']:.2f} | {idle}"
            ).strip()
        ), (name, draws)


def test_every_rare_value_is_the_measured_one() -> None:
    said = re.findall(
        r"^\| (0\.[0-9]+) \| (\d+) \| (0\.\d+) \| ([+-][\d.]+ ± [\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE
    )
    assert [share for share, *_ in said] == list(FIGURES["rare"])
    for share, *rest in said:
        one = FIGURES["rare"][share]
        seeds = one["seeds"]
        bias = f"{one['bias']:+.2f} ± {seeds**-0.5:.2f}"
        assert rest == [str(seeds), f"{one['coverage']:.3f}", bias, f"{one['stderr']:.4f}"], share


def test_every_column_order_is_the_measured_one_and_the_bars_hold() -> None:
    said = re.findall(
        r"^\| (\w+) \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+ ± [\d.]+) \| ([\d., ]+) \|$", PAGE, re.MULTILINE
    )
    assert {f"{name}, 2048" for name, *_ in said} == set(FIGURES["orders"])
    for name, *rest in said:
        one = FIGURES["orders"][f"{name}, 2048"]
        worst = f"{one['worst']:.2f} ± {one['worst_error']:.2f}"
        width = f"{one['width']:.2f}, {one['widest']:.2f}"
        assert rest == [str(one["orders"]), str(one["seeds"]), f"{one['median']:.2f}", worst, width], name
        assert one["median"] <= 1.0
        assert one["worst"] <= 1.3


def test_what_the_page_says_of_the_bars_is_so() -> None:
    least = min(FIGURES["cells"].items(), key=lambda each: each[1]["least"])
    assert f"The least of all is {least[1]['least']:.3f}" in PAGE
    assert all(abs(one["bias"]) < 0.1 for one in FIGURES["rare"].values())


def test_what_is_said_of_the_conditional_law_is_measured() -> None:
    page = (DOCS / "concepts" / "conditional.md").read_text(encoding="utf-8").split("## Measured")[1]
    figures = json.loads((DOCS / "conditional.json").read_text(encoding="utf-8"))
    said = [[cell.strip() for cell in line.split("|")[2:-1]] for line in page.splitlines() if line.startswith("| ")][2:]
    assert len(said) == len(figures)
    for row, one in zip(said, figures.values(), strict=True):
        own, other = one["conditional"], one["independent"]
        covered = [f"{found['least']:.2f}, {found['mean']:.3f}" for found in own["coverage"].values()]
        assert row == [
            *covered,
            f"{own['auc']:.2f}",
            f"{other['auc']:.2f}",
            f"{own['ms']:.0f} ms",
            f"{other['ms']:.0f} ms",
        ]
