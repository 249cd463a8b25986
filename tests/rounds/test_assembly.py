"""The last step: what an explanation quotes, in which units, and that it says with what it was made."""

from __future__ import annotations

import json
import platform

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.assembly import LIKELY, likely, versions

X = np.random.default_rng(0).normal(size=(400, 3))


def linear(X: np.ndarray) -> np.ndarray:
    return X @ [2.0, -1.0, 0.0] + 3.0


def test_the_five_largest_outputs_are_quoted_and_equal_ones_in_their_order() -> None:
    names = tuple("abcdefg")
    found = likely(np.array([0.1, 0.3, 0.0, 0.3, 0.05, 0.2, 0.05]), names)
    assert len(found) == LIKELY == 5
    assert [name for name, _ in found] == ["b", "d", "f", "a", "e"]


@pytest.mark.parametrize("power", [20, 400, -400])
def test_an_explanation_of_scaled_outputs_is_the_scaled_explanation(power: int) -> None:
    def bent(X: np.ndarray) -> np.ndarray:
        return linear(X) + (X[:, 0] > 0)

    plain = ll.Explainer(bent, ll.Tabular(X), seed=0).explain(X[0])
    other = ll.Explainer(lambda X: 2.0**power * bent(X), ll.Tabular(X), seed=0).explain(X[0])
    for name in ("coef", "stderr", "intercept", "prediction", "local_prediction"):
        np.testing.assert_allclose(getattr(other, name) / 2.0**power, getattr(plain, name), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other.fidelity, plain.fidelity, rtol=1e-6)


def test_the_surrogate_at_the_instance_is_the_intercept_and_the_weights_there() -> None:
    told = ll.Explainer(linear, ll.Tabular(X, bins=None), seed=0).explain(X[0])
    assert float(told.prediction[0]) == pytest.approx(float(linear(X[:1])[0]))
    at = told.intercept + (told.coef * told.center).sum(axis=1)
    np.testing.assert_allclose(told.local_prediction, at)
    np.testing.assert_allclose(told.local_prediction, told.prediction, rtol=1e-6)  # a line is its own surrogate


def test_a_path_over_widths_is_json_in_the_units_of_the_output_with_gaps_as_none() -> None:
    told = ll.Explainer(lambda X: 1e9 * (X[:, 0] > 0), ll.Tabular(X), seed=0, kernel_width="auto").explain(X[0])
    assert told.curve is not None
    written = json.loads(json.dumps(told.curve, allow_nan=False))
    assert written == told.curve
    path = np.array(told.curve["coef"])
    nearest = np.abs(path[:, 0, :] - told.coef[0]).max(axis=1).min()
    assert nearest <= 0.01 * np.abs(told.coef).max()  # in other units it would be far off
    assert ll.Explainer(linear, ll.Tabular(X), seed=0).explain(X[0]).curve is None


def test_versions_say_with_what_it_was_made() -> None:
    found = versions()
    assert found["limelight"] == ll.__version__
    assert found["numpy"] == np.__version__
    assert found["python"] == platform.python_version()
