"""The same bits on every engine: rows in any order, in batches of any size, in processes of Spark, Ray and Dask.

The engines are real, and started here; a test whose engine is not installed says so and is skipped
(`.ci/optional jobs-spark`, `jobs-ray`, `jobs-dask`).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.jobs.engines import Task, dask, ray, spark
from limelight.jobs.worker import pack
from limelight.result.parts import COLUMNS
from prepared_tables import Model, explainer, table

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

BAD = 77.5
"""A value of v for which the model fails."""
_HERE = Path(__file__).resolve().parent
SOURCES = os.pathsep.join(map(str, (_HERE.parents[1] / "src", _HERE.parent, _HERE)))
"""Where the engines' processes find limelight, and the models of these tests."""

# the engines warn of one another and of the machine; what limelight warns of still fails
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.filterwarnings("error:::limelight")]


class Fails(Model):
    def __call__(self, F: pd.DataFrame) -> np.ndarray:
        if (F["v"] == BAD).any():
            raise RuntimeError("cannot read this")
        return super().__call__(F)


def loud(texts: list[str]) -> np.ndarray:
    return np.array([float("good" in text) - 0.5 * ("bad" in text) for text in texts])


def bright(images: Any) -> np.ndarray:
    return np.asarray(images, dtype=float)[:, :8, :8].mean(axis=(1, 2))


def rows(n: int = 240, bad: tuple[int, ...] = ()) -> pd.DataFrame:
    """Rows with ids and a column that the model does not know, in no order."""
    frame = table().iloc[:n].reset_index(drop=True)
    frame.loc[list(bad), "v"] = BAD
    frame.insert(0, "customer", [f"c{i}" for i in range(n)])
    frame["note"] = "unused"
    return frame.sample(frac=1.0, random_state=1).reset_index(drop=True)


def texts() -> pd.DataFrame:
    said = ["a good day", "a bad day", "neither", "good and bad"]
    return pd.DataFrame({"id": np.arange(20), "text": [said[i % 4] + f" {i}" for i in range(20)]})


def one_process(frame: pd.DataFrame, made: ll.Explainer, out: Path, id_column: str = "customer", **how: Any) -> str:
    ll.jobs.run(made, frame, out, id_column=id_column, **how)
    return ll.jobs.digest(out)


def by_task(frame: pd.DataFrame, made: ll.Explainer, size: int, out: Path) -> str:
    """What `Task` makes of batches of some size, without any engine."""
    task = Task(pack(made.prepare()), "customer")
    batches = list(task(iter(arrow.Table.from_pandas(frame).to_batches(max_chunksize=size))))
    out.mkdir()
    parquet.write_table(arrow.Table.from_batches(batches), out / "all.parquet")
    return ll.jobs.digest(out)


# -- without an engine ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 37, 10_000])
def test_batches_of_any_size_and_order_give_the_bits_of_a_job(tmp_path: Path, size: int) -> None:
    frame = rows(80)
    want = one_process(frame.sort_values("v"), explainer(), tmp_path / "job", chunk_rows=23)
    assert by_task(frame, explainer(), size, tmp_path / "engine") == want


def test_a_row_that_fails_has_an_error_and_no_row_has_a_position(tmp_path: Path) -> None:
    task = Task(pack(explainer(Fails()).prepare()), "customer")
    found = task.of_table(arrow.Table.from_pandas(rows(50, bad=(3, 40)))).to_pylist()
    assert sorted(row["customer" if "customer" in row else "id"] for row in found if row["error"]) == ["c3", "c40"]
    assert [row["id"] for row in found] == rows(50)["customer"].tolist()
    assert {row["row"] for row in found} == {None}
    assert list(found[0]) == list(COLUMNS)


def test_stopping_names_the_ids(tmp_path: Path) -> None:
    task = Task(pack(explainer(Fails()).prepare(), on_error="stop"), "customer")
    with pytest.raises(ll.ModelCallError) as caught:
        task.of_table(arrow.Table.from_pandas(rows(20, bad=(3,))))
    assert "ids 'c" in " ".join(caught.value.__notes__)


class Frame:
    """As much of Dask's frame as is looked at before anything starts."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._meta = frame.iloc[:0]


@pytest.mark.parametrize(
    ("frame", "how", "said"),
    [
        (rows(5), {"id_column": "custmer"}, "id_column.*did you mean 'customer'"),
        (rows(5).drop(columns="kind"), {"id_column": "customer"}, "rows.*'kind'"),
        (
            rows(5).assign(v=pd.array(["3"] * 5, "string")),
            {"id_column": "customer"},
            "'v': expected a number.*of texts",
        ),
        (rows(5)[["customer"]], {"id_column": "customer"}, "columns beside the ids"),
        (rows(5), {"id_column": "customer", "on_error": "skip"}, "on_error"),
        (rows(5), {"id_column": "customer", "detail": "some"}, "detail"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(
    frame: pd.DataFrame, how: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limelight.jobs.engines.require", lambda name, extra: sys.modules.get(name) or pd)
    monkeypatch.setitem(sys.modules, "pyarrow", arrow)
    model = Model()
    with pytest.raises(ll.InputError, match=said):
        dask(Frame(frame), explainer(model), **how)
    assert model.rows == 0


def test_a_model_that_cannot_be_sent_is_said_before_anything_starts() -> None:
    pytest.importorskip("dask.dataframe", reason="dask is not installed: .ci/optional jobs-dask")
    lock = threading.Lock()
    made = ll.Explainer(lambda F: F["v"] + lock.locked(), ll.Tabular(table(), max_samples=512))
    with pytest.raises(ll.InputError, match="sent to other processes"):
        dask(Frame(rows(5)), made, id_column="customer")


# -- Dask -------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["threads", "processes"])
def dask_frames(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`dask.dataframe`, with partitions in threads of this process and in two others."""
    frames = pytest.importorskip("dask.dataframe", reason="dask is not installed: .ci/optional jobs-dask")
    if request.param == "threads":
        yield frames
        return
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    monkeypatch.setenv("PYTHONPATH", SOURCES)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
    ):
        yield frames


def test_dask_gives_the_bits_of_one_process(dask_frames: Any, tmp_path: Path) -> None:
    frame = rows(bad=(3, 200))
    for detail in ("weights", "full"):
        want = one_process(frame, explainer(Fails()), tmp_path / f"one {detail}", detail=detail)
        answer = dask(
            dask_frames.from_pandas(frame, npartitions=3), explainer(Fails()), id_column="customer", detail=detail
        )
        answer.to_parquet(tmp_path / detail)
        assert ll.jobs.digest(tmp_path / detail) == want
    assert len(ll.jobs.read(tmp_path / "weights")) == len(frame) - 2


def test_dask_explains_texts(dask_frames: Any, tmp_path: Path) -> None:
    made = ll.Explainer(loud, ll.Text())
    want = one_process(texts(), made, tmp_path / "one", "id")
    dask(dask_frames.from_pandas(texts(), npartitions=2), made, id_column="id").to_parquet(tmp_path / "out")
    assert ll.jobs.digest(tmp_path / "out") == want


# -- Spark ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: .ci/optional jobs-spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", SOURCES)
        try:
            started = (
                sql.SparkSession.builder.master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.memory", "1g")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", 2)
                .config("spark.sql.execution.arrow.maxRecordsPerBatch", 37)
                .getOrCreate()
            )
        except Exception as error:  # no Java, most likely
            pytest.skip(f"Spark does not start here: {error}")
        started.sparkContext.setLogLevel("ERROR")
        yield started
        started.stop()


@pytest.mark.parametrize("detail", ["weights", "full"])
def test_spark_gives_the_bits_of_one_process(session: Any, tmp_path: Path, detail: str) -> None:
    frame = rows(bad=(3, 200))
    want = one_process(frame, explainer(Fails()), tmp_path / "one", detail=detail)
    frame.to_parquet(tmp_path / "in.parquet")
    source = session.read.parquet(str(tmp_path / "in.parquet")).repartition(3)
    answer = spark(source, explainer(Fails()), id_column="customer", detail=detail)
    answer.write.parquet(str(tmp_path / "out"))
    assert ll.jobs.digest(tmp_path / "out") == want


def test_spark_explains_texts_and_answers_sql(session: Any, tmp_path: Path) -> None:
    made = ll.Explainer(loud, ll.Text())
    want = one_process(texts(), made, tmp_path / "one", "id")
    texts().to_parquet(tmp_path / "in.parquet")
    spark(session.read.parquet(str(tmp_path / "in.parquet")), made, id_column="id").write.parquet(str(tmp_path / "out"))
    assert ll.jobs.digest(tmp_path / "out") == want
    session.sql(ll.jobs.view(tmp_path / "out", dialect="spark"))
    found = session.sql("SELECT feature, count(*) AS n FROM reasons WHERE rank = 1 GROUP BY feature").collect()
    assert {row["feature"]: row["n"] for row in found if row["feature"] in ("good", "bad")} == {"good": 10, "bad": 5}


def test_spark_takes_a_frame_with_a_time_that_nobody_asks_about(session: Any, tmp_path: Path) -> None:
    frame = rows(60)
    want = one_process(frame, explainer(), tmp_path / "one")
    frame["at"] = pd.Timestamp("2026-01-01 12:00")
    spark(session.createDataFrame(frame), explainer(), id_column="customer").write.parquet(str(tmp_path / "out"))
    assert ll.jobs.digest(tmp_path / "out") == want
    frame["at"] += pd.to_timedelta(np.arange(60), "min")
    by_time = spark(session.createDataFrame(frame), explainer(), id_column="at").select("id", "error").collect()
    assert {row["id"] for row in by_time} == set(frame["at"].dt.to_pydatetime())
    assert {row["error"] for row in by_time} == {None}


def test_spark_says_what_cannot_work_before_it_starts(session: Any, tmp_path: Path) -> None:
    frame = session.createDataFrame(rows(5).drop(columns="kind"))
    with pytest.raises(ll.InputError, match="'kind'"):
        spark(frame, explainer(), id_column="customer")
    rows(5).to_csv(tmp_path / "in.csv", index=False)
    untyped = session.read.csv(str(tmp_path / "in.csv"), header=True)
    with pytest.raises(ll.InputError, match="'v': expected a number.*inferSchema"):
        spark(untyped, explainer(), id_column="customer")


# -- Ray --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def datasets() -> Iterator[Any]:
    """`ray.data`; two of four logical CPUs are left to read the rows."""
    library = pytest.importorskip("ray", reason="ray is not installed: .ci/optional jobs-ray")
    data = pytest.importorskip("ray.data", reason="ray[data] is not installed")
    library.init(
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=200 * 2**20,
        logging_level="ERROR",
        runtime_env={"env_vars": {"PYTHONPATH": SOURCES}},
    )
    yield data
    library.shutdown()


def test_ray_gives_the_bits_of_one_process(datasets: Any, tmp_path: Path) -> None:
    frame = rows(bad=(3, 200))
    want = one_process(frame, explainer(Fails()), tmp_path / "one")
    source = datasets.from_pandas(frame).repartition(3)
    ray(source, explainer(Fails()), id_column="customer", batch_rows=37).write_parquet(str(tmp_path / "out"))
    assert ll.jobs.digest(tmp_path / "out") == want


def test_ray_explains_texts_and_images_with_its_own_words_for_resources(datasets: Any, tmp_path: Path) -> None:
    made = ll.Explainer(loud, ll.Text())
    want = one_process(texts(), made, tmp_path / "one", "id")
    pool = datasets.ActorPoolStrategy(size=1)
    ray(datasets.from_pandas(texts()), made, id_column="id", num_cpus=1, compute=pool).write_parquet(
        str(tmp_path / "out")
    )
    assert ll.jobs.digest(tmp_path / "out") == want

    pictures = [np.full((16, 16), 20 * i, dtype=np.uint8) for i in range(6)]
    alone = ll.Explainer(bright, ll.Image(segments="grid")).explain_all(pictures)
    source = datasets.from_items([{"id": i, "image": picture} for i, picture in enumerate(pictures)])
    explained = ray(source, ll.Explainer(bright, ll.Image(segments="grid")), id_column="id", batch_rows=2)
    found = {row["id"]: row for row in explained.take_all()}
    assert [found[i]["prediction"] for i in range(6)] == [each.prediction[0] for each in alone]
    assert [len(found[i]["weight"]) for i in range(6)] == [len(each.features) for each in alone]


def test_ray_refuses_rows_that_know_no_columns(datasets: Any) -> None:
    with pytest.raises(ll.InputError, match="empty dataset"):
        ray(datasets.from_items([]), explainer(), id_column="customer")
