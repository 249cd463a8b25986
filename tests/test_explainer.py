"""What a user meets first: right answers, the same twice, and clear refusals."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import limelight as ll
from limelight.errors import InputError, ModelCallError, ModelOutputError, UnknownNameError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))


def linear(X):
    return 3 * X[:, 0] - 2 * X[:, 1]


class Counting:
    """A model that counts its calls."""

    def __init__(self, answer=linear):
        self.answer, self.calls = answer, 0

    def __call__(self, X):
        self.calls += 1
        return self.answer(X)


@pytest.fixture(scope="module")
def people():
    n = 400
    frame = pd.DataFrame(
        {
            "age": RNG.integers(18, 80, n),
            "income": RNG.normal(30_000, 9_000, n),
            "city": RNG.choice(["Rome", "Oslo", "Lima"], n),
            "member": RNG.random(n) < 0.3,
        }
    )
    frame.loc[::17, "income"] = np.nan
    wealthy = (frame["income"].fillna(0) > 30_000) & (frame["city"] != "Lima")
    return frame, np.where(wealthy, "rich", "poor")


@pytest.fixture(scope="module")
def classifier(people):
    frame, label = people
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), remainder="passthrough")
    return make_pipeline(encode, RandomForestClassifier(30, random_state=0)).fit(frame, label)


def test_the_features_that_a_model_uses_are_found_in_a_frame_of_mixed_columns(people, classifier):
    frame, _ = people
    explanation = ll.Explainer(classifier, ll.Tabular(frame), seed=0).explain(frame.iloc[1])
    assert explanation.targets == (classifier.predict(frame.iloc[[1]])[0],)
    named = [explanation.features[j].where.key for j in explanation.selected[0][:2]]
    assert set(named) == {"income", "city"}
    assert explanation.prediction[0] == classifier.predict_proba(frame.iloc[[1]]).max()
    assert explanation.outputs[0][0] == explanation.targets[0]


def test_one_row_and_many_rows_give_the_same_explanations_in_any_order_and_batch(people, classifier):
    frame, _ = people
    rows = frame.iloc[:12]
    alone = [ll.Explainer(classifier, ll.Tabular(frame), seed=3).explain(rows.iloc[i]) for i in range(12)]
    for size in (1, 7, 256, 10_000):
        explainer = ll.Explainer(classifier, ll.Tabular(frame), seed=3, batch_size=size)
        assert list(explainer.explain_many(rows)) == alone
    backwards = ll.Explainer(classifier, ll.Tabular(frame), seed=3).explain_many(rows.iloc[::-1])
    assert list(backwards) == alone[::-1]


def test_explaining_again_gives_the_same_explanation_and_costs_a_row_and_one_that_proves_the_model_the_same(
    people, classifier
):
    frame, _ = people
    explainer = ll.Explainer(classifier, ll.Tabular(frame), seed=3, n_samples=500)
    first, second = explainer.explain(frame.iloc[0]), explainer.explain(frame.iloc[0])
    assert first == second
    assert (first.provenance.cost.model_rows, second.provenance.cost.model_rows) == (501 + 16, 1 + 1)


def test_another_seed_gives_another_neighborhood_and_no_seed_records_one():
    one, two, three = (ll.Explainer(linear, ll.Tabular(X), seed=s).explain(X[0]) for s in (1, 2, None))
    assert one != two
    assert ll.Explainer(linear, ll.Tabular(X), seed=three.provenance.seed).explain(X[0]) == three


def test_a_fresh_neighborhood_belongs_to_the_instance_and_is_still_the_same_twice():
    shared = ll.Explainer(linear, ll.Tabular(X), seed=0, n_samples=256)
    fresh = ll.Explainer(linear, ll.Tabular(X), seed=0, n_samples=256, fresh=True)
    first, again, other = fresh.explain(X[0]), fresh.explain(X[0]), fresh.explain(X[1])
    assert first == again
    assert (first.provenance.cost.model_rows, other.provenance.cost.model_rows) == (257 + 16, 257 + 16)
    assert first != shared.explain(X[0])


def test_a_stream_is_explained_without_being_read_ahead_of_need():
    read = []

    def rows():
        for i in range(10_000):
            read.append(i)
            yield X[i % 300]

    stream = ll.Explainer(linear, ll.Tabular(X), seed=0, n_samples=64).explain_many(rows())
    first = next(stream)
    assert len(read) <= 128
    assert first == ll.Explainer(linear, ll.Tabular(X), seed=0, n_samples=64).explain(X[0])


def test_an_explainer_and_its_explanations_pickle(people, classifier):
    frame, _ = people
    explainer = ll.Explainer(classifier, ll.Tabular(frame), seed=0, n_samples=200)
    expected = explainer.explain(frame.iloc[5])
    assert pickle.loads(pickle.dumps(explainer)).explain(frame.iloc[5]) == expected
    assert pickle.loads(pickle.dumps(expected)) == expected


def test_targets_by_name_by_index_and_all_of_them(people, classifier):
    frame, _ = people
    row, tabular = frame.iloc[2], ll.Tabular(frame)
    both = ll.Explainer(classifier, tabular, seed=0, n_samples=300, targets="all", control_variates=False).explain(row)
    rich = ll.Explainer(classifier, tabular, seed=0, n_samples=300, targets="rich").explain(row)
    first = ll.Explainer(classifier, tabular, seed=0, n_samples=300, targets=[1]).explain(row)
    assert both.targets == ("poor", "rich")
    np.testing.assert_array_equal(rich.coef, first.coef)
    np.testing.assert_allclose(both.coef[0], -both.coef[1], atol=1e-9)
    np.testing.assert_allclose(both.intercept.sum(), 1.0)


def test_several_outputs_of_a_regression_are_all_explained():
    Y = np.column_stack([X[:, 0], X[:, 1], X[:, 0] - X[:, 1]])
    forest = RandomForestRegressor(20, random_state=0).fit(X, Y)
    explanation = ll.Explainer(forest, ll.Tabular(X), seed=0).explain(X[0])
    assert explanation.targets == ("output 0", "output 1", "output 2")
    assert [int(shown[0]) for shown in explanation.selected[:2]] == [0, 1]


def test_independent_labels_need_not_sum_to_one():
    Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)
    model = MultiOutputClassifier(LogisticRegression()).fit(X, Y)
    explanation = ll.Explainer(model, ll.Tabular(X), seed=0, targets="all").explain(X[0])
    assert [int(shown[0]) for shown in explanation.selected] == [0, 1]


def test_a_linear_model_in_continuous_units_comes_back_exactly():
    scale = X.std(axis=0)
    explanation = ll.Explainer(linear, ll.Tabular(X, bins=None), seed=0).explain(X[0])
    np.testing.assert_allclose(explanation.coef[0], np.array([3, -2, 0, 0]) * scale, atol=1e-9)
    np.testing.assert_allclose(explanation.local_prediction, explanation.prediction, atol=1e-9)
    assert explanation.fidelity[0] == pytest.approx(1.0)


def test_a_constant_model_gives_zero_weights_and_no_fidelity():
    explanation = ll.Explainer(lambda X: np.full(len(X), 0.1), ll.Tabular(X), seed=0).explain(X[0])
    assert not explanation.coef.any()
    assert np.isnan(explanation.fidelity[0])
    assert np.isfinite(explanation.stderr).all()


def test_a_constant_column_is_never_shown_and_is_named_in_a_warning():
    fixed = X.copy()
    fixed[:, 2] = 7.0
    explanation = ll.Explainer(linear, ll.Tabular(fixed, names=["a", "b", "seven", "d"]), seed=0).explain(fixed[0])
    assert 2 not in explanation.selected[0]
    assert any("cannot be varied" in warning and "seven" in warning for warning in explanation.warnings)


def test_a_category_that_the_background_never_shows_is_asked_for_as_it_is():
    frame = pd.DataFrame({"city": pd.Categorical(["Rome", "Oslo"] * 50), "x": np.arange(100.0)})
    row = pd.DataFrame({"city": ["Atlantis"], "x": [3.0]})
    explanation = ll.Explainer(lambda X: X["x"] + 9.0 * (X["city"] == "Atlantis"), ll.Tabular(frame)).explain(row)
    by_name = {feature.where.key: j for j, feature in enumerate(explanation.features)}
    assert explanation.coef[0, by_name["city"]] == pytest.approx(9.0)
    assert any("outside the background" in warning and "Atlantis" in warning for warning in explanation.warnings)


def test_sparse_rows_are_explained_by_their_non_zeros():
    dense = np.where(RNG.random((80, 30)) < 0.3, RNG.integers(1, 5, (80, 30)), 0).astype(float)
    rows = sp.csr_matrix(dense)
    row = next(i for i in range(80) if dense[i, 0] > 0)
    explanation = ll.Explainer(lambda X: X.toarray()[:, 0] * 2.0, ll.Tabular(rows), seed=0).explain(rows[row])
    assert len(explanation.features) == np.count_nonzero(dense[row])
    assert explanation.selected[0][0] == 0


def test_a_noisy_model_is_noticed_and_asked_twice():
    rng = np.random.default_rng(0)

    def noisy(X):
        return linear(X) + rng.normal(size=len(X))

    sure = ll.Explainer(linear, ll.Tabular(X), seed=0, n_samples=512).explain(X[0])
    unsure = ll.Explainer(noisy, ll.Tabular(X), seed=0, n_samples=512).explain(X[0])
    assert (sure.provenance.cost.model_rows, unsure.provenance.cost.model_rows) == (513 + 16, 513 + 16 + 512)
    assert (unsure.stderr > sure.stderr).all()
    assert any("not deterministic" in warning for warning in unsure.warnings)


# ---- bad input: a clear error, before any call of the model ---------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"n_sample": 100}, UnknownNameError, "did you mean 'n_samples'"),
        ({"targets": "rihc"}, UnknownNameError, "did you mean 'rich'"),
        ({"sampler": "pairs"}, InputError, "tables take 'sobol'"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_the_model_is_asked(people, classifier, settings, error, said):
    frame, _ = people
    with pytest.raises(error, match=said):
        ll.Explainer(classifier, ll.Tabular(frame), **settings).explain(frame.iloc[0])


@pytest.mark.parametrize(
    "instance",
    [X[:2], X[0, :3], np.full(4, np.inf), ["a", 0, 0, 0], None, {"x0": 1.0}],
    ids=["two rows", "too few columns", "infinite", "a word for a number", "nothing", "missing columns"],
)
def test_a_row_that_does_not_fit_is_refused_before_the_model_is_asked(instance):
    model = Counting()
    with pytest.raises(InputError):
        ll.Explainer(model, ll.Tabular(X), seed=0).explain(instance)
    assert model.calls == 0


def test_a_modality_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"wrap the background: Explainer\(model, Tabular"):
        ll.Explainer(linear, X)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (lambda X: np.array(["2020-01-01"] * len(X), dtype="datetime64[D]"), ModelOutputError, "dates"),
        (lambda X: [f"answer {i}" for i in range(len(X))], ModelOutputError, "more than 50 different strings"),
        (lambda X: np.full(len(X), np.nan), ModelOutputError, "nan"),
        (lambda X: np.zeros(len(X) + 1), ModelOutputError, "expected"),
        (lambda X: 1 / 0, ModelCallError, "ZeroDivisionError"),
    ],
)
def test_a_model_that_answers_badly_is_named_with_its_batch(answer, error, said):
    with pytest.raises(error, match=said):
        ll.Explainer(answer, ll.Tabular(X), seed=0).explain(X[0])


def test_a_misfit_among_many_rows_costs_none_of_the_others():
    rows = [X[0], X[1], X[2, :3], X[3]]
    stream = ll.Explainer(linear, ll.Tabular(X), seed=0, n_samples=64).explain_many(rows)
    assert [next(stream), next(stream)] == list(
        ll.Explainer(linear, ll.Tabular(X), seed=0, n_samples=64).explain_many(X[:2])
    )
    with pytest.raises(InputError) as caught:
        next(stream)
    assert "instance number 2" in caught.value.__notes__


def test_a_model_that_breaks_midway_costs_none_of_the_finished():
    def breaks(X):
        if (X[:, 3] > 1e6).any():
            raise RuntimeError("out of range")
        return linear(X)

    rows = np.concatenate([X[:150], [[0, 0, 0, 1e7]]])
    stream = ll.Explainer(breaks, ll.Tabular(X), seed=0, n_samples=64).explain_many(rows)
    kept = []
    with pytest.raises(ModelCallError, match="out of range"):
        kept.extend(stream)
    assert len(kept) == 150


def test_texts_whose_rows_were_answered_before_the_model_broke_are_explained():
    texts = [
        f"a good film number {i} with a plot that nobody in town has seen since the day of its release"
        for i in range(40)
    ]

    class Breaks:
        """Answers so many calls, and none after them."""

        def __init__(self, calls):
            self.calls = calls

        def __call__(self, texts):
            self.calls -= 1
            if self.calls < 0:
                raise ConnectionError("gone")
            return [text.count("good") + 0.5 * ("plot" in text) for text in texts]

    kept = []
    with pytest.raises(ModelCallError, match="gone"):
        kept.extend(ll.Explainer(Breaks(10), ll.Text(), batch_size=300, n_samples=256).explain_many(texts))
    assert 5 <= len(kept) <= 11
    whole = ll.Explainer(Breaks(10_000), ll.Text(), batch_size=300, n_samples=256).explain_many(texts)
    assert kept == [next(whole) for _ in kept]


def test_expected_cost_is_what_it_then_takes():
    explainer = ll.Explainer(linear, ll.Tabular(X), seed=0)
    expected = explainer.estimate_cost(X[0])
    assert expected.rows == explainer.explain(X[0]).provenance.cost.model_rows
    assert expected.seconds > 0


def test_an_estimator_that_predicts_numbers_is_explained_by_its_prediction():
    model = LinearRegression().fit(X, linear(X))
    explanation = ll.Explainer(model, ll.Tabular(X), seed=0).explain(X[0])
    assert explanation.prediction[0] == pytest.approx(float(linear(X[:1])[0]))


def test_a_property_that_meets_a_missing_name_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ll.Explainer, "modality", property(lambda self: len.nothing))  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="'nothing'"):
        ll.Explainer(len, ll.Text()).modality  # noqa: B018
