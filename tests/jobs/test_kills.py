"""A job that is killed, of which two write at once, loses no row and says the same; the benchmark does it 100 times."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("loky")
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kills.py"
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX"),
    pytest.mark.skipif(not SCRIPT.is_file(), reason="benchmarks/ is not in this copy of the repository"),
]


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    found = importlib.util.spec_from_file_location("kills", SCRIPT)
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules["kills"] = module  # so that its model is found in the processes that it starts
    found.loader.exec_module(module)
    return module


@pytest.fixture
def with_this_limelight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started import what is tested here."""
    import limelight

    here = str(Path(limelight.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")])))


@pytest.mark.usefixtures("with_this_limelight")
def test_nothing_is_lost_doubled_torn_or_different_wherever_a_job_is_killed(kills: ModuleType, tmp_path: Path) -> None:
    found = kills.killed(tmp_path, 4, chunks=60)
    assert found["kills"]["before the rename"] == found["kills"]["before it is on the disk"] == 1
    assert found["kills"]["after the rename"] == 1
    assert (found["parts_changed_or_lost"], found["lost"], found["doubled"]) == (0, 0, 0)
    assert found["rows"] == 60 * kills.CHUNK
    assert found["chunks_explained_in_vain"] <= sum(found["kills"].values())
    assert found["the_same_digest"]


@pytest.mark.usefixtures("with_this_limelight")
def test_two_that_write_at_once_say_the_same(kills: ModuleType, tmp_path: Path) -> None:
    found = kills.two_writers(tmp_path, chunks=30)
    assert found["exit_codes"][0] == 0
    assert (found["rows"], found["lost"], found["doubled"]) == (30 * kills.CHUNK, 0, 0)
    assert found["the_same_digest"]
