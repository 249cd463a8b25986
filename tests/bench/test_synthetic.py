"""The published benchmarks, rebuilt: truths by hand, by law, and by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.bench.synthetic import APART, CURVES, NORMALS, clusters, normals, shapley


def test_the_slopes_of_a_cluster_are_those_of_its_model() -> None:
    case, slopes = clusters(20)
    for row, known in zip(case.rows, slopes, strict=True):
        logit = lambda X: np.diff(np.log(case.predict(X)), axis=1)[:, 0]  # noqa: E731
        moved = (logit(row + 1e-4 * np.eye(10)) - logit(row[None])) / 1e-4
        np.testing.assert_allclose(moved, known, atol=1e-3)


def test_clusters_lie_apart_and_each_has_columns_of_its_own() -> None:
    case, slopes = clusters(200)
    kinds = np.unique(slopes, axis=0)
    assert len(kinds) == 5
    assert 0.2 < (kinds == 0).mean() < 0.8
    assert case.background.max() > APART
    assert case.predict(case.rows).sum(axis=1) == pytest.approx(1.0)


def test_without_correlation_shares_are_each_curves_own() -> None:
    for name, curves in CURVES.items():
        row = np.array([0.3, -1.2, 0.8, 0.4, -0.1])
        wide = np.random.default_rng(0).normal(size=200_000)
        own = [float(curve(row[j : j + 1])[0]) - curve(wide).mean() for j, curve in enumerate(curves)]
        np.testing.assert_allclose(shapley(row, curves, np.eye(NORMALS)), own, atol=0.02, err_msg=name)


def test_with_correlation_shares_add_up_and_agree_with_draws() -> None:
    rng = np.random.default_rng(1)
    law = np.array([[1.0, 0.6], [0.6, 1.0]])
    curves = (np.sin, np.square)
    row = np.array([1.1, -0.4])
    answer = np.sin(1.1) + 0.16
    whole = np.sum([curve(rng.normal(size=400_000)).mean() for curve in curves])
    given = [  # E[f | x_j], the other drawn given it
        curves[j](row[j]) + curves[1 - j](0.6 * row[j] + 0.8 * rng.normal(size=400_000)).mean() for j in (0, 1)
    ]
    first = 0.5 * (given[0] - whole) + 0.5 * (answer - given[1])
    np.testing.assert_allclose(shapley(row, curves, law), [first, answer - whole - first], atol=0.01)


def test_a_column_that_does_nothing_has_a_share_where_it_goes_with_one_that_does() -> None:
    found = {case.name: (case, truth) for case, truth in normals(2)}
    assert len(found) == 6
    alone, together = (found[f"straight lines, correlation {rho}"][1] for rho in ("0", "0.5"))
    assert np.abs(alone[:, 4]).max() < 1e-9
    assert np.abs(together[:, 4]).min() > 1e-3
    case, truth = found["straight lines, correlation 0.5"]
    np.testing.assert_allclose(truth.sum(axis=1), case.predict(case.rows), atol=1e-9)
    assert np.corrcoef(case.background.T)[0, 1] == pytest.approx(0.5, abs=0.06)
