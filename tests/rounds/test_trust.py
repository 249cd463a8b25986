"""When an explanation says that it should not be relied on."""

import numpy as np

import limelight as ll
from limelight.rounds.trust import unseen_share

X = np.random.default_rng(0).normal(size=(300, 4))


def warnings(model, **settings):
    return ll.Explainer(model, ll.Tabular(X), seed=0, **settings).explain(X[0]).warnings


def test_a_model_that_no_line_describes_is_said():
    said = warnings(lambda X: np.sin(20 * X[:, 0]) * np.sin(20 * X[:, 1]))
    assert any("features act together" in each for each in said)


def test_a_kernel_that_leaves_few_rows_is_said():
    said = warnings(lambda X: X[:, 0], kernel_width=0.2, n_samples=300)
    assert any("effective sample size" in each and "widen the kernel or draw more" in each for each in said)


def test_a_sign_that_is_not_certain_is_said_by_name():
    explanation = ll.Explainer(lambda X: X[:, 0] * X[:, 1], ll.Tabular(X), seed=0, n_samples=256).explain(X[0])
    bounds = explanation.interval()[0]
    unsure = [explanation.features[j].name for j in explanation.selected[0] if bounds[j, 0] < 0 < bounds[j, 1]]
    (said,) = (each for each in explanation.warnings if each.startswith("the sign is not certain"))
    assert unsure
    assert all(name in said for name in unsure[:5])


def test_a_model_that_is_well_described_gets_no_warning():
    explainer = ll.Explainer(lambda X: X @ [1.0, 2.0, 3.0, 4.0], ll.Tabular(X, bins=None), seed=0)
    assert explainer.explain(X[0]).warnings == ()


def test_what_is_excluded_where_the_answer_never_moved_is_the_rule_of_three():
    assert unseen_share(300, paired=False, exhaustive=False) == 0.01
    assert unseen_share(300, paired=True, exhaustive=False) == 0.02  # 150 draws of two masks
    assert unseen_share(2, paired=False, exhaustive=False) == 1.0
    assert unseen_share(300, paired=True, exhaustive=True) == 0.0
    said = ll.Explainer(lambda X: np.zeros(len(X)), ll.Tabular(X), n_samples=600).explain(X[0])
    assert "never moved in 600 perturbations: one met once in 200 of them" in said.verdicts[0]


def test_an_answer_met_once_in_a_third_of_the_draws_is_missed_by_at_most_one_seed_in_twenty():
    """120 seeds, a corner with probability 3 in 256: 5 % are 6 of them, and the binomial reaches 12 in 1 of 100."""
    square = np.random.default_rng(1).random((4000, 2))
    low = np.quantile(square, 1 - np.sqrt(3 / 256), axis=0)

    def corner(X):
        return (low < X).all(axis=1).astype(float)

    missed = [
        not ll.Explainer(corner, ll.Tabular(square), seed=s, n_samples=256).explain([0.5, 0.5]).coef.any()
        for s in range(120)
    ]
    assert sum(missed) <= 12


def test_nobody_is_advised_to_draw_more_than_can_be_drawn() -> None:
    from limelight.rounds.trust import budget_warning

    assert budget_warning(33, 2**62, 0.05) == [
        "not as precise as asked (tolerance 0.05) after 33 samples, and no number of them is known to do"
    ]
