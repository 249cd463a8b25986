"""Every kind of model that people bring, of its real library: explained at the first try, and rightly.

A library that is not installed here is skipped; `.ci/optional models-…` installs them in groups. With
LIMELIGHT_MATRIX=FOLDER what was run is recorded there, from which `docs/models.py` writes docs/reference/models.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zoo
import zoo_boosting  # noqa: F401 - they register their kinds
import zoo_networks  # noqa: F401
import zoo_others  # noqa: F401
import zoo_sklearn  # noqa: F401

OUTCOMES: list[dict[str, Any]] = []


@pytest.fixture(scope="module", autouse=True)
def recorded() -> Iterator[None]:
    """Write what was run, where somebody asks for it."""
    yield
    folder = os.environ.get("LIMELIGHT_MATRIX")
    if folder and OUTCOMES:
        for library in {each["library"] for each in OUTCOMES}:
            path = Path(folder) / f"{library.lower().replace(' ', '-')}.json"
            lines = [each for each in OUTCOMES if each["library"] == library]
            path.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@pytest.mark.parametrize("kind", zoo.KINDS, ids=lambda kind: kind.name)
@pytest.mark.filterwarnings("ignore")  # the libraries' own; what they are is no concern of ours
def test_a_model_is_explained_at_the_first_try_and_rightly(kind: zoo.Kind) -> None:
    known = kind.make()
    line = {"library": kind.library, "kind": kind.kind, "task": kind.task, "given": kind.given}
    OUTCOMES.append({**line, "version": zoo.version(kind.library), "right": False})
    explanation, worst = zoo.check(known)
    OUTCOMES[-1].update(right=True, targets=list(explanation.targets), worst=round(worst, 3))


def test_the_page_of_the_docs_is_what_was_recorded() -> None:
    place = Path(__file__).resolve().parents[2] / "docs" / "models.py"
    scope: dict[str, Any] = {"__file__": str(place), "__name__": "docs_models"}
    exec(compile(place.read_text(encoding="utf-8"), str(place), "exec"), scope)
    assert scope["page"]() == scope["PAGE"].read_text(encoding="utf-8"), "run docs/models.py"
