"""A row's view of shared draws, and how it answers what an instance with masks of its own is asked as well."""

from __future__ import annotations

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.encoded import SharedSource
from limelight.rounds.instance import OpenInstance
from limelight.rounds.neighborhoods import MaskSource

X = np.random.default_rng(0).normal(size=(300, 3))


def opened(model, modality, instance, **settings) -> OpenInstance:
    explainer = ll.Explainer(model, modality, seed=0, **settings)
    explainer.explain(instance)
    return OpenInstance(instance, explainer._context)


def of_table(model=lambda rows: rows[:, 0], **settings) -> OpenInstance:
    one = opened(model, ll.Tabular(X), X[0], n_samples=256, **settings)
    one.targets = np.array([0])
    return one


def test_masks_and_shared_draws_answer_the_same_questions():
    row = of_table()
    text = opened(lambda texts: [float(len(each)) for each in texts], ll.Text(), "a b c")
    assert isinstance(row.source, SharedSource)
    assert isinstance(text.source, MaskSource)
    assert (row.source.law, text.source.law) == ("pool", "uniform")
    assert (row.source.paired, text.source.paired) == (False, True)
    assert text.source.reference.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(row.source.reference, row.representation.reference)
    for one in (row, text):
        assert not one.source.wavers


def test_a_row_says_what_of_its_look_has_no_answer():
    row = of_table(lambda rows: np.where(rows[:, 1] > 1.5, np.nan, rows[:, 0]))
    missing, rows, _ = row.source.missing(256)
    held = sum(part.n for part in row.source.parts(256))
    assert rows == 256 + held
    assert missing == np.isnan(row.source.sample(256, row.targets).Y).sum()
    assert missing > 0


def test_a_noisy_model_is_known_by_its_shared_draws_and_f_of_x_is_asked_twice():
    rng = np.random.default_rng(1)
    row = of_table(lambda rows: rows[:, 0] + rng.normal(size=len(rows)))
    assert row.source.wavers
    assert row.source.asks_twice
    quiet = of_table(lambda rows: rows[:, 0] + rng.normal(size=len(rows)), replicates=3)
    assert not quiet.source.asks_twice


@pytest.mark.parametrize("targets", [[0], [1, 0]])
def test_units_are_those_of_the_targets(targets):
    row = opened(lambda rows: rows[:, :2] * np.array([1e-200, 1.0]), ll.Tabular(X), X[0], n_samples=256, targets="all")
    found = row.source.units_of(np.array(targets))
    assert found.scale.shape == (len(targets),)
    assert (found.scale < 1e-100).tolist() == [target == 0 for target in targets]
