"""What programs written for lime do with its values: the same types, shapes and numbers, and pages of edited ones.

The claims of `compat/lime/page.py`.
"""

from __future__ import annotations

import copy
import importlib
import json
import sys
import types

import numpy as np
import pytest

from limelight.compat.lime.explanation import DomainMapper, Explanation
from limelight.compat.lime.submodular_pick import SubmodularPick

pytestmark = pytest.mark.filterwarnings("ignore")
X = np.random.default_rng(0).normal(size=(200, 4))


def three(rows):
    p = np.exp(np.stack([rows[:, 0], rows[:, 1] > 0, -rows[:, 2]], axis=1))
    return p / p.sum(axis=1, keepdims=True)


def value(rows):
    return rows[:, 0] - 2 * (rows[:, 3] > 0)


def says(texts):
    p = np.array([0.2 + 0.6 * ("good" in text) for text in texts])
    return np.stack([1 - p, p], axis=1)


def bright(images):
    p = np.asarray(images, dtype=float)[:, :4, :4].mean(axis=(1, 2, 3)) / 255
    return np.stack([1 - p, p], axis=1)


QUARTERS = np.arange(8)[:, None] // 4 * 2 + np.arange(8) // 4


def explained(package, kind, **words):
    """Return the explanation of one kind of data by lime or by ours."""
    if kind == "text":
        made = importlib.import_module(f"{package}.lime_text").LimeTextExplainer(random_state=0)
        return made.explain_instance("a good film", says, **{"num_samples": 200, "labels": (0, 1), **words})
    if kind == "image":
        made = importlib.import_module(f"{package}.lime_image").LimeImageExplainer(random_state=0)
        picture = np.full((8, 8, 3), 200, np.uint8)
        asked = {"hide_color": 0, "num_samples": 50, "top_labels": 2, "segmentation_fn": lambda image: QUARTERS}
        return made.explain_instance(picture, bright, **{**asked, **words})
    made = importlib.import_module(f"{package}.lime_tabular").LimeTabularExplainer(
        X, mode="regression" if kind == "regression" else "classification", random_state=0
    )
    function = value if kind == "regression" else three
    return made.explain_instance(X[0], function, **{"num_samples": 300, "labels": (0, 1), **words})


KINDS = ["classification", "regression", "text", "image"]


@pytest.mark.parametrize("kind", KINDS)
def test_values_have_lime_s_types_and_shapes(kind):
    theirs, ours = (explained(package, kind) for package in ("lime", "limelight.compat.lime"))
    for name in ("score", "local_pred", "intercept", "local_exp", "predict_proba", "predicted_value", "min_value"):
        # numpy's float64 is a float: which of the two lime's score is follows scikit-learn's version
        assert issubclass(type(getattr(theirs, name, None)), type(getattr(ours, name, None))), name
    assert ours.local_pred.shape == theirs.local_pred.shape
    assert list(ours.local_exp) == list(theirs.local_exp)
    for label, pairs in ours.local_exp.items():
        assert type(pairs) is list
        assert type(pairs[0][1]) is type(theirs.local_exp[label][0][1]) is np.float64
        assert type(pairs[0][0]) is type(theirs.local_exp[label][0][0]) is np.int64
        assert type(ours.intercept[label]) is type(theirs.intercept[label])


def test_both_labels_of_a_regression_have_lime_s_signs():
    """Wrappers that read label 0 turn its sign back, as shap's does."""
    theirs, ours = (explained(package, "regression").as_map() for package in ("lime", "limelight.compat.lime"))
    for label in (0, 1):
        one, other = (dict(found[label]) for found in (theirs, ours))
        assert abs(one[3]) > 1
        assert other[3] == pytest.approx(one[3], abs=0.3)
    assert ours[0] == [(j, -weight) for j, weight in ours[1]]


def test_a_score_fills_a_column_and_an_array():
    import pandas as pd

    explanation = explained("limelight.compat.lime", "classification", labels=(0, 2))
    assert pd.DataFrame({"r2": explanation.score}, index=[0])["r2"].tolist() == [explanation.score]
    assert np.array([explanation.score]).dtype == np.float64
    assert json.loads(json.dumps({"r2": explanation.score}))["r2"] == explanation.score
    assert explanation.score == pytest.approx(explanation.native.r2[-1], abs=0.2)


def test_a_score_becomes_a_tensor():
    torch = pytest.importorskip("torch")
    explanation = explained("limelight.compat.lime", "classification")
    assert torch.tensor(explanation.score).shape == ()
    assert torch.tensor(explanation.local_pred).shape == (1,)


@pytest.mark.parametrize("kind", ["classification", "text", "image"])
def test_the_local_prediction_is_the_last_label_s(kind):
    ours = explained("limelight.compat.lime", kind)
    last = list(ours.local_exp)[-1]
    total = ours.intercept[last] + sum(weight for _, weight in ours.local_exp[last])
    assert ours.local_pred[0] == pytest.approx(total)


def test_zeros_of_a_sparse_row_are_numpy_s_too():
    sparse = pytest.importorskip("scipy.sparse")
    module = importlib.import_module("limelight.compat.lime.lime_tabular")
    rows = sparse.csr_matrix(np.where(X > 0.8, X, 0))
    made = module.LimeTabularExplainer(rows, random_state=0)
    explanation = made.explain_instance(rows[4], lambda rows: three(np.asarray(rows.todense())), num_samples=100)
    assert len(explanation.local_exp[1]) == 4
    assert {type(weight) for _, weight in explanation.local_exp[1]} == {np.float64}


# -- filled or edited by hand -----------------------------------------------------------------------------------------


def by_hand(mode="classification", names=("no", "<yes>")):
    explanation = Explanation(DomainMapper(), mode=mode, class_names=names)
    explanation.local_exp = {1: [("size > 3", 0.5), ("colour", -0.25)]}
    return explanation


def test_a_page_is_made_of_what_somebody_else_filled_in(tmp_path):
    explanation = by_hand()
    explanation.predict_proba = np.array([0.25, 0.75])
    page = explanation.as_html()
    assert page.startswith("<!doctype html")
    for shown in ("size &gt; 3", "+0.500", "−0.250", "&lt;yes&gt;", "0.750", "not known"):
        assert shown in page
    assert "<yes>" not in page
    explanation.save_to_file(tmp_path / "why.html", labels=[1], predict_proba=False)
    written = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert "size &gt; 3" in written and "0.750" not in written
    with pytest.raises(KeyError, match="label: unknown name 0"):
        explanation.as_html(labels=[0])


def test_a_regression_filled_by_hand_has_a_page():
    explanation = by_hand("regression")
    assert "The model says" not in explanation.as_html()
    explanation.predicted_value = 12.5
    assert "12.5" in explanation.as_html()
    assert "12.5" not in explanation.as_html(show_predicted_value=False)


def test_no_class_names_no_numbers_no_features_are_no_reason_to_fail():
    explanation = by_hand(names=None)
    assert "<bdi>1</bdi>" in explanation.as_html()
    explanation.local_exp = {1: [("a", float("nan"))], 0: []}
    assert "unknown" in explanation.as_html()


def test_a_notebook_shows_what_was_filled_in(monkeypatch):
    shown = []
    display = types.ModuleType("IPython.display")
    display.HTML, display.display = str, shown.append
    package = types.ModuleType("IPython")
    package.display = display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    by_hand().show_in_notebook(show_table=True)
    assert "size &amp;gt; 3" in shown[0]
    assert by_hand()._repr_html_() == shown[0]


@pytest.mark.parametrize("edit", ["weights", "names", "classes", "probabilities"])
def test_edited_numbers_are_the_ones_that_the_page_shows(edit):
    explanation = explained("limelight.compat.lime", "classification", labels=(1,))
    assert explanation.as_html() == explanation.native.to_html()
    if edit == "weights":
        explanation.local_exp[1] = [(0, 0.123456)]
    elif edit == "names":
        explanation.domain_mapper.discretized_feature_names = ["0.123456", "b", "c", "d"]
    elif edit == "classes":
        explanation.class_names[1] = "0.123456"
    else:
        explanation.predict_proba = np.array([0.123456, 0.5, 0.4])
    assert "0.123" in explanation.as_html()


def test_a_copy_and_a_subclass_without_a_seal_have_pages():
    class Other(Explanation):
        def __init__(self):
            self.mode, self.class_names, self.top_labels, self.predict_proba = "classification", ["a", "b"], None, None
            self.domain_mapper, self.local_exp = DomainMapper(), {1: [("x", 1.0)]}

    assert "<bdi>x</bdi>" in Other().as_html()
    explanation = explained("limelight.compat.lime", "text")
    assert copy.deepcopy(explanation).as_html() == explanation.as_html()


def test_a_pick_s_explanations_keep_limelight_s_page():
    made = importlib.import_module("limelight.compat.lime.lime_tabular").LimeTabularExplainer(X, random_state=0)
    pick = SubmodularPick(made, X[:4], three, method="full", num_exps_desired=1, num_samples=100)
    assert pick.sp_explanations[0]._untouched() is pick.sp_explanations[0].native
