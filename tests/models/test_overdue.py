"""Whoever waits for a model is told for what and how long: at 10 s, at 20, at 40, and where somebody reads it."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from limelight.models import overdue


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_call_is_told_of_after_ten_seconds_and_then_each_time_after_twice_as_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr(overdue.time, "monotonic", lambda: clock[0])
    watch = overdue._Watch()
    watch.thread = threading.current_thread()  # nobody looks but this test
    watch.begin(1, "batch 3 (rows 0–255)")
    said = {}
    for second in range(60):
        said[second] = list(watch.due(100.0 + second))
    assert [second for second, lines in said.items() if lines] == [10, 20, 40]
    assert said[20] == [
        "limelight: the model has been out for 20 s on batch 3 (rows 0–255). Ctrl-C ends it, and keeps what it "
        "answered before."
    ]
    watch.end(1)
    assert list(watch.due(1000.0)) == []


def test_it_is_said_while_the_call_is_out_and_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "FIRST", 0.0)
    monkeypatch.setattr(overdue, "EVERY", 0.01)
    monkeypatch.setattr(overdue, "_watch", overdue._Watch())
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    told = threading.Event()
    monkeypatch.setattr(overdue, "_say", lambda sentence: told.set() if "on rows 1" in sentence else None)
    for stream, heard in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        with overdue.watched("rows 1"):
            assert told.wait(20 if heard else 0.2) == heard
    assert overdue._watch.calls == {}


def test_a_line_is_written_with_and_without_a_progress_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    overdue._say("one")
    monkeypatch.setitem(sys.modules, "tqdm", None)
    overdue._say("two")
    assert capsys.readouterr().err.split() == ["one", "two"]
