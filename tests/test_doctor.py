"""What is said about a machine: what is missing and for what, what is too old, whether numbers come out right."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from limelight import __version__, doctor

ROOT = Path(__file__).resolve().parents[1]


def test_every_requirement_is_that_of_pyproject() -> None:
    if metadata.version("limelight") != __version__:
        pytest.skip("what is installed was installed from another version: pip install -e . again")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = {doctor.CORE: project["dependencies"], **project["optional-dependencies"]}
    lists.pop("all")
    written = {extra: {f"{name}>={floor}" for name, floor in needed} for extra, needed in doctor.requirements().items()}
    lists = {extra: [each for line in needed for each in _apart(line, lists)] for extra, needed in lists.items()}
    assert written == {extra: set(needed) for extra, needed in lists.items()}


def test_every_extra_says_what_it_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(doctor.PURPOSES) == {doctor.CORE, *project["optional-dependencies"]} - {"all"}


def _apart(line: str, lists: dict[str, list[str]]) -> list[str]:
    """An extra of our own stands for what it needs; the extras of others are not looked for."""
    own = re.fullmatch(r"limelight\[(\w+)\]", line)
    return lists[own[1]] if own else [re.sub(r"\[\w+\]", "", line)]


def test_everything_is_right_here_and_the_numbers_are_looked_at() -> None:
    found = list(doctor.checkup())
    assert all(finding.right for finding in found)
    assert sum("found to" in finding.said for finding in found) == 2
    assert "two columns act together" in found[-1].said


def test_a_missing_extra_is_no_fault_and_says_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor, "requirements", lambda: {"plot": [("no-such-package", "1.0")], doctor.CORE: [("no-such", "1")]}
    )
    plot, core = [finding for finding in doctor.checkup() if "not installed" in finding.said]
    assert plot.right
    assert "for figures" in plot.said
    assert "pip install 'limelight[plot]'" in plot.said
    assert str(plot).startswith("-   plot"), "neither well nor broken"
    assert not core.right
    assert str(core).startswith("BAD ")


def test_a_package_below_its_floor_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requirements", lambda: {doctor.CORE: [("numpy", "999.1"), ("scipy", "1.11")]})
    (old,) = [finding for finding in doctor.checkup() if "needs" in finding.said]
    assert not old.right
    assert old.said == (
        f"numpy {metadata.version('numpy')} · scipy {metadata.version('scipy')}; needs numpy ≥ 999.1: "
        "pip install 'limelight' --upgrade"
    )


def test_numbers_that_come_out_wrong_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_line", lambda X: 2.001 * X[:, 0] - X[:, 1])
    monkeypatch.setattr(doctor, "_words", lambda texts: [3.0 * ("good" in text) for text in texts])
    monkeypatch.setattr(doctor, "_either", lambda X: X[:, 0] + X[:, 1])
    assert [finding.right for finding in doctor.numbers()] == [False, False, False]


def limelight(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "limelight", *arguments]
    return subprocess.run(command, cwd=ROOT / "src", capture_output=True, encoding="utf-8", check=False)


def test_the_command_alone_greets_and_the_module_is_the_command() -> None:
    ran = limelight()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("limelight: why a model said what it said")
    assert "limelight doctor" in ran.stdout


def test_the_command_prints_the_checkup() -> None:
    ran = limelight("doctor")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "ok  numbers" in ran.stdout


def without_typer(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where its extra is not installed."""
    code = (
        "import sys; sys.modules['typer'] = None; import limelight.cli; sys.argv[0] = 'limelight'; limelight.cli.main()"
    )
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)


def test_without_its_extra_the_command_greets_and_the_checkup_says_what_is_missing() -> None:
    greeted, checked, refused = without_typer(), without_typer("doctor"), without_typer("explain", "--help")
    assert (greeted.returncode, greeted.stderr) == (0, "")
    assert "pip install 'limelight[cli]'" in greeted.stdout and "limelight doctor" in greeted.stdout
    assert checked.stderr == ""
    assert "two columns act together" in checked.stdout
    assert refused.returncode == 2
    assert "limelight[cli]" in refused.stderr and "Traceback" not in refused.stderr


def test_without_its_extra_the_command_says_its_version_as_with_it() -> None:
    without, beside = without_typer("--version"), limelight("--version")
    assert (without.returncode, without.stderr) == (0, "")
    assert without.stdout == beside.stdout == f"limelight {__version__}\n"
