"""Two models on the same perturbations: zero is zero, what was planted is found, chance is not called a change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError

X = np.random.default_rng(0).normal(size=(400, 4))
NAMES = ["a", "b", "c", "d"]


def first(X: Any) -> Any:
    return X[:, 0] + 0.5 * X[:, 1]


def second(X: Any) -> Any:
    return X[:, 0] + 0.5 * X[:, 2]


def explainer(model: Any = first, **settings: Any) -> ll.Explainer:
    return ll.Explainer(model, ll.Tabular(X, names=NAMES), seed=0, **settings)


def test_the_same_model_twice_differs_by_nothing_at_all() -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    forest = ensemble.RandomForestClassifier(20, random_state=0).fit(X, X[:, 0] * X[:, 1] > 0)
    found = ll.compare(explainer(forest), forest, X[:30])
    assert found.identical
    change = [row.contributions[2] for row in found.explanations]
    assert not np.any(change)
    assert not np.any([row.contribution_stderr[2] for row in found.explanations])
    assert found.sentences() == ("first and second are the same to the last bit, on 30 rows.",)


def test_linear_models_differ_by_the_difference_of_their_coefficients() -> None:
    found = ll.compare(explainer(), second, X[:40])
    for row in found.explanations:
        before, after, change = row.contributions
        np.testing.assert_allclose(change, after - before, atol=1e-7)
        assert abs(change[[0, 3]]).max() < 1e-9
        # −.5 b + .5 c, of opposite sign and equal size for equal bins
        assert np.sign(change[1]) == -np.sign(before[1])


def test_what_changed_is_named_and_what_did_not_is_not() -> None:
    found = ll.compare(explainer(), second, X[:40], names=("old", "new"))
    assert {entry.feature for entry in found.features if entry.rows} == {"b", "c"}
    assert {entry.feature for entry in found.of()[:2]} == {"b", "c"}
    by_name = {entry.feature: entry for entry in found.features}
    assert by_name["b"].first > 0.1 > by_name["b"].second
    assert by_name["a"].rows == 0
    assert found.names == ("old", "new")
    assert "drives the change" in str(found)


def test_rows_that_agree_on_the_answer_and_not_on_the_reason() -> None:
    rows = np.array([[0.0, 2.0, 2.0, 0.0], [0.0, 2.0, -2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found = ll.compare(explainer(), second, rows, agree=0.1)
    assert [row.kind for row in found.rows] == ["reason", "answer", "same"]
    (only,) = found.reasons_only
    assert only.position == 0
    assert {reason.feature.split()[0] for reason in only.reasons[:2]} == {"b", "c"}
    for reason in only.reasons:
        assert reason.low <= reason.change <= reason.high
        assert reason.p <= 0.05
    assert "not for the same reasons" in only.sentence(found.names)


def test_classes_that_flip_are_counted() -> None:
    def at(column: int) -> Any:
        def model(X: Any) -> Any:
            yes = 1 / (1 + np.exp(-3 * X[:, column]))
            return np.stack([1 - yes, yes], axis=1)

        return model

    found = ll.compare(explainer(at(0)), at(1), X[:50])
    expected = int(np.sum((X[:50, 0] > 0) != (X[:50, 1] > 0)))
    assert len(found.flips) == expected > 5
    assert found.outputs == ("output 1",)
    assert f"{expected} rows get another class." in found.sentences()


def test_noise_that_no_surrogate_can_see_is_not_called_a_change() -> None:
    """The second model adds a pseudo-random number for each row: its best linear surrogate is nothing."""

    def noisy(seed: int) -> Any:
        phase = np.random.default_rng(seed).uniform(50, 90, size=4)
        return lambda X: first(X) + np.sin(1e3 * (X * phase).sum(axis=1))

    tests = rejected = 0
    for seed in range(12):
        found = ll.compare(explainer(n_samples=1024).with_settings(seed=seed), noisy(seed), X[:1])
        change = found.explanations[0]
        half = 1.959964 * change.stderr[2]
        tests += 4
        rejected += int(np.sum(np.abs(change.coef[2]) > half))
        assert all(row.kind != "reason" or row.reasons for row in found.rows)
    assert rejected <= 7  # 5 % of 48 are 2.4; eight or more have a chance of 1 in 400


def test_a_paired_change_is_more_precise_than_two_separate_explanations() -> None:
    def base(X: Any) -> Any:
        return np.tanh(3 * X[:, 0] * X[:, 1]) + np.sin(4 * X[:, 2] * X[:, 3])

    def nudged(X: Any) -> Any:
        return base(X) + 0.1 * (X[:, 3] > 0.5)

    paired = ll.compare(explainer(base, n_samples=1024), nudged, X[:5]).explanations
    alone = [explainer(model, n_samples=1024).explain_all(X[:5]) for model in (base, nudged)]
    together = np.array([row.stderr[2] ** 2 for row in paired])
    apart = np.array([a.stderr[0] ** 2 + b.stderr[0] ** 2 for a, b in zip(*alone, strict=True)])
    assert np.median(together / apart) < 0.5


def test_texts_are_compared_word_by_word() -> None:
    def says(word: str) -> Any:
        return lambda texts: np.array([float(word in text) for text in texts])

    first = ll.Explainer(says("good"), ll.Text(), seed=0)
    found = ll.compare(first, says("bad"), ["good and bad", "good only"])
    assert {entry.feature for entry in found.of()[:2]} == {"good", "bad"}
    assert [row.kind for row in found.rows] == ["reason", "answer"]


def test_an_explainer_of_the_second_model_must_look_at_the_same_neighborhood() -> None:
    assert ll.compare(explainer(), explainer(second), X[:3]).n == 3
    elsewhere = ll.Explainer(second, ll.Tabular(X[:100], names=NAMES), seed=0)
    with pytest.raises(InputError, match="another background"):
        ll.compare(explainer(), elsewhere, X[:3])


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"rows": X[:0]}, InputError, "rows: expected at least one"),
        ({"names": ("a", "a")}, InputError, "names"),
        ({"level": 1.0}, InputError, "level"),
        ({"agree": 0.0}, InputError, "agree"),
        ({"target": "spam"}, UnknownNameError, "spam"),
        ({"first": first}, InputError, "first: expected an Explainer"),
    ],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], error: Any, says: str) -> None:
    given = {"first": explainer(), "second": second, "rows": X[:2], **changes}
    with pytest.raises(error, match=says):
        ll.compare(given.pop("first"), given.pop("second"), given.pop("rows"), **given)


def test_a_wrong_argument_costs_nothing() -> None:
    def never(X: Any) -> Any:
        raise AssertionError

    with pytest.raises(InputError, match="agree"):
        ll.compare(explainer(never), never, X[:2], agree=-1.0)


def test_two_fits_on_noise_differ_by_no_more_than_another_fit() -> None:
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(0)

    def fit(extra: Any = 0.0) -> Any:
        return DecisionTreeRegressor(min_samples_leaf=10).fit(X, rng.normal(size=400) + extra)

    refits = [fit() for _ in range(8)]
    first = explainer(fit(), n_samples=512)
    same = ll.compare(first, fit(), X[:10], refits=refits)
    assert sum(entry.rows > 0 for entry in same.features) >= 3  # two functions, and told apart
    assert all(entry.p_refit > 0.05 for entry in same.features)
    assert "None of this is more than another fit of first differs." in same.sentences()
    other = ll.compare(first, fit(3.0 * (X[:, 2] > 0)), X[:10], refits=refits)
    assert [entry.feature for entry in other.features if entry.p_refit <= 0.05] == ["c"]
    assert "More than another fit of first would differ: “c”." in other.sentences()


def test_few_refits_say_nothing_about_how_fits_differ() -> None:
    with pytest.raises(InputError, match="refits: expected none, or at least 4"):
        ll.compare(explainer(), second, X[:2], refits=[second])


def test_rows_of_a_sparse_matrix_are_compared() -> None:
    from scipy.sparse import csr_matrix

    counts = (np.random.default_rng(0).random((60, 6)) < 0.4).astype(float)
    counts[3] = 0.0
    explainer = ll.Explainer(lambda rows: np.asarray(rows.sum(axis=1)).ravel(), ll.Tabular(csr_matrix(counts)))
    assert "the same to the last bit, on 8 rows" in str(ll.compare(explainer, explainer, csr_matrix(counts[:8])))


def test_another_background_is_refused_where_rows_draw_from_their_like() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    first, second = (ll.Explainer(lambda rows: rows[:, 0], ll.Conditional(a * X), n_samples=64) for a in (1, 3))
    with pytest.raises(ll.InputError, match="another background"):
        ll.compare(first, second, X[:3])
