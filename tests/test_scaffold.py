"""A model with one rule for real rows and another for perturbed ones is found; honest models are left in peace.

The claims of `diagnostics/scaffold.py` and `diagnostics/numbers.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import limelight as ll
from limelight.diagnostics import scaffold_check
from limelight.diagnostics.numbers import as_numbers
from limelight.diagnostics.scaffold import told_apart
from limelight.errors import InputError, UnknownNameError

rng = np.random.default_rng(0)
CAUSE = rng.normal(size=(1700, 1))
X = np.hstack([CAUSE + 0.2 * rng.normal(size=(1700, 3)), rng.normal(size=(1700, 2))])
"""Three columns that go together in real rows, and do not in perturbed ones; two of their own."""


def real(Z: Any) -> Any:
    return np.abs(Z[:, 0] - Z[:, 1]) < 0.5


def scaffold(Z: Any) -> Any:
    return np.where(real(Z), Z[:, 2] > 0, Z[:, 3] > 0).astype(float)


def check(model: Any, rows: Any = X, **options: Any) -> Any:
    return scaffold_check(ll.Explainer(model, ll.Tabular(rows), seed=0), rows, **options)


def test_a_scaffold_is_found_and_said() -> None:
    found = check(scaffold)
    assert found.suspicious
    assert found.statistic > 0.3
    assert found.out_of_distribution_auc > 0.9
    assert "may not be what decides about real rows" in found.statement
    assert f"an AUC of {found.out_of_distribution_auc:.2f}" in str(found)


@pytest.mark.parametrize(
    "model",
    [
        lambda Z: (Z[:, 2] > 0).astype(float),
        lambda Z: ((Z[:, 2] > 0) ^ (Z[:, 3] > 0)).astype(float),
        lambda Z: np.tanh(Z[:, 0] * Z[:, 3]) + Z[:, 1],
        lambda Z: np.sin(50 * Z.sum(axis=1)),
        lambda Z: np.exp(3 * Z[:, 4]),
    ],
    ids=["rule", "xor", "product", "noise", "steep"],
)
def test_honest_models_are_left_in_peace(model: Any) -> None:
    found = check(model)
    assert not found.suspicious
    assert found.statistic < 0.0


def test_fitted_models_are_left_in_peace() -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier

    y = X[:, 2] + X[:, 3] + rng.normal(size=len(X)) > 0
    for model in (RandomForestClassifier(30, random_state=0), KNeighborsClassifier(1)):
        found = check(model.fit(X[:800], y[:800]))
        assert not found.suspicious
        assert found.target == "True"


def test_where_perturbed_rows_look_real_none_can_hide() -> None:
    alike = np.random.default_rng(1).normal(size=(1700, 4))
    found = check(lambda Z: np.where(np.abs(Z[:, 0] - Z[:, 1]) < 1, Z[:, 2], Z[:, 3]), alike)
    assert found.out_of_distribution_auc < 0.6
    assert not found.suspicious
    assert "none can hide there" in found.statement


def test_a_model_that_never_moves_hides_nothing() -> None:
    found = check(lambda Z: np.full(len(Z), 1e9))
    assert not found.suspicious
    assert found.statement.startswith("The answer never moves")


def test_the_statistic_is_the_formula_and_units_do_not_matter() -> None:
    found, scaled = check(scaffold), check(lambda Z: 1e6 * scaffold(Z) - 3e8)
    on_real = min(first for first, _ in found.per_learner.values())
    on_drawn = min(second for _, second in found.per_learner.values())
    assert found.statistic == pytest.approx(np.log((on_drawn + 4e-3) / (on_real + found.disagreement + 4e-3)))
    assert scaled.statistic == pytest.approx(found.statistic, abs=0.05)  # histograms of other last digits


def test_few_rows_are_too_few_and_some_are_said_to_be_few() -> None:
    with pytest.raises(InputError, match="at least 200 real rows, got 199"):
        check(scaffold, X[:199])
    assert "less sure" in check(scaffold, X[:400]).statement


def test_other_kinds_of_explainers_are_refused() -> None:
    explainer = ll.Explainer(lambda texts: np.zeros(len(texts)), ll.Text(), seed=0)
    with pytest.raises(InputError, match="rows share their perturbations"):
        scaffold_check(explainer, ["some text"] * 200)
    held = ll.Explainer(scaffold, ll.Tabular(X, contrast="value"), seed=0)
    with pytest.raises(InputError, match="rows share their perturbations"):
        scaffold_check(held, X)


def test_an_unknown_output_is_named() -> None:
    with pytest.raises(UnknownNameError, match="spam"):
        check(scaffold, target="spam")


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_of_names_and_numbers(library: Any) -> None:
    frame = library.DataFrame({"n": X[:600, 0], "m": X[:600, 1], "word": [f"w{int(v > 0)}" for v in X[:600, 2]]})

    def model(frame: Any) -> Any:
        apart = np.abs(np.asarray(frame["n"]) - np.asarray(frame["m"]))
        return np.where(apart < 0.5, np.asarray(frame["word"]) == "w1", np.asarray(frame["m"]) > 1).astype(float)

    found = scaffold_check(ll.Explainer(model, ll.Tabular(frame), seed=0), frame)
    assert found.n_real == 600
    assert 0.5 < found.out_of_distribution_auc <= 1.0


def test_numbers_stay_and_names_become_columns() -> None:
    when = pd.to_datetime(["2020-01-01", "2020-01-02"])
    one = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", "y"], "t": when})
    two = pd.DataFrame({"a": [3.0], "b": ["y"], "t": when[:1]})
    first, second = as_numbers([one, two])
    assert first[:, :4].tolist() == [[1, 0, 1, 0], [2, 1, 0, 1]]  # 2 is the median; the second column says missing
    assert second[:, :4].tolist() == [[3, 0, 0, 1]]
    assert first[1, 4] - first[0, 4] == 86_400e6
    with pytest.raises(InputError, match="arrays or frames"):
        as_numbers([["text"]])


def test_rows_that_are_apart_are_told_apart() -> None:
    assert told_apart(np.zeros((200, 1)), np.ones((200, 1))) == 1.0
