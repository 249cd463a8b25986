"""The progress bar stays out of the way."""

from __future__ import annotations

import builtins
import io
import sys
from typing import Any

import pytest

from limelight.progress import progress


def test_items_pass_unchanged_and_are_not_consumed_ahead() -> None:
    taken = []
    source = (taken.append(i) or i for i in range(5))  # type: ignore[func-returns-value]
    bar = progress(source, total=5)
    assert next(bar) == 0
    assert taken == [0]
    assert list(bar) == [1, 2, 3, 4]


def test_nothing_is_written_where_stderr_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    assert list(progress(range(3), total=3)) == [0, 1, 2]
    assert stderr.getvalue() == ""


def test_without_tqdm_there_is_no_bar_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("tqdm"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in [name for name in sys.modules if name.split(".")[0] == "tqdm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.import_module", lambda name: without(name))
    assert list(progress(range(3))) == [0, 1, 2]
