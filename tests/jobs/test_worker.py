"""A worker explains a chunk; a row that cannot be explained costs that row only."""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.jobs.source import open_source
from limelight.jobs.worker import HOPELESS, YOUNG, Worker, one_line, pack, seldom_collected, worker_of
from limelight.rounds import packing
from prepared_tables import Model, explainer, table

pytest.importorskip("pyarrow")


class Picky(Model):
    """A model that fails where v is in a set, and answers NaN in another."""

    def __init__(self, *bad: float, nan: tuple[float, ...] = ()) -> None:
        super().__init__()
        self.bad, self.nan, self.calls = bad, nan, 0

    def __call__(self, F: pd.DataFrame) -> np.ndarray:
        self.calls += 1
        if F["v"].isin(self.bad).any():
            raise RuntimeError("cannot\nread this")
        return np.where(F["v"].isin(self.nan), np.nan, super().__call__(F))


def rows(n: int = 300, **cells: float) -> pd.DataFrame:
    """Rows of the table, some of whose v is set: r5=2.5 sets row 5."""
    found = table().iloc[:n].reset_index(drop=True)
    for name, value in cells.items():
        found.loc[int(name[1:]), "v"] = value
    return found


def done(frame: pd.DataFrame, model: Model | None = None, on_error: str = "record", detail: str = "weights"):
    """What a worker makes of a frame as one chunk."""
    ready = explainer(model).prepare()
    (chunk,) = open_source(frame, ready.modality).chunks(10_000)
    return Worker(pack(ready, on_error=on_error, detail=detail))(chunk)


def test_a_chunk_says_what_the_explainer_says() -> None:
    found = done(rows(20))
    assert (found.rows, found.failures, found.model_rows) == (20, 0, 21)
    assert found.table["prediction"].to_pylist() == [e.prediction[0] for e in explainer().explain_all(rows(20))]


@pytest.mark.parametrize("bad", [(0,), (7,), (299,), (3, 4), (0, 150, 299), tuple(range(140, 160))])
def test_rows_that_fail_are_recorded_and_the_others_are_what_they_are(bad: tuple[int, ...]) -> None:
    frame = rows(300, **{f"r{i}": 77.5 for i in bad})
    found = done(frame, Picky(77.5))
    whole = found.table.to_pylist()
    assert [row["row"] for row in whole] == list(range(300))
    assert [row["row"] for row in whole if row["error"]] == list(bad)
    assert {row["error"].split(":")[0] for row in whole if row["error"]} == {"ModelCallError"}
    assert "cannot read this" in next(row["error"] for row in whole if row["error"])
    good = [i for i in range(300) if i not in bad]
    expected = explainer().explain_all(frame.iloc[good])
    assert [whole[i]["prediction"] for i in good] == [e.prediction[0] for e in expected]
    assert found.failures == len(bad)


def test_a_few_bad_rows_cost_little() -> None:
    few = done(rows(600, r20=77.5, r400=77.5), Picky(77.5))
    # each bad row is narrowed down from where it was met, in rounds that look at hundreds of rows together
    assert few.model_rows - 600 < 2 * 3000


def test_an_answer_that_is_no_number_and_a_row_that_does_not_fit_are_recorded_too() -> None:
    frame = rows(30, r5=88.5).astype({"v": object})
    frame.loc[9, "v"] = "much"
    found = done(frame, Picky(nan=(88.5,)))
    errors = {row["row"]: row["error"] for row in found.table.to_pylist() if row["error"]}
    assert errors[5].startswith("ModelOutputError")
    assert errors[9].startswith("InputError")
    assert len(errors) == 2


@pytest.mark.parametrize("detail", ["weights", "full"])
def test_failures_stand_beside_both_details(detail: str) -> None:
    found = done(rows(5, r2=77.5), Picky(77.5), detail=detail)
    assert found.table["error"].is_valid().to_pylist() == [False, False, True, False, False]


def test_stop_ends_with_the_first_error() -> None:
    with pytest.raises(ll.ModelCallError, match="cannot") as caught:
        done(rows(30, r5=77.5), Picky(77.5), on_error="stop")
    assert any("rows 0 to 29" in note for note in caught.value.__notes__)


def test_a_model_that_fails_for_everything_ends_the_job() -> None:
    with pytest.raises(ll.ModelCallError):
        done(rows(HOPELESS, **{f"r{i}": 77.5 for i in range(HOPELESS)}), Picky(77.5))
    few = done(rows(5, **{f"r{i}": 77.5 for i in range(5)}), Picky(77.5))
    assert few.failures == 5


def test_values_outside_the_background_are_not_kept() -> None:
    frame = rows(40)
    frame["v"] = np.linspace(50, 60, 40)
    ready = explainer().prepare(600)
    worker = Worker(pack(ready))
    (chunk,) = open_source(frame, ready.modality).chunks(40)
    worker(chunk)
    (pool,) = worker._explainer._context.pools.values()
    assert all(which.how != "value" for which in pool.held)


def test_a_process_that_would_draw_otherwise_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = pack(explainer().prepare(600))
    monkeypatch.setattr(packing, "digest", lambda draws: b"other")
    with pytest.raises(ll.InputError, match="draws other rows than the one that prepared"):
        Worker(payload)


def test_a_process_keeps_its_worker() -> None:
    payload = pack(explainer().prepare(600))
    assert worker_of(payload) is worker_of(payload)


def test_what_cannot_be_sent_is_said(tmp_path) -> None:
    with (tmp_path / "log").open("w") as file:
        model = lambda F: (file.fileno(), np.zeros(len(F)))[1]  # noqa: E731
        ready = ll.Explainer(model, ll.Tabular(table()), seed=0).prepare(600)
        with pytest.raises(ll.InputError, match="expected a model and settings that can be sent"):
            pack(ready)


def test_an_error_is_one_line() -> None:
    assert one_line(ValueError("a\n  b")) == "ValueError: a b"


def test_cycles_are_looked_for_less_often_during_a_chunk_and_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyboardInterrupt), seldom_collected():
        assert gc.get_threshold() == (YOUNG, *before[1:])
        raise KeyboardInterrupt
    assert gc.get_threshold() == before
    gc.set_threshold(0)
    try:
        with seldom_collected():
            assert gc.get_threshold()[0] == 0  # whoever wants it off keeps it off
    finally:
        gc.set_threshold(*before)


@pytest.mark.parametrize("settings", [{}, {"kernel_width": "auto"}])  # rows that are fitted in stacks, and alone
@pytest.mark.parametrize(("detail", "drawn"), [("weights", False), ("full", True)])
def test_curves_are_computed_only_where_they_are_written(detail: str, drawn: bool, settings: dict[str, str]) -> None:
    worker = Worker(pack(explainer(**settings).prepare(), detail=detail))
    found = worker._explainer.explain(table().iloc[0])
    assert any(map(len, found.curves)) is drawn
    whole = explainer(**settings).explain(table().iloc[0])
    assert found.coef.tolist() == whole.coef.tolist()
    assert found.stderr.tolist() == whole.stderr.tolist()
    assert found.warnings == whole.warnings
