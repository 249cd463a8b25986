"""Explanations laid side by side: every number finds its place, whatever features an explanation has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.overview.longform import longforms, one_output
from made_up import explanation
from many_explanations import of_a_table

TEXTS = [
    explanation({"good": 2.0, "bad": -1.0}, kind="word", stderr=[0.1, 0.2]),
    explanation({"fine": 0.5}, kind="word"),
    explanation({"bad": -3.0, "fine": 1.0}, kind="word"),
]


def test_a_feature_that_is_not_there_contributes_nothing() -> None:
    (laid,) = longforms(TEXTS, ["spam"])
    assert laid.keys == ("good", "bad", "fine")
    assert laid.column(1).tolist() == [-1.0, 0.0, -3.0]
    assert laid.errors(1).tolist() == [0.2, 0.0, 0.0]
    assert laid.codes(1).tolist() == [0, -1, 1]  # “bad = 1” and “bad = 0”, as they read
    assert laid.mean_abs().tolist() == [2 / 3, 4 / 3, 0.5]


def test_leaders_and_sizes() -> None:
    (laid,) = longforms([*TEXTS, explanation({"good": 0.0}, kind="word")], ["spam"])
    assert laid.leaders().tolist() == [0, 2, 1, -1]
    assert laid.sizes().tolist() == [3.0, 0.5, 4.0, 0.0]


def test_bins_of_a_column_are_places_of_one_feature() -> None:
    rows = [explanation({"age": 1.0}, names=[name]) for name in ("age ≤ 28", "age > 28", "age ≤ 28")]
    (laid,) = longforms(rows, ["spam"])
    assert laid.keys == ("age",)
    assert laid.places == (("age ≤ 28", "age > 28"),)
    assert laid.codes(0).tolist() == [0, 1, 0]


def test_a_word_that_occurs_twice_is_one_feature_with_both_contributions() -> None:
    from dataclasses import replace

    from limelight.contracts import Feature, Where

    twice = explanation({"a": 2.0, "b": 3.0}, kind="word", stderr=[0.1, 0.2])
    twice = replace(twice, features=tuple(Feature("so", Where("word", "so", ((at, at + 2),))) for at in (0, 5)))
    (laid,) = longforms([twice], ["spam"])
    assert laid.column(0).tolist() == [5.0]
    assert laid.errors(0) == pytest.approx([0.3])


def test_explanations_without_the_target_are_left_out_and_their_place_is_kept() -> None:
    other = explanation({"a": 1.0}, targets=("ham",))
    (laid,) = longforms([other, explanation({"a": 2.0})], ["spam"])
    assert laid.positions.tolist() == [1]
    assert laid.column(0).tolist() == [2.0]


def test_of_two_classes_what_is_for_one_is_against_the_other() -> None:
    no = replace(explanation({"a": 0.2}, targets=["no"]), outputs=(("no", 0.7), ("yes", 0.3)))
    yes = replace(explanation({"a": 0.3}, targets=["yes"]), outputs=(("yes", 0.6), ("no", 0.4)))
    laid = one_output([no, yes], None)
    assert (laid.target, laid.column(0).tolist()) == ("yes", [-0.2, 0.3])
    assert one_output([no, yes], "no").column(0).tolist() == [0.2, -0.3]
    assert one_output([no, no], None).target == "no"


def test_two_outputs_that_do_not_add_up_to_one_say_nothing_of_each_other() -> None:
    score = replace(explanation({"a": 0.2}, targets=["up"]), outputs=(("up", 0.7), ("left", 0.7)))
    assert one_output([score], None).target == "up"
    with pytest.raises(UnknownNameError, match="left"):
        one_output([score], "left")


def test_superpixels_cannot_be_laid_side_by_side() -> None:
    with pytest.raises(InputError, match="segment 0 of one instance"):
        longforms([explanation({0: 1.0}, kind="segment")], ["spam"])


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(UnknownNameError, match="egg"):
        longforms(TEXTS, ["egg"])


def test_it_agrees_with_a_table_explained_for_real() -> None:
    import limelight as ll

    X = np.random.default_rng(0).normal(size=(300, 3))
    explainer = ll.Explainer(lambda X: X[:, 0] * X[:, 1] + X[:, 2], ll.Tabular(X), seed=0)
    explanations = explainer.explain_all(X[:20])
    (laid,) = longforms(explanations, ["output"])
    np.testing.assert_array_equal(np.stack([laid.column(j) for j in range(3)], axis=1), explanations.values)


@pytest.mark.parametrize("as_list", [False, True])
def test_weights_under_two_laws_are_not_laid_side_by_side(as_list: bool) -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    usual, like_it = [
        ll.Explainer(lambda X: X[:, 0], law(X), seed=0, max_samples=512).explain_all(X[:24])
        for law in (ll.Tabular, ll.Conditional)
    ]
    if as_list:
        usual, like_it = list(usual), list(like_it)
    with pytest.raises(InputError, match="under one law"):
        ll.audit(usual + like_it)
    with pytest.raises(InputError, match="under one law"):
        ll.drift(usual, like_it)


def test_a_target_that_is_no_name_is_refused() -> None:
    with pytest.raises(InputError, match="truth="):
        ll.audit(of_a_table(), target=np.ones(60))  # type: ignore[arg-type]
