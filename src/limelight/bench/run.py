"""One run of the proof: which packages are there, what is asked, and on which machine."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from importlib import metadata

from limelight import __version__
from limelight.bench.cases import cases
from limelight.bench.methods import METHODS
from limelight.bench.proof import Figure, Proof, Question, table
from limelight.bench.questions import ASKED, Sizes
from limelight.errors import InputError
from limelight.local.threads import one_thread

QUICK = Sizes(rows=4, seeds=4, budget=1000)
WHOLE = Sizes(rows=12, seeds=20, budget=1000)
PACKAGES = ("numpy", "scipy", "scikit-learn", "lime", "shap")


def run(*, quick: bool = True, only: Sequence[str] | None = None, say: Callable[[str], object] | None = None) -> Proof:
    """Measure what limelight claims, beside the packages that are installed.

    Parameters
    ----------
    quick
        4 rows of 4 models under 4 seeds, some minutes; otherwise 12 rows under 20 seeds, an hour or two.
    only
        Questions to ask, of ``speed, steadiness, coverage, faithfulness, truth``; None asks all.
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
    missing = sorted({method.package for method in METHODS if not method.installed})
    if missing and say is not None:
        say(f"{' and '.join(missing)} left out; to compare with them: pip install {' '.join(missing)}")
    tables = list(cases(sizes.rows))
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
    return Proof(tuple(figures), tuple(questions), machine(), settings)


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
