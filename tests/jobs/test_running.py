"""A job says what the explainer says, goes on where it stopped, and never mixes two jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight import files
from limelight.jobs import running
from limelight.jobs.running import retry, run, status
from prepared_tables import Model, explainer, table

pa = pytest.importorskip("pyarrow")
pytest.importorskip("loky")


def ready(model: Model | None = None, **settings: object) -> ll.Explainer:
    return explainer(model, **settings).prepare(600)


class Flaky(Model):
    """A model that fails for the rows of v beyond a bound, while it is down."""

    down = True

    def __call__(self, F: pd.DataFrame) -> np.ndarray:
        if self.down and (F["v"] > 1.5).any():
            raise RuntimeError("503")
        return super().__call__(F)


class Down(Model):
    """A model that answers nothing."""

    def __call__(self, F: pd.DataFrame) -> np.ndarray:
        raise RuntimeError("503")


class Center:
    """A model of texts that can be pickled."""

    def __call__(self, texts: list[str]) -> np.ndarray:
        return np.array([text.count("good") - text.count("bad") for text in texts], float)


@pytest.mark.parametrize("detail", ["weights", "full"])
def test_a_job_says_what_the_explainer_says(tmp_path: Path, detail: str) -> None:
    job = run(ready(), table().iloc[:60], tmp_path / "out", chunk_rows=25, detail=detail)
    assert (job.rows, job.failures, job.parts, job.complete, job.explained) == (60, 0, 3, True, 60)
    found = ll.jobs.read(job.out)
    expected = explainer().explain_all(table().iloc[:60])
    if detail == "full":
        assert found == expected
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.prediction.tolist() == theirs.prediction.tolist()
        assert mine.contributions == pytest.approx(theirs.contributions, rel=1e-6, abs=1e-12)


def test_the_answer_is_the_same_to_the_bit_however_it_was_cut(tmp_path: Path) -> None:
    rows = table().iloc[:60].assign(key=[f"k{i}" for i in range(60)])
    digests = set()
    for name, chunk_rows, n_jobs, shown in (
        ("one", 1, 1, rows),
        ("seven", 7, 1, rows),
        ("whole", 10_000, 1, rows),
        ("two", 13, 2, rows),
        ("shuffled", 20, 1, rows.sample(frac=1.0, random_state=0)),
    ):
        out = tmp_path / name
        run(ready(), shown, out, chunk_rows=chunk_rows, n_jobs=n_jobs, id_column="key", detail="full")
        digests.add(ll.jobs.digest(out))
    assert len(digests) == 1


def test_the_same_line_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    rows, out = table().iloc[:40], tmp_path / "out"
    run(ready(), rows, out, chunk_rows=10)
    whole = ll.jobs.digest(out)
    for name in ("part-000000000010.parquet", "part-000000000030.parquet", "_SUCCESS"):
        (out / name).unlink()
    assert str(status(out)) == f"{out}: 20 rows in 2 parts; not complete; run the same line to go on"
    job = run(ready(), rows, out, chunk_rows=10)
    assert (job.explained, job.rows, job.complete) == (20, 40, True)
    assert ll.jobs.digest(out) == whole
    assert run(ready(), rows, out, chunk_rows=10).explained == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tolerance": 0.2}, "settings.tolerance"),
        ({"chunk_rows": 20}, "chunk_rows"),
        ({"detail": "full"}, "detail"),
        ({"id_column": "kind"}, "id_column"),
        ({"n": 700}, "neighborhood"),
    ],
)
def test_another_job_is_refused_and_what_differs_is_named(tmp_path: Path, change: dict, said: str) -> None:
    rows, out = table().iloc[:10], tmp_path / "out"
    run(ready(), rows, out, chunk_rows=10)
    options = {"chunk_rows": 10, **{k: v for k, v in change.items() if k in ("chunk_rows", "detail", "id_column")}}
    other = explainer(**{k: v for k, v in change.items() if k == "tolerance"}).prepare(change.get("n", 600))
    with pytest.raises(ll.InputError, match=f"holds another job; it differs in {said}"):
        run(other, rows, out, **options)


def test_another_model_is_refused(tmp_path: Path) -> None:
    rows, out = table().iloc[:10], tmp_path / "out"
    run(ready(), rows, out)
    with pytest.raises(ll.InputError, match="holds explanations of another model"):
        run(ready(Model(0.06)), rows, out)
    # the same up to rounding, as after loading it again on another machine
    assert run(ready(Model(0.05 + 1e-9)), rows, out).complete


TEXTS = ["a good film", "a bad film", "good plot good cast", "dull", "good", "so so"]


class Words:
    """Counts a word, as often as it is liked; `noise` is a model's of its own."""

    def __init__(self, liked: float, noise: float = 0.0) -> None:
        self.liked, self.noise, self.asked = liked, noise, 0
        self.rng = np.random.default_rng(0)

    def __call__(self, texts: list[str]) -> np.ndarray:
        self.asked += len(texts)
        return np.array([self.liked * each.count("good") for each in texts]) + self.noise * self.rng.normal(
            size=len(texts)
        )


@pytest.mark.parametrize("parts", [1, 3])
def test_another_model_is_refused_where_instances_share_no_neighborhood(tmp_path: Path, parts: int) -> None:
    out = tmp_path / "out"

    def again(model: Words) -> ll.jobs.Job:
        return run(ll.Explainer(model, ll.Text(), n_samples=16), TEXTS, out, chunk_rows=2)

    again(Words(1.0))
    for part in sorted(out.glob("*.parquet"))[parts:]:
        part.unlink()
    before = {path.name: path.read_bytes() for path in out.glob("*.parquet")}
    for other in (Words(-1.0), Words(1.001)):
        with pytest.raises(ll.InputError, match="holds explanations of another model"):
            again(other)
        with pytest.raises(ll.InputError, match="holds explanations of another model"):
            retry(ll.Explainer(other, ll.Text(), n_samples=16), TEXTS, out)
    assert {path.name: path.read_bytes() for path in out.glob("*.parquet")} == before
    same = Words(1.0 + 1e-9)
    assert again(same).complete
    assert again(same).explained == 0


def test_a_model_known_again_by_four_instances_is_asked_no_more_of_them(tmp_path: Path) -> None:
    model = Words(1.0)
    explainer = ll.Explainer(model, ll.Text(), n_samples=16)
    run(explainer, TEXTS, tmp_path / "out")
    model.asked = 0
    run(explainer, TEXTS, tmp_path / "out")
    assert model.asked == 4


def test_a_noisy_model_is_not_taken_for_another_one(tmp_path: Path) -> None:
    for seed in (0, 1):
        model = Words(1.0, noise=0.3)
        model.rng = np.random.default_rng(seed)
        assert run(ll.Explainer(model, ll.Text(), n_samples=16), TEXTS, tmp_path / "out").complete


def test_rows_whose_columns_move_together_come_as_those_of_any_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"v": rng.normal(size=80), "zip": [f"{i % 7:03d}" for i in range(80)]})
    rows = data.head(6).assign(id=[f"r{i}" for i in range(6)], note="x")
    rows.to_csv(tmp_path / "rows.csv", index=False)

    def model(frame: pd.DataFrame) -> np.ndarray:
        assert frame["zip"].str.len().eq(3).all()  # leading zeros are no numbers
        return frame["v"].to_numpy()

    explainer = ll.Explainer(model, ll.Conditional(data), n_samples=64)
    for number, given in enumerate((rows, rows[["zip", "note", "id", "v"]], tmp_path / "rows.csv")):
        job = run(explainer, given, tmp_path / str(number), id_column="id")
        assert (job.rows, job.failures) == (6, 0)
        found = ll.jobs.read(job.out)
        assert found[3].prediction == pytest.approx([data["v"][3]])
    alone = ll.Explainer(lambda frame: frame["v"].to_numpy(), ll.Conditional(data[["v"]]), n_samples=64)
    assert run(alone, data[["v"]].head(3), tmp_path / "one").failures == 0


def test_a_file_in_the_folder_s_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a letter", encoding="utf-8")
    for out in ("mine", "mine/below"):
        with pytest.raises(ll.InputError, match="expected a folder"):
            run(ll.Explainer(Words(1.0), ll.Text(), n_samples=16), TEXTS, tmp_path / out)
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "a letter"


def test_other_rows_are_refused(tmp_path: Path) -> None:
    rows, out = table().iloc[:40].reset_index(drop=True), tmp_path / "out"
    run(ready(), rows, out, chunk_rows=10)
    changed = rows.copy()
    changed.loc[25, "v"] = 9.0
    for other in (changed, pd.concat([rows.iloc[5:], rows.iloc[:5]]), rows.iloc[:35]):
        with pytest.raises(ll.InputError, match="the source has changed since"):
            run(ready(), other, out, chunk_rows=10)
    with pytest.raises(ll.InputError, match="has fewer rows"):
        run(ready(), rows.iloc[:20], out, chunk_rows=10)


def test_rows_that_were_added_are_explained(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(ready(), table().iloc[:20], out, chunk_rows=10)
    job = run(ready(), table().iloc[:35], out, chunk_rows=10)
    assert (job.explained, job.rows) == (15, 35)


def test_rows_that_failed_are_tried_again_and_the_others_are_not(tmp_path: Path) -> None:
    model, rows, out = Flaky(), table().iloc[:40], tmp_path / "out"
    model.down = False
    prepared = explainer(model).prepare()
    model.down = True
    bad = int((rows["v"] > 1.5).sum())
    job = run(prepared, rows, out, chunk_rows=10)
    assert (job.failures, job.rows) == (bad, 40)
    assert f"{bad:,} failed" in str(job)
    again = retry(prepared, rows, out)
    assert (again.failures, again.explained) == (bad, 0)
    model.down = False
    mended = retry(prepared, rows, out)
    assert (mended.failures, mended.explained, mended.complete) == (0, bad, True)
    assert ll.jobs.digest(out) == ll.jobs.digest(run(explainer().prepare(), rows, tmp_path / "new", chunk_rows=10).out)
    assert run(prepared, rows, out, chunk_rows=10).explained == 0


def test_what_is_tried_again_stands_on_the_neighborhood_of_the_others(tmp_path: Path) -> None:
    """A model that is partly down when the job begins does not answer some rows of the neighborhood either."""
    model, rows, out = Flaky(), table().iloc[:40], tmp_path / "out"
    prepared = explainer(model).prepare()
    job = run(prepared, rows, out, chunk_rows=10)
    assert job.failures == int((rows["v"] > 1.5).sum()) > 0
    assert "did not answer" in job.note and job.note in str(status(out))
    model.down = False
    mended = retry(explainer(model).prepare(), rows, out)
    assert (mended.failures, mended.note) == (0, job.note)
    said = {" ".join(each.provenance.warnings) for each in ll.jobs.read(out)}
    assert all("no answer to" in each for each in said)
    same = run(prepared, rows, tmp_path / "same", chunk_rows=10)
    assert ll.jobs.digest(out) == ll.jobs.digest(same.out)
    anew = run(explainer(model).prepare(), rows, tmp_path / "anew", chunk_rows=10)
    assert anew.note == ""
    assert ll.jobs.digest(out) != ll.jobs.digest(anew.out)


def test_a_part_of_nothing_but_failures_says_what_is_shared_once_it_is_mended(tmp_path: Path) -> None:
    model, rows, out = Flaky(), table().iloc[:40].sort_values("v"), tmp_path / "out"
    model.down = False
    prepared = explainer(model).prepare()
    model.down = True
    assert run(prepared, rows.iloc[-1:], out).failures == 1
    model.down = False
    retry(prepared, rows.iloc[-1:], out)
    (one,) = ll.jobs.read(out)
    assert one.provenance.settings["tolerance"] == 0.05


def test_stop_keeps_the_chunks_before(tmp_path: Path) -> None:
    model, rows, out = Flaky(), table().iloc[:40].sort_values("v"), tmp_path / "out"
    model.down = False
    prepared = explainer(model).prepare()
    model.down = True
    with pytest.raises(ll.ModelCallError):
        run(prepared, rows, out, chunk_rows=10, on_error="stop")
    assert list(running.Folder(out).parts()) == [0, 10, 20]
    assert not status(out).complete


def test_a_full_disk_loses_the_chunk_in_hand_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, out = table().iloc[:40], tmp_path / "out"
    true, written = files.os.fsync, []

    def fills(number: int) -> None:
        written.append(number)
        if len(written) > 8:  # a neighborhood, a manifest and parts, each with its folder
            raise OSError(28, "No space left on device")
        true(number)

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", fills)
        with pytest.raises(OSError, match="No space left"):
            run(ready(), rows, out, chunk_rows=10)
    assert list(running.Folder(out).parts()) == [0, 10]
    assert run(ready(), rows, out, chunk_rows=10).explained == 20


def test_a_failing_model_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ll.ModelCallError, match="503"):
        run(explainer(Down()), table(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_texts_make_a_job_too(tmp_path: Path) -> None:
    texts = pd.DataFrame({"key": list("abc"), "said": ["good film", "bad film", "a good good film"]})
    explaining = ll.Explainer(Center(), ll.Text(), seed=0)
    job = run(explaining, texts, tmp_path / "out", id_column="key", chunk_rows=2, detail="full")
    assert ll.jobs.read(job.out) == explaining.explain_all(texts["said"].tolist())
    assert ll.jobs.table(job.out, ["id"]).column("id").to_pylist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"chunk_rows": 0}, "chunk_rows: expected a whole number from 1, got 0"),
        ({"n_jobs": -1}, "n_jobs: expected"),
        ({"n_jobs": True}, "n_jobs: expected"),
        ({"on_error": "skip"}, "on_error: unknown name 'skip'"),
        ({"detail": "all"}, "detail: unknown name 'all'"),
    ],
)
def test_arguments_are_checked_before_anything_is_asked(tmp_path: Path, options: dict, said: str) -> None:
    model = Model()
    with pytest.raises(ll.InputError, match=said):
        run(explainer(model), table(), tmp_path / "out", **options)
    assert model.rows == 0


def test_status_and_retry_need_a_job(tmp_path: Path) -> None:
    for ask in (lambda: status(tmp_path), lambda: retry(explainer(), table(), tmp_path)):
        with pytest.raises(ll.InputError, match="holds no job"):
            ask()


def test_no_rows_are_a_complete_job(tmp_path: Path) -> None:
    job = run(ready(), table().iloc[:0], tmp_path / "out")
    assert (job.rows, job.parts, job.complete) == (0, 0, True)
