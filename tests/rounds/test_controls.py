"""Second models of shared draws: kept, and of two classes one is what the other is not."""

from __future__ import annotations

import numpy as np
import pytest

import limelight as ll
from limelight.control.tables import TableDesign

X = np.random.default_rng(0).normal(size=(400, 3))
ROWS = X[:6]


def probability(rows: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-2.0 * rows[:, 0] - rows[:, 1] * rows[:, 2]))


def two(rows: np.ndarray) -> np.ndarray:
    first = probability(rows)
    return np.column_stack([first, 1.0 - first])


def nearly_two(rows: np.ndarray) -> np.ndarray:
    return two(rows) * 1.01


def three(rows: np.ndarray) -> np.ndarray:
    first = probability(rows)
    return np.column_stack([first, 0.5 - first / 2, 0.5 - first / 2])


@pytest.mark.parametrize(("model", "fits"), [(two, 1), (nearly_two, 2), (three, 3)])
def test_two_classes_have_one_second_model_between_them(model, fits, monkeypatch):
    asked = []
    fit = TableDesign.control
    monkeypatch.setattr(TableDesign, "control", lambda self, y: asked.append(1) or fit(self, y))
    ll.Explainer(model, ll.Tabular(X), seed=0, n_samples=1024, targets="all").explain(ROWS[0])
    assert len(asked) == fits


def test_it_does_not_matter_which_class_is_asked_for_first():
    explainers = [ll.Explainer(two, ll.Tabular(X), seed=0, n_samples=1024) for _ in range(2)]
    by_row = {target: [two(row[None])[0].argmax() == target for row in X[:40]].index(True) for target in (0, 1)}
    first = [explainers[0].explain(X[by_row[target]]) for target in (0, 1)]
    last = [explainers[1].explain(X[by_row[target]]) for target in (1, 0)]
    for one, other in zip(first, last[::-1], strict=True):
        assert one.coef.tobytes() == other.coef.tobytes()
        assert one.stderr.tobytes() == other.stderr.tobytes()


def test_the_weights_of_one_class_are_those_of_the_other_turned_round():
    found = ll.Explainer(two, ll.Tabular(X), seed=0, n_samples=1024, targets="all").explain(ROWS[0])
    np.testing.assert_allclose(found.coef[0], -found.coef[1], atol=1e-12)
    np.testing.assert_allclose(found.stderr[0], found.stderr[1], rtol=1e-9)
    assert found.additivity[0] == pytest.approx(found.additivity[1])
