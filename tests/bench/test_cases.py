"""The tables of the proof: what everybody has, and functions whose parts are known."""

from __future__ import annotations

import numpy as np

from limelight.bench.cases import MANY, SIZES, applicants, cases, known_cases


def test_cases_are_models_that_answer_and_rows_that_they_have_not_seen() -> None:
    found = list(cases(2))
    assert [case.name for case in found] == [
        "breast cancer, forest", "wine, logistic", "diabetes, boosting", "applicants, boosting",
    ]  # fmt: skip
    for case in found:
        answer = case.predict(case.rows)
        assert len(case.rows) == 2
        assert answer.ndim == (2 if case.classify else 1)
        assert case.many.shape == (MANY, len(case.columns))
        assert not (case.rows[:, None] == case.background).all(axis=-1).any()


def test_applicants_are_the_same_for_everybody_and_their_columns_depend_on_each_other() -> None:
    X, y, columns, levels = applicants(3000)
    again, *_ = applicants(3000)
    assert np.array_equal(X, again)
    assert np.corrcoef(X[:, columns.index("school")], X[:, columns.index("income")])[0, 1] > 0.3
    assert all(set(np.unique(X[:, j])) == set(range(len(values))) for j, values in levels.items())
    assert 0.4 < y.mean() < 0.6


def test_known_parts_add_up_to_the_answer_less_the_average_answer() -> None:
    for case, truth in known_cases(5):
        assert np.allclose(truth.sum(axis=1), case.predict(case.rows) - case.predict(case.background).mean())
        assert np.array_equal(truth[:, SIZES == 0], np.zeros((5, 3)))
