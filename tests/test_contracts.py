"""The contracts: what they hold is frozen and small, and what they compute is worked by hand."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from limelight.contracts import Draws, Feature, Neighborhood, Shape, SurrogateFit, Where


def neighborhood(enumerated: list[bool]) -> Neighborhood:
    n = len(enumerated)
    return Neighborhood(
        Z=np.ones((n, 2), np.uint8),
        Y=np.zeros((n, 1)),
        weights=np.ones(n),
        center=np.ones(2),
        enumerated=np.array(enumerated, dtype=bool),
        clusters=np.arange(n),
    )


def test_one_row_that_was_drawn_leaves_a_sampling_error() -> None:
    assert neighborhood([True, True]).exhaustive
    assert not neighborhood([True, False]).exhaustive
    assert neighborhood([]).exhaustive  # no feature, nothing to draw


def test_a_place_matters_in_the_bins_that_hold_several_values() -> None:
    # bins: one value; two values; a value without a place
    terms = np.zeros((4, 4))
    terms[1, 0], terms[2, 0] = -1.0, 1.0
    shape = Shape(np.full(4, 0.25), np.array([0, 1, 1, 2]), terms, np.zeros((3, 4)), np.array([0.25, 0.5, 0.25]))
    assert shape.placed.tolist() == [False, True, False]
    assert not shape.valued
    terms[3, 2] = 0.5
    assert shape.valued
    assert shape.placed.tolist() == [False, True, False]  # a value that varies is not a place


def test_features_of_one_key_are_one_feature_wherever_they_lie() -> None:
    here, there = Where("word", "good", ((0, 4),)), Where("word", "good", ((9, 13),))
    assert here != there
    assert (here.kind, here.key) == (there.kind, there.key)
    assert Feature("good", here).keep == 0.5  # masks hide half


@pytest.mark.parametrize("contract", [Where, Feature, Draws, Neighborhood, SurrogateFit, Shape])
def test_what_rooms_hand_to_each_other_cannot_be_changed_on_the_way(contract: type) -> None:
    assert contract.__dataclass_params__.frozen  # type: ignore[attr-defined]
    where = Where("word", "good")
    with pytest.raises(dataclasses.FrozenInstanceError):
        where.kind = "column"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(where)) == where
