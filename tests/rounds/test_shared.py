"""Draws that all rows of a table share, and the few more that rare values need."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.rounds.encoded import SharedSource, rare_values, replicate_order
from limelight.rounds.shared import Held, HeldDraws, Pending, SharedDraws, held_points, held_rows

SHARES = np.array([0.3, 0.45, 0.04, 0.21])


def table(n: int = 4000) -> pd.DataFrame:
    """A flag of 1 in 1000, a category whose last value is rare, a number, a constant."""
    rng = np.random.default_rng(0)
    flag = np.zeros(n, bool)
    flag[: n // 1000] = True
    kind = np.array(["a", "b", "c"])[rng.choice(3, n, p=[0.6, 0.37, 0.03])]
    return pd.DataFrame({"flag": flag, "kind": kind, "v": rng.normal(size=n), "same": "x"})


@cache
def tabular(*columns: str) -> ll.Tabular:
    """The table's background, of some columns; read once for all tests."""
    return ll.Tabular(table()[list(columns)] if columns else table())


def model(F: pd.DataFrame) -> np.ndarray:
    return 0.9 * F["flag"] + 0.4 * (F["kind"] == "c") + 0.05 * (F["v"] > 0)


class Recorder:
    """A model that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[pd.DataFrame] = []

    def __call__(self, F: pd.DataFrame) -> np.ndarray:
        self.asked.append(F.copy())
        return np.asarray(model(F), float)

    @property
    def rows(self) -> int:
        return sum(map(len, self.asked))


def source_of(row: dict, background: ll.Tabular, *, n: int = 600, seed: int = 0, answer=model) -> SharedSource:
    """One row's view of n shared draws, asked and answered."""
    one = background.represent(row, np.random.default_rng(0))
    source = SharedSource(one, SharedDraws(one.background, seed, "sobol", one.background.content))
    ask(source, n, answer)
    return source


def ask(source: SharedSource, n: int, answer=model) -> list[int]:
    drawn: list[Pending] = []
    asked = [np.asarray(answer(inputs), float) for inputs in source.draws.request(n, source.wanted(n), drawn)]
    source.draws.receive(np.concatenate(asked)[:, None], drawn)
    return [len(each) for each in asked]


ORDINARY = {"flag": False, "kind": "a", "v": 0.1, "same": "x"}
FLAGGED = {**ORDINARY, "flag": True}
RARE_KIND = {**ORDINARY, "kind": "c"}
BOTH = {**FLAGGED, "kind": "c"}


# ----------------------------------------------------------------------------------------------- draws made on purpose


@pytest.mark.parametrize(("n", "rows"), [(1, 64), (1023, 64), (1024, 128), (4095, 128), (4096, 256), (100_000, 256)])
def test_a_rare_bin_gets_more_draws_where_there_are_more_shared_ones(n, rows):
    assert held_rows(n) == rows


@pytest.mark.parametrize("code", [0, 1, 2, 3])
@pytest.mark.parametrize("inside", [True, False])
def test_held_points_lie_in_the_bin_or_out_of_it_and_elsewhere_as_they_were(code, inside):
    U = np.random.default_rng(1).random((4000, 3))
    U[:2, 1] = [1e-9, 1 - 1e-9]
    kept = U.copy()
    share = SHARES[code] if inside else 1 - SHARES[code]
    moved = held_points(U, 1, SHARES, code, inside=inside, share=share)
    np.testing.assert_array_equal(U, kept)
    np.testing.assert_array_equal(moved[:, [0, 2]], U[:, [0, 2]])
    assert moved.min() >= 0
    assert moved.max() < 1
    found = np.searchsorted(np.cumsum(SHARES)[:-1], moved[:, 1], side="right")
    assert ((found == code) == inside).all()
    # uniform over what it is held to, and in the order of what it was
    law = np.bincount(found, minlength=4) / 4000
    expected = np.where((np.arange(4) == code) == inside, SHARES, 0.0) / share
    np.testing.assert_allclose(law, expected, atol=0.03)
    assert (np.diff(moved[np.argsort(U[:, 1]), 1]) > 0).all()


def test_places_inside_the_bin_follow_the_point():
    moved = held_points(np.array([[0.25]]), 0, SHARES, 1, inside=True, share=0.45)
    assert moved[0, 0] == pytest.approx(0.3 + 0.25 * 0.45)
    out = held_points(np.array([[0.25], [0.75]]), 0, SHARES, 1, inside=False, share=0.55)
    assert out.ravel() == pytest.approx([0.25 * 0.55, 0.75 * 0.55 + 0.45])


def test_rare_values_come_first_then_by_column_and_absent_ones_before_all():
    shares = ([0.96, 0.04], [0.04, 0.96], [0.05, 0.95], [0.051, 0.949], [1.0, 0.0], [0.5, 0.5], [0.01, 0.99])
    draws = SimpleNamespace(background=SimpleNamespace(probabilities=tuple(map(np.array, shares))))
    own = np.array([1, 1, 0, 0, 0, -1, 0])
    found = rare_values(SimpleNamespace(own=own, outside={5: ("new",)}), draws)
    assert found == (Held(5, "value", ("new",)), Held(6, "in", 0), Held(0, "in", 1), Held(1, "out", 1))


def test_where_codes_are_not_discrete_nothing_is_rare():
    draws = SimpleNamespace(background=SimpleNamespace(probabilities=None))
    assert rare_values(SimpleNamespace(own=np.zeros(2), outside={}), draws) == ()


def test_no_more_rows_are_held_than_are_shared_but_one_bin_always_is():
    source = source_of(BOTH, tabular())
    assert [each.coordinate for each in source.held(600)] == [0, 1]
    assert [each.coordinate for each in source.held(100)] == [0]
    assert [each.coordinate for each in source.held(64 * 2)] == [0, 1]
    assert len(source.held(3)) == 1
    unheld = SharedSource(source.representation, source.draws, hold=False)
    assert unheld.held(600) == ()


def test_held_draws_hold_one_coordinate_and_the_shared_ones_do_not():
    source = source_of(BOTH, tabular())
    flag, kind = source.parts(600)
    own = source.representation.own
    assert (flag.codes[:, 0] == own[0]).all()
    assert (kind.codes[:, 1] == own[1]).all()
    assert 0.3 < (flag.codes[:, 1] == 0).mean() < 0.9
    assert (flag.n, kind.n) == (64, 64)
    assert flag.share == pytest.approx(0.001)
    frequent = source_of(ORDINARY, tabular())
    (out,) = frequent.parts(600)
    assert out.held.how == "out"
    assert (out.codes[:, 0] != frequent.representation.own[0]).all()
    assert out.share == pytest.approx(0.001)


# ------------------------------------------------------------------------------------------------------ what rows weigh


def test_rows_of_the_mixture_weigh_one_over_their_density():
    source, n = source_of(BOTH, tabular()), 600
    sample = source.sample(n, np.array([0]))
    density = np.full(len(sample.Z), float(n))
    for part in source.parts(n):
        density += sample.Z[:, part.held.coordinate] * part.n / part.share
    np.testing.assert_allclose(sample.design, 1 / density)
    assert sample.Z.shape == (728, 4)
    frequent = source_of(ORDINARY, tabular())
    sample, (out,) = frequent.sample(n, np.array([0])), frequent.parts(n)
    np.testing.assert_allclose(1 / sample.design, n + (1 - sample.Z[:, 0]) * out.n / out.share)


def test_the_mixture_integrates_to_one_and_knows_the_shares_of_rare_values():
    """Over 40 seeds: Σ weights, Σ weights · [rare], Σ weights · [both rare]."""
    frame, found = table(), []
    for seed in range(40):
        sample = source_of(BOTH, tabular(), n=256, seed=seed).sample(256, np.array([0]))
        Z, design = sample.Z, sample.design
        found.append([design.sum(), design @ Z[:, 0], design @ Z[:, 1], design @ (Z[:, 0] * Z[:, 1])])
    kind = float((frame["kind"] == "c").mean())
    truth = np.array([1.0, 0.001, kind, 0.001 * kind])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(40)
    assert (np.abs(mean - truth) < 4 * error + 1e-12).all()


def test_without_rare_values_all_rows_weigh_the_same():
    sample = source_of({"kind": "a", "v": 0.1}, tabular("kind", "v"), answer=lambda F: F["v"]).sample(
        600, np.array([0])
    )
    assert (sample.design == 1 / 600).all()


def test_rows_with_an_absent_value_are_those_that_have_it_and_weigh_a_millionth():
    source = source_of({**ORDINARY, "kind": "z"}, tabular())
    value, _ = source.parts(600)
    assert (value.held.how, value.share, value.averaged) == ("value", 0.0, 1)
    sample = source.sample(600, np.array([0]))
    assert (sample.Z[600:664, 1] == 1).all()
    assert (sample.Z[:600, 1] == 0).all()
    assert (sample.Z[664:, 1] == 0).all()
    assert sample.design[600:664].sum() == pytest.approx(1e-6)
    assert np.delete(sample.design, np.s_[600:664]).sum() == pytest.approx(1.0, abs=0.1)


def test_held_rows_fall_into_replicates_block_by_block():
    source = source_of(BOTH, tabular())
    order = source.sample(600, np.array([0])).order
    for start, stop in ((0, 600), (600, 664), (664, 728)):
        for r in range(8):
            mine = order[r][(order[r] >= start) & (order[r] < stop)]
            assert mine.tolist() == list(range(start + r, stop, 8))
    assert replicate_order(5, (3, 1), 2).tolist() == [[0, 2, 4, 5, 7, 8], [1, 3, -1, 6, -1, -1]]


# ----------------------------------------------------------------------------------------------- the weights they make


def test_a_value_of_one_in_a_thousand_is_unbiased_and_its_interval_covers():
    """Truth .9 whatever else happens; noise in the answers, so that nothing is exact."""
    truth, found = 0.9, []
    for seed in range(40):
        rng = np.random.default_rng(seed)

        def noisy(F, rng=rng):
            return 0.9 * F["flag"] + 0.05 * (F["v"] > 0) + 0.05 * rng.normal(size=len(F))

        explainer = ll.Explainer(noisy, tabular("flag", "v"), seed=seed, n_samples=512, replicates=1)
        explanation = explainer.explain({"flag": True, "v": 0.3})
        found.append((explanation.coef[0, 0], explanation.stderr[0, 0]))
    coef, stderr = np.array(found).T
    assert abs(coef.mean() - truth) < 4 * coef.std(ddof=1) / np.sqrt(40)
    assert (np.abs(coef - truth) <= 1.96 * stderr).mean() >= 0.85
    assert 0.7 < np.sqrt(np.square(stderr).mean()) / coef.std(ddof=1) < 1.8


@pytest.mark.parametrize("share", [0.0002, 0.01, 0.04])
def test_rare_values_of_any_share_have_their_weight(share):
    rng = np.random.default_rng(3)
    flag = np.zeros(10_000, bool)
    flag[: int(share * 10_000)] = True
    frame = pd.DataFrame({"flag": flag, "v": rng.normal(size=10_000)})
    explainer = ll.Explainer(lambda F: 0.9 * F["flag"] + 0.05 * (F["v"] > 0), ll.Tabular(frame), seed=0)
    for flag, truth in ((True, 0.9), (False, -0.9)):
        explanation = explainer.explain({"flag": flag, "v": 0.3})
        assert explanation.coef[0, 0] == pytest.approx(truth, abs=2e-3)
        # neither certain nor as wide as if the one draw with the value, or none, had been all that is known
        assert explanation.stderr[0, 0] < 4e-3


@pytest.mark.parametrize(
    ("row", "column", "truth"),
    [
        ({"kind": "z", "v": 0.1}, "kind", 2.0),
        ({"kind": "a", "v": 50.0}, "v", 5.0 - 0.05),
        ({"kind": None, "v": 0.1}, "kind", 3.0),
    ],
)
def test_a_value_that_the_background_never_shows_has_the_weight_that_it_has(row, column, truth):
    def told(F: pd.DataFrame) -> np.ndarray:
        outside = np.where(F["v"] > 10, 5.0, 0.1 * (F["v"] > 0))
        return outside + 2.0 * (F["kind"] == "z") + 3.0 * F["kind"].isna()

    explanation = ll.Explainer(told, tabular("kind", "v"), seed=0).explain(row)
    at = [feature.where.key for feature in explanation.features].index(column)
    assert explanation.coef[0, at] == pytest.approx(truth, abs=0.01)
    other = explanation.coef[0, 1 - at]
    alone = ll.Explainer(told, tabular("kind", "v"), seed=0).explain({"kind": "a", "v": 0.1})
    assert other == pytest.approx(alone.coef[0, 1 - at], abs=0.02)


# ------------------------------------------------------------------------------------- the same for everybody, for ever


def test_more_rows_begin_with_the_same_rows_also_held_ones():
    grown, whole = source_of(BOTH, tabular(), n=600), source_of(BOTH, tabular(), n=1500)
    assert ask(grown, 1500) == [900, 64, 64]
    assert grown.has(1500)
    for short, long in zip(grown.parts(1500), whole.parts(1500), strict=True):
        np.testing.assert_array_equal(short.U, long.U)
        np.testing.assert_array_equal(short.codes, long.codes)
        np.testing.assert_array_equal(short.Y, long.Y)
    np.testing.assert_array_equal(grown.draws.codes, whole.draws.codes)
    np.testing.assert_array_equal(grown.draws.Y, whole.draws.Y)
    first = source_of(BOTH, tabular(), n=600)
    np.testing.assert_array_equal(first.draws.U, whole.draws.U[:600])
    for short, long in zip(first.parts(600), whole.parts(1500), strict=True):
        np.testing.assert_array_equal(short.U, long.U[:64])


def test_held_draws_differ_from_the_first_shared_ones_in_the_held_column_alone():
    source = source_of(BOTH, tabular())
    flag, kind = source.parts(600)
    shared = source.draws.U[:64]
    np.testing.assert_array_equal(flag.U[:, 1:], shared[:, 1:])
    np.testing.assert_array_equal(kind.U[:, [0, 2, 3]], shared[:, [0, 2, 3]])
    assert (kind.U[:, 1] != shared[:, 1]).any()


def test_another_seed_draws_other_rows():
    one, other = source_of(BOTH, tabular()), source_of(BOTH, tabular(), seed=1)
    assert not (one.draws.U == other.draws.U).any()
    assert not np.isin(one.parts(600)[0].U[:, 2], other.parts(600)[0].U[:, 2]).any()


def test_a_request_asks_only_for_what_is_missing():
    source = source_of(FLAGGED, tabular())
    assert source.has(600)
    assert not source.has(601)
    assert list(source.draws.request(600, source.wanted(600), [])) == []
    other = SharedSource(tabular().represent(RARE_KIND, np.random.default_rng(0)), source.draws)
    assert not other.has(600)
    # its own kind, and the rows without the flag
    assert [len(each) for each in source.draws.request(600, other.wanted(600), [])] == [64, 64]


ROWS = [BOTH, ORDINARY, FLAGGED, RARE_KIND, {**ORDINARY, "kind": "z"}, {**ORDINARY, "v": 99.0}, {**FLAGGED, "v": -2.0}]


def bits(explanation: ll.Explanation) -> bytes:
    arrays = (explanation.coef, explanation.stderr, explanation.fidelity, explanation.contributions)
    curves = [effect.effects for each in explanation.curves for effect in each]
    return b"".join(np.ascontiguousarray(array).tobytes() for array in (*arrays, *curves))


def test_rows_with_rare_values_are_the_same_to_the_bit_alone_in_a_batch_and_in_any_order():
    def fresh() -> ll.Explainer:
        return ll.Explainer(model, tabular(), seed=0, n_samples=600)

    alone = [bits(fresh().explain(row)) for row in ROWS]
    assert len(set(alone)) == len(ROWS)
    assert [bits(each) for each in fresh().explain_many(ROWS)] == alone
    backwards = [bits(each) for each in fresh().explain_many(ROWS[::-1])]
    assert backwards[::-1] == alone
    one_by_one = fresh()
    order = [3, 0, 6, 5, 1, 4, 2]
    assert [bits(one_by_one.explain(ROWS[i])) for i in order] == [alone[i] for i in order]


def test_an_absent_value_is_the_same_however_it_is_written():
    """140, 140.0 and numpy's 140 are one value, and ask for the same rows."""
    frame = pd.DataFrame({"age": np.random.default_rng(0).integers(18, 80, 2000), "v": np.arange(2000) / 2000})
    found = []
    for age in (140, 140.0, np.int64(140), np.float64(140)):
        explainer = ll.Explainer(lambda F: np.sin(F["age"]) * F["v"], ll.Tabular(frame), seed=0, n_samples=600)
        found.append(bits(explainer.explain({"age": age, "v": 0.5})))
    assert len(set(found)) == 1


def test_a_held_bin_is_asked_once_for_all_rows_that_share_it():
    recorder = Recorder()
    explainer = ll.Explainer(recorder, tabular(), seed=0, n_samples=600, replicates=1)
    rows = [{**FLAGGED, "v": float(v)} for v in np.linspace(-2, 2, 9)]
    list(explainer.explain_many(rows))
    assert recorder.rows == 600 + 64 + len(rows)
    list(explainer.explain_many([{**ORDINARY, "v": float(v)} for v in (-1, 1)]))
    assert recorder.rows == 600 + 64 + len(rows) + 64 + 2 + 1  # the frequent side holds its own; one row is asked again
    held = pd.concat(recorder.asked).iloc[: 600 + 64 + len(rows)]
    assert held["flag"].sum() >= 64 + len(rows)


def test_two_absent_values_of_one_column_are_two_kinds_of_draws():
    recorder = Recorder()
    explainer = ll.Explainer(recorder, ll.Tabular(table()[["kind", "v"]].assign(flag=False)), seed=0, n_samples=600)
    list(explainer.explain_many([{"kind": kind, "v": 0.1, "flag": False} for kind in ("y", "z", "y")]))
    asked = pd.concat(recorder.asked)["kind"].value_counts()
    assert asked["y"] == 64 + 2
    assert asked["z"] == 64 + 1


def test_labels_met_later_widen_all_rows_that_were_answered_before():
    source = source_of(BOTH, tabular())
    source.draws.widen(3)
    assert source.draws.Y.shape == (600, 3)
    assert all(part.Y.shape == (64, 3) for part in source.draws.held.values())


def test_the_canary_is_the_first_row_and_what_was_said_to_it():
    source = source_of(FLAGGED, tabular())
    inputs, said = source.draws.canary()
    assert len(inputs) == 1
    assert float(np.asarray(model(inputs))[0]) == said[0]


def test_only_rows_that_many_read_are_a_pool():
    source = source_of(FLAGGED, tabular())
    assert source.kind == "pool"
    assert SharedSource(source.representation, source.draws, shared=False).kind == "masks"


@pytest.mark.parametrize("design", ["sobol", "lhs", "plain"])
def test_every_design_keeps_rare_values(design):
    explainer = ll.Explainer(model, tabular(), seed=0, sampler=design, n_samples=800)
    found = explainer.explain(FLAGGED)
    assert found.coef[0, 0] == pytest.approx(0.9, abs=4 * found.stderr[0, 0])
    assert found.stderr[0, 0] < 0.02


def test_the_first_held_draws_are_one_object_for_all_rows_until_labels_are_met_later():
    U = np.arange(12.0).reshape(6, 2)
    Y = np.array([[1.0], [np.nan], [3.0], [np.nan], [np.nan], [6.0]])
    whole = HeldDraws(Held(0, "in", 1), 0.1, U, U.astype(int), Y)
    four = whole.first(4)
    assert (four.n, four.unanswered, whole.unanswered) == (4, 2, 3)
    np.testing.assert_array_equal(four.U, U[:4])
    assert whole.first(4) is four
    assert whole.first(6) is whole
    whole.Y = np.column_stack([whole.Y, np.zeros(6)])
    assert whole.first(4).Y.shape == (4, 2)
