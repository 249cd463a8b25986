"""When sampling stops, and what is shown then."""

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.verdict import order_doubt

X = np.random.default_rng(1).normal(size=(300, 5))
NAMES = [f"s{j}" for j in range(14)]
RNG = np.random.default_rng(2)
PAIRS = RNG.normal(size=(14, 14)) * 0.3
MAIN = np.linspace(3, 0.2, 14)


def interacting(masks):
    masks = np.asarray(masks, dtype=float)
    return masks @ MAIN + np.einsum("ij,jk,ik->i", masks, PAIRS, masks)


def explain(**settings):
    return ll.Explainer(interacting, ll.Components(NAMES, np.asarray), seed=0, **settings).explain(None)


def test_sampling_stops_at_the_first_look_that_is_precise_enough():
    explanation = explain(tolerance=0.05)
    assert explanation.provenance.stopped == "precise"
    assert explanation.provenance.n_samples in (256, 512, 1024, 2048)
    assert explanation.stderr.max() <= 0.05 * np.abs(explanation.coef).max()


RARE = np.random.default_rng(3).normal(size=(5000, 6))


def corner(X):
    """Another answer in one row of ten thousand."""
    return ((X[:, 0] > 2) & (X[:, 1] > 2) & (X[:, 2] > 1)).astype(float)


def phrase(masks):
    """Another answer where seven of sixteen parts are there and the other nine are not."""
    return (np.asarray(masks) == np.arange(16) % 2).all(axis=1).astype(float)


@pytest.mark.parametrize("instance", [np.zeros(6), np.array([2.5, 2.5, 2.0, 0.0, 0.0, 0.0])])
def test_an_answer_that_was_never_met_is_not_precise(instance):
    explanation = ll.Explainer(corner, ll.Tabular(RARE)).explain(instance)
    assert explanation.provenance.stopped == "unmoved"
    assert explanation.rankings[0].statement(tuple("abcdef")) == "No feature was seen to move it."


@pytest.mark.parametrize("stop", ["auto", "precision", "ranking"])
def test_nor_is_it_for_masks_however_sampling_is_stopped(stop):
    parts = ll.Components([f"s{j}" for j in range(16)], np.asarray)
    assert ll.Explainer(phrase, parts, stop=stop).explain(None).provenance.stopped == "unmoved"


def test_of_two_outputs_one_that_moves_is_enough():
    both = ll.Explainer(lambda X: np.column_stack([corner(X), X[:, 0]]), ll.Tabular(RARE), targets=[0, 1])
    assert both.explain(np.zeros(6)).provenance.stopped == "precise"


def test_all_masks_of_a_constant_are_all_there_is():
    explanation = ll.Explainer(lambda Z: np.zeros(len(Z)), ll.Components(list("abcd"), np.asarray)).explain(None)
    assert explanation.provenance.stopped == "exhaustive"
    assert "the 16 perturbations that there are" in explanation.verdicts[0]


def test_a_tighter_tolerance_takes_more_samples():
    loose, tight = explain(tolerance=0.2), explain(tolerance=0.004, control_variates=False, max_samples=10_000)
    assert tight.provenance.n_samples > loose.provenance.n_samples
    assert tight.stderr.max() < loose.stderr.max()


def test_a_spent_budget_says_how_many_samples_would_have_done():
    explanation = explain(tolerance=0.001, max_samples=300, control_variates=False)
    provenance = explanation.provenance
    assert (provenance.stopped, provenance.n_samples) == ("budget", 300)
    assert provenance.samples_needed > 300
    assert any(f"about {provenance.samples_needed} would do" in warning for warning in explanation.warnings)


def test_the_estimate_of_the_samples_needed_is_of_the_right_size():
    settings = {"control_variates": False, "sampler": "plain", "max_samples": 9_000}
    coarse = explain(tolerance=0.02, **{**settings, "max_samples": 500})
    fine = explain(n_samples=coarse.provenance.samples_needed, control_variates=False, sampler="plain")
    reached = fine.stderr.max() / np.abs(fine.coef).max()
    assert reached == pytest.approx(0.02, rel=0.25)


TIED, CLEAR = [5, 4, 3, 2, 1, 1, 1, *[0.1] * 7], [5, 4, 3, 2, 1.5, *[0.0] * 9]


def by_precision_and_by_default(main):
    """Return explainers of a steep curve of 14 parts with these slopes."""

    def curve(masks):
        return 1 / (1 + np.exp(np.sum(main) / 2 - np.asarray(masks) @ main))

    parts = ll.Components(NAMES, np.asarray, max_samples=8192)
    return [ll.Explainer(curve, parts, seed=0, stop=stop, control_variates=False) for stop in ("precision", "auto")]


def test_a_doubt_about_the_five_largest_draws_more_and_no_more_than_lime_takes():
    quick, patient = (explainer.explain(None) for explainer in by_precision_and_by_default(TIED))
    assert quick.provenance.stopped == patient.provenance.stopped == "precise"
    assert quick.provenance.n_samples < patient.provenance.n_samples <= 1024
    assert order_doubt(quick) > 0.05


def test_a_clear_order_takes_no_row_more():
    quick, patient = (explainer.explain(None) for explainer in by_precision_and_by_default(CLEAR))
    assert quick.provenance.n_samples == patient.provenance.n_samples
    assert order_doubt(patient) < 0.05


def test_the_expected_cost_counts_the_rows_that_a_doubt_takes():
    quick, patient = (explainer.estimate_cost(None).rows for explainer in by_precision_and_by_default(TIED))
    assert quick < patient


def test_fewer_shown_than_five_are_judged_by_those_shown():
    quick, patient = (
        explainer.with_settings(max_features=4).explain(None)
        for explainer in by_precision_and_by_default([5, 4, 3, 1, 1, 1, 1, *[0.1] * 7])
    )
    assert order_doubt(quick) == quick.rankings[0].doubt > 0.05
    assert quick.provenance.n_samples < patient.provenance.n_samples


def test_a_ranking_that_the_first_look_leaves_open_is_expected_to_take_the_budget():
    tied, clear = (
        by_precision_and_by_default(main)[0].with_settings(stop="ranking", max_features=5) for main in (TIED, CLEAR)
    )
    assert 8192 < tied.estimate_cost(None).rows <= 8192 + 2 + 16
    assert 256 < clear.estimate_cost(None).rows <= 256 + 2 + 16


def test_an_integer_draws_that_many_and_says_so():
    assert explain(n_samples=700).provenance.n_samples == 700
    assert explain(n_samples=700).provenance.stopped == "fixed"


def test_few_parts_are_enumerated_and_exact_whatever_the_seed():
    parts = ll.Components(NAMES[:6], np.asarray)

    def few(masks):
        return interacting(np.pad(np.asarray(masks), ((0, 0), (0, 8))))

    first, second = (ll.Explainer(few, parts, seed=seed).explain(None) for seed in (1, 2))
    assert first.provenance.stopped == "exhaustive"
    assert first.provenance.n_samples == 64
    np.testing.assert_array_equal(first.coef, second.coef)
    assert not first.stderr.any()


def test_the_ranking_stop_certifies_the_true_top_three():
    exact = explain(n_samples=2**14)
    explanation = explain(stop="ranking", max_features=3, max_samples=8192)
    assert explanation.provenance.stopped == "ranked"
    assert explanation.rankings[0].settled
    assert set(explanation.selected[0].tolist()) == set(exact.selected[0][:3].tolist())


def test_a_tie_is_never_certified():
    def tied(masks):
        masks = np.asarray(masks, dtype=float)
        return masks[:, 0] + masks[:, 1] + masks[:, 0] * masks[:, 1] * masks[:, 2] + 0.5 * masks[:, 3:].sum(axis=1) ** 2

    explainer = ll.Explainer(tied, ll.Components(NAMES, np.asarray), seed=0, stop="ranking", max_features=1)
    explanation = explainer.explain(None)
    assert explanation.provenance.stopped == "budget"
    assert not explanation.rankings[0].settled
    assert any("might belong among them" in doubt for doubt in explanation.doubts())


def test_every_selection_method_shows_k_features_largest_first():
    for method in ("auto", "highest_weights", "forward", "lasso_path"):
        explanation = explain(n_samples=800, selection=method, max_features=4)
        sizes = np.abs(explanation.coef[0, explanation.selected[0]])
        assert len(sizes) == 4
        assert (np.diff(sizes) <= 0).all()
    assert len(explain(n_samples=800, selection="none", max_features=4).selected[0]) == 14
