from __future__ import annotations

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([float(len(text)) for text in texts])


def table() -> ll.Explainer:
    X = np.random.default_rng(0).normal(size=(200, 2))
    return ll.Explainer(lambda X: 2 * X[:, 0] - X[:, 1], ll.Tabular(X, names=["a", "b"]), seed=0)


def test_edits_of_a_row_change_the_named_columns_alone() -> None:
    row = [1.0, 1.0]
    answers = table().perturb(row, edits=[{}, {"a": 3.0}, {"a": 0.0, "b": 7.0}])
    assert answers.ravel().tolist() == [1.0, 5.0, -7.0]
    assert row == [1.0, 1.0]


def test_a_mask_of_ones_is_the_instance_and_a_zero_takes_a_word_away() -> None:
    explainer = ll.Explainer(lengths, ll.Text(), seed=0)
    answers = explainer.perturb("ab cde", [[1, 1], [0, 1]])
    assert answers[0, 0] == 6
    assert answers[1, 0] < 6


def test_a_mask_hides_what_explaining_hides() -> None:
    seen: list[str] = []

    def model(texts: list[str]) -> np.ndarray:
        seen.extend(texts)
        return lengths(texts)

    explainer = ll.Explainer(model, ll.Text(), seed=0)
    explainer.explain("ab cde fgh")
    explained = set(seen)
    seen.clear()
    explainer.perturb("ab cde fgh", [[0, 1, 1], [1, 0, 0]])
    assert len(seen) == 2
    assert set(seen) <= explained


def test_other_kinds_of_data_are_edited_whole() -> None:
    explainer = ll.Explainer(lengths, ll.Text(), seed=0)
    assert explainer.perturb("ab", edits=["abc", ""]).ravel().tolist() == [3.0, 0.0]


@pytest.mark.parametrize("masks", [[1, 0], [[1]], [[1, 2]], [[0.5, 1]]])
def test_masks_of_another_form_are_refused_before_the_model_is_asked(masks: list[object]) -> None:
    asked: list[str] = []
    explainer = ll.Explainer(lambda texts: asked.extend(texts) or lengths(texts), ll.Text(), seed=0)
    with pytest.raises(InputError, match="2 features"):
        explainer.perturb("ab cde", masks)
    assert asked == []


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(UnknownNameError, match="edits: unknown name 'c'"):
        table().perturb([1.0, 1.0], edits=[{"c": 1}])
    with pytest.raises(InputError, match="edits: expected mappings"):
        table().perturb([1.0, 1.0], edits=[[1.0, 2.0]])
    with pytest.raises(InputError, match="pass edits"):
        table().perturb([1.0, 1.0], [[1, 0]])
    with pytest.raises(InputError, match="either masks"):
        table().perturb([1.0, 1.0])


def test_asking_what_if_changes_no_explanation() -> None:
    asked, fresh = table(), table()
    asked.perturb([1.0, 1.0], edits=[{"a": 9.0}])
    assert asked.explain([1.0, 1.0]) == fresh.explain([1.0, 1.0])


@pytest.mark.parametrize("masks", [[[[], {"3": []}, 2.6, []]], [[1], [1, 0]], [["a", "b"]], [[None, None]], {"a": 1}])
def test_masks_of_any_other_shape_are_refused(masks: object) -> None:
    with pytest.raises(InputError, match="masks: expected n rows of 0 and 1"):
        ll.Explainer(lengths, ll.Text(), seed=0).perturb("ab cde", masks)
