"""What a type checker tells somebody who uses limelight: real types, and mistakes found before they run.

The claims of `__init__.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import limelight
from limelight import settings

SRC = Path(__file__).resolve().parents[1] / "src"
SCRIPT = """\
from typing import assert_type

import numpy as np

import limelight as ll

X = np.zeros((100, 3))
explainer = ll.Explainer(lambda rows: rows[:, 0], ll.Tabular(X, names=["a", "b", "c"]), seed=0, stop="ranking")
assert_type(explainer, ll.Explainer)
explanation = explainer.explain(X[0])
assert_type(explanation, ll.Explanation)
assert_type(explanation.targets, tuple[str, ...])
many = explainer.explain_all(X)
assert_type(many, ll.Explanations)
assert_type(many[0], ll.Explanation)
assert_type(many[:2], ll.Explanations)
assert_type(ll.feature_importance(many).level, float)
assert_type(ll.submodular_pick(many, budget=5).indices, tuple[int, ...])
assert_type(explainer.with_settings(tolerance=0.01, n_samples="auto"), ll.Explainer)

ll.Explainer(lambda rows: rows[:, 0], ll.Tabular(X), stop="rankin")  # wrong: not one of the words
ll.Explainer(lambda rows: rows[:, 0], ll.Tabular(X), tolerence=0.1)  # wrong: no such setting
explainer.explian(X[0])  # wrong: no such method
explanation.coef = None  # wrong: an explanation is frozen
ll.Explaner  # wrong: no such name
"""
WRONG = {number for number, line in enumerate(SCRIPT.splitlines(), 1) if "# wrong" in line}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_mypy_finds_the_mistakes_and_nothing_else(script: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    (script.parent / "mypy.ini").write_text(
        f"[mypy]\nmypy_path = {SRC}\n[mypy-sklearn.*,pyarrow.*,matplotlib.*,skops.*,PIL.*]\n"
        "ignore_missing_imports = True\n[mypy-limelight.*]\nfollow_imports = silent\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", "mypy.ini", script.name]
    ran = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=False)
    found = {int(line) for line in re.findall(r"^script\.py:(\d+): error", ran.stdout, re.MULTILINE)}
    assert found == WRONG, ran.stdout + ran.stderr


def test_pyright_finds_the_mistakes_and_nothing_else(script: Path) -> None:
    if find_spec("basedpyright") is None:
        pytest.skip("basedpyright is not installed: .ci/optional types")
    facts = {"extraPaths": [str(SRC)], "typeCheckingMode": "standard", "reportUnusedExpression": False}
    (script.parent / "pyrightconfig.json").write_text(json.dumps(facts))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", script.name]
    ran = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=False)
    said = json.loads(ran.stdout)["generalDiagnostics"]
    assert {each["range"]["start"]["line"] + 1 for each in said if each["severity"] == "error"} == WRONG, said


def test_the_names_for_type_checkers_are_those_at_run_time() -> None:
    text = Path(limelight.__file__).read_text(encoding="utf-8")
    seen = set(re.findall(r"^    from [\w.]+ import (\w+) as \1$", text, re.MULTILINE))
    assert seen == set(limelight.__all__) - {"__version__"}


def test_the_settings_for_type_checkers_are_the_settings() -> None:
    typed, real = get_type_hints(settings.SettingsArguments), get_type_hints(settings.Settings)
    assert list(typed) == list(real)
    words = {"selection": settings.SELECTIONS, "sampler": settings.SAMPLERS, "stop": settings.STOPS}
    assert {name: get_args(typed[name]) for name in words} == words
