"""What an explanation shows: pages, files, figures, notebooks; and the pick over many.

The claims of `compat/lime/submodular_pick.py`.
"""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from limelight.compat.lime.explanation import DomainMapper, Explanation, id_generator
from limelight.compat.lime.lime_tabular import LimeTabularExplainer
from limelight.compat.lime.lime_text import LimeTextExplainer
from limelight.compat.lime.submodular_pick import SubmodularPick
from limelight.errors import InputError, LimelightError, UnknownNameError

X = np.random.default_rng(0).normal(size=(200, 4))


def three(rows):
    p = np.exp(np.stack([rows[:, 0], rows[:, 1] > 0, -rows[:, 2]], axis=1))
    return p / p.sum(axis=1, keepdims=True)


def value(rows):
    return rows[:, 0] - 2 * (rows[:, 3] > 0)


@pytest.fixture(scope="module")
def classified():
    made = LimeTabularExplainer(X, class_names=["ant", "bee", "cat"], random_state=0)
    return made.explain_instance(X[0], three, labels=(0, 2), num_samples=500)


@pytest.fixture(scope="module")
def estimated():
    return LimeTabularExplainer(X, mode="regression", random_state=0).explain_instance(X[0], value, num_samples=500)


def test_the_page_shows_the_labels_asked_for(classified):
    both, one = classified.as_html(), classified.as_html(labels=[2])
    assert both.lower().startswith("<!doctype html")
    assert "ant" in both and "cat" in both
    native = classified.native
    assert classified._native(native, [2], True).targets == ("cat",)
    assert classified._native(native, [2, 0], True).targets == ("cat", "ant")
    assert classified._native(native, [2], False).outputs == ()
    np.testing.assert_array_equal(classified._native(native, [2], True).coef, native.coef[[1]])
    assert len(one) < len(both)
    with pytest.raises(UnknownNameError, match="label: unknown name 1"):
        classified.as_html(labels=[1])


def test_lime_s_options_of_its_own_page_are_taken(classified, estimated):
    assert classified.as_html(show_table=True, show_all=False, predict_proba=False)
    assert estimated.as_html(show_predicted_value=False, text=False)


def test_a_page_is_written_to_a_file(classified, tmp_path):
    classified.save_to_file(str(tmp_path / "why.html"), labels=[0])
    assert (tmp_path / "why.html").read_text(encoding="utf-8") == classified.as_html(labels=[0])


def test_a_notebook_of_today_shows_it(classified, monkeypatch):
    shown = []
    display = types.ModuleType("IPython.display")
    display.HTML = lambda text: text
    display.display = shown.append
    package = types.ModuleType("IPython")
    package.display = display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    classified.show_in_notebook(labels=[0], show_table=True)
    assert len(shown) == 1 and "ant" in shown[0]
    assert classified._repr_html_()


def test_a_figure_has_a_bar_for_each_feature(classified, estimated):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = classified.as_pyplot_figure(label=2, figsize=(3, 2))
    assert figure.get_size_inches().tolist() == [3, 2]
    axes = figure.axes[0]
    assert axes.get_title() == "Local explanation for class cat"
    assert len(axes.patches) == 4
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [name for name, _ in classified.as_list(label=2)][::-1]
    assert estimated.as_pyplot_figure().axes[0].get_title() == "Local explanation"
    plt.close("all")


def test_an_explanation_filled_by_hand_can_be_read():
    explanation = Explanation(DomainMapper(), class_names=["no", "yes"])
    explanation.local_exp = {1: [(3, 0.5)]}
    assert explanation.as_list() == [(3, 0.5)]
    assert explanation.available_labels() == [1]
    assert explanation.domain_mapper.visualize_instance_html([], 1, "div", "exp", text=True) == ""
    with pytest.raises(LimelightError, match='mode: expected "classification" or "regression"'):
        Explanation(DomainMapper(), mode="other")


def test_random_ids_are_capitals_and_digits():
    assert set(id_generator(50, np.random.RandomState(0))) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    assert len(id_generator()) == 15


# -- pick -------------------------------------------------------------------------------------------------------------


def test_the_pick_covers_what_matters_and_asks_the_model_once():
    rows = []

    def counting(inputs):
        rows.append(len(inputs))
        return three(inputs)

    made = LimeTabularExplainer(X, random_state=0)
    pick = SubmodularPick(made, X, counting, sample_size=20, num_features=2, num_exps_desired=3, num_samples=300)
    assert len(pick.explanations) == 20 and len(pick.sp_explanations) == 3 == len(set(pick.V))
    assert [pick.explanations[i] for i in pick.V] == pick.sp_explanations
    assert all(len(each.top_labels) == 1 for each in pick.explanations)
    assert sum(rows) < 20 * 10 + 400
    assert made.share_neighborhood is False
    again = SubmodularPick(made, X, three, sample_size=20, num_features=2, num_exps_desired=3, num_samples=300)
    assert again.V == pick.V


def test_the_pick_takes_texts_and_regressions():
    texts = ["good film", "bad film", "good food", "bad food"]

    def says(texts):
        p = np.array([0.5 + 0.4 * ("good" in t) - 0.1 * ("food" in t) for t in texts])
        return np.stack([1 - p, p], axis=1)

    pick = SubmodularPick(LimeTextExplainer(random_state=0), texts, says, method="full", num_exps_desired=2)
    words = {name for each in pick.sp_explanations for name, _ in each.as_list(each.top_labels[0])}
    assert words >= {"good", "food"}
    made = LimeTabularExplainer(X, mode="regression", random_state=0)
    assert len(SubmodularPick(made, X[:5], value, method="full", num_exps_desired=2, num_samples=200).V) == 2


def test_the_pick_says_where_it_cannot_do_what_was_asked():
    made = LimeTabularExplainer(X, random_state=0)
    with pytest.warns(UserWarning, match="sample_size: expected at most 3"):
        SubmodularPick(made, X[:3], three, num_exps_desired=2, num_samples=100)
    with pytest.warns(UserWarning, match="num_exps_desired: expected at most 3"):
        assert len(SubmodularPick(made, X[:3], three, "full", num_exps_desired=9, num_samples=100).V) == 3
    with pytest.raises(UnknownNameError, match="method: unknown name 'all'"):
        SubmodularPick(made, X, three, method="all")
    with pytest.raises(InputError, match="num_exps_desired: expected a positive integer"):
        SubmodularPick(made, X, three, num_exps_desired="five")
