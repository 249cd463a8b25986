"""Overridden parts of lime's pipeline, and attributes set after construction, do what they do in lime.

The claims of `compat/lime/lime_route.py`, `compat/lime/draws.py` and `compat/lime/table_state.py`.
"""

from __future__ import annotations

import functools
import importlib

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from limelight.compat.lime import indexed
from limelight.compat.lime.submodular_pick import SubmodularPick
from limelight.errors import InputError, ModelOutputError

pytestmark = pytest.mark.filterwarnings("ignore")
PACKAGES = ["lime", "limelight.compat.lime"]
X = np.random.default_rng(0).normal(size=(300, 4))
TEXT = "a film that is good in parts and bad in others"
PICTURE = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
SQUARES = np.arange(16)[:, None] // 4 * 4 + np.arange(16) // 4


def classify(rows):
    p = 1 / (1 + np.exp(-2 * rows[:, 0] + rows[:, 1]))
    return np.stack([1 - p, p], axis=1)


def value(rows):
    return 3 * rows[:, 0] - rows[:, 1]


def says(texts):
    p = np.array([0.3 + 0.5 * ("good" in t) - 0.2 * ("bad" in t) for t in texts])
    return np.stack([1 - p, p], axis=1)


def bright(images):
    p = np.asarray(images, float)[:, :8, :8].mean(axis=(1, 2, 3)) / 255
    return np.stack([1 - p, p], axis=1)


def module(package, name):
    return importlib.import_module(f"{package}.{name}")


def tabular(package, cls="LimeTabularExplainer", **words):
    return getattr(module(package, "lime_tabular"), cls)(X, **{"random_state": 0, **words})


def weights(explanation, label=1):
    return np.array([weight for _, weight in sorted(explanation.local_exp[label])])


def on_row(made, function=classify, **words):
    return made.explain_instance(X[0], function, **{"num_samples": 2000, "num_features": 4, **words})


def agree(explain, *, atol=0.08):
    """Return ours, once what it holds agrees with lime's up to sampling."""
    theirs, ours = (explain(package) for package in PACKAGES)
    np.testing.assert_allclose(weights(ours), weights(theirs), atol=atol)
    np.testing.assert_allclose(ours.local_pred, theirs.local_pred, atol=1.5 * atol)
    assert ours.score == pytest.approx(theirs.score, abs=0.1)
    return ours


# -- the base ---------------------------------------------------------------------------------------------------------


def only_feature_two(package):
    class Base(module(package, "lime_base").LimeBase):
        def feature_selection(self, data, labels, weights, num_features, method):
            return np.array([2])

    return Base


@pytest.mark.parametrize("kind", ["table", "text", "image"])
def test_a_subclass_of_limebase_chooses_the_features(kind):
    for package in PACKAGES:
        base = only_feature_two(package)
        if kind == "table":
            made = tabular(package)
            made.base = base(made.base.kernel_fn)
            pairs = on_row(made).local_exp[1]
        elif kind == "text":
            made = module(package, "lime_text").LimeTextExplainer(random_state=0)
            made.base = base(made.base.kernel_fn)
            pairs = made.explain_instance(TEXT, says, num_samples=300).local_exp[1]
        else:
            made = module(package, "lime_image").LimeImageExplainer(random_state=0)
            made.base = base(made.base.kernel_fn)
            words = {"segmentation_fn": lambda image: SQUARES, "num_samples": 100, "hide_color": 0}
            pairs = made.explain_instance(PICTURE, bright, **words).local_exp[1]
        assert [j for j, _ in pairs] == [2]


def test_a_base_that_fits_otherwise_gives_lime_s_weights():
    def explain(package):
        class Base(module(package, "lime_base").LimeBase):
            def explain_instance_with_data(self, data, labels, distances, label, num_features, **words):
                fit = Ridge(alpha=500.0).fit(data, labels[:, label], sample_weight=self.kernel_fn(distances))
                pairs = list(enumerate(fit.coef_))
                return fit.intercept_, pairs, fit.score(data, labels[:, label]), fit.predict(data[:1])

        made = tabular(package)
        made.base = Base(made.base.kernel_fn, random_state=0)
        return on_row(made)

    ours = agree(explain)
    plain = on_row(tabular(PACKAGES[1]))
    assert np.abs(weights(ours)).sum() < 0.9 * np.abs(weights(plain)).sum()
    assert ours.native is None
    assert "<table" in ours.as_html()


def test_a_method_replaced_on_the_object_or_on_the_class_counts_as_well(monkeypatch):
    made = tabular(PACKAGES[1])
    made.base.forward_selection = lambda data, labels, weights, num_features: np.array([3, 1])
    assert {j for j, _ in on_row(made, num_features=2).local_exp[1]} == {1, 3}
    cls = module(PACKAGES[1], "lime_base").LimeBase
    monkeypatch.setattr(cls, "feature_selection", lambda self, *words: np.array([2]))
    assert [j for j, _ in on_row(tabular(PACKAGES[1])).local_exp[1]] == [2]


def test_the_path_of_the_lasso_may_be_overridden():
    class Base(module(PACKAGES[1], "lime_base").LimeBase):
        @staticmethod
        def generate_lars_path(data, labels):
            return np.array([1.0, 0.0]), np.array([[0, 0], [0, 1.0], [0, 0], [0, 0]])

    made = tabular(PACKAGES[1], feature_selection="lasso_path")
    made.base = Base(made.base.kernel_fn)
    assert [j for j, _ in on_row(made).local_exp[1]] == [1]


def test_lime_s_own_base_may_be_put_in():
    made = tabular(PACKAGES[1])
    made.base = module("lime", "lime_base").LimeBase(made.base.kernel_fn, random_state=0)
    np.testing.assert_allclose(weights(on_row(made)), weights(on_row(tabular("lime"))), atol=0.08)


@pytest.mark.parametrize("kind", ["table", "text", "image"])
def test_a_kernel_set_afterwards_is_the_kernel(kind):
    def narrow(d, kernel_width):
        return np.sqrt(np.exp(-(np.asarray(d) ** 2) / kernel_width**2))

    def bent(rows):
        p = 1 / (1 + np.exp(-2 * rows[:, 0] * (1 + 2 * (rows[:, 1] > 0)) * (1 + (rows[:, 2] > 0))))
        return np.stack([1 - p, p], axis=1)

    def explain(package, *, touched=True):
        if kind == "table":
            made, width = tabular(package), 0.6
            explain = functools.partial(on_row, made, bent, num_samples=5000)
        elif kind == "text":
            made, width = module(package, "lime_text").LimeTextExplainer(random_state=0), 8.0
            explain = functools.partial(made.explain_instance, TEXT, says, num_samples=5000, num_features=20)
        else:
            made, width = module(package, "lime_image").LimeImageExplainer(random_state=0), 0.06
            words = {"segmentation_fn": lambda image: SQUARES, "num_samples": 1500, "hide_color": 0}
            explain = functools.partial(made.explain_instance, PICTURE, lambda images: bright(images) ** 3, **words)
        if touched:
            made.base.kernel_fn = functools.partial(narrow, kernel_width=width)
        return explain()

    ours = agree(explain, atol=0.04)
    assert ours.native is not None
    assert np.abs(weights(ours) - weights(explain(PACKAGES[1], touched=False))).max() > 1e-3


def test_a_kernel_that_is_none_is_an_error():
    made = tabular(PACKAGES[1])
    made.base.kernel_fn = "exponential"
    with pytest.raises(InputError, match=r"base\.kernel_fn: expected a function"):
        on_row(made)


def test_verbose_set_afterwards_prints(capsys):
    made = tabular(PACKAGES[1])
    made.base.verbose = True
    on_row(made)
    assert "Prediction_local" in capsys.readouterr().out


# -- perturbations ----------------------------------------------------------------------------------------------------


def test_an_overridden_data_inverse_makes_the_perturbations():
    def explain(package):
        base = module(package, "lime_tabular").LimeTabularExplainer

        class Narrow(base):
            def _LimeTabularExplainer__data_inverse(self, data_row, num_samples):
                rows = np.random.default_rng(0).normal(data_row, 0.1, (num_samples, len(data_row)))
                rows[0] = data_row
                return rows, rows.copy()

        return on_row(Narrow(X, discretize_continuous=False, random_state=0))

    theirs, ours = (explain(package) for package in PACKAGES)
    np.testing.assert_allclose(weights(ours), weights(theirs), rtol=1e-6)
    np.testing.assert_allclose(ours.local_pred, theirs.local_pred, rtol=1e-6)
    np.testing.assert_allclose(ours.predict_proba, theirs.predict_proba)
    assert ours.as_list()[0][0] == theirs.as_list()[0][0]


def test_an_override_may_ask_for_lime_s_perturbations_and_change_them():
    def explain(package):
        base = module(package, "lime_tabular").LimeTabularExplainer

        class Frozen(base):
            def _LimeTabularExplainer__data_inverse(self, data_row, num_samples, *more):
                data, rows = super()._LimeTabularExplainer__data_inverse(data_row, num_samples, *more)
                data[:, 0], rows[:, 0] = 1, data_row[0]
                return data, rows

        return on_row(Frozen(X, random_state=0), num_samples=4000)

    ours = agree(explain)
    assert dict(ours.local_exp[1])[0] == 0


def test_a_regression_of_an_override_has_its_range_and_no_sampling_method_is_ignored():
    base = module(PACKAGES[1], "lime_tabular").LimeTabularExplainer

    class Two(base):
        def _LimeTabularExplainer__data_inverse(self, data_row, num_samples):
            rows = np.tile(data_row, (num_samples, 1))
            rows[1::2, 0] += 1
            return rows, rows

    made = Two(X, mode="regression", discretize_continuous=False, random_state=0)
    explanation = on_row(made, value)
    assert explanation.predicted_value == pytest.approx(value(X[:1])[0])
    assert explanation.max_value - explanation.min_value == pytest.approx(3)
    assert dict(explanation.local_exp[1])[0] / made.scaler.scale_[0] == pytest.approx(3, rel=0.02)
    with pytest.raises(InputError, match="sampling_method: expected 'gaussian', got 'lhs'"):
        on_row(made, value, sampling_method="lhs")


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"discretizer": "decile"},
        {"discretize_continuous": False},
        {"discretize_continuous": False, "sample_around_instance": True},
    ],
)
def test_who_calls_data_inverse_gets_lime_s_law(words):
    (theirs, their_rows), (data, rows) = (
        tabular(package, **words)._LimeTabularExplainer__data_inverse(X[0], 4000) for package in PACKAGES
    )
    assert data.shape == theirs.shape and rows.shape == their_rows.shape
    np.testing.assert_array_equal(rows[0], their_rows[0])
    np.testing.assert_array_equal(data[0], theirs[0])
    np.testing.assert_allclose(data.mean(axis=0), theirs.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(rows.mean(axis=0), their_rows.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(rows.std(axis=0), their_rows.std(axis=0), atol=0.1)


def test_sparse_perturbations_are_lime_s():
    sparse = pytest.importorskip("scipy.sparse")
    rows = sparse.csr_matrix(np.where(X > 0.3, X, 0))
    found = []
    for package in PACKAGES:
        made = module(package, "lime_tabular").LimeTabularExplainer(rows, random_state=0)
        found.append(made._LimeTabularExplainer__data_inverse(rows[0], 3000)[1])
    theirs, ours = (each.toarray() for each in found)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal((ours != 0).any(axis=0), (theirs != 0).any(axis=0))
    np.testing.assert_allclose(ours.std(axis=0), theirs.std(axis=0), atol=0.05)


def test_an_overridden_data_labels_distances_makes_the_texts():
    def explain(package):
        base = module(package, "lime_text").LimeTextExplainer

        class Pairs(base):
            def _LimeTextExplainer__data_labels_distances(
                self, indexed, classifier_fn, num_samples, distance_metric="cosine"
            ):
                d = indexed.num_words()
                data = np.vstack([np.ones(d), 1 - np.eye(d)])
                texts = [indexed.raw_string(), *(indexed.inverse_removing([j]) for j in range(d))]
                return data, classifier_fn(texts), 10.0 * (data == 0).sum(axis=1)

        return Pairs(random_state=0).explain_instance(TEXT, says, num_features=3)

    theirs, ours = (explain(package) for package in PACKAGES)
    assert [name for name, _ in ours.as_list()][:2] == [name for name, _ in theirs.as_list()][:2] == ["good", "bad"]
    np.testing.assert_allclose(weights(ours)[:2], weights(theirs)[:2], rtol=1e-6)


def test_who_calls_data_labels_distances_gets_lime_s_masks_and_hundredths():
    made = module(PACKAGES[1], "lime_text").LimeTextExplainer(random_state=0)
    text = indexed.IndexedString(TEXT)
    data, labels, distances = made._LimeTextExplainer__data_labels_distances(text, says, 2000)
    d = text.num_words()
    assert data.shape == (2000, d) and labels.shape == (2000, 2) and distances.shape == (2000,)
    hidden = (data == 0).sum(axis=1)
    assert hidden[0] == 0 and distances[0] == pytest.approx(0) and set(hidden[1:]) == set(range(1, d + 1))
    np.testing.assert_allclose(distances, 100 * (1 - np.sqrt(1 - hidden / d)), atol=1e-9)


def test_an_overridden_data_labels_makes_the_images():
    def explain(package):
        base = module(package, "lime_image").LimeImageExplainer

        class OneByOne(base):
            def data_labels(self, image, fudged_image, segments, classifier_fn, num_samples, batch_size=10):
                d = len(np.unique(segments))
                data = np.vstack([np.ones(d, int), 1 - np.eye(d, dtype=int)])
                images = []
                for mask in data:
                    shown = image.copy()
                    for j in np.flatnonzero(mask == 0):
                        shown[segments == j] = fudged_image[segments == j]
                    images.append(shown)
                return data, classifier_fn(np.array(images))

        words = {"segmentation_fn": lambda image: SQUARES, "num_samples": 50}
        return OneByOne(random_state=0).explain_instance(PICTURE, bright, top_labels=2, **words)

    theirs, ours = (explain(package) for package in PACKAGES)
    for label in (0, 1):
        np.testing.assert_allclose(weights(ours, label), weights(theirs, label), atol=1e-9)
    assert ours.top_labels == theirs.top_labels
    np.testing.assert_array_equal(
        ours.get_image_and_mask(1, num_features=3)[1], theirs.get_image_and_mask(1, num_features=3)[1]
    )


def test_labels_that_do_not_start_at_0_are_refused_for_an_overridden_data_labels():
    made = module(PACKAGES[1], "lime_image").LimeImageExplainer(random_state=0)
    made.data_labels = lambda *words: None
    with pytest.raises(InputError, match="segmentation_fn: expected labels 0, 1, 2"):
        made.explain_instance(PICTURE, bright, segmentation_fn=lambda image: SQUARES + 1)


def test_the_public_data_labels_is_lime_s():
    found = []
    for package in PACKAGES:
        made = module(package, "lime_image").LimeImageExplainer(random_state=0)
        data, labels = made.data_labels(PICTURE, np.zeros_like(PICTURE), SQUARES, bright, 400, batch_size=50)
        found.append((data, labels))
    (theirs, their_labels), (data, labels) = found
    assert data.shape == theirs.shape and labels.shape == their_labels.shape
    np.testing.assert_allclose(labels[0], their_labels[0])
    np.testing.assert_allclose(labels.mean(axis=0), their_labels.mean(axis=0), atol=0.03)


def test_another_class_for_indexed_texts_says_what_is_left(monkeypatch):
    class Stars(indexed.IndexedString):
        def inverse_removing(self, words_to_remove):
            return super().inverse_removing(words_to_remove) + " " + "*" * len(words_to_remove)

    monkeypatch.setattr(module(PACKAGES[1], "lime_text"), "IndexedString", Stars)
    asked = []

    def watching(texts):
        asked.extend(texts)
        return says(texts)

    made = module(PACKAGES[1], "lime_text").LimeTextExplainer(random_state=0)
    explanation = made.explain_instance(TEXT, watching, num_samples=200)
    assert asked[0] == TEXT and all(text.endswith("*") for text in asked[1:])
    assert explanation.as_list()[0][0] == "good"


@pytest.mark.parametrize("broken", ["shapes", "model"])
def test_what_an_override_returns_is_checked(broken):
    class Broken(module(PACKAGES[1], "lime_tabular").LimeTabularExplainer):
        def _LimeTabularExplainer__data_inverse(self, data_row, num_samples):
            return np.zeros((3, 4)), np.zeros((3 if broken == "model" else 5, 4))

    if broken == "shapes":
        with pytest.raises(InputError, match="__data_inverse: expected perturbations"):
            on_row(Broken(X, random_state=0))
    else:
        with pytest.raises(ModelOutputError, match="finite"):
            on_row(Broken(X, random_state=0), lambda rows: np.full((len(rows), 2), np.nan))


# -- attributes of tables ---------------------------------------------------------------------------------------------


def test_sampling_around_the_instance_may_be_set_afterwards():
    def curved(rows):
        return rows[:, 0] ** 2 + rows[:, 1]

    def explain(package, *, touched=True):
        made = tabular(package, mode="regression", discretize_continuous=False)
        if touched:
            made.sample_around_instance = True
        return made.explain_instance(X[0] + 2, curved, num_samples=5000)

    theirs, ours = (weights(explain(package)) for package in PACKAGES)
    np.testing.assert_allclose(ours, theirs, rtol=0.1, atol=0.15)
    assert explain(PACKAGES[1]).native is not None
    assert np.abs(ours - weights(explain(PACKAGES[1], touched=False))).max() > 1


def frequencies(made):
    made.feature_frequencies[0] = np.array([0.97, 0.01, 0.01, 0.01])


def edges_of_a_bin(made):
    made.discretizer.mins[0][3], made.discretizer.maxs[0][3], made.discretizer.means[0][3] = 5.0, 6.0, 5.5


def names(made):
    made.discretizer.names[0] = ["lowest", "low", "high", "highest"]


def scale(made):
    made.scaler.scale_[0] = 4.0


def undiscretized(made):
    own = made.discretizer.undiscretize
    made.discretizer.undiscretize = lambda data: own(data) + np.array([0, 2.0, 0, 0])


def places(made):
    made.discretizer.lambdas[0] = lambda x: np.zeros_like(np.asarray(x), dtype=int)


@pytest.mark.parametrize("touch", [frequencies, edges_of_a_bin, scale, undiscretized, places])
def test_attributes_that_are_set_afterwards_count_as_in_lime(touch):
    def explain(package):
        made = tabular(package, mode="regression", feature_selection="none")
        touch(made)
        return on_row(made, value, num_samples=6000)

    plain = weights(on_row(tabular(PACKAGES[1], mode="regression", feature_selection="none"), value))
    theirs, ours = (weights(explain(package)) for package in PACKAGES)
    np.testing.assert_allclose(ours, theirs, atol=0.35, rtol=0.1)
    if touch is not undiscretized:  # moving a column of a linear function moves the intercept only
        assert np.abs(ours - plain).max() > 0.4


def test_names_that_are_set_afterwards_are_shown():
    for package in PACKAGES:
        made = tabular(package)
        made.feature_names = ["a", "b", "c", "d"]
        names(made)
        found = [name for name, _ in on_row(made).as_list()]
        assert any(name in ("lowest", "low", "high", "highest") for name in found)
    continuous = tabular(PACKAGES[1], discretize_continuous=False)
    continuous.feature_names = ["a", "b", "c", "d"]
    explanation = on_row(continuous)
    assert {name for name, _ in explanation.as_list()} == {feature.name for feature in explanation.native.features}


def test_series_may_override_how_the_function_is_asked():
    class Twice(module(PACKAGES[1], "lime_tabular").RecurrentTabularExplainer):
        def _make_predict_proba(self, func):
            inner = super()._make_predict_proba(func)
            return lambda rows: inner(2 * rows)

    series = X.reshape(300, 2, 2)
    asked = []

    def last(steps):
        asked.append(steps[0, 0, 0])
        return classify(steps[:, :, 0])

    made = Twice(series, feature_names=["a", "b"], random_state=0)
    made.explain_instance(series[0], last, num_samples=100)
    assert asked[0] == pytest.approx(2 * series[0, 0, 0])


# -- what holds all the same ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["table", "text", "image"])
def test_the_same_explainer_gives_the_same_explanation_again_by_lime_s_route(kind):
    if kind == "table":
        made = tabular(PACKAGES[1])
        explain = functools.partial(on_row, made)
    elif kind == "text":
        made = module(PACKAGES[1], "lime_text").LimeTextExplainer(random_state=0)
        explain = functools.partial(made.explain_instance, TEXT, says, num_samples=100)
    else:
        made = module(PACKAGES[1], "lime_image").LimeImageExplainer(random_state=0)
        words = {"segmentation_fn": lambda image: SQUARES + 1, "num_samples": 60, "progress_bar": False}
        explain = functools.partial(made.explain_instance, PICTURE, bright, **words)
    made.base.feature_selection = lambda data, labels, weights, num_features, method: np.arange(2)
    first = explain().local_exp
    assert explain().local_exp == first
    made.random_state.seed(5)
    assert explain().local_exp != first


def test_explanations_by_lime_s_route_can_be_picked_from():
    made = tabular(PACKAGES[1])
    made.base.feature_selection = lambda data, labels, weights, num_features, method: np.arange(4)
    pick = SubmodularPick(made, X[:6], classify, method="full", num_exps_desired=2, num_samples=200)
    assert len(set(pick.V)) == 2 and pick.sp_explanations == [pick.explanations[i] for i in pick.V]
