"""What instances share is asked once, and no explanation depends on that."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import limelight as ll
from limelight.rounds.preparing import rare_bins
from prepared_tables import Model, explainer, only_pool, table


def test_a_prepared_explainer_says_what_one_says_that_is_not() -> None:
    rows = table().iloc[:60]
    assert explainer().prepare().explain_all(rows) == explainer().explain_all(rows)


def test_preparing_asks_the_budget_and_every_rare_bin_and_leaves_the_counters_at_zero() -> None:
    ready = explainer().prepare()
    pool = only_pool(ready)
    assert pool.n == 4096
    # flag: True in it, False out of it (all but 2 in 1,000); kind: "c"
    assert {(which.coordinate, which.how) for which in pool.held} == {(0, "in"), (0, "out"), (1, "in")}
    assert {part.n for part in pool.held.values()} == {256}
    caller = ready._context.caller
    assert (caller.rows, caller.calls, caller.seconds) == (0, 0, 0.0)


def test_a_row_of_a_prepared_table_costs_that_row_and_the_one_that_tells_whether_the_model_has_changed() -> None:
    model = Model()
    ready = explainer(model).prepare()
    before = model.rows
    found = ready.explain_all(table())
    assert model.rows - before == len(found) + 2  # 1,000 rows in two rounds of 512, each with one row asked again
    assert sum(each.provenance.cost.model_rows for each in found) == len(found) + 2


def test_the_explainer_that_is_prepared_stays_as_it_was() -> None:
    before = explainer()
    before.prepare()
    assert not before._context.pools


def test_n_bounds_what_is_asked_and_changes_no_explanation() -> None:
    model = Model()
    ready = explainer(model).prepare(700)
    assert only_pool(ready).n == 700
    assert model.rows < 700 + 16 + 3 * 64 + 1
    rows = table().iloc[:5]
    assert ready.explain_all(rows) == explainer().explain_all(rows)


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "all"])
def test_n_is_a_number_of_rows(n: object) -> None:
    with pytest.raises(ll.InputError, match="n: expected a number of rows from 1"):
        explainer().prepare(n)  # type: ignore[arg-type]


def test_n_is_refused_where_nothing_is_shared() -> None:
    with pytest.raises(ll.InputError, match="n: has no effect here"):
        explainer(fresh=True).prepare(100)
    assert not explainer(fresh=True).prepare()._context.pools


@pytest.mark.parametrize("options", [{"contrast": "value"}, {"bins": None, "around": "instance"}])
def test_tables_whose_rows_have_their_own_neighborhoods_share_nothing(options: dict) -> None:
    modality = ll.Tabular(table()[["v"]], **options)
    model = lambda F: F["v"].to_numpy()  # noqa: E731
    ready = ll.Explainer(model, modality, seed=0).prepare()
    assert not ready._context.pools
    with pytest.raises(ll.InputError, match="n: has no effect"):
        ll.Explainer(model, modality, seed=0).prepare(100)


def test_texts_share_nothing_and_can_be_prepared() -> None:
    ready = ll.Explainer(lambda texts: np.array([len(text) for text in texts], float), ll.Text(), seed=0).prepare()
    assert ready.explain("a bb").targets == ("output",)


def test_noise_is_found_while_preparing() -> None:
    ready = explainer(Model(flips=0.2)).prepare(1024)
    assert only_pool(ready).repeats == 2
    assert only_pool(explainer().prepare(1024)).repeats == 1


def test_more_rare_bins_than_rows_are_left_to_who_needs_them() -> None:
    wide = pd.DataFrame({"code": [f"c{i % 400}" for i in range(4000)]})
    model = lambda F: np.asarray(F["code"] == "c7", float)  # noqa: E731
    ready = ll.Explainer(model, ll.Tabular(wide, max_samples=2048), seed=0).prepare()
    pool = only_pool(ready)
    assert len(rare_bins(pool)) == len(pool.held) == 2048 // 128
    assert ready.explain(wide.iloc[399]) == ll.Explainer(model, ll.Tabular(wide, max_samples=2048), seed=0).explain(
        wide.iloc[399]
    )


def test_a_model_that_fails_says_so() -> None:
    def broken(F: pd.DataFrame) -> np.ndarray:
        raise RuntimeError("no such host")

    with pytest.raises(ll.ModelCallError, match="no such host"):
        ll.Explainer(broken, ll.Tabular(table()), seed=0).prepare()


# -- fingerprints -----------------------------------------------------------------------------------------------------


def test_equal_explainers_have_equal_fingerprints_and_a_copy_keeps_its_own() -> None:
    ready = explainer().prepare()
    assert ready.fingerprint == explainer().prepare().fingerprint == pickle.loads(pickle.dumps(ready)).fingerprint


def test_another_model_setting_seed_or_background_has_another() -> None:
    known = {
        explainer().prepare().fingerprint,
        explainer(Model(0.06)).prepare().fingerprint,
        explainer(tolerance=0.1).prepare().fingerprint,
        explainer().with_settings(seed=1).prepare().fingerprint,
        ll.Explainer(Model(), ll.Tabular(table(900), max_samples=4096), seed=0).prepare().fingerprint,
        explainer().fingerprint,
    }
    assert len(known) == 6


def test_the_size_of_batches_is_not_in_it() -> None:
    assert explainer(batch_size=100).prepare().fingerprint == explainer().prepare().fingerprint


SERIES = np.random.default_rng(0).normal(size=(8, 20))
GRID = np.arange(16).reshape(4, 4)
COUNTS = (np.random.default_rng(1).random((40, 5)) < 0.4) * 1.0
PAIRED = np.stack([np.arange(60.0), np.arange(60.0)], axis=1)
WORDS = pd.DataFrame({"text": ["good", "bad", "so so"] * 10, "n": np.arange(30.0)})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: ll.TimeSeries(background=SERIES, fill="swap"), lambda: ll.TimeSeries(background=-SERIES, fill="swap")),
        (lambda: ll.TimeSeries(windows=np.arange(20) // 5), lambda: ll.TimeSeries(windows=np.arange(20) // 4)),
        (lambda: ll.Image(segments=GRID), lambda: ll.Image(segments=GRID.T.copy())),
        (lambda: ll.Image(fill=np.zeros((4, 4, 3))), lambda: ll.Image(fill=np.ones((4, 4, 3)))),
        (lambda: ll.Tabular(csr_matrix(COUNTS)), lambda: ll.Tabular(csr_matrix(2 * COUNTS))),
        # the same columns, but other values in one row
        (lambda: ll.Conditional(PAIRED), lambda: ll.Conditional(np.stack([PAIRED[:, 0], PAIRED[::-1, 1]], axis=1))),
        (
            lambda: ll.Composite(WORDS, {"text": ll.Text()}, against="background"),
            lambda: ll.Composite(WORDS.assign(n=3 * WORDS["n"] - 29.0), {"text": ll.Text()}, against="background"),
        ),
    ],
)
def test_another_background_of_any_kind_of_data_has_another_and_an_equal_one_the_same(one, other) -> None:
    def known(made) -> str:
        return ll.Explainer(len, made()).prepare().fingerprint

    assert known(one) == known(one) != known(other)


def test_series_that_are_swapped_can_be_prepared_and_made_a_job_of(tmp_path) -> None:
    def asked(background: np.ndarray) -> ll.Explainer:
        made = ll.TimeSeries(background=background, fill="swap", windows=4)
        return ll.Explainer(lambda many: many[:, :5].mean(axis=1), made, n_samples=64)

    made = asked(SERIES)
    assert made.prepare().explain(SERIES[0]) == made.explain(SERIES[0])
    job = ll.jobs.run(made, list(SERIES[:4]), tmp_path / "job")
    assert (job.rows, job.failures) == (4, 0)
    with pytest.raises(ll.InputError, match="another job; it differs in modality"):
        ll.jobs.run(asked(2 * SERIES), list(SERIES[:4]), tmp_path / "job")


def test_a_fingerprint_is_the_same_in_another_process() -> None:
    made = "ll.Conditional(pd.DataFrame({'n': np.arange(60.0), 'k': ['a', 'b', None] * 20}))"
    line = f"import numpy as np, pandas as pd, limelight as ll; print(ll.Explainer(len, {made}).fingerprint)"
    found = {
        subprocess.run(
            [sys.executable, "-c", line],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
