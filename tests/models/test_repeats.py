"""The same row asked again within one question is another answer, and a rerun asks the same questions."""

from __future__ import annotations

import threading

from limelight.models import repeats
from limelight.models.repeats import Repeats, current, within

A, B = b"a" * 16, b"b" * 16


def test_a_row_is_itself_at_first_and_numbered_from_then_on() -> None:
    found = Repeats().numbered([A, B, A, A])
    assert found[:2] == [A, B]
    assert len(set(found)) == 4
    assert all(len(each) == 16 for each in found)


def test_numbers_do_not_depend_on_how_the_rows_are_cut_into_batches() -> None:
    whole = Repeats().numbered([A, B, A, B, A])
    pieces = Repeats()
    assert [*pieces.numbered([A, B]), *pieces.numbered([A]), *pieces.numbered([B, A])] == whole


def test_a_new_question_begins_anew() -> None:
    assert Repeats().numbered([A, A]) == Repeats().numbered([A, A])


def test_inside_a_question_every_model_counts_on_and_outside_of_one_each_call_by_itself() -> None:
    question = Repeats()
    with within(question):
        assert current() is question
        first = current().numbered([A])
        with within(Repeats()):  # a model that explains something itself
            assert current().numbered([A]) == [A]
        second = current().numbered([A])
    assert first != second
    assert current() is not current()


def test_a_question_is_not_that_of_another_thread() -> None:
    seen: list[bool] = []
    with within(Repeats()) as _:
        here = current()
        thread = threading.Thread(target=lambda: seen.append(current() is here))
        thread.start()
        thread.join()
    assert seen == [False]


def test_a_stream_without_end_does_not_fill_the_memory(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(repeats, "REMEMBERED", 10)
    question = Repeats()
    for number in range(100):
        question.numbered([number.to_bytes(16, "little")])
    assert len(question._asked) <= 11
