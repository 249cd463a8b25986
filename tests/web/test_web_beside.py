"""Two models or two instances side by side: the change is the difference, and its interval holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.web.beside import MOST_PAIRS, _remembered, beside, of_instances
from limelight.web.whatif import Asked

X = np.random.default_rng(0).normal(size=(300, 3))
ROW, OTHER = [2.0, -1.0, 0.5], [-2.0, -1.0, 0.5]


def table(model: Any, background: Any = X) -> ll.Explainer:
    return ll.Explainer(model, ll.Tabular(background, names=["a", "b", "c"]), seed=0)


def noisy(n_samples: int, seed: int, scale: float = 1.0) -> ll.Explainer:
    rough = lambda X: scale * (X[:, 0] + np.sin(40 * X[:, 1]) * X[:, 2])  # noqa: E731
    return ll.Explainer(rough, ll.Tabular(X, names=["a", "b", "c"]), seed=seed, n_samples=n_samples)


def asked(**others: ll.Explainer) -> Asked:
    first = table(lambda X: X[:, 0] + X[:, 1])
    return Asked("first", first, None, {"first": first, **others})


def rows(said: Any) -> dict[str, Any]:
    return {(row["names"][0] or row["names"][1]): row for row in said["rows"]}


def test_two_models_differ_by_what_one_adds_and_the_surest_change_comes_first() -> None:
    second = table(lambda X: X[:, 0] + X[:, 1] + 3 * (X[:, 2] > 0))
    said = beside(asked(second=second), {"instance": ROW, "other": "second"})
    assert (said["first"], said["second"]) == (1.0, 4.0)
    first = said["rows"][0]
    assert "c" in first["names"][0]
    assert first["low"] > 1
    for row in said["rows"][1:]:
        assert abs(row["change"]) < 0.1
        assert row["low"] <= 0 <= row["high"]


def test_a_model_beside_itself_is_the_same_to_the_last_bit() -> None:
    found = asked()
    twin = Asked("first", found.explainer, None, {"first": found.explainer, "twin": table(lambda X: X[:, 0] + X[:, 1])})
    said = beside(twin, {"instance": ROW, "other": "twin"})
    assert all(row["change"] == row["low"] == row["high"] == 0 for row in said["rows"])
    assert all(row["first"] == row["second"] for row in said["rows"])


def test_two_instances_differ_in_the_column_that_differs_and_swapping_them_turns_the_sign() -> None:
    said = beside(asked(), {"instance": ROW, "against": OTHER})
    back = beside(asked(), {"instance": OTHER, "against": ROW})
    assert (said["first"], said["second"]) == (1.0, -3.0)
    assert said["rows"][0]["change"] < -1
    assert {row["names"][0]: row["change"] for row in said["rows"]} == {
        row["names"][1]: -row["change"] for row in back["rows"]
    }


def test_the_interval_between_two_instances_is_as_wide_as_both_together() -> None:
    explainer = noisy(512, 0)
    first, second = explainer.explain(ROW), explainer.explain(OTHER)
    for change in of_instances(first, second):
        widths = [each.interval()[0] for each in (first, second)]
        j = next(j for j, each in enumerate(first.features) if each.name == change.names[0])
        k = next(k for k, each in enumerate(second.features) if each.where.key == first.features[j].where.key)
        both = np.ptp(widths[0][j]) * abs(first.distance[j]) + np.ptp(widths[1][k]) * abs(second.distance[k])
        assert change.high - change.low == pytest.approx(both, rel=1e-9)


def test_words_that_are_not_in_both_texts_have_one_side() -> None:
    explainer = ll.Explainer(lambda texts: [float("free" in text) for text in texts], ll.Text(), seed=0)
    said = beside(Asked("sms", explainer, "free prize"), {"against": "prize now"})
    found = rows(said)
    assert (found["free"]["names"], found["free"]["second"]) == (("free", None), None)
    assert (found["free"]["first"], found["free"]["change"]) == (pytest.approx(1.0), pytest.approx(-1.0))
    assert (found["now"]["names"][0], found["now"]["first"]) == (None, None)
    assert found["prize"]["change"] == 0


def test_the_output_compared_is_what_the_instance_is_said_to_be() -> None:
    shares = lambda X: np.stack([X[:, 0] > 0, X[:, 0] <= 0], axis=1).astype(float)  # noqa: E731
    explainer = ll.Explainer(shares, ll.Tabular(X), output_names=["up", "down"], seed=0)
    for row, against, output in ((ROW, OTHER, "up"), (OTHER, ROW, "down")):
        said = beside(Asked("m", explainer), {"instance": row, "against": against})
        assert (said["output"], said["first"], said["second"]) == (output, 1.0, 0.0)


def test_what_cannot_be_compared_is_refused() -> None:
    elsewhere = table(lambda X: X[:, 0], X + 5)
    with pytest.raises(InputError, match="another background"):
        beside(asked(second=elsewhere), {"instance": ROW, "other": "second"})
    for body in ({"instance": ROW}, {"instance": ROW, "other": "second", "against": OTHER}):
        with pytest.raises(InputError, match="either 'other'"):
            beside(asked(), body)
    for name in ("nobody", "first", 3, None):
        with pytest.raises(UnknownNameError):
            beside(asked(), {"instance": ROW, "other": name})


def test_a_pair_of_models_is_prepared_once() -> None:
    calls: list[int] = []

    def second(X: Any) -> Any:
        calls.append(len(X))
        return X[:, 2]

    found = asked(second=table(second))
    beside(found, {"instance": ROW, "other": "second"})
    first = sum(calls)
    beside(found, {"instance": OTHER, "other": "second"})
    assert sum(calls) - first < first / 10


@pytest.mark.parametrize("other", [{"a": 1}, ["second"], 3, None, "first", "third"])
def test_another_model_is_named_by_a_string_that_is_there(other: Any) -> None:
    with pytest.raises(InputError, match="other|against"):
        beside(asked(second=table(lambda X: X[:, 0])), {"instance": ROW, "other": other})


def test_the_oldest_pairs_are_forgotten_and_another_threads_explainer_is_kept() -> None:
    one, other = (table(lambda X: X[:, 0]) for _ in range(2))
    many = asked()
    for i in range(3 * MOST_PAIRS):
        assert _remembered(many, ("first", str(i)), one) is one
    assert list(many.pairs) == [("first", str(i)) for i in range(2 * MOST_PAIRS, 3 * MOST_PAIRS)]
    # two threads that made one at the same time use the same
    assert _remembered(many, ("first", str(3 * MOST_PAIRS - 1)), other) is one
