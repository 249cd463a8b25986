"""What an engine costs beside one process: CPU and clock of the same job on Spark, Ray and Dask, and the same digest.

    python benchmarks/engines.py [--data FOLDER] [--rows 20000] [--only spark] [--json OUT]

Rows are those of `jobs.py`: Adult's with jitter, twelve columns, a logistic regression. Each engine runs in a process
of its own with two workers, started here on this machine; its own start is timed by itself. CPU is that of the process
and of everything that it has started, read twice a second. On a shared machine only CPU means something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import psutil

import limelight as ll
from jobs import explainer_of, write_rows
from tabular import load

ENGINES = ("one process", "two processes", "dask", "ray", "spark")
MODEL = "logistic regression"


class Meter(threading.Thread):
    """Adds up the CPU seconds of this process and of all that it has started, those that have ended too."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.spent: dict[tuple[int, float], float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Look twice a second."""
        while not self.over.wait(0.5):
            self.look()

    def look(self) -> float:
        """Return the sum so far."""
        me = psutil.Process()
        for process in (me, *me.children(recursive=True)):
            try:
                used = process.cpu_times()
                self.spent[process.pid, process.create_time()] = used.user + used.system
            except psutil.Error:
                continue
        return sum(self.spent.values())


def start(engine: str) -> tuple[Callable[[Path, ll.Explainer, Path], Any], Callable[[], None]]:
    """Start an engine; return what runs a job on it, and what ends it."""
    if engine == "spark":
        from pyspark.sql import SparkSession

        os.environ["PYSPARK_PYTHON"] = sys.executable
        settings = {"spark.ui.enabled": "false", "spark.driver.memory": "1g", "spark.driver.host": "127.0.0.1"}
        builder = SparkSession.builder.master("local[2]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")

        def on_spark(source: Path, explainer: ll.Explainer, out: Path) -> None:
            frame = session.read.parquet(str(source)).repartition(4)
            ll.jobs.spark(frame, explainer, id_column="row").write.parquet(str(out))

        return on_spark, session.stop
    if engine == "ray":
        import ray

        ray.init(num_cpus=4, include_dashboard=False, object_store_memory=200 * 2**20, logging_level="ERROR")

        def on_ray(source: Path, explainer: ll.Explainer, out: Path) -> None:
            dataset = ray.data.read_parquet(str(source), override_num_blocks=4)
            ll.jobs.ray(dataset, explainer, id_column="row").write_parquet(str(out))

        return on_ray, ray.shutdown
    if engine == "dask":
        import dask.dataframe
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
        client = Client(cluster)

        def on_dask(source: Path, explainer: ll.Explainer, out: Path) -> None:
            frame = dask.dataframe.read_parquet(str(source)).repartition(npartitions=4)
            ll.jobs.dask(frame, explainer, id_column="row").to_parquet(str(out))

        return on_dask, lambda: (client.close(), cluster.close())[0]
    n_jobs = 2 if engine == "two processes" else 1

    def here(source: Path, explainer: ll.Explainer, out: Path) -> None:
        ll.jobs.run(explainer, source, out, id_column="row", n_jobs=n_jobs, chunk_rows=5_000)

    return here, lambda: None


def child(engine: str, data: Path, source: Path, out: Path) -> None:
    """Run the job on one engine, and print what it took."""
    meter = Meter()
    meter.start()
    explainer = explainer_of(MODEL, data)[0].prepare()
    before, clock = meter.look(), time.perf_counter()
    run, end = start(engine)
    started, start_clock = meter.look(), time.perf_counter()
    run(source, explainer, out)
    done, end_clock = meter.look(), time.perf_counter()
    meter.over.set()
    found = {
        "start_cpu_s": started - before, "start_clock_s": start_clock - clock,
        "cpu_s": done - started, "clock_s": end_clock - start_clock, "digest": ll.jobs.digest(out),
    }  # fmt: skip
    end()
    print("\n" + json.dumps(found))


def main() -> None:
    """Run every engine that is installed, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("LIMELIGHT_SHARED_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="folder that holds adult/adult.csv")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--only", choices=ENGINES)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.data, arguments.source, arguments.out)
        return
    figures: dict[str, Any] = {"rows": arguments.rows}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.parquet"
        write_rows(load(arguments.data)[0], arguments.rows, source)
        for engine in ENGINES if arguments.only is None else (arguments.only,):
            command = [sys.executable, __file__, "--child", engine, "--data", str(arguments.data)]
            command += ["--source", str(source), "--out", str(Path(folder) / engine.replace(" ", "-"))]
            ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            if ended.returncode:
                print(f"{engine}: not run ({ended.returncode})")
                continue
            found = json.loads(ended.stdout.strip().splitlines()[-1])
            figures[engine] = found
            ms = found["cpu_s"] / arguments.rows * 1000
            print(
                f"{engine}: {ms:.2f} CPU ms a row, clock {found['clock_s']:.0f} s; "
                f"start {found['start_cpu_s']:.1f} CPU s, clock {found['start_clock_s']:.0f} s",
                flush=True,
            )
    digests = {found.pop("digest") for found in figures.values() if isinstance(found, dict)}
    figures["the same digest"] = len(digests) == 1
    print(f"the same digest: {figures['the same digest']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
