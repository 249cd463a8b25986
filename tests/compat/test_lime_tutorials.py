"""What lime's tutorials teach, in lime's idiom: the same code under both packages, and what both then say."""

from __future__ import annotations

import sys

import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(params=["lime", "limelight.compat.lime"])
def lime(request):
    """One of the two packages, with its modules imported."""
    import importlib

    names = ("lime_tabular", "lime_text", "lime_image", "submodular_pick", "wrappers.scikit_image")
    for name in names:
        importlib.import_module(f"{request.param}.{name}")
    return sys.modules[request.param]


@pytest.mark.shared_data
def test_two_classes_of_texts(lime, newsgroups):
    texts, model = newsgroups
    explainer = lime.lime_text.LimeTextExplainer(class_names=["atheism", "christian"], random_state=1)
    exp = explainer.explain_instance(texts[83], model.predict_proba, num_features=6, num_samples=1000)
    assert len(exp.as_list()) == 6
    without = " ".join(texts[83].replace(exp.as_list()[0][0], "").split())
    moved = model.predict_proba([without])[0, 1] - model.predict_proba([texts[83]])[0, 1]
    assert np.sign(moved) == -np.sign(exp.as_list()[0][1])
    assert exp.as_html(labels=[1], text=True) and exp.available_labels() == [1]


@pytest.mark.shared_data
def test_many_classes_of_texts(lime, shared_data, read_newsgroups):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    groups = ["alt.atheism", "comp.graphics", "sci.med", "soc.religion.christian"]
    texts, targets = read_newsgroups(shared_data, "train", groups)
    c = make_pipeline(TfidfVectorizer(lowercase=False), MultinomialNB(alpha=0.1)).fit(texts[::3], targets[::3])
    explainer = lime.lime_text.LimeTextExplainer(class_names=groups, random_state=1)
    exp = explainer.explain_instance(texts[400], c.predict_proba, num_features=6, labels=[0, 3], num_samples=500)
    assert all(len(exp.as_list(label=label)) == 6 for label in (0, 3))
    exp = explainer.explain_instance(texts[400], c.predict_proba, num_features=6, top_labels=2, num_samples=500)
    assert exp.available_labels() == np.argsort(-c.predict_proba([texts[400]])[0])[:2].tolist()


@pytest.mark.shared_data
def test_tables_with_categories(lime, coded_adult):
    X, at, names, columns, model = coded_adult
    explainer = lime.lime_tabular.LimeTabularExplainer(
        X, feature_names=columns, class_names=["<=50K", ">50K"], categorical_features=at, categorical_names=names,
        kernel_width=3, random_state=1,
    )  # fmt: skip
    exp = explainer.explain_instance(X[7], model.predict_proba, num_features=5)
    named = [name for name, _ in exp.as_list()]
    assert len(named) == 5
    assert any(name.startswith(("marital-status=", "relationship=")) for name in named)
    assert any("capital-gain" in name or "education" in name or "age" in name for name in named)


def test_tables_without_bins_and_with_sampling_around_the_instance(lime, cancer):
    X, _, names, model = cancer
    explainer = lime.lime_tabular.LimeTabularExplainer(
        X, feature_names=names, discretize_continuous=False, sample_around_instance=True, random_state=1
    )
    exp = explainer.explain_instance(X[0], model.predict_proba, num_features=8, top_labels=1, num_samples=2000)
    label = exp.available_labels()[0]
    assert {name for name, _ in exp.as_list(label)} <= set(names)
    coef = model[-1].coef_[0] * (1 if label == 1 else -1)
    signs = [np.sign(weight) == np.sign(coef[j]) for j, weight in exp.as_map()[label]]
    assert np.mean(signs) > 0.8


def test_regressions(lime, diabetes):
    X, _, names, model = diabetes
    explainer = lime.lime_tabular.LimeTabularExplainer(
        X, feature_names=names, class_names=["progression"], categorical_features=[1], verbose=False,
        mode="regression", random_state=1,
    )  # fmt: skip
    exp = explainer.explain_instance(X[25], model.predict, num_features=5)
    assert exp.predicted_value == pytest.approx(model.predict(X[[25]])[0])
    assert {"bmi", "s5"} <= {word for name, _ in exp.as_list() for word in name.split()}


@pytest.mark.shared_data
def test_images(lime, shared_data):
    from PIL import Image

    photo = np.asarray(Image.open(shared_data / "photos" / "chelsea_cat.png").convert("RGB").resize((96, 64)))

    def classify(images):
        left = np.asarray(images, float)[:, :, :48].mean(axis=(1, 2, 3)) / 255
        return np.stack([left, 1 - left], axis=1)

    explainer = lime.lime_image.LimeImageExplainer(random_state=1)
    segmenter = lime.wrappers.scikit_image.SegmentationAlgorithm("slic", n_segments=12, start_label=0)
    exp = explainer.explain_instance(
        photo, classify, top_labels=2, hide_color=0, num_samples=200, segmentation_fn=segmenter
    )
    image, mask = exp.get_image_and_mask(0, positive_only=True, num_features=3, hide_rest=True)
    assert image.shape == photo.shape and mask.shape == photo.shape[:2]
    assert mask[:, :48].sum() > 5 * mask[:, 60:].sum()


@pytest.mark.filterwarnings("ignore")
def test_submodular_pick(lime, cancer):
    X, _, names, model = cancer
    explainer = lime.lime_tabular.LimeTabularExplainer(X, feature_names=names, random_state=1)
    sp = lime.submodular_pick.SubmodularPick(
        explainer, X, model.predict_proba, sample_size=12, num_features=7, num_exps_desired=3
    )
    assert [sp.explanations[i] for i in sp.V] == sp.sp_explanations
    covered = {name for exp in sp.sp_explanations for name, _ in exp.as_list(exp.available_labels()[0])}
    assert len(covered) > 10
