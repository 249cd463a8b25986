"""A value beyond the background meets the condition of an outer bin, whatever kind of number it is.

The claims of `overview/checks/conditions.py`.
"""

from __future__ import annotations

import numpy as np
import pytest

import limelight as ll
from limelight.overview.bounds import met_by_values_beyond

X = np.random.default_rng(0).normal(size=(800, 2))
TABLE = ll.Tabular(X[:400], names=["a", "b"])


@pytest.mark.parametrize(
    ("places", "met"),
    [
        (["a > 0.5", "a = 7"], [-1, 0]),
        (["a = -7.25", "a ≤ -1", "a > 3"], [1, -1, -1]),
        (["a = 2024-03-01 12:00", "a > 2024-01-01", "a ≤ 2023-01-01"], [1, -1, -1]),
        (["a = 2024-01-01 07:00-05:00", "a > 2024-01-01 06:00+02:00"], [1, -1]),
        (["a = red", "a > 3", "a is missing"], [-1, -1, -1]),  # no number
        (["a = 7", "1 < a ≤ 8"], [-1, -1]),  # no outer bin was met
        (["no a", "a > 3", "b = 7"], [-1, -1, -1]),
    ],
)
def test_what_meets_which_bin(places: list[str], met: list[int]) -> None:
    assert met_by_values_beyond("a", places).tolist() == met


@pytest.mark.parametrize("shift", [2.5, -2.5])
def test_a_condition_holds_for_all_rows_that_meet_it(shift: float) -> None:
    explainer = ll.Explainer(lambda X: X[:, 0], TABLE, seed=0)
    now = X[400:] + np.array([shift, 0.0])
    assert (np.abs(now[:, 0]) > np.abs(X[:400, 0]).max()).mean() > 0.05  # some are beyond the background
    entry = ll.drift(explainer.explain_all(X[:400]), explainer.explain_all(now)).data_changed[0]
    edge = np.quantile(X[:400, 0], 0.75 if shift > 0 else 0.25)
    holds = [((rows[:, 0] > edge) if shift > 0 else (rows[:, 0] <= edge)).mean() for rows in (X[:400], now)]
    assert entry.value.startswith("a > " if shift > 0 else "a ≤ ")
    assert [entry.before, entry.after] == pytest.approx(holds)


def test_so_it_does_in_an_audit() -> None:
    from limelight.overview.checks.conditions import conditions_of
    from limelight.overview.longform import longforms

    rows = X[400:] + np.array([2.5, 0.0])
    explained = ll.Explainer(lambda X: X[:, 0], TABLE, seed=0).explain_all(rows)

    class Material:
        laid = longforms(explained, ["output"])[0]

        def values(self, feature: int) -> None:
            return None

    found = {each.name: len(each.rows) for each in conditions_of(Material(), 0)}  # type: ignore[arg-type]
    (name,) = [name for name in found if name.startswith("a > ")]
    assert found[name] == (rows[:, 0] > np.quantile(X[:400, 0], 0.75)).sum()
