"""Tables in lime's words: attributes, labels, bins, statistics, kinds of data, and where ours is right.

The claims of `compat/lime/table_explainer.py`, `compat/lime/arrays.py`, `compat/lime/recurrent.py`,
`compat/lime/discretize.py`, `compat/lime/tables.py`, `compat/lime/table_names.py` and `compat/lime/question.py`.
"""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from limelight.compat.lime.discretize import BaseDiscretizer, QuartileDiscretizer, StatsDiscretizer
from limelight.compat.lime.lime_tabular import LimeTabularExplainer, RecurrentTabularExplainer
from limelight.errors import InputError, LimelightError, ModelOutputError, UnknownNameError

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=300), RNG.integers(0, 3, 300), RNG.normal(5, 2, 300), np.full(300, 7.0)])
NAMES = ["size", "colour", "age", "floor"]
COLOURS = {1: ["red", "green", "blue"]}


def score(rows):
    return 2.0 * (rows[:, 0] > 0) + (rows[:, 1] == 2) + 0.1 * rows[:, 2]


def probabilities(rows):
    p = 1 / (1 + np.exp(-(score(rows) - 2)))
    return np.stack([1 - p, p], axis=1)


def three(rows):
    p = np.exp(np.stack([score(rows), rows[:, 0], np.zeros(len(rows))], axis=1))
    return p / p.sum(axis=1, keepdims=True)


def explainer(**words):
    given = {"feature_names": NAMES, "categorical_features": [1], "categorical_names": COLOURS, "random_state": 0}
    return LimeTabularExplainer(X, **{**given, **words})


ROW = np.array([0.5, 2.0, 6.0, 7.0])


def test_a_classification_has_lime_s_attributes():
    explanation = explainer(class_names=["no", "yes"]).explain_instance(ROW, probabilities, num_samples=500)
    assert explanation.mode == "classification"
    assert explanation.class_names == ["no", "yes"]
    assert explanation.available_labels() == [1]
    assert explanation.top_labels is None
    np.testing.assert_array_equal(explanation.predict_proba, probabilities(ROW[None])[0])
    assert explanation.as_map() is explanation.local_exp
    assert [j for j, _ in explanation.local_exp[1]] != sorted(NAMES)
    assert isinstance(explanation.intercept[1], float)
    assert 0 < explanation.score < 1
    assert explanation.local_pred.shape == (1,)
    assert {name for name, _ in explanation.as_list()} >= {"colour=blue", "floor <= 7.00"}
    sizes = [abs(weight) for _, weight in explanation.as_list()]
    assert sizes == sorted(sizes, reverse=True)


def test_a_regression_has_lime_s_attributes_and_signs():
    explanation = explainer(mode="regression").explain_instance(ROW, score, num_samples=500)
    assert explanation.predicted_value == score(ROW[None])[0]
    assert explanation.min_value <= explanation.predicted_value <= explanation.max_value
    assert explanation.class_names == ["negative", "positive"]
    assert explanation.local_exp[0] == [(j, -weight) for j, weight in explanation.local_exp[1]]
    assert explanation.intercept[0] == explanation.intercept[1]
    assert dict(explanation.as_list(label=17))["colour=blue"] > 0
    with pytest.raises(NotImplementedError):
        explanation.available_labels()


def test_the_local_prediction_is_the_sum_of_its_parts():
    explanation = explainer().explain_instance(ROW, probabilities, num_samples=500)
    total = explanation.intercept[1] + sum(weight for _, weight in explanation.local_exp[1])
    assert explanation.local_pred[0] == pytest.approx(total)


def test_label_0_of_two_has_the_signs_of_label_0():
    explanation = explainer().explain_instance(ROW, probabilities, labels=(0, 1), num_samples=500)
    zero, one = (dict(explanation.local_exp[label]) for label in (0, 1))
    assert zero[0] < 0 < one[0]
    for j in zero:
        assert zero[j] == pytest.approx(-one[j], abs=1e-9)
    assert explanation.native.r2[0] == pytest.approx(explanation.native.r2[1])
    assert explanation.local_pred[0] == pytest.approx(explanation.native.local_prediction[1])
    assert explanation.local_pred[0] == pytest.approx(1 - explanation.native.local_prediction[0])


def test_top_labels_are_the_most_probable_first():
    explanation = explainer().explain_instance(ROW, three, top_labels=2, num_samples=500)
    assert explanation.top_labels == np.argsort(-explanation.predict_proba)[:2].tolist()
    assert explanation.available_labels() == explanation.top_labels
    assert explanation.class_names == ["0", "1", "2"]
    assert type(explanation.score) is float


def test_a_label_that_is_not_explained_is_a_key_error_that_names_those_that_are():
    explanation = explainer().explain_instance(ROW, three, labels=(2,), num_samples=200)
    with pytest.raises(KeyError, match="label: unknown name 1; Known: '2'"):
        explanation.as_list()


def test_the_same_explainer_gives_the_same_explanation_again():
    made = explainer()
    first = made.explain_instance(ROW, probabilities, num_samples=300).as_map()
    made.explain_instance(X[3], probabilities, num_samples=300)
    assert made.explain_instance(ROW, probabilities, num_samples=300).as_map() == first
    assert explainer().explain_instance(ROW, probabilities, num_samples=300).as_map() == first
    assert explainer(random_state=1).explain_instance(ROW, probabilities, num_samples=300).as_map() != first


def test_two_explainers_that_share_a_random_state_differ():
    state = np.random.RandomState(0)
    first, second = (explainer(random_state=state) for _ in range(2))
    assert (
        first.explain_instance(ROW, probabilities, num_samples=300).as_map()
        != second.explain_instance(ROW, probabilities, num_samples=300).as_map()
    )


def test_the_global_seed_of_numpy_makes_a_notebook_repeatable():
    found = []
    for _ in range(2):
        np.random.seed(3)
        made = explainer(random_state=None)
        found.append(made.explain_instance(ROW, probabilities, num_samples=300).as_map())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "words", [{}, {"discretize_continuous": False}, {"discretizer": "decile"}, {"sample_around_instance": True}]
)
def test_explainers_and_explanations_pickle(words):
    made = explainer(**words)
    explanation = made.explain_instance(ROW, probabilities, num_samples=300)
    again = pickle.loads(pickle.dumps(made)).explain_instance(ROW, probabilities, num_samples=300)
    assert again.as_map() == explanation.as_map()
    loaded = pickle.loads(pickle.dumps(explanation))
    assert loaded.as_list() == explanation.as_list()
    assert loaded.score == explanation.score
    assert loaded.local_pred == explanation.local_pred
    assert loaded.native == explanation.native


def test_the_model_sees_floats_and_a_constant_column_arrives_as_it_is():
    seen = []

    def watching(rows):
        seen.append(rows)
        return probabilities(rows)

    explainer().explain_instance(ROW, watching, num_samples=500)
    rows = np.concatenate(seen)
    assert rows.dtype == np.float64
    assert set(rows[:, 3]) == {7.0}
    assert set(rows[:, 1]) == {0.0, 1.0, 2.0}
    assert len(np.unique(rows[:, 0])) > 400


def test_features_that_cannot_vary_are_listed_with_zero():
    explanation = explainer().explain_instance(ROW, probabilities, num_features=4, num_samples=500)
    assert len(explanation.as_list()) == 4
    assert explanation.as_list()[-1] == ("floor <= 7.00", 0.0)


def test_a_category_that_training_never_showed_is_explained():
    explanation = explainer().explain_instance(np.array([0.5, 9.0, 6.0, 7.0]), probabilities, num_samples=500)
    assert "colour=9" in [name for name, _ in explanation.as_list()]


def test_missing_values_are_a_bin_of_their_own():
    gaps = X.copy()
    gaps[::5, 0] = np.nan
    made = LimeTabularExplainer(gaps, feature_names=NAMES, mode="regression", random_state=0)
    explanation = made.explain_instance(gaps[0], lambda rows: np.isnan(rows[:, 0]) * 3.0, num_samples=1000)
    assert explanation.as_list()[0][0] == "size is missing"
    assert explanation.as_list()[0][1] == pytest.approx(3.0, rel=0.05)


def test_frames_are_read_with_their_names():
    import pandas as pd

    frame = pd.DataFrame(X, columns=NAMES)
    made = LimeTabularExplainer(frame, mode="regression", random_state=0)
    assert made.feature_names == NAMES
    assert len(made.explain_instance(frame.iloc[0], score, num_samples=200).as_list()) == 4


def test_discretizers_of_one_s_own_are_used():
    class Halves(BaseDiscretizer):
        def bins(self, data, labels):
            return [[0.0] if j == 0 else [5.0] for j in self.to_discretize]

    made = explainer(discretizer=Halves(X, [1], NAMES, random_state=0), mode="regression")
    explanation = made.explain_instance(ROW, score, num_samples=1000)
    weights = dict(explanation.as_list())
    assert weights["size > 0.00"] == pytest.approx(2.0, rel=0.1)
    assert made.feature_values[0] == [0.0, 1.0]
    assert made.categorical_features == [0, 1, 2, 3]


def test_statistics_stand_in_for_the_training_data():
    full = QuartileDiscretizer(X, [1], NAMES)
    whole = explainer()
    statistics = {
        "means": full.means, "stds": full.stds, "mins": full.mins, "maxs": full.maxs, "bins": full.edges,
        "feature_values": whole.feature_values, "feature_frequencies": whole.feature_frequencies,
    }  # fmt: skip
    made = LimeTabularExplainer(
        np.zeros((2, 4)), feature_names=NAMES, categorical_features=[1], categorical_names=COLOURS,
        training_data_stats=statistics, random_state=0,
    )  # fmt: skip
    assert isinstance(made.discretizer, StatsDiscretizer)
    found = dict(made.explain_instance(ROW, probabilities, num_samples=4000).as_list())
    for name, weight in whole.explain_instance(ROW, probabilities, num_samples=4000).as_list():
        assert found[name] == pytest.approx(weight, abs=0.02)


def test_sparse_rows_are_perturbed_in_their_non_zeros_and_scaled_by_division():
    from scipy.sparse import csr_matrix

    dense = RNG.normal(size=(200, 30)) * np.linspace(1, 20, 30) * (RNG.random((200, 30)) < 0.3)
    sparse, slopes = csr_matrix(dense), np.arange(30.0)
    kinds = set()

    def linear(rows):
        kinds.add(type(rows))
        return np.asarray(rows @ slopes).ravel()

    made = LimeTabularExplainer(sparse, mode="regression", random_state=0)
    explanation = made.explain_instance(sparse[3], linear, num_samples=4000, num_features=10)
    assert kinds == {csr_matrix}
    nonzero = sparse[3].indices.tolist()
    pairs = explanation.local_exp[1]
    assert len(pairs) == 10
    assert {j for j, weight in pairs if weight} <= set(nonzero)
    scale = dense.std(axis=0)  # a standard deviation of a column is its unit, not one over it
    for j, weight in pairs:
        if weight:
            assert weight == pytest.approx(slopes[j] * scale[j], rel=0.02)


def test_recurrent_rows_are_laid_side_by_side():
    steps = RNG.normal(size=(200, 3, 2))
    made = RecurrentTabularExplainer(steps, mode="regression", feature_names=["price", "rain"], random_state=0)
    shapes = set()

    def last_price(batch):
        shapes.add(batch.shape[1:])
        return np.where(batch[:, -1, 0] > 0, 5.0, 0.0)

    explanation = made.explain_instance(steps[0], last_price, num_samples=2000)
    assert shapes == {(3, 2)}
    assert "price_t-0" in explanation.as_list()[0][0]
    assert pickle.loads(pickle.dumps(made)).n_timesteps == 3


def test_a_kernel_gets_distances_and_the_width_by_name():
    asked = []

    def flat(d, kernel_width):
        asked.append(kernel_width)
        return np.ones_like(d)

    explainer(kernel=flat, kernel_width=3.0).explain_instance(ROW, probabilities, num_samples=200)
    assert set(asked) == {3.0}


def test_a_regressor_is_used_and_left_alone():
    regressor = LinearRegression()
    explanation = explainer(mode="regression").explain_instance(ROW, score, num_samples=2000, model_regressor=regressor)
    assert not hasattr(regressor, "coef_")
    assert dict(explanation.as_list())["colour=blue"] == pytest.approx(1.0, abs=0.05)


def test_shared_neighborhoods_ask_the_model_once_and_change_nothing():
    rows, made = [], explainer()

    def counting(inputs):
        rows.append(len(inputs))
        return probabilities(inputs)

    alone = [made.explain_instance(row, counting, num_samples=400).as_map() for row in X[:3]]
    each = sum(rows)
    rows.clear()
    made.share_neighborhood = True
    shared = [made.explain_instance(row, counting, num_samples=400).as_map() for row in X[:3]]
    assert shared == alone
    assert sum(rows) < each / 2


def test_native_is_limelight_s_explanation_with_lime_s_names():
    explanation = explainer().explain_instance(ROW, probabilities, num_samples=500)
    low_high = {name: bounds for name, _, bounds in explanation.native.top()}
    for name, weight in explanation.as_list():
        if weight:
            assert low_high[name][0] <= weight <= low_high[name][1]
    assert explanation.native.provenance.n_samples == 499


def test_verbose_prints_what_lime_prints(capsys):
    explainer(verbose=True).explain_instance(ROW, probabilities, num_samples=200)
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == ["Intercept", "Prediction_local", "Right:"]


def test_lime_s_attributes_of_the_explainer_are_there():
    made = explainer(discretize_continuous=False)
    assert made.categorical_features == [1]
    assert made.feature_values == {1: [0.0, 1.0, 2.0]}
    assert made.feature_frequencies[1].sum() == pytest.approx(1)
    assert made.scaler.mean_[1] == 0 and made.scaler.scale_[1] == 1
    np.testing.assert_allclose(made.scaler.scale_[0], X[:, 0].std())
    assert made.discretizer is None and made.base.kernel_fn(np.zeros(1)) == 1
    assert LimeTabularExplainer.convert_and_round([1.234]) == ["1.23"]


@pytest.mark.parametrize(
    ("words", "asked", "error", "says"),
    [
        ({"mode": "clustering"}, {}, UnknownNameError, "mode: unknown name"),
        ({"discretizer": "quartiles"}, {}, UnknownNameError, "did you mean 'quartile'"),
        ({"feature_selection": "forward"}, {}, UnknownNameError, "forward_selection"),
        ({"discretizer": "entropy"}, {}, InputError, "training_labels=y_train"),
        ({"feature_names": ["a"]}, {}, InputError, "expected 4 names"),
        ({"training_data_stats": {"means": {}}}, {}, InputError, "got none of mins"),
        ({"kernel_width": -1}, {}, InputError, "kernel_width"),
        ({"random_state": "seed"}, {}, InputError, "random_state"),
        ({}, {"labels": (2,)}, UnknownNameError, "labels: unknown name 2"),
        ({}, {"labels": 1}, InputError, "a sequence of column numbers"),
        ({}, {"num_features": 0}, InputError, "num_features"),
        ({}, {"num_samples": 1}, InputError, "num_samples"),
        ({}, {"distance_metric": "euclid"}, InputError, "pairwise_distances"),
        ({}, {"sampling_method": "sobol"}, UnknownNameError, "sampling_method"),
        ({}, {"model_regressor": "ridge"}, InputError, "model_regressor"),
    ],
)
def test_errors_name_the_argument_and_what_to_do(words, asked, error, says):
    with pytest.raises(error, match=says):
        explainer(**words).explain_instance(ROW, probabilities, **asked)


@pytest.mark.parametrize(
    ("predict", "says"),
    [
        (score, "Pass predict_proba, not predict; or mode='regression'"),
        (lambda rows: np.array(["a"] * len(rows)), "Return a score for each class"),
    ],
)
def test_a_function_without_probabilities_is_found_by_its_first_row(predict, says):
    asked = []

    def counting(rows):
        asked.append(len(rows))
        return predict(rows)

    with pytest.raises(ModelOutputError, match=says):
        explainer().explain_instance(ROW, counting)
    assert asked == [1]


def test_several_outputs_of_a_regression_are_refused_instead_of_dropped():
    with pytest.raises(ModelOutputError, match="model returned 2 outputs per input; expected one"):
        explainer(mode="regression").explain_instance(ROW, probabilities)


def test_numbers_that_are_no_probabilities_are_warned_of():
    with pytest.warns(UserWarning, match="probabilities that sum to 1"):
        explainer().explain_instance(ROW, lambda rows: 3 * probabilities(rows), num_samples=100)


@pytest.mark.parametrize(
    "training", [np.array([["a", "b"], ["c", "d"]]), np.zeros(4), np.zeros((0, 3)), [["x", 1.0], ["y", 2.0]]]
)
def test_training_data_that_are_no_table_of_numbers_are_refused(training):
    with pytest.raises(LimelightError, match="training_data: expected"):
        LimeTabularExplainer(training)


def test_a_callable_that_also_predicts_is_called():
    class Network:
        def __call__(self, rows):
            return probabilities(rows)

        def predict(self, rows):
            raise AssertionError("lime calls what it is given")

    assert explainer().explain_instance(ROW, Network(), num_samples=100).as_list()
    with pytest.raises(InputError, match="pass for example model.predict_proba"):
        explainer().explain_instance(ROW, 3)
