"""Chunks go through processes in bounded numbers; Ctrl-C ends after those in hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from limelight.errors import LimelightError
from limelight.jobs.processes import AHEAD, Stop, each_done
from limelight.jobs.source import Chunk, open_source
from limelight.jobs.worker import pack
from prepared_tables import Model, explainer, table

pytest.importorskip("loky")


class Dies(Model):
    """A model that ends its process, as a system does that lacks memory."""

    def __call__(self, F):
        if (F["v"] > 90).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(F)


def chunks(n: int = 60, rows: int = 10, **cells: float) -> Iterator[Chunk]:
    frame = table().iloc[:n].reset_index(drop=True)
    for name, value in cells.items():
        frame.loc[int(name[1:]), "v"] = value
    return open_source(frame, explainer().modality).chunks(rows)


def payload(model: Model | None = None) -> bytes:
    return pack(explainer(model).prepare(600))


def test_two_processes_say_what_one_says_and_read_little_ahead() -> None:
    read = []

    def counted() -> Iterator[Chunk]:
        for chunk in chunks():
            read.append(chunk.start)
            yield chunk

    made = payload()
    found = each_done(made, counted(), 2, Stop())
    first = next(found)
    assert len(read) <= 2 * AHEAD + 1
    two = {done.start: done.table for done in [first, *found]}
    one = {done.start: done.table for done in each_done(made, chunks(), 1, Stop())}
    assert {start: table.to_pylist() for start, table in two.items()} == {
        start: table.to_pylist() for start, table in one.items()
    }


def test_the_first_interrupt_ends_after_the_chunk_in_hand(capsys: pytest.CaptureFixture[str]) -> None:
    with Stop() as stop:
        found = each_done(payload(), chunks(), 1, stop)
        next(found)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
        assert list(found) == []
    assert "stopping when the chunks in hand are written" in capsys.readouterr().err


def test_the_second_interrupt_ends_at_once() -> None:
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert stop.asked


def test_the_handler_of_before_is_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Stop():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_a_process_that_is_killed_is_said() -> None:
    with pytest.raises(LimelightError, match="a process ended unexpectedly"):
        list(each_done(payload(Dies()), chunks(r30=99.0), 2, Stop()))
