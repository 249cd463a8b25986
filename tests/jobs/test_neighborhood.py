"""What the model answered when a job began lies in its folder, in plain arrays, and is what later rows stand on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.jobs.neighborhood import NAME, install, missing, neighborhood_of, read, write
from limelight.jobs.running import run
from prepared_tables import Model, explainer, table

pytest.importorskip("pyarrow")
pytest.importorskip("loky")


def test_what_is_written_comes_back_to_the_bit_without_a_pickle(tmp_path: Path) -> None:
    ready = explainer(Model()).prepare(600)
    kept = neighborhood_of(ready)
    write(kept, tmp_path)
    again = read(tmp_path, explainer(Model()).prepare(600))
    assert again is not None
    assert again.keys() == kept.keys()
    for content, packed in kept.items():
        assert again[content].answers.tobytes() == packed.answers.tobytes()
        assert again[content].check == packed.check
        assert {key: value.tobytes() for key, value in again[content].held.items()} == {
            key: value.tobytes() for key, value in packed.held.items()
        }
    with np.load(tmp_path / NAME, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_an_explainer_says_what_the_kept_neighborhood_says(tmp_path: Path) -> None:
    ready = explainer(Model()).prepare(600)
    write(neighborhood_of(ready), tmp_path)
    other = explainer(Model(0.3)).prepare(600)  # another model: its own answers are replaced
    install(read(tmp_path, other) or {}, other._context)
    mine, theirs = (next(iter(each._context.pools.values())) for each in (other, ready))
    assert mine.Y.tobytes() == theirs.Y.tobytes()
    assert mine.held.keys() == theirs.held.keys()


def test_a_noisy_model_is_not_asked_for_another_neighborhood_when_a_job_goes_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    noisy = lambda X: X[:, 0] + rng.normal(0, 0.1, len(X))  # noqa: E731
    explaining = lambda: ll.Explainer(noisy, ll.Tabular(X, max_samples=2048), seed=0).prepare()  # noqa: E731
    run(explaining(), X[:20], tmp_path / "out", chunk_rows=10)
    (tmp_path / "out" / "part-000000000010.parquet").unlink()
    run(explaining(), X[:20], tmp_path / "out", chunk_rows=10)
    rows = ll.jobs.table(tmp_path / "out", ["weight", "condition"]).to_pylist()
    by_bins: dict[tuple[str, ...], set[tuple[float, ...]]] = {}
    for row in rows:
        by_bins.setdefault(tuple(row["condition"]), set()).add(tuple(row["weight"]))
    # rows of the same bins have the same weights, before and after
    assert len(by_bins) < 20
    assert all(len(weights) == 1 for weights in by_bins.values())


def test_a_damaged_file_is_refused_and_a_folder_without_one_goes_on(tmp_path: Path) -> None:
    run(explainer().prepare(600), table().iloc[:10], tmp_path / "out", chunk_rows=5)
    (tmp_path / "out" / NAME).write_bytes(b"torn")
    with pytest.raises(ll.InputError, match="was damaged"):
        run(explainer().prepare(600), table().iloc[:10], tmp_path / "out", chunk_rows=5)
    (tmp_path / "out" / NAME).unlink()
    (tmp_path / "out" / "part-000000000005.parquet").unlink()
    assert run(explainer().prepare(600), table().iloc[:10], tmp_path / "out", chunk_rows=5).explained == 5


def test_nothing_is_missing_where_all_was_answered_or_nothing_is_shared() -> None:
    assert missing(neighborhood_of(explainer(Model()).prepare(600))) == ""
    assert neighborhood_of(ll.Explainer(lambda texts: np.ones(len(texts)), ll.Text(), seed=0).prepare()) == {}
