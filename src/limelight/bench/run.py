"""One run of the proof: which packages are there, what is asked, and on which machine."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from importlib import metadata

from limelight import __version__
from limelight.bench.asked import ASKED
from limelight.bench.cases import Case, cases
from limelight.bench.judged import missing
from limelight.bench.peers import METHODS
from limelight.bench.proof import Figure, Proof, Question, in_order, table
from limelight.bench.questions import Sizes
from limelight.errors import InputError
from limelight.local.threads import one_thread

QUICK = Sizes(rows=4, seeds=4, budget=1000)
WHOLE = Sizes(rows=12, seeds=20, budget=1000)
PIP = {"interpret": "interpret-core"}
"""What a package is called where it is installed from, if not by its name."""
PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "lime", "shap", "captum", "torch", "interpret-core", "eli5", "alibi"),
    "quantus",
)


def run(*, quick: bool = True, only: Sequence[str] | None = None, say: Callable[[str], object] | None = None) -> Proof:
    """Measure what limelight claims, beside the packages that are installed.

    Parameters
    ----------
    quick
        4 rows of 4 models under 4 seeds, some minutes; otherwise 12 rows under 20 seeds, hours.
    only
        Questions to ask, of ``speed, steadiness, coverage, faithfulness, truth, published, quantus``; None asks all.
    say
        Told of each table when it is there.

    Raises
    ------
    InputError
        There is no such question.
    """
    asked = list(ASKED) if only is None else list(only)
    for name in asked:
        if name not in ASKED:
            raise InputError(f"only: expected some of {', '.join(ASKED)}, got {name!r}.")
    sizes = QUICK if quick else WHOLE
    methods = [method for method in METHODS if method.installed]
    tables = list(cases(sizes.rows))
    absent = left_out(tables)
    if say is not None:
        say("".join(f"left out: {each}\n" for each in absent))
    figures: list[Figure] = []
    questions: list[Question] = []
    began = time.process_time()
    for name in asked:
        ask, mine = ASKED[name]
        with one_thread():
            figures += ask(tables, methods, sizes)
        questions += mine
        if say is not None:
            for question in mine:
                say(f"{question.title} ({question.unit})\n{table(Proof(tuple(figures), ()), question)}\n")
    settings = {
        "rows of each model": str(sizes.rows),
        "seeds": str(sizes.seeds),
        "model rows, where they are equal": f"{sizes.budget:,}",
        "CPU time of the run": f"{(time.process_time() - began) / 60:.0f} minutes",
    }
    return Proof(tuple(figures), tuple(questions), machine(), settings, tuple(absent))


def left_out(tables: Sequence[Case]) -> list[str]:
    """Return what cannot be compared here, each in a sentence: packages that are not installed, cases not taken."""
    absent = in_order(method.package for method in METHODS if not method.installed)
    said = [f"{name}: not installed (pip install {PIP.get(name, name)})" for name in absent]
    if missing():
        said.append(f"Quantus: {' and '.join(missing())} not installed (pip install quantus torch)")
    there = [method for method in METHODS if method.installed]
    refused = [(f"{method.name}, {case.name}", method.refuses(case)) for method in there for case in tables]
    said += [f"{what}: {why}" for what, why in refused if why]
    if not missing():
        unhidden = [case.name for case in tables if case.categorical]
        said += [f"Quantus, {name}: categories have no mean behind which to hide" for name in unhidden]
    return said


def machine() -> dict[str, str]:
    """Return what figures depend on: hardware, and versions."""
    found = {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one of them used",
        "Python": platform.python_version(),
        "limelight": __version__,
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
