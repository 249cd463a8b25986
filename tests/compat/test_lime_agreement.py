"""Over seeds the means agree with lime's within sampling error, for every explainer and option.

There must be enough samples: Ridge(alpha=1) shrinks by a part that depends on how noisy its moments are, a bias of
order 1/n, which forty seeds are enough to see where masks are many and samples few.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

SEEDS, SAMPLES = 40, 1000
pytestmark = pytest.mark.filterwarnings("ignore")


def explainers(module, name):
    """Return lime's class and ours."""
    import importlib

    return [getattr(importlib.import_module(f"{p}.{module}"), name) for p in ("lime", "limelight.compat.lime")]


def numbers(explanation, label):
    """Return weights by feature, intercept and local prediction."""
    weights = [weight for _, weight in sorted(explanation.local_exp[label])]
    return [*weights, explanation.intercept[label], explanation.local_pred.item()]


def agreement(make, explain, instances=(None,), label=1, seeds=SEEDS):
    """Return the root mean square z of the differences of the two means, over all that varies in some instances."""
    squares = []
    made = [[make(cls, seed) for seed in range(seeds)] for cls in (0, 1)]
    for instance in instances:
        theirs, ours = (np.array([numbers(explain(each, instance), label) for each in of]) for of in made)
        error = np.sqrt((theirs.var(axis=0, ddof=1) + ours.var(axis=0, ddof=1)) / seeds)
        gap = theirs.mean(axis=0) - ours.mean(axis=0)
        exact = error < 1e-12
        np.testing.assert_allclose(gap[exact], 0, atol=1e-9)
        squares += ((gap[~exact] / error[~exact]) ** 2).tolist()
    return float(np.sqrt(np.mean(squares or [0.0])))


def inverse(d, kernel_width):
    return 1 / (1 + d / kernel_width)


TABLES = {
    "quartile": ({}, {}),
    "decile": ({"discretizer": "decile"}, {}),
    "entropy": ({"discretizer": "entropy"}, {}),
    "continuous": ({"discretize_continuous": False}, {}),
    "around the instance": ({"discretize_continuous": False, "sample_around_instance": True}, {}),
    "kernel width": ({"kernel_width": 2.0}, {}),
    "kernel": ({"kernel": inverse}, {}),
    "cosine": ({}, {"distance_metric": "cosine"}),
    "manhattan": ({}, {"distance_metric": "manhattan"}),
    "linear regression": ({}, {"model_regressor": LinearRegression()}),
    "label 0": ({}, {"labels": (0,)}),
    "top labels": ({}, {"top_labels": 2}),
}


@pytest.mark.parametrize("option", TABLES)
def test_tables_agree_with_lime(option, cancer):
    X, y, _, model = cancer
    made, asked = TABLES[option]
    classes = explainers("lime_tabular", "LimeTabularExplainer")
    labels = {"training_labels": y[::3]} if option == "entropy" else {}
    columns = [0, 3, 7, 13, 20, 27]
    weights = model[-1].coef_[0][columns] / X[:, columns].std(axis=0)

    def predict(rows):
        p = 1 / (1 + np.exp(-(rows - X[7, columns]) @ weights))
        return np.stack([1 - p, p], axis=1)

    z = agreement(
        lambda which, seed: classes[which](
            X[::3, columns], random_state=seed, feature_selection="none", **made, **labels
        ),
        lambda explainer, row: explainer.explain_instance(row, predict, num_samples=SAMPLES, **asked),
        X[[7, 19, 42]][:, columns],
        label=asked.get("labels", (1,))[-1],
    )
    assert z < 1.3


@pytest.mark.parametrize("categorical", [[], [1]])
def test_regressions_agree_with_lime(categorical, diabetes):
    X, _, _, model = diabetes
    classes = explainers("lime_tabular", "LimeTabularExplainer")
    z = agreement(
        lambda which, seed: classes[which](
            X, mode="regression", categorical_features=categorical, random_state=seed, feature_selection="none"
        ),
        lambda explainer, row: explainer.explain_instance(row, model.predict, num_samples=SAMPLES),
        X[3:6],
    )
    assert z < 1.3


@pytest.mark.shared_data
def test_tables_with_categories_agree_with_lime(coded_adult):
    X, categorical, names, columns, model = coded_adult
    classes = explainers("lime_tabular", "LimeTabularExplainer")
    words = {"categorical_features": categorical, "categorical_names": names, "feature_names": columns}
    background = X[::40]
    z = agreement(
        lambda which, seed: classes[which](background, random_state=seed, feature_selection="none", **words),
        lambda explainer, row: explainer.explain_instance(row, model.predict_proba, num_samples=SAMPLES),
        X[:2],
    )
    assert z < 1.3


TEXTS = {
    "words": {},
    "positions": {"bow": False},
    "characters": {"char_level": True},
    "tokenizer": {"split_expression": str.split},
    "kernel width": {"kernel_width": 50},
    "kernel": {"kernel": inverse},
}


@pytest.mark.shared_data
@pytest.mark.parametrize("option", TEXTS)
def test_texts_agree_with_lime(option, newsgroups):
    texts, model = newsgroups
    documents = [" ".join(text.split()[:12]) for text in texts[:3]]
    classes = explainers("lime_text", "LimeTextExplainer")
    z = agreement(
        lambda which, seed: classes[which](random_state=seed, feature_selection="none", **TEXTS[option]),
        lambda explainer, document: explainer.explain_instance(document, model.predict_proba, num_samples=1500),
        documents,
    )
    assert z < 1.3


@pytest.mark.parametrize("text", ["good", "good film", "a good but long film, good"])
def test_texts_so_short_that_all_perturbations_are_known_agree_with_lime(text):
    def says(texts):
        good = np.array([0.1 + 0.4 * ("good" in t) - 0.05 * ("long" in t) for t in texts])
        return np.stack([1 - good, good], axis=1)

    classes = explainers("lime_text", "LimeTextExplainer")
    z = agreement(
        lambda which, seed: classes[which](random_state=seed, feature_selection="none"),
        lambda explainer, _: explainer.explain_instance(text, says, num_samples=SAMPLES),
    )
    assert z < 1.3


@pytest.mark.shared_data
@pytest.mark.parametrize("hide_color", [None, 0, (255, 0, 0)])
def test_a_photo_agrees_with_lime(hide_color, shared_data):
    from PIL import Image

    photo = np.asarray(Image.open(shared_data / "photos" / "chelsea_cat.png").convert("RGB").resize((96, 64)))
    squares = np.arange(64)[:, None] // 16 * 6 + np.arange(96) // 16
    classes = explainers("lime_image", "LimeImageExplainer")

    def model(images):
        parts = np.asarray(images, float).reshape(len(images), 4, 16, 6, 16, 3).mean(axis=(2, 4)) / 255
        scores = np.stack([parts[:, 1:3, 2:4].mean(axis=(1, 2, 3)) ** 2, parts[..., 0].mean(axis=(1, 2))], axis=1)
        powers = np.exp(6 * scores)
        return powers / powers.sum(axis=1, keepdims=True)

    z = agreement(
        lambda which, seed: classes[which](random_state=seed),
        lambda explainer, _: explainer.explain_instance(
            photo, model, top_labels=2, hide_color=hide_color, num_samples=300, batch_size=100,
            segmentation_fn=lambda image: squares,
        ),
        seeds=20,
    )  # fmt: skip
    assert z < 1.3
