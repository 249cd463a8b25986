"""What is installed here, which extras are missing and for what, and whether the numbers come out right.

Input: nothing. Output: lines to print. Versions and floors are read from limelight's own metadata, so that they stand
in one place, `pyproject.toml`. The numbers are those of three models whose explanations are known without asking
limelight: a straight line, a sum of words, an exclusive or.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from limelight import __version__
from limelight.contracts import FloatArray
from limelight.explainer import Explainer
from limelight.interpretable.tabular import Tabular
from limelight.interpretable.text import Text

CORE = "limelight"
PURPOSES = {
    CORE: "everything",
    "cli": "the command `limelight`",
    "plot": "figures: explanation.plot(), plot_importance",
    "image": "images",
    "notebook": "frames, progress bars and figures in notebooks",
    "widget": "what if, in a notebook",
    "jobs": "any number of rows into Parquet: ll.jobs",
    "remote": "models behind an address: ll.remote",
    "web": "`limelight serve`, which needs cli, too",
    "spark": "rows of Spark's frames",
    "ray": "rows of Ray's data sets",
    "dask": "rows of Dask's frames",
}
"""What each extra is for."""
_REQUIREMENT = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?\s*(?:>=(?P<floor>[\d.]+))?.*?(?:extra == ['\"](?P<extra>[\w-]+)['\"])?$"
)
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the checkup.

    Parameters
    ----------
    what
        What was looked at.
    said
        What was found.
    right
        Whether it is as it should be. A missing extra is right: nobody needs all of them.
    there
        Whether there is anything to be right.
    """

    what: str
    said: str
    right: bool
    there: bool = True

    def __str__(self) -> str:
        """Return the line."""
        mark = "BAD" if not self.right else "ok " if self.there else "-  "
        return f"{mark} {self.what:<10} {self.said}"


def checkup() -> Iterator[Finding]:
    """Yield what is found about this machine, a finding at a time.

    >>> all(finding.right for finding in checkup())
    True
    """
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("machine", f"Python {python}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores", True)
    yield Finding("limelight", __version__, True)
    for extra, needed in requirements().items():
        yield _installed(extra, needed)
    yield from numbers()


def tell() -> bool:
    """Print what is found, and return whether all is as it should be."""
    right = True
    for finding in checkup():
        print(finding)  # not typer's echo, which takes an ASCII terminal for one of UTF-8
        right = right and finding.right
    return right


# -- what is installed ------------------------------------------------------------------------------------------------


def requirements() -> dict[str, list[tuple[str, str]]]:
    """Return for the core and for each extra the packages that it needs, each with the lowest version that works.

    >>> {"numpy", "scipy"} <= {name for name, floor in requirements()["limelight"]}
    True
    """
    try:
        lines = metadata.requires("limelight") or []
    except metadata.PackageNotFoundError:  # run from its source folder
        lines = []
    found: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        matched = _REQUIREMENT.match(line)
        if matched is None or matched["name"] == "limelight":
            continue
        found.setdefault(matched["extra"] or CORE, []).append((matched["name"], matched["floor"] or "0"))
    found.pop("all", None)
    return found


def _installed(extra: str, needed: list[tuple[str, str]]) -> Finding:
    shown, missing, old = [], [], []
    for name, floor in needed:
        version = _version(name)
        if version is None:
            missing.append(name)
            continue
        shown.append(f"{name} {version}")
        if _parts(version) < _parts(floor):
            old.append(f"{name} ≥ {floor}")
    line = f"pip install '{CORE if extra == CORE else f'limelight[{extra}]'}'"
    said = " · ".join(shown)
    if old:
        return Finding(extra, f"{said}; needs {', '.join(old)}: {line} --upgrade", False)
    if missing:
        said = f"not installed: {', '.join(missing)}, for {PURPOSES[extra]}. {line}"
        return Finding(extra, said, extra != CORE, there=False)
    return Finding(extra, said, True)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _parts(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version.

    >>> _parts("2.10.0rc1") > _parts("2.9")
    True
    """
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


# -- whether the numbers come out right -------------------------------------------------------------------------------


def numbers() -> Iterator[Finding]:
    """Yield whether three models that everybody can explain are explained so."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    line = Explainer(_line, Tabular(X, bins=None), seed=0).explain(X[0])
    # a slope counts for one standard deviation of its column
    off = float(np.abs(line.coef[0] / X.std(axis=0) - [2.0, -1.0, 0.0]).max())
    yield Finding("numbers", f"a straight line: slopes 2, -1, 0 found to {off:.0e}", off < _EXACT)
    words = Explainer(_words, Text(), seed=0).explain("not a good film")
    off = float(np.abs(words.coef[0] - [-1.0, 0.0, 2.0, 0.0]).max())
    yield Finding("", f"a sum of words: weights -1, 0, 2, 0 found to {off:.0e}", off < _EXACT)
    together = Explainer(_either, Tabular(X), seed=0, n_samples=2048).explain(X[0])
    named = {(pair.first, pair.second) for pair in together.interactions()}
    right = together.causes == ("acts together",) and named == {(0, 1)}
    told = "two columns act together" if right else "not recognised"
    yield Finding("", f"an exclusive or: {told}, at {together.provenance.n_samples:,} perturbations", right)


def _line(X: FloatArray) -> FloatArray:
    return 2.0 * X[:, 0] - X[:, 1]


def _words(texts: list[str]) -> FloatArray:
    return np.array([2.0 * ("good" in text) - ("not" in text) for text in texts])


def _either(X: FloatArray) -> FloatArray:
    return np.asarray((X[:, 0] > 0) != (X[:, 1] > 0), dtype=float)
