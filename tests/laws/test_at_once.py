"""The law of many hands: threads, their order, and calls at once change no bit of any explanation, nor lose any."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import ModelCallError

pandas = pytest.importorskip("pandas", reason="a table with rare values is a frame")

RANDOM = np.random.default_rng(0)
FRAME = pandas.DataFrame(
    {
        "age": RANDOM.integers(18, 80, 400),
        "kind": RANDOM.choice(["a", "b", "c"], 400, p=[0.6, 0.38, 0.02]),
        "flag": RANDOM.random(400) < 0.01,
        "height": RANDOM.normal(170, 10, 400),
    }
)
ROWS = [
    *FRAME.iloc[:6].to_dict("records"),
    {"age": 30, "kind": "c", "flag": True, "height": 170.0},
    {"age": 31, "kind": "z", "flag": False, "height": 150.0},
    {"age": 44, "kind": "a", "flag": True, "height": 199.0},
    {"age": 45, "kind": "y", "flag": True, "height": 160.5},
]
TEXTS = [
    f"a {one} film with {two} people and a {three} end" for one in ("good", "bad") for two in "xyz" for three in "pq"
]
SERIES = [np.sin(np.arange(60) / (3 + i)) for i in range(6)]


def table(frame: Any) -> np.ndarray:
    time.sleep(0.0005)  # lets others in
    kinds = frame["kind"].map({"a": 0.0, "b": 1.0, "c": 2.0}).fillna(5.0).to_numpy(dtype=float)
    return frame["age"].to_numpy() * kinds / 50 + 3.0 * frame["flag"].to_numpy() + frame["height"].to_numpy() / 100


def text(texts: Sequence[str]) -> list[list[float]]:
    time.sleep(0.0005)
    scores = [("good" in each) * 0.5 + ("end" in each) * ("film" in each) * 0.25 for each in texts]
    return [[1.0 - score, score] for score in scores]


def series(many: np.ndarray) -> np.ndarray:
    time.sleep(0.0005)
    return np.abs(many[:, 10:30]).max(axis=1) + many[:, 50]


def tables(**settings: Any) -> ll.Explainer:
    return ll.Explainer(table, ll.Tabular(FRAME), seed=0, n_samples=600, batch_size=100, **settings)


def texts(**settings: Any) -> ll.Explainer:
    return ll.Explainer(text, ll.Text(), seed=0, batch_size=50, **settings)


def windows(**settings: Any) -> ll.Explainer:
    return ll.Explainer(series, ll.TimeSeries(), seed=0, n_samples=200, batch_size=32, **settings)


CASES = {"tables": (tables, ROWS), "texts": (texts, TEXTS), "series": (windows, SERIES)}


def bits(explanation: ll.Explanation) -> bytes:
    arrays = (explanation.coef, explanation.stderr, explanation.fidelity, explanation.prediction)
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def shuffled(n: int) -> list[int]:
    return np.random.default_rng(5).permutation(n).tolist()


def by_threads(explain: Callable[[Any], ll.Explanation], instances: Sequence[Any], order: Sequence[int]) -> list[bytes]:
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(order, pool.map(explain, [instances[i] for i in order]), strict=True))
    return [bits(found[i]) for i in range(len(instances))]


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("most", [None, 1, 8])
def test_eight_threads_give_the_bits_that_one_gives_in_any_order(kind: str, most: int | None) -> None:
    make, instances = CASES[kind]
    alone = [bits(make().explain(each)) for each in instances]
    for order in (range(len(instances)), shuffled(len(instances))):
        assert by_threads(make(max_in_flight=most).explain, instances, order) == alone


@pytest.mark.parametrize("kind", CASES)
def test_eight_calls_at_once_give_the_bits_that_one_gives(kind: str) -> None:
    make, instances = CASES[kind]
    alone = [bits(make().explain(each)) for each in instances]
    assert [bits(each) for each in make(max_in_flight=8).explain_many(instances)] == alone
    assert list(make(max_in_flight=8).explain_many(instances)) == list(make().explain_many(instances))


def test_what_rows_share_is_asked_once_whoever_comes_first() -> None:
    asked: list[int] = []

    def counting(frame: Any) -> np.ndarray:
        asked.append(len(frame))
        return table(frame)

    def rows(run: Callable[[ll.Explainer], Any]) -> int:
        asked.clear()
        run(ll.Explainer(counting, ll.Tabular(FRAME), seed=0, n_samples=600))
        return sum(asked)

    def canaries_and(explainer: ll.Explainer) -> None:
        by_threads(explainer.explain, ROWS, range(len(ROWS)))

    one = rows(lambda explainer: [explainer.explain(row) for row in ROWS])
    eight = rows(canaries_and)
    assert abs(one - eight) <= len(ROWS), "all but the row that tells a new fit is asked once"


def test_streams_of_one_explainer_in_several_threads_are_each_whole() -> None:
    ours = texts(max_in_flight=4)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: list(ours.explain_many(part)), [TEXTS[i::4] for i in range(4)]))
    alone = list(texts().explain_many(TEXTS))
    assert found == [alone[i::4] for i in range(4)]


def test_asyncio_explains_in_threads() -> None:
    ours = tables()

    async def all_of_them() -> list[ll.Explanation]:
        return await asyncio.gather(*(asyncio.to_thread(ours.explain, row) for row in ROWS))

    assert asyncio.run(all_of_them()) == list(tables().explain_many(ROWS))


# -- failures ---------------------------------------------------------------------------------------------------------


class Refusing:
    """Raises on texts with a word, and counts the rows that it has answered."""

    def __init__(self, word: str, *, always: bool = True) -> None:
        self.word, self.always, self.lock, self.answered = word, always, threading.Lock(), 0

    def __call__(self, many: Sequence[str]) -> list[list[float]]:
        time.sleep(0.001)
        if self.always and any(self.word in each for each in many):
            raise RuntimeError(f"no {self.word}")
        with self.lock:
            self.answered += len(many)
        return text(many)


def test_a_call_that_raises_among_eight_names_the_instance_and_leaves_the_others_whole() -> None:
    instances = [*TEXTS[:5], "a strange film", *TEXTS[5:]]
    model = Refusing("strange")
    ours = ll.Explainer(model, ll.Text(), seed=0, batch_size=50, max_in_flight=8)
    found = list(ours.explain_many(instances, on_error="record"))
    assert isinstance(found[5], ll.Failure)
    assert (found[5].number, "no strange" in str(found[5])) == (5, True)
    assert [*found[:5], *found[6:]] == list(texts().explain_many(TEXTS))


class Dying:
    """Answers so many rows, and nothing more until it is woken."""

    def __init__(self, rows: float = np.inf) -> None:
        self.left, self.lock, self.answered = rows, threading.Lock(), 0

    def __call__(self, many: Sequence[str]) -> list[list[float]]:
        time.sleep(0.001)
        with self.lock:
            if self.left < len(many):
                raise ConnectionError("gone")
            self.left -= len(many)
            self.answered += len(many)
        return text(many)


@pytest.mark.parametrize("most", [1, 8])
def test_what_was_paid_before_a_model_went_away_is_not_asked_again(most: int) -> None:
    whole = Dying()
    list(ll.Explainer(whole, ll.Text(), seed=0, batch_size=20).explain_many(TEXTS))
    model = Dying(rows=whole.answered // 2)
    ours = ll.Explainer(model, ll.Text(), seed=0, batch_size=20, max_in_flight=most)
    found: list[ll.Explanation] = []
    with pytest.raises(ModelCallError, match="gone") as caught:
        for each in ours.explain_many(TEXTS):
            found.append(each)  # noqa: PERF402 - what comes before the error is kept
    assert f"number {len(found)} to 11" in "".join(caught.value.__notes__)
    model.left = np.inf
    found += ours.explain_many(TEXTS[len(found) :])
    assert found == list(texts().explain_many(TEXTS))
    beside = 2 * len(TEXTS)  # f(x), which tells whether the model is still the same, and is asked twice
    lost = (most - 1) * 20  # calls after the first that failed
    assert model.answered <= whole.answered + beside + lost


def test_threads_whose_model_was_fitted_anew_begin_anew_once() -> None:
    class Fitted:
        slope = 1.0

        def __call__(self, rows: np.ndarray) -> np.ndarray:
            time.sleep(0.001)
            return self.slope * rows[:, 0] + rows[:, 1]

    X = np.random.default_rng(0).normal(size=(200, 2))
    model = Fitted()
    ours = ll.Explainer(model, ll.Tabular(X), seed=0, n_samples=256)
    ours.explain(X[0])
    model.slope = 3.0
    with pytest.warns(UserWarning, match="drawn anew") as said:
        found = by_threads(ours.explain, list(X[:8]), range(8))
    assert len(said) == 1
    new = Fitted()
    new.slope = 3.0
    alone = ll.Explainer(new, ll.Tabular(X), seed=0, n_samples=256)
    assert found == [bits(alone.explain(row)) for row in X[:8]]
