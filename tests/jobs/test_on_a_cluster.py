"""The examples of docs/how-to/on-a-cluster.md, as they stand, on the engines that are installed."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll

pytest.importorskip("pyarrow")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "on-a-cluster.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
ROWS = int(os.environ.get("LIMELIGHT_CLUSTER_ROWS", "600"))
"""How many applications there are; the page promises that 200,000 are no trouble."""

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.filterwarnings("error:::limelight")]


def applications(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "customer": [f"C{i}" for i in range(n)],
            "income": rng.lognormal(10, 0.5, n).round(-2),
            "debt": rng.lognormal(8, 1, n).round(-2),
            "years": rng.integers(0, 40, n),
            "home": rng.choice(["rent", "own", "mortgage"], n),
        }
    )
    found.loc[found.index % 7 == 3, "home"] = None  # an empty cell of text, which each engine's reader must take alike
    paid = found["income"] / 5000 - found["debt"] / 3000 + 0.05 * found["years"] + (found["home"] == "own") > 4
    return found.assign(decision=np.where(paid, "grant", "deny"))


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the first example of the page leaves, in a folder with its two files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(PAGE.parents[2] / "src"))
    applications(1000, 0).to_csv("train.csv", index=False)
    applications(ROWS, 1).drop(columns="decision").to_csv("applications.csv", index=False)
    found: dict[str, Any] = {}
    exec(EXAMPLES[0], found)
    return found


def run(engine: str, names: dict[str, Any]) -> None:
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed: .ci/optional jobs-{engine.removeprefix('py')}")
    exec(next(each for each in EXAMPLES if re.search(rf"^(import|from) {engine}\b", each, re.MULTILINE)), names)


def same_as_one_process(names: dict[str, Any], folder: str) -> bool:
    ll.jobs.run(names["explainer"], "applications.csv", "alone", id_column="customer")
    return ll.jobs.digest(folder) == ll.jobs.digest("alone")


def test_every_engine_has_its_example() -> None:
    imported = [re.findall(r"^(?:import|from) (\w+)", each, re.MULTILINE)[0] for each in EXAMPLES[1:]]
    assert imported == ["pyspark", "ray", "dask", "duckdb"]


def test_spark_and_the_question_in_sql(names: dict[str, Any]) -> None:
    run("pyspark", names)
    try:
        told = {row["feature"]: row["customers"] for row in names["answer"].collect()}
        assert 0 < sum(told.values()) <= ROWS
        assert max(told, key=told.get) in ("income", "debt")
        assert same_as_one_process(names, "reasons")
    finally:
        names["spark"].stop()
    if importlib.util.find_spec("duckdb") is not None:
        run("duckdb", names)


def test_ray(names: dict[str, Any]) -> None:
    run("ray", names)
    try:
        assert same_as_one_process(names, "reasons-ray")
    finally:
        names["ray"].shutdown()


def test_dask(names: dict[str, Any]) -> None:
    run("dask", names)
    assert same_as_one_process(names, "reasons-dask")
