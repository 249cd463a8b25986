"""What is missing is said with the line that installs it."""

from __future__ import annotations

import sys

import pytest

import limelight as ll
from limelight.optional import require


def test_a_missing_package_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(ll.MissingDependencyError, match=r"no_such_package.*pip install 'limelight\[jobs\]'") as caught:
        require("no_such_package.inner", "jobs")
    assert isinstance(caught.value.__cause__, ImportError)


def test_a_package_that_is_there_and_broken_says_why(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "broken_package.py").write_text("import not_there_either\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ll.MissingDependencyError, match="No module named 'not_there_either'"):
        require("broken_package", "cli")


def test_a_module_below_a_package_is_that_module() -> None:
    assert require("os.path", "cli") is sys.modules["os.path"]
