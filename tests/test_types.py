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
from limelight.remote.limits import Limits, LimitsArguments

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
OF_LATE = """\
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import limelight as ll
from limelight.result.audit import Audit
from limelight.result.comparison import Comparison
from limelight.result.drift import Drift

X = np.zeros((100, 3))


def model(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    answers: NDArray[np.float64] = rows[:, 0]
    return answers


scan = ll.Explainer(lambda stacks: stacks.mean(axis=(1, 2, 3)), ll.Volume(n_segments=20))
assert_type(scan.explain(np.zeros((4, 8, 8))), ll.Explanation)
ll.Image(bands=["red", "near infrared"])
ll.Text("phrases")
ll.Text(phrases=["New York", "not good"])
ll.TimeSeries(rate=16_000, seconds=0.25)
explainer = ll.Explainer(model, ll.Conditional(X, names=["a", "b", "c"], fixed=["c"]), targets="all")
many = explainer.explain_all(X)
audit = ll.audit(many, {"a": X[:, 0]}, truth=X[:, 1], sensitive="a")
assert_type(audit, Audit)
assert_type([finding.sentence for finding in audit.findings], list[str])
compared = ll.compare(explainer, model, X)
assert_type(compared, Comparison)
assert_type(ll.drift(many, many, names=("May", "June")), Drift)
assert_type(ll.report(many[0]), str)
assert_type(ll.report(audit, "audit.pdf", title="An audit"), str)
assert_type(ll.report(compared), str)
cat = ll.one_number.box_score(lambda images: [{"boxes": [], "scores": []} for _ in images], near=(0, 0, 8, 8))
ll.Explainer(cat, ll.Image())
price = ll.remote.Price(per_request=0.001)
served = ll.remote.http("http://localhost:8080", "v2", model="fraud", timeout=5.0, max_cost=2.0, price=price)
ll.Explainer(served, ll.Tabular(X, fixed=[2]))

ll.Volume(n_segmets=20)  # wrong: no such option
ll.Image(bands=3)  # wrong: names, or whether
ll.Conditional(X, fixd=["c"])  # wrong: no such option
ll.audit(many, sensitve="a")  # wrong: no such argument
ll.drift(many, many, target=3)  # wrong: an output is called by its name
ll.one_number.area(model)  # wrong: of which class
ll.remote.http("http://localhost:8080", "v2", max_request=500)  # wrong: no such limit
explainer.explain(X[0], target="a")  # wrong: targets
ll.refine(explainer, X[0], tolerence=0.1)  # wrong: no such argument
"""
SCRIPTS = {"first": SCRIPT, "of late": OF_LATE}


@pytest.fixture(params=list(SCRIPTS))
def script(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPTS[request.param])
    return path


def wrong(script: Path) -> set[int]:
    """The lines that say of themselves that they are wrong."""
    return {number for number, line in enumerate(script.read_text().splitlines(), 1) if "# wrong" in line}


def test_mypy_finds_the_mistakes_and_nothing_else(script: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    (script.parent / "mypy.ini").write_text(
        f"[mypy]\nstrict = True\nmypy_path = {SRC}\n[mypy-sklearn.*,pyarrow.*,matplotlib.*,skops.*,PIL.*]\n"
        "ignore_missing_imports = True\n[mypy-limelight.*]\nfollow_imports = silent\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", "mypy.ini", script.name]
    ran = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=False)
    found = {int(line) for line in re.findall(r"^script\.py:(\d+): error", ran.stdout, re.MULTILINE)}
    assert found == wrong(script), ran.stdout + ran.stderr


def test_pyright_finds_the_mistakes_and_nothing_else(script: Path) -> None:
    if find_spec("basedpyright") is None:
        pytest.skip("basedpyright is not installed: .ci/optional types")
    facts = {"extraPaths": [str(SRC)], "typeCheckingMode": "standard", "reportUnusedExpression": False}
    (script.parent / "pyrightconfig.json").write_text(json.dumps(facts))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", script.name]
    ran = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=False)
    said = json.loads(ran.stdout)["generalDiagnostics"]
    assert {each["range"]["start"]["line"] + 1 for each in said if each["severity"] == "error"} == wrong(script), said


def test_the_names_for_type_checkers_are_those_at_run_time() -> None:
    text = Path(limelight.__file__).read_text(encoding="utf-8")
    seen = set(re.findall(r"^    from [\w.]+ import (\w+) as \1$", text, re.MULTILINE))
    assert seen == set(limelight.__all__) - {"__version__"}


def test_the_settings_for_type_checkers_are_the_settings() -> None:
    typed, real = get_type_hints(settings.SettingsArguments), get_type_hints(settings.Settings)
    assert list(typed) == list(real)
    limits = get_type_hints(LimitsArguments)
    assert limits == get_type_hints(Limits)
    words = {"selection": settings.SELECTIONS, "sampler": settings.SAMPLERS, "stop": settings.STOPS}
    assert {name: get_args(typed[name]) for name in words} == words
