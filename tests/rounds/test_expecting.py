"""What an explanation will cost is said from its first look."""

from __future__ import annotations

import math

import numpy as np

import limelight as ll
from limelight.rounds.expecting import expect

X = np.random.default_rng(0).normal(size=(300, 4))


def bent(rows: np.ndarray) -> np.ndarray:
    return np.sin(3.0 * rows[:, 0]) + rows[:, 1] * rows[:, 2]


def context_of(model, **settings):
    return ll.Explainer(model, ll.Tabular(X), seed=0, **settings)._context


def test_a_model_that_is_known_at_the_first_look_takes_no_second_one():
    found = expect(X[0], context_of(lambda rows: rows[:, 0], stop="precision"))
    explained = ll.Explainer(lambda rows: rows[:, 0], ll.Tabular(X), seed=0, stop="precision").explain(X[0])
    assert found.rows == explained.provenance.cost.model_rows
    assert found.seconds > 0
    assert found.least is None


def test_a_smaller_error_takes_more_rows():
    rough, fine = [expect(X[0], context_of(bent, stop="precision", tolerance=each)).rows for each in (0.2, 0.01)]
    assert 3 * rough < fine
    assert not math.isnan(rough)
