"""A million rows: CPU and clock per row, bytes of Parquet, memory, and reading it again; beside lime and shap's Kernel.

    python benchmarks/jobs.py [--data FOLDER] [--rows 1000000] [--only "logistic regression"] [--json OUT]

Rows are Adult's (UCI, 12 columns), drawn again with jitter in age, hours, gains and one categorical cell in twenty, so
that they are not all repeats; the share of rows with new codes is printed. They lie in a Parquet file. Each run is a
process of its own, from `limelight.jobs.run` on a prepared explainer; the neighborhood that it draws first is timed by
itself. Memory is the resident set of the process that explains, after 10,000 rows and at the end. lime and shap explain
a few of the same rows with the same model. On a shared machine only CPU time means something.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import limelight as ll
from tabular import CATEGORICAL, USED, load, models

STEP = 50_000
FIRST = 10_000
PEER_ROWS = 10
FULL_SIZE = 10_000_000


# -- rows -------------------------------------------------------------------------------------------------------------


def jittered(X: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return n rows of Adult with a little noise in each."""
    rng = np.random.default_rng(seed)
    found = X[rng.integers(0, len(X), n)].copy()
    for name, low, high, least, most in (("age", -3, 4, 17, 90), ("hours-per-week", -4, 5, 1, 99)):
        j = USED.index(name)
        found[:, j] = np.clip(found[:, j] + rng.integers(low, high, n), least, most)
    for name in ("capital-gain", "capital-loss"):
        j = USED.index(name)
        found[:, j] = np.round(found[:, j] * rng.uniform(0.9, 1.1, n))
    for name in CATEGORICAL:
        j, other = USED.index(name), rng.random(n) < 0.05
        found[other, j] = X[rng.integers(0, len(X), int(other.sum())), j]
    return found


def write_rows(X: np.ndarray, n: int, path: Path) -> None:
    """Write n rows as Parquet, a piece at a time."""
    schema = pa.schema([("row", pa.int64()), *[(name, pa.float64()) for name in USED]])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, n, STEP):
            rows = jittered(X, min(STEP, n - start), seed=start)
            columns = [pa.array(np.arange(start, start + len(rows))), *map(pa.array, rows.T)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


# -- one run, in a process of its own ---------------------------------------------------------------------------------


def resident(pid: int | str = "self") -> float:
    """Return the resident set of a process in MiB; 0 where it has gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS")), 0.0)


class Watch(threading.Thread):
    """Notes every second how many rows are done and how large each process is."""

    def __init__(self, out: Path, of_children: bool) -> None:
        super().__init__(daemon=True)
        self.out, self.of_children = out, of_children
        self.seen: list[tuple[int, float]] = []
        self.over = threading.Event()

    def run(self) -> None:
        """Look until told that it is over."""
        while not self.over.wait(1.0):
            rows = sum(1 for name in self.out.glob("part-*.parquet")) * FIRST
            pids = self._children() if self.of_children else ["self"]
            self.seen.append((rows, max(map(resident, pids), default=0.0)))

    def _children(self) -> list[str]:
        me, found = str(os.getpid()), []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text(encoding="utf-8")
            except OSError:
                continue
            if f"\nPPid:\t{me}\n" in text:
                found.append(status.parent.name)
        return found

    def growth(self) -> tuple[float, float]:
        """Return the size after the first part, and the most at any later time."""
        after = [size for rows, size in self.seen if rows >= FIRST]
        return (after[0], max(after)) if after else (0.0, 0.0)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def explainer_of(name: str, data: Path) -> tuple[ll.Explainer, Any]:
    """Return an explainer of a model, and the model."""
    X, y, categorical, _ = load(data)
    fitted = next(model for each, model in models(X, y, categorical) if each == name)
    tabular = ll.Tabular(X, categorical=categorical, names=USED)
    return ll.Explainer(fitted.predict_proba, tabular, seed=0), fitted


def child(arguments: argparse.Namespace) -> None:
    """Run one job, and print what it took as JSON."""
    explainer, _ = explainer_of(arguments.child, arguments.data)
    started = cpu_seconds()
    explainer = explainer.prepare()
    prepared = cpu_seconds() - started
    watch = Watch(arguments.out, arguments.n_jobs > 1)
    watch.start()
    started, clock = cpu_seconds(), time.perf_counter()
    job = ll.jobs.run(explainer, arguments.source, arguments.out, n_jobs=arguments.n_jobs, id_column="row")
    clock = time.perf_counter() - clock
    watch.over.set()
    watch.join()
    first, most = watch.growth()
    found = {
        "rows": job.rows, "failures": job.failures, "n_jobs": arguments.n_jobs, "prepare_cpu_s": prepared,
        "cpu_s": cpu_seconds() - started, "clock_s": clock, "model_rows": job.model_rows,
        "mib_at_10000": first, "mib_most": most,
    }  # fmt: skip
    print(json.dumps(found))


def run_child(arguments: argparse.Namespace, name: str, n_jobs: int, source: Path, out: Path) -> dict[str, Any]:
    """Return what one job took."""
    command = [sys.executable, __file__, "--child", name, "--n-jobs", str(n_jobs), "--data", str(arguments.data)]
    text = subprocess.check_output([*command, "--source", str(source), "--out", str(out)], text=True)
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


# -- what was written -------------------------------------------------------------------------------------------------


def bytes_by_column(out: Path) -> tuple[float, dict[str, float]]:
    """Return the bytes of a row, of its file and of each column."""
    size, rows, columns = 0, 0, Counter[str]()
    for path in sorted(out.glob("part-*.parquet")):
        metadata = pq.ParquetFile(path).metadata
        size, rows = size + path.stat().st_size, rows + metadata.num_rows
        columns["footer"] += metadata.serialized_size
        for group in range(metadata.num_row_groups):
            for i in range(metadata.num_columns):
                column = metadata.row_group(group).column(i)
                columns[column.path_in_schema.removesuffix(".list.element")] += column.total_compressed_size
    return size / rows, {name: round(total / rows, 2) for name, total in columns.most_common()}


def distinct(out: Path) -> float:
    """Return the share of rows whose conditions no earlier row has."""
    seen: set[bytes] = set()
    known: dict[str, int] = {}
    rows = 0
    for path in sorted(out.glob("part-*.parquet")):
        flat = pq.ParquetFile(path, read_dictionary=["condition.list.element"]).read(["condition"]).column(0)
        array = flat.combine_chunks()
        texts = array.flatten().dictionary.to_pylist()
        codes = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)
        table = codes[array.flatten().indices.to_numpy()].reshape(len(array), -1)
        seen.update(row.tobytes() for row in table)
        rows += len(table)
    return len(seen) / rows


def reading(out: Path) -> dict[str, float]:
    """Return CPU and clock seconds of importance and of a pick from the folder, medians of three."""
    found = {}
    for name, ask in (
        ("importance", lambda: ll.feature_importance(out)),
        ("pick", lambda: ll.submodular_pick(out, 10)),
        ("pick_of_3", lambda: ll.submodular_pick(out, 10, max_features=3)),
    ):
        took = []
        for _ in range(3):
            clock, started = time.perf_counter(), time.process_time()
            ask()
            took.append((time.perf_counter() - clock, time.process_time() - started))
        found[f"{name}_clock_s"], found[f"{name}_cpu_s"] = map(statistics.median, zip(*took, strict=True))
    return found


def peers(name: str, data: Path) -> dict[str, float]:
    """Return the median CPU milliseconds of a row, of lime and of shap's Kernel with the same model."""
    import shap
    from lime.lime_tabular import LimeTabularExplainer

    X, _, categorical, names = load(data)
    _, fitted = explainer_of(name, data)
    lime = LimeTabularExplainer(
        X, categorical_features=categorical, categorical_names=names, feature_names=USED, random_state=0
    )
    kernel = shap.KernelExplainer(lambda Z: fitted.predict_proba(Z)[:, 1], shap.sample(X, 100, random_state=0))
    rows = jittered(X, PEER_ROWS, seed=1)
    found: dict[str, list[float]] = {"lime_ms": [], "shap_kernel_ms": []}
    for row in rows:
        for which, explain in (
            ("lime_ms", lambda row=row: lime.explain_instance(row, fitted.predict_proba, num_features=10)),
            ("shap_kernel_ms", lambda row=row: kernel.shap_values(row, silent=True)),
        ):
            started = time.process_time()
            explain()
            found[which].append((time.process_time() - started) * 1000)
    return {which: statistics.median(times) for which, times in found.items()}


# -- all of it --------------------------------------------------------------------------------------------------------


def measured(arguments: argparse.Namespace, name: str, source: Path, folder: Path) -> dict[str, Any]:
    """Return all figures of one model: the whole run by one process, and a tenth by two."""
    out = folder / name.replace(" ", "-")
    found: dict[str, Any] = {"one_process": run_child(arguments, name, 1, source, out)}
    row_bytes, columns = bytes_by_column(out)
    found |= {"bytes_a_row": row_bytes, "mib": row_bytes * found["one_process"]["rows"] / 2**20, "columns": columns}
    found["share_of_new_codes"] = distinct(out)
    if name.startswith("logistic"):
        found["reading"] = reading(out)
    tenth = folder / "tenth.parquet"
    if not tenth.exists():
        write_rows(load(arguments.data)[0], max(arguments.rows // 10, FIRST), tenth)
    outs = [folder / f"{name}-{n_jobs}" for n_jobs in (1, 2)]
    for n_jobs, each in zip((1, 2), outs, strict=True):
        found[f"a_tenth_by_{n_jobs}"] = run_child(arguments, name, n_jobs, tenth, each)
    found["the_same_digest"] = ll.jobs.digest(outs[0]) == ll.jobs.digest(outs[1])
    found["ten million, extrapolated"] = extrapolated(found)
    found |= peers(name, arguments.data)
    return found


def extrapolated(found: dict[str, Any]) -> dict[str, float]:
    """Return what ten million rows would take, if all that come later are like those after the first tenth."""
    one, few = found["one_process"], found["a_tenth_by_1"]
    late = (one["cpu_s"] - few["cpu_s"]) / max(one["rows"] - few["rows"], 1)
    hours = (one["cpu_s"] + late * (FULL_SIZE - one["rows"])) / 3600
    return {"cpu_hours": round(hours, 2), "gib": round(found["bytes_a_row"] * FULL_SIZE / 2**30, 3)}


def told(name: str, found: dict[str, Any]) -> str:
    """Return the figures of a model as lines."""
    one = found["one_process"]
    ms = one["cpu_s"] / one["rows"] * 1000
    lines = [
        f"{name}: {one['rows']:,} rows, {one['failures']} failed; {found['share_of_new_codes']:.0%} have new codes",
        f"  CPU {one['cpu_s']:,.0f} s, {ms:.2f} ms a row; on two idle cores {one['cpu_s'] / 120:.1f} minutes if it "
        f"scales; clock of one process {one['clock_s'] / 60:.1f} min; prepare {one['prepare_cpu_s']:.1f} s",
        f"  lime {found['lime_ms']:.0f} ms a row: {found['lime_ms'] / ms:.0f} times; "
        f"shap's Kernel {found['shap_kernel_ms']:.0f} ms: {found['shap_kernel_ms'] / ms:.0f} times",
        f"  Parquet {found['mib']:.0f} MiB, {found['bytes_a_row']:.0f} bytes a row",
        f"  memory {one['mib_at_10000']:.0f} MiB after 10,000 rows, {one['mib_most']:.0f} at most later",
    ]
    for n_jobs in (1, 2):
        part = found[f"a_tenth_by_{n_jobs}"]
        lines.append(
            f"  {part['rows']:,} rows by {n_jobs}: CPU {part['cpu_s'] / part['rows'] * 1000:.2f} ms a row, clock "
            f"{part['clock_s']:.0f} s, {part['mib_at_10000']:.0f} to {part['mib_most']:.0f} MiB a process"
        )
    lines.append(f"  the same digest by one and two: {found['the_same_digest']}")
    far = found["ten million, extrapolated"]
    lines.append(f"  extrapolated, not run: 10⁷ rows {far['cpu_hours']:.1f} CPU hours, {far['gib']:.2f} GiB")
    if "reading" in found:
        lines.append("  read again: " + ", ".join(f"{key} {value:.2f}" for key, value in found["reading"].items()))
    return "\n".join(lines)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("LIMELIGHT_SHARED_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="folder that holds adult/adult.csv")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", help="one of the models")
    parser.add_argument("--folder", type=Path, help="where rows and answers are kept; default: a temporary one")
    parser.add_argument("--json", type=Path, help="a file for all figures")
    for name in ("--child", "--source", "--out", "--n-jobs"):
        parser.add_argument(name, help=argparse.SUPPRESS, type={"--n-jobs": int, "--child": str}.get(name, Path))
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / f"rows-{arguments.rows}.parquet"
        if not source.exists():
            write_rows(load(arguments.data)[0], arguments.rows, source)
        figures: dict[str, Any] = {}
        for name in ("logistic regression", "random forest of 100"):
            if arguments.only in (None, name):
                figures[name] = measured(arguments, name, source, folder)
                print(told(name, figures[name]), flush=True)
                if arguments.json:
                    arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
