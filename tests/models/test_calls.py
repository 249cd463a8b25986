"""Asking a model in batches: the answers, the counts, and what is kept when it fails."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from limelight.errors import InputError, ModelCallError, ModelOutputError
from limelight.models.calls import Caller


def double(X: np.ndarray) -> np.ndarray:
    """f(x) = 2x, for any number of columns."""
    return 2 * X


class Recorder:
    """A model that notes what it was given, and fails in the call it is told to."""

    def __init__(self, *, fails_at: int = 0, error: BaseException | None = None) -> None:
        self.seen: list[Any] = []
        self.fails_at = fails_at
        self.error = error or ValueError("no such word")

    def __call__(self, X: Any) -> Any:
        self.seen.append(np.array(X))
        if self.fails_at and len(self.seen) >= self.fails_at:
            raise self.error
        return X[:, 0]


def split(X: np.ndarray, cuts: list[int]) -> list[np.ndarray]:
    """Slice X at the cuts, in any order, also at the ends: some parts are empty."""
    return np.split(X, sorted(cuts))


# ---- laws ------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.lists(st.integers(0, 40), max_size=6), st.sampled_from([1, 7, 256, 10_000, "auto"]))
def test_answers_depend_neither_on_batches_nor_on_parts(n: int, cuts: list[int], batch_size: Any) -> None:
    X = np.arange(3.0 * n).reshape(n, 3)
    parts = split(X, [min(cut, n) for cut in cuts])
    answers = Caller(double, batch_size=batch_size).ask(parts)
    assert [len(Y) for Y in answers] == [len(part) for part in parts]
    if n:
        assert np.array_equal(np.vstack(answers), 2 * X)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=5), st.sampled_from([1, 7, 256, "auto"]))
def test_every_row_is_asked_once_in_order(counts: list[int], batch_size: Any) -> None:
    X = np.arange(sum(counts), dtype=float)[:, None]
    model = Recorder()
    caller = Caller(model, batch_size=batch_size)
    caller.ask(split(X, np.cumsum(counts)[:-1].tolist()))
    assert (caller.rows, caller.calls) == (len(X), len(model.seen))
    if len(X):
        assert np.array_equal(np.vstack(model.seen), X)


@pytest.mark.parametrize("batch_size", [1, 7, 256, 10_000, "auto"])
@pytest.mark.parametrize(
    "build",
    [
        lambda numbers: [f"text {number}" for number in numbers],
        lambda numbers: pd.DataFrame({"number": numbers, "text": [f"text {number}" for number in numbers]}),
        lambda numbers: pl.DataFrame({"number": numbers, "text": [f"text {number}" for number in numbers]}),
        lambda numbers: {"number": np.array(numbers), "text": [f"text {number}" for number in numbers]},
    ],
    ids=["texts", "pandas", "polars", "dict"],
)
def test_any_kind_of_inputs_is_poured_alike(build: Callable[[list[int]], Any], batch_size: Any) -> None:
    parts = [build(list(range(5))), build(list(range(5, 6))), build(list(range(6, 20)))]
    answers = Caller(numbers_in_texts, batch_size=batch_size).ask(parts)
    assert [Y[:, 0].tolist() for Y in answers] == [list(range(5)), [5], list(range(6, 20))]


def numbers_in_texts(inputs: Any) -> list[int]:
    texts = inputs if isinstance(inputs, list) else inputs["text"]
    return [int(text.removeprefix("text ")) for text in texts]


def test_an_exact_size_is_exact() -> None:
    model = Recorder()
    Caller(model, batch_size=4).ask([np.zeros((3, 1)), np.zeros((6, 1)), np.zeros((1, 1))])
    assert [len(X) for X in model.seen] == [4, 4, 2]


def test_one_part_is_one_call_when_it_is_small() -> None:
    model = Recorder()
    Caller(model).ask([np.zeros((200, 1))])
    assert len(model.seen) == 1


def test_images_of_two_sizes_are_asked_apart_and_in_order() -> None:
    model = Recorder()
    answers = Caller(lambda X: model(X.reshape(len(X), -1))).ask(
        [np.full((n, *size), n) for n, size in [(1, (2, 2)), (2, (2, 2)), (3, (3, 3)), (4, (2, 2))]]
    )
    assert [X.shape for X in model.seen] == [(3, 4), (3, 9), (4, 4)]
    assert [Y[:, 0].tolist() for Y in answers] == [[1.0], [2.0] * 2, [3.0] * 3, [4.0] * 4]


def test_heavy_rows_are_asked_few_at_a_time() -> None:
    asked = []

    def model(X: np.ndarray) -> np.ndarray:
        asked.append(len(X))
        return X[:, 0]

    heavy = np.broadcast_to(np.zeros((1, 1_000_000)), (10, 1_000_000))  # 8 MB a row, one row in memory
    Caller(model).ask([heavy])
    assert asked == [4, 3, 3]


# ---- what is asked is not touched ------------------------------------------------------------------------------------


def overwrite(X: Any) -> Any:
    """A model that writes into its input, and answers with it."""
    answer = np.array(X, dtype=float)
    X[:] = -1
    return answer


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_a_model_that_writes_into_its_input_changes_nothing_of_ours(batch_size: int) -> None:
    whole = np.arange(6.0)[:, None]
    parts = [whole[:1], whole[1:1], whole[1:]]
    answers = Caller(overwrite, batch_size=batch_size).ask(parts)
    assert np.array_equal(whole[:, 0], np.arange(6.0))
    assert np.array_equal(np.vstack(answers), whole)


def test_a_model_that_adds_a_column_changes_no_frame_of_ours() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]})

    def squared(X: pd.DataFrame) -> pd.Series:
        X["square"] = X.pop("a") ** 2
        return X["square"]

    assert Caller(squared).ask([frame])[0].tolist() == [[1.0], [4.0]]
    assert frame.to_dict("list") == {"a": [1.0, 2.0]}


def test_a_model_that_reuses_its_output_changes_no_answer() -> None:
    buffer = np.zeros(2)

    def counting(X: np.ndarray) -> np.ndarray:
        buffer[:] += 1
        return buffer

    caller = Caller(counting, batch_size=2)
    assert [Y.tolist() for Y in caller.ask([np.zeros((2, 1))] * 2)] == [[[1], [1]], [[2], [2]]]


# ---- counts and names ------------------------------------------------------------------------------------------------


def test_rows_calls_and_seconds_add_up_over_asks() -> None:
    caller = Caller(double, batch_size=2)
    caller.ask([np.zeros((3, 1))])
    before = caller.seconds
    caller.ask([np.zeros((2, 1)), np.zeros((0, 1))])
    assert (caller.rows, caller.calls) == (5, 3)
    assert caller.seconds > before > 0


def test_nothing_asked_is_nothing_answered() -> None:
    caller = Caller(double)
    assert caller.ask([]) == []
    assert [Y.shape for Y in caller.ask([np.zeros((0, 2))])] == [(0, 0)]
    assert (caller.calls, caller.output_names) == (0, None)


def test_empty_parts_have_as_many_outputs_as_the_others() -> None:
    answers = Caller(double).ask([np.zeros((0, 2)), np.zeros((1, 2)), np.zeros((0, 2))])
    assert [Y.shape for Y in answers] == [(0, 2), (1, 2), (0, 2)]


@pytest.mark.parametrize(
    ("model", "given_names", "names"),
    [
        (double, None, ("output 0", "output 1")),
        (lambda X: X[:, 0], None, ("output",)),
        (double, ["ham", "spam"], ("ham", "spam")),
        (lambda X: pd.DataFrame(X, columns=["ham", "spam"]), None, ("ham", "spam")),
        (lambda X: pd.DataFrame(X, columns=["ham", "spam"]), ["no", "yes"], ("no", "yes")),
    ],
)
def test_outputs_are_named_by_the_user_or_by_the_answer(model: Any, given_names: Any, names: Any) -> None:
    caller = Caller(model, output_names=given_names)
    caller.ask([np.zeros((3, 2))])
    assert caller.output_names == names


def test_names_that_do_not_fit_the_answer_are_refused_with_the_number() -> None:
    with pytest.raises(InputError, match=r"output_names: expected 2 names.*got 3"):
        Caller(double, output_names=["a", "b", "c"]).ask([np.zeros((1, 2))])


def test_classes_that_do_not_fit_the_answer_are_no_names() -> None:
    class OneVersusOne:
        classes_ = ("a", "b", "c", "d")

        def decision_function(self, X: np.ndarray) -> np.ndarray:
            return np.zeros((len(X), 6))

    caller = Caller(OneVersusOne())
    caller.ask([np.zeros((1, 2))])
    assert caller.output_names == tuple(f"output {pair}" for pair in range(6))


def test_a_caller_pickles_with_its_counts() -> None:
    caller = Caller(double, batch_size=3)
    caller.ask([np.ones((4, 2))])
    again = pickle.loads(pickle.dumps(caller))
    assert (again.rows, again.calls, again.output_names) == (4, 2, ("output 0", "output 1"))
    assert again.ask([np.ones((1, 2))])[0].tolist() == [[2.0, 2.0]]


# ---- failures --------------------------------------------------------------------------------------------------------


def test_a_model_that_raises_is_named_with_its_batch_and_what_is_done_is_kept() -> None:
    parts = [np.full((n, 1), n, dtype=float) for n in (3, 0, 3, 4)]
    with pytest.raises(ModelCallError) as caught:
        Caller(Recorder(fails_at=3), batch_size=3).ask(parts)
    said = "the model raised ValueError on batch 3 (rows 6–8 of 10): no such word (row 6 alone fails, too)"
    assert str(caught.value) == said
    assert isinstance(caught.value.__cause__, ValueError)
    first, empty, second, third = caught.value.answered
    assert (first.tolist(), empty.shape, second.tolist()) == ([[3.0]] * 3, (0, 1), [[3.0]] * 3)
    assert third is None


def test_a_part_half_asked_is_not_kept() -> None:
    with pytest.raises(ModelCallError) as caught:
        Caller(Recorder(fails_at=2), batch_size=3).ask([np.ones((2, 1)), np.ones((2, 1))])
    assert [None if Y is None else Y.tolist() for Y in caught.value.answered] == [[[1.0], [1.0]], None]


def test_a_model_that_fails_at_once_has_answered_nothing() -> None:
    with pytest.raises(ModelCallError) as caught:
        Caller(Recorder(fails_at=1)).ask([np.zeros((0, 1)), np.ones((2, 1))])
    assert caught.value.answered == [None, None]


def test_a_bad_answer_keeps_what_is_done_too() -> None:
    X = np.array([[1.0], [2.0], [np.nan], [4.0]])
    with pytest.raises(
        ModelOutputError, match=r"nan for output 'score' of row 2 in batch 2 \(rows 2–3 of 4\)"
    ) as caught:
        Caller(double, batch_size=2, output_names=["score"]).ask([X[:2], X[2:]])
    assert caught.value.answered[0].tolist() == [[2.0], [4.0]]
    assert caught.value.answered[1] is None


def test_errors_pickle_with_the_answers_kept() -> None:
    with pytest.raises(ModelCallError) as caught:
        Caller(Recorder(fails_at=2), batch_size=1).ask([np.ones((1, 1)), np.ones((1, 1))])
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.answered[0].tolist() == [[1.0]]


def test_an_interrupt_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        Caller(Recorder(fails_at=1, error=KeyboardInterrupt())).ask([np.ones((1, 1))])


def test_the_number_of_outputs_must_not_change() -> None:
    with pytest.raises(ModelOutputError, match=r"3 outputs per input in batch 1.*expected 2 as in its first answer"):
        caller = Caller(double)
        caller.ask([np.ones((4, 2))])
        caller.ask([np.ones((4, 3))])


def test_columns_must_not_change_places() -> None:
    caller = Caller(lambda X: X)
    caller.ask([pd.DataFrame({"a": [1], "b": [2]})])
    with pytest.raises(ModelOutputError, match=r"columns \('b', 'a'\)"):
        caller.ask([pd.DataFrame({"b": [1], "a": [2]})])


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"batch_size": "big"}, {"max_batch_rows": -1}])
def test_bad_options_are_refused_before_any_call(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        Caller(double, **options)


# ---- real models -----------------------------------------------------------------------------------------------------


def people(n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """n people with numbers, strings and a categorical, and whether they earn much."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "age": rng.integers(17, 80, n),
            "job": rng.choice(["clerk", "cook", "smith"], n),
            "city": pd.Categorical(rng.choice(["Bonn", "Rome"], n), categories=["Bonn", "Oslo", "Rome"]),
        }
    )
    return frame, np.where((frame["age"] > 40) & (frame["job"] != "cook"), "much", "little")


@pytest.mark.parametrize("batch_size", [1, 7, "auto"])
def test_a_pipeline_on_a_frame_with_strings_answers_as_if_asked_at_once(batch_size: Any) -> None:
    frame, income = people(90)
    encoder = make_column_transformer((OneHotEncoder(), ["job", "city"]), remainder="passthrough")
    model = make_pipeline(encoder, LogisticRegression(max_iter=1000)).fit(frame, income)
    caller = Caller(model, batch_size=batch_size)
    answers = caller.ask([frame.iloc[:40], frame.iloc[40:41], frame.iloc[41:]])
    assert np.allclose(np.vstack(answers), model.predict_proba(frame), atol=1e-12)
    assert caller.output_names == ("little", "much")


def test_lightgbm_on_a_frame_keeps_its_categories() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    frame, income = people(200)
    frame = frame.astype({"job": "category"})
    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(frame, income)
    caller = Caller(model, batch_size=33)
    answers = caller.ask([frame.iloc[:50], frame.iloc[50:]])
    assert np.allclose(np.vstack(answers), model.predict_proba(frame), atol=1e-12)
    assert caller.output_names == ("little", "much")


def test_texts_go_to_a_text_pipeline_and_counts_to_its_last_step() -> None:
    texts = ["good film", "bad film", "good good", "bad bad plot"] * 5
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, ["+", "-", "+", "-"] * 5)
    by_text = Caller(model, batch_size=3).ask([texts[:5], texts[5:]])
    counts = model[0].transform(texts)
    by_count = Caller(model[-1], batch_size=3).ask([counts[:5], counts[5:]])
    assert np.allclose(np.vstack(by_text), np.vstack(by_count), atol=1e-12)
