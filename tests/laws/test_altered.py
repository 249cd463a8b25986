"""The stand-ins of the laws differ from what they stand for in one way, and in no other.

The claims of `testing/altered.py`.
"""

from __future__ import annotations

import pickle

import numpy as np

import limelight as ll
from limelight.testing.altered import Altered, Linear, Vandal

TEXT = ll.Text()
RNG = np.random.default_rng


def test_features_are_renamed_and_permuted_and_masks_follow_them() -> None:
    plain = TEXT.represent("one two three", RNG(0))
    turned = Altered(TEXT, (2, 0, 1), "!").represent("one two three", RNG(0))
    assert [each.name for each in turned.features] == ["three!", "one!", "two!"]
    # the mask that keeps the first feature of the new order keeps the last of the old
    kept = turned.reconstruct(np.array([[1, 0, 0]], np.uint8), RNG(0))
    assert list(kept) == list(plain.reconstruct(np.array([[0, 0, 1]], np.uint8), RNG(0)))
    assert list(turned.original) == list(plain.original)
    assert type(turned.layout()) is type(plain.layout())


def test_a_bare_modality_hands_over_the_masks_themselves() -> None:
    bare = Altered(TEXT, (0, 1), "", bare=True).represent("one two", RNG(0))
    Z = np.array([[1, 0], [0, 1]], np.uint8)
    assert bare.reconstruct(Z, RNG(0)).tolist() == Z.tolist()
    assert bare.original.tolist() == [[1.0, 1.0]]


def test_everything_else_is_the_modality_s_own() -> None:
    altered = Altered(TEXT, (0,), "")
    assert altered.max_samples == TEXT.max_samples
    assert not hasattr(altered, "for_model")  # it would answer with the unaltered modality
    assert pickle.loads(pickle.dumps(altered)) == altered


def test_the_linear_model_and_the_vandal() -> None:
    assert Linear(np.array([2.0, -1.0]))(np.array([[1.0, 1.0], [0.0, 1.0]])).tolist() == [1.5, -0.5]
    numbers, texts = np.zeros((2, 1)), ["a", "b"]
    assert Vandal(lambda X: X[:, 0].copy())(numbers).tolist() == [0.0, 0.0]
    assert numbers.tolist() == [[1.0], [1.0]]
    assert Vandal(len)(texts) == 2
    assert texts == []
