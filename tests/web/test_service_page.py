"""What docs/service.md says is what the benchmarks wrote into docs/service.json."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PEERS = ("limelight", "explainerdashboard", "shapash", "interpret", "lit")


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "service.json").read_text(encoding="utf-8"))
    return found


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    page = (DOCS / "service.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\| (.+) \|$", page, re.MULTILINE)
    return [line.split(" | ") for line in lines if not line.startswith("---")][1:]


def test_the_dashboard_is_the_measured_one(figures: dict[str, Any]) -> None:
    found = rows_of("A million explanations")
    for row, name in zip(found, ("million", "ten_millions"), strict=True):
        one, views = figures[name], figures[name]["views"]
        assert row == [
            f"{one['rows']:,}",
            f"{one['start']['cpu_s']:.1f} s",
            f"{views['overview']['cpu_s']:.2f} s",
            f"{views['overview']['clock_s']:.2f} s",
            f"{views['effect']['cpu_s']:.2f} s",
            f"{views['examples']['cpu_s']:.2f} s",
            f"{one['mib_at_most']:,} MiB",
        ]
    assert max(view["clock_s"] for view in figures["million"]["views"].values()) <= 1
    assert figures["million"]["mib_at_most"] <= 500


def test_the_load_is_the_measured_one(figures: dict[str, Any]) -> None:
    for row in rows_of("Under load"):
        one = figures["serve"]["workers"][row[0]]
        crowd = one["crowd"]
        assert row[1:] == [
            f"{crowd['by_status']['200']:,}",
            f"{sum(crowd['by_status'].values()) - crowd['by_status']['200']}",
            f"{crowd['unlike_explain']}",
            f"{crowd['cpu_ms']:.1f} ms",
            f"{crowd['cpus_had']:.2f}",
            f"{one['explain']['cpu_ms']:.1f} ms",
        ]


def test_the_workers_are_the_measured_ones(figures: dict[str, Any]) -> None:
    for row, name in zip(rows_of("Two workers"), ("waits 50 ms", "sklearn", "computes 20 ms"), strict=True):
        found = figures["workers"][name]
        one, two = found["1"], found["2"]
        assert row[1:] == [
            f"{one['a_second']:.1f}",
            f"{two['a_second']:.1f}",
            f"{found['ratio']:.2f}",
            f"{one['cores']:.2f}",
            f"{two['cores']:.2f}",
            f"{one['listens_ms']:.1f} ms",
            f"{two['listens_ms']:.1f} + {two['works_ms']:.1f} ms",
            f"{two['clients_ms']:.1f} ms",
        ]
        assert one["errors"] == two["errors"] == 0
        assert statistics.median(found["ratios"]) == pytest.approx(found["ratio"], abs=0.01)
    assert figures["workers"]["waits 50 ms"]["ratio"] >= 1.7


def test_the_peers_are_the_measured_ones(figures: dict[str, Any]) -> None:
    shown = {row[0]: dict(zip(PEERS, row[1:], strict=True)) for row in rows_of("Beside other pages")}
    for peer in PEERS:
        one = figures["peers"][peer]
        load, hosts, broken, times = (one.get(name) for name in ("first_load_kib", "other_hosts", "axe", "what_if_ms"))
        assert {name: cells[peer] for name, cells in shown.items()} == {
            "version": one["version"],
            "packages installed": f"{one['packages']}",
            "MiB installed": f"{one['mib']}",
            "first load, KiB": "–" if load is None else f"{load:,}",
            "other hosts asked": "–" if hosts is None else f"{len(hosts)}",
            "rules of axe broken": "–" if broken is None else f"{broken['rules']}",
            "what if, ms": "–" if times is None else f"{statistics.median(times):,.0f}",
        }
