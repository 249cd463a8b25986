"""The result: what it says, that it survives being written, and that it stays small."""

import gc
import json
import tracemalloc

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.result.explanation import normal_quantile

WEIGHTS = np.array([[3.0, -2.0, 0.5], [0.0, 1.0, -1.0]])


def outputs(masks):
    masks = np.asarray(masks, dtype=float)
    return masks @ WEIGHTS.T + masks[:, :1] * masks[:, 1:2] + [10.0, 0.0]


@pytest.fixture(scope="module")
def explanation():
    parts = ll.Components(["drums", "hum", "voice"], np.asarray)
    return ll.Explainer(outputs, parts, output_names=["loud", "clear"], targets="all", seed=0).explain(None)


@pytest.fixture(scope="module")
def uncertain():
    X = np.random.default_rng(0).normal(size=(200, 12))
    explainer = ll.Explainer(lambda X: X[:, 0] * X[:, 1] + X[:, 2], ll.Tabular(X), seed=0, n_samples=512)
    return explainer, X


def test_an_enumerated_explanation_is_exact_and_says_so(explanation):
    # Exact limit of the product under the kernel, by enumeration in the fit itself: no sampling error is left.
    assert explanation.provenance.stopped == "exhaustive"
    assert not explanation.stderr.any()
    np.testing.assert_array_equal(explanation.interval()[..., 0], explanation.interval()[..., 1])


def test_top_is_sorted_by_size_and_carries_intervals(uncertain):
    explainer, X = uncertain
    explanation = explainer.explain(X[0])
    top = explanation.top()
    sizes = [abs(weight) for _, weight, _ in top]
    assert sizes == sorted(sizes, reverse=True)
    assert len(top) == 10
    assert all(low <= weight <= high for _, weight, (low, high) in top)
    name, weight, (low, high) = explanation.top(1)[0]
    j = explanation.selected[0][0]
    assert (name, weight) == (explanation.features[j].name, explanation.coef[0, j])
    assert high - low == pytest.approx(2 * 1.959964 * explanation.stderr[0, j])


def test_targets_are_read_by_name_and_index(explanation):
    assert explanation.as_list("clear") == explanation.as_list(1)
    assert explanation.as_list() == explanation.as_list("loud")
    with pytest.raises(UnknownNameError, match="did you mean 'clear'"):
        explanation.as_list("claer")
    with pytest.raises(UnknownNameError):
        explanation.as_list(2)


def test_the_difference_of_two_weights_uses_their_covariance(uncertain):
    explainer, X = uncertain
    explanation = explainer.explain(X[0])
    weight, stderr = explanation.difference(0, 1)
    a, b = explanation.selected[0][:2]
    assert weight == explanation.coef[0, a] - explanation.coef[0, b]
    covariance = explanation.covariance_matrix()
    assert stderr == pytest.approx(np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]), rel=1e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), explanation.stderr[0, explanation.selected[0]], rtol=1e-5)
    assert explanation.difference(2, 2) == (0.0, 0.0)
    with pytest.raises(InputError, match="positions among the 10 shown"):
        explanation.difference(0, 10)


def test_a_wider_level_gives_a_wider_interval(uncertain):
    explainer, X = uncertain
    explanation = explainer.explain(X[1])
    narrow, wide = (np.diff(explanation.interval(level), axis=-1) for level in (0.5, 0.99))
    assert (wide >= narrow).all()
    with pytest.raises(InputError, match="level: expected a number between 0 and 1"):
        explanation.interval(95)


def test_the_normal_quantile_is_that_of_the_tables():
    assert [round(normal_quantile(level), 3) for level in (0.9, 0.95, 0.99)] == [1.645, 1.96, 2.576]


def test_json_is_read_back_to_an_equal_explanation(explanation, uncertain, tmp_path):
    explainer, X = uncertain
    for original in (explanation, explainer.explain(X[0])):
        text = original.to_json(tmp_path / "e.json")
        assert json.loads(text)["schema_version"] == 2
        again = ll.Explanation.from_json(tmp_path / "e.json")
        assert again == original == ll.Explanation.from_json(text)
        assert again.to_json() == text
        assert str(again) == str(original)
        np.testing.assert_array_equal(again.coef, original.coef)
        assert again.features == original.features
        assert again.doubts() == original.doubts()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "schema_version"),
        ('{"schema_version": 99}', "schema_version 2 or before, got 99"),
        ('{"schema_version": 1}', "not a complete explanation"),
    ],
)
def test_what_is_no_explanation_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        ll.Explanation.from_json(text)


def test_the_frame_is_tidy(explanation):
    frame = explanation.to_frame()
    weights = ["target", "rank", "feature", "value", "weight", "stderr", "low", "high"]
    assert list(frame.columns) == [*weights, "contribution", "contribution_stderr"]
    assert (frame["contribution"] == frame["weight"]).all(), "for masks both are the same"
    assert len(frame) == 6
    assert frame.loc[frame["target"] == "loud", "feature"].tolist() == [n for n, _ in explanation.as_list("loud")]


def test_explanations_differ_where_a_fact_does_and_not_where_the_cost_does(uncertain):
    explainer, X = uncertain
    first, again, other = explainer.explain(X[0]), explainer.explain(X[0]), explainer.explain(X[1])
    assert first.provenance.cost != again.provenance.cost
    assert first == again
    assert hash(first) == hash(again)
    assert first != other
    assert first != "an explanation"


def test_explanations_of_twelve_columns_keep_less_than_seven_kibibytes_each():
    # Four numbers and eight categories, as in Adult; the names of bins and categories are shared by all rows.
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(500, 4)), rng.integers(0, 5, (500, 8))])
    tabular = ll.Tabular(X, categorical=range(4, 12))

    def explainer_of_twelve():
        return ll.Explainer(lambda X: X[:, 0] + X[:, 4] * X[:, 1], tabular, seed=0, n_samples=512)

    list(explainer_of_twelve().explain_many(X))  # what is imported and kept once, whoever asks
    explainer = explainer_of_twelve()
    tracemalloc.start()
    kept = list(explainer.explain_many(X))
    del explainer  # what it remembers of rows is bounded, and goes with it
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown / len(kept) < 7 * 1024


def test_the_kernel_path_is_there_where_the_width_was_chosen_and_refused_elsewhere(uncertain):
    explainer, X = uncertain
    with pytest.raises(InputError, match="kernel_width='auto'"):
        explainer.explain(X[0]).kernel_path()
    chosen = ll.Explainer(outputs, ll.Components(list("abc"), np.asarray), targets=0, seed=0, kernel_width="auto")
    explanation = chosen.explain(None)
    path = explanation.kernel_path()
    assert explanation.provenance.kernel_width in [entry["width"] for entry in path]
    assert len(path) == 11
    assert ll.Explanation.from_json(explanation.to_json()).kernel_path() == path
