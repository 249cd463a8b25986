"""The second model of a table's outputs: what it sees of each replicate, what it is made of, what it says elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from binned_tables import QUARTERS, UNEQUAL, control, design, normal_columns, shared
from limelight.control import tables
from limelight.control.additive import Terms
from limelight.control.second_model import TableControl
from limelight.local.precision import estimate_plain
from shared_draws import estimate, neighborhood

R = 8
SLOPES = np.array([1.0, 0.7, -0.5, 0.0])


def saturating(U: np.ndarray) -> np.ndarray:
    X = normal_columns(U)
    return 1 / (1 + np.exp(-2 * X @ SLOPES[: X.shape[1]]))


def everything(U: np.ndarray, seed: int = 0) -> np.ndarray:
    """A curve, a pair of columns and noise: what every part of g is for."""
    X = normal_columns(U)
    both = (X[:, 0] > 0) & (X[:, 2] < 0)
    return saturating(U) + 0.6 * both + 0.02 * np.random.default_rng(seed).normal(size=len(U))


def rich(n: int = 2048, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, TableControl]:
    U, codes = shared(n, seed)
    y = everything(U, seed)
    found = control(U, codes, y)
    assert found.name == "additive, curve, pairs"
    return U, codes, y, found


# --------------------------------------------------------------------------------------------- no draw corrects itself


@pytest.mark.parametrize("r", [0, 3, 7])
def test_the_outputs_of_a_replicate_do_not_move_the_function_that_corrects_it(r):
    """Their residuals move by as much as they do; those of the others otherwise."""
    U, codes, y, before = rich()
    mine = np.arange(len(y)) % R == r
    moved = y + np.where(mine, 0.01 * np.random.default_rng(9).normal(size=len(y)), 0.0)
    after = control(U, codes, moved)
    assert after.name == before.name
    assert [(each.first, each.second) for each in after.tables] == [(each.first, each.second) for each in before.tables]
    change = after.unseen - before.unseen
    np.testing.assert_allclose(change[mine], (moved - y)[mine], atol=1e-9)
    assert np.abs(change[~mine]).max() > 1e-6


def test_residuals_of_the_shared_draws_are_those_that_have_not_been_seen():
    U, codes, y, found = rich()
    inside = design(U, codes).inside
    np.testing.assert_allclose(found.residuals(codes, inside, y), found.unseen, atol=1e-9)
    np.testing.assert_allclose(found.residuals(codes[:20], inside[:20], y[:20]), found.unseen[:20], atol=1e-9)


def test_unseen_residuals_are_as_large_as_those_of_draws_made_later():
    _, _, _, found = rich(1024)
    later, later_codes = shared(8192, 77)
    inside = design(later, later_codes).inside
    left = found.residuals(later_codes, inside, everything(later, 77))
    assert np.square(found.unseen).mean() == pytest.approx(np.square(left).mean(), rel=0.25)


# ------------------------------------------------------------------------------------------------------ averaged draws


@pytest.mark.parametrize("averaged", [0, 1, 2])
def test_an_averaged_coordinate_is_integrated_over_its_law(averaged):
    """By listing all of its support points; 0 and 2 are the columns of the pair's table."""
    U, codes, _, found = rich()
    inside, rows = design(U, codes).inside[:16], 16
    assert {found.tables[0].first, found.tables[0].second} == {0, 2}
    shape = found.terms.shapes[averaged]
    points = len(shape.mass)
    every_codes = np.tile(codes[:rows], (points, 1))
    every_inside = np.tile(inside, (points, 1, 1))
    every_codes[:, averaged] = np.repeat(shape.codes, rows)
    every_inside[:, averaged] = np.repeat(shape.terms, rows, axis=0)
    said = -found.residuals(every_codes, every_inside, np.zeros(points * rows)).reshape(points, rows)
    expected = shape.mass @ said
    y = np.linspace(0, 1, rows)
    averaged_left = found.residuals(codes[:rows], inside, y, averaged=averaged)
    np.testing.assert_allclose(y - averaged_left, expected, atol=1e-9)


def test_an_averaged_coordinate_may_have_any_value():
    U, codes, y, found = rich()
    inside = design(U, codes).inside[:24]
    other = codes[:24].copy()
    other[:, 2], changed = 0, inside.copy()
    changed[:, 2] = 17.0
    before = found.residuals(codes[:24], inside, y[:24], averaged=2)
    np.testing.assert_allclose(found.residuals(other, changed, y[:24], averaged=2), before, atol=1e-12)


# ----------------------------------------------------------------------------------------------------- the projection


def test_the_projection_is_that_of_g_over_very_many_draws():
    _, _, _, found = rich()
    own, ratio = np.array([3, 1, 0, 2]), 0.7
    U, codes = shared(2**16, 5)
    g = -found.residuals(codes, design(U, codes).inside, np.zeros(len(U)))
    plain = estimate_plain(neighborhood(codes, g[:, None], own, ratio))
    coef, intercept = (each.mean(axis=-1) for each in found.parts.project(own, ratio))
    np.testing.assert_allclose(coef, plain.coef[0], atol=3e-3)
    assert intercept == pytest.approx(plain.intercept[0], abs=3e-3)


# -------------------------------------------------------------------------------------------- parts that stay or do not


def test_a_linear_model_needs_no_curve_and_no_pairs():
    U, codes = shared(1024, 1)
    found = control(U, codes, design(U, codes).inside[:, :, 2] @ SLOPES)
    assert found.name == "additive"
    assert found.model.additive > 0.9999
    assert np.isnan(found.model.saturating)
    assert found.model.pairs == ()
    assert np.abs(found.unseen).max() < 1e-4


def test_noise_has_no_curve_and_no_pairs():
    for seed in range(6):
        U, codes = shared(1024, seed)
        found = control(U, codes, np.random.default_rng(seed).normal(size=1024))
        assert found.name == "additive"


def test_each_part_that_stays_leaves_less_of_draws_that_it_has_not_seen():
    U, codes, y, found = rich()
    made = design(U, codes)
    fold = np.arange(len(y)) % R
    additive = np.empty(len(y))
    for r in range(R):
        kept, penalty = fold != r, np.diag(np.sqrt(made.penalty))
        X = np.concatenate([made.columns[kept], penalty])
        fit = np.linalg.lstsq(X, np.concatenate([y[kept], np.zeros(len(penalty))]), rcond=None)[0]
        additive[fold == r] = (y - made.columns @ fit)[fold == r]
    assert np.square(found.unseen).sum() < 0.5 * np.square(additive).sum()


def test_few_rows_have_no_curve(monkeypatch):
    U, codes = shared(512, 2)
    assert control(U, codes, saturating(U)).curves
    monkeypatch.setattr(tables, "_LEAST_HALF", 40)
    found = control(U, codes, saturating(U))
    assert not found.curves


def test_with_too_many_bins_no_pairs_are_looked_for(monkeypatch):
    U, codes, y, _ = rich()
    assert len(codes) * 16**2 < tables.MOST_PRODUCT
    monkeypatch.setattr(tables, "MOST_PRODUCT", 2048 * 16**2)
    assert not design(U, codes).too_wide
    monkeypatch.setattr(tables, "MOST_PRODUCT", 2048 * 16**2 - 1)
    found = control(U, codes, y)
    assert found.tables == ()
    assert found.model.pairs == ()


def test_pairs_are_not_named_where_the_features_or_their_curve_explain_nearly_all():
    U, codes = shared(2048, 3)
    X = normal_columns(U)
    mostly = control(U, codes, X @ SLOPES + 0.1 * X[:, 0] * X[:, 1])
    assert mostly.model.additive > 0.95
    assert mostly.tables
    assert mostly.model.pairs == ()


def test_outputs_that_never_move_have_no_second_model():
    U, codes = shared(512, 4)
    assert design(U, codes).control(np.full(512, 0.3)) is None


# ---------------------------------------------------------------------------------------- what is said of the model


def test_the_additive_share_is_what_fresh_draws_show():
    """The best additive function is that of 2^15 draws."""
    U, codes = shared(2**15, 50)
    y = everything(U, 50)
    many = design(U, codes)
    fit = np.linalg.lstsq(many.columns, y, rcond=None)[0]
    truth = 1 - np.square(y - many.columns @ fit).sum() / np.square(y - y.mean()).sum()
    shares, errors = [], []
    for seed in range(10):
        model = rich(1024, seed)[3].model
        shares.append(model.additive)
        errors.append(model.stderr)
    assert np.mean(shares) == pytest.approx(truth, abs=0.012)
    assert max(np.abs(np.array(shares) - truth) / np.array(errors)) < 4
    assert max(errors) < 0.04


@pytest.mark.parametrize("seed", [0, 1])
def test_the_share_of_a_curve_is_high_where_the_model_is_one(seed):
    U, codes = shared(2048, seed)
    assert control(U, codes, saturating(U)).model.saturating > 0.98
    noisy = saturating(U) + 0.3 * np.random.default_rng(seed).normal(size=2048)
    model = control(U, codes, noisy).model
    signal = saturating(U).var()
    assert model.saturating == pytest.approx(signal / (signal + 0.09), abs=0.06)


RARE = (np.array([0.4, 0.592, 0.008]), *QUARTERS[1:])


def test_what_a_rare_bin_does_alone_adds_up_as_well_as_anything():
    U, codes = shared(2048, 3, RARE)
    made = design(U, codes, RARE)
    assert made.terms.lent.tolist() == [True, False, False, False]
    step = 1.0 * (codes[:, 1] > 1) + 6.0 * (codes[:, 0] == 2)
    model = control(U, codes, step, RARE).model
    assert model.additive > 0.98
    assert model.spread < 0.1
    # of other rows the function says what it says without the rare bin
    said = model.at(made.terms, codes, made.inside)[0]
    rare = codes[:, 0] == 2
    assert np.abs(said - step)[~rare].mean() < 0.05


@pytest.mark.parametrize("names", [120, 1500])
def test_names_none_of_which_is_drawn_often_add_up_as_well_as_anything(names):
    """Of two columns of names, one beside a number; what is multiplied still does not add up."""
    rng = np.random.default_rng(names)
    effect, frame = rng.normal(size=names), pd.DataFrame({"x": rng.normal(size=9000)})
    for column in ("one", "other"):
        frame[column] = [f"n{each}" for each in rng.integers(0, names, 9000)]

    def of(rows, column):
        return effect[rows[column].str[1:].astype(int)]

    def share(model, columns):
        told = ll.Explainer(model, ll.Tabular(frame[columns]), seed=0).explain(frame[columns].iloc[0])
        return told.additivity[0]

    both = ["x", "one", "other"]
    assert share(lambda rows: of(rows, "one") + rows["x"].to_numpy(), ["x", "one"]) > 0.97
    assert share(lambda rows: of(rows, "one") + of(rows, "other"), ["one", "other"]) > 0.97
    assert share(lambda rows: of(rows, "one"), ["one"]) > 0.97
    assert share(lambda rows: of(rows, "one") * of(rows, "other"), ["one", "other"]) < 0.15
    half = share(lambda rows: of(rows, "one") + of(rows, "one") * rows["x"].to_numpy(), both)
    assert half == pytest.approx(0.5, abs=0.1)


def test_names_each_drawn_once_are_too_few_to_say():
    names = pd.DataFrame({"id": [f"n{each}" for each in range(60_000)], "v": np.arange(60_000) % 7})
    made = ll.Explainer(lambda rows: rows["id"].str[1:].astype(int) % 11 + rows["v"], ll.Tabular(names), n_samples=512)
    told = made.explain(names.iloc[0])
    assert np.isnan(told.additivity[0])
    assert "Too few perturbations" in str(told)


def test_a_threshold_of_a_sum_stays_one_where_a_rare_bin_decides_it():
    for seed in range(3):
        U, codes = shared(2048, seed, RARE)
        index = normal_columns(U)[:, 1:] @ SLOPES[:3] + 9.0 * (codes[:, 0] == 2)
        assert control(U, codes, 1.0 * (index > 0.3), RARE).model.saturating > 0.93


def test_a_pair_among_thirty_columns_makes_no_other_pair_look_real():
    """Its table takes it out; what many columns have followed of it by chance has to go as well."""
    for seed in range(6):
        U, codes = shared(2048, seed, QUARTERS[:1] * 30)
        y = 1.0 * ((U[:, 4] > 0.5) != (U[:, 9] > 0.5))
        assert [pair[:2] for pair in control(U, codes, y, QUARTERS[:1] * 30).model.pairs] == [(4, 9)]


def test_the_model_remembers_how_far_its_outputs_move():
    U, codes, y, found = rich()
    model, made = found.model, design(U, codes)
    assert (model.low, model.high) == (y.min(), y.max())
    assert model.deviation == pytest.approx(y.std())
    residual = y - made.columns @ model.coef
    left = residual / np.sqrt(1 - made.leverage)
    np.testing.assert_allclose(model.residual, left)
    assert model.spread == pytest.approx(np.sqrt(np.square(left).mean()))
    X = np.concatenate([made.columns, np.diag(np.sqrt(made.penalty))])
    whole = np.linalg.lstsq(X, np.concatenate([y, np.zeros(X.shape[1])]), rcond=None)[0]
    np.testing.assert_allclose(model.coef, whole, atol=1e-8)
    hat = made.columns @ np.linalg.inv(X.T @ X) @ made.columns.T
    np.testing.assert_allclose(made.leverage, hat.diagonal())


def at(found: TableControl, terms: Terms, own: list[int], inside: np.ndarray) -> tuple[float, float]:
    value, _, leverage = found.model.at(terms, np.array([own]), inside[None])
    return float(value[0]), float(leverage[0])


def test_at_a_row_the_model_is_the_additive_function_and_its_leverage():
    U, codes, _, found = rich()
    made = design(U, codes)
    for i in (0, 5):
        value, leverage = at(found, made.terms, codes[i].tolist(), made.inside[i])
        assert value == pytest.approx(made.columns[i] @ found.model.coef)
        assert leverage == pytest.approx(made.leverage[i])


def test_at_a_row_with_an_unknown_value_the_model_is_averaged_over_that_column():
    U, codes, _, found = rich()
    made = design(U, codes)
    own = codes[0].tolist()
    shape, said = made.terms.shapes[1], []
    for code, terms in zip(shape.codes.tolist(), shape.terms, strict=True):
        inside = made.inside[0].copy()
        inside[1] = terms
        said.append(at(found, made.terms, [own[0], code, *own[2:]], inside)[0])
    value, leverage = at(found, made.terms, [own[0], -1, *own[2:]], made.inside[0])
    assert value == pytest.approx(shape.mass @ np.array(said), abs=1e-9)
    assert leverage > 0


# ------------------------------------------------------------------------------------------------- the whole estimate


def test_weights_are_unbiased_and_their_intervals_cover_at_few_rows():
    """80 neighborhoods of 320 rows: a curve, a pair and noise; three columns with unequal bins."""
    own, ratio = np.array([2, 0, 1]), 0.8
    U, codes = shared(2**16, 123, UNEQUAL)
    truth = estimate_plain(neighborhood(codes, everything(U, 1)[:, None], own, ratio))
    weights, covered = [], []
    for seed in range(80):
        U, codes = shared(320, seed, UNEQUAL)
        y = everything(U, seed)
        fit = estimate(neighborhood(codes, y[:, None], own, ratio), control(U, codes, y, UNEQUAL), own, ratio)
        found = np.array([fit.intercept[0], *fit.coef[0]])
        known = np.array([truth.intercept[0], *truth.coef[0]])
        stderr = np.array([fit.intercept_stderr[0], *fit.stderr[0]])
        weights.append(found - known)
        covered.append(np.abs(found - known) <= 1.96 * stderr)
    error = np.array(weights)
    z = error.mean(axis=0) / (error.std(axis=0, ddof=1) / np.sqrt(80))
    assert np.abs(z).max() < 3.5
    assert 0.91 < np.mean(covered) < 0.99
    assert np.mean(covered, axis=0).min() > 0.86
