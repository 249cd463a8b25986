"""The house stands: rooms import only what lies below them, the map is true, nothing that is refused has crept in."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import limelight

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "limelight"
MODULES = sorted(path.relative_to(SRC).as_posix() for path in SRC.rglob("*.py"))

# A room is a folder, or a file beside the folders. These few files are the ground floor, which everybody may import.
GROUND = (
    "contracts",
    "errors",
    "optional",
    "seeding",
    "settings",
    "progress",
    "workers",
    "lock",
    "files",
    "plugins",
    "ranking",
    "spellings",
)

# Room → the rooms it may import. Everybody may import the ground floor and itself.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "ground": frozenset(),
    "inputs": frozenset(),
    "local": frozenset(),
    "control": frozenset({"local"}),
    "result": frozenset({"views"}),  # the one arrow that runs up, inside the methods that show
    "views": frozenset({"result"}),
    "interpretable": frozenset({"inputs", "result"}),
    "one_number": frozenset(),
    "scalarisers": frozenset(),
    "models": frozenset({"inputs", "scalarisers"}),
    "remote": frozenset({"inputs", "models"}),
    "rounds": frozenset({"inputs", "local", "control", "models", "result"}),
    "doctor": frozenset({"explainer", "interpretable", "package"}),
    "__main__": frozenset({"cli"}),
    "explainer": frozenset({"inputs", "local", "models", "result", "rounds"}),
    "refinement": frozenset({"inputs", "models", "result", "explainer", "interpretable"}),
    "cell_types": frozenset(),
    "cells": frozenset({"cell_types"}),
    "jobs": frozenset({"cell_types", "cells", "models", "inputs", "interpretable", "result", "rounds", "explainer"}),
    "overview": frozenset({"jobs", "local", "models", "result", "rounds", "explainer", "interpretable", "diagnostics"}),
    "diagnostics": frozenset({"inputs", "local", "models", "result", "rounds", "explainer", "interpretable"}),
    "compat": frozenset(
        {"inputs", "local", "models", "result", "rounds", "explainer", "interpretable", "overview", "views"}
    ),
    "integrations": frozenset({"result", "explainer", "interpretable"}),
    "bench": frozenset({"local", "result", "views", "explainer", "interpretable", "package"}),
    "reports": frozenset({"result", "overview", "views"}),
    "web": frozenset({"result", "explainer", "interpretable", "views", "jobs", "overview"}),
    "testing": frozenset({"inputs", "models", "result", "explainer", "interpretable", "views"}),
    "demo": frozenset({"result", "explainer", "interpretable", "package"}),
    "cli": frozenset(
        {
            "bench",
            "cell_types",
            "cells",
            "jobs",
            "remote",
            "web",
            "doctor",
            "result",
            "explainer",
            "interpretable",
            "overview",
            "views",
            "reports",
            "demo",
            "package",
        }
    ),
    "package": frozenset(),  # limelight/__init__.py: loads names when they are used
}
OPTIONAL = (
    "pandas", "polars", "pyarrow", "matplotlib", "rich", "typer", "sklearn", "scipy", "skimage", "PIL", "torch", "tqdm",
    "skops", "lightgbm", "onnxruntime", "httpx", "stamina", "starlette",
    "uvicorn", "lime", "shap",
)  # fmt: skip
AT_THE_TOP = {"numpy", "narwhals", "limelight", *sys.stdlib_module_names}


# -- rooms ------------------------------------------------------------------------------------------------------------


def room(module: str) -> str:
    """The room of a module given as `local/sampling.py` or as `limelight.local.sampling`."""
    first = module.removeprefix("limelight").lstrip(".").replace("/", ".").removesuffix(".py").split(".")[0]
    if first in GROUND:
        return "ground"
    return {"": "package", "__init__": "package"}.get(first, first)


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((SRC / module).read_text(encoding="utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Absolute names that an import statement brings in."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module == "limelight":
        names = [alias.name for alias in node.names if alias.name != "__version__"]
        yield from (f"limelight.{name}" if _is_module(name) else "limelight" for name in names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module


def _is_module(name: str) -> bool:
    return (SRC / f"{name}.py").is_file() or (SRC / name).is_dir()


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def at_the_top(module: str) -> Iterator[ast.AST]:
    """The statements that run when the module is imported."""
    for node in tree(module).body:
        if not _for_types_only(node) and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from ast.walk(node) if not isinstance(node, ast.ClassDef) else [node]


@pytest.mark.parametrize("module", MODULES)
def test_every_room_imports_only_what_lies_below_it(module: str) -> None:
    here = room(module)
    assert here in MAY_IMPORT, f"{module} belongs to no room: name it in GROUND or MAY_IMPORT"
    if here == "package":  # its imports are for type checkers; `test_types.py` holds them to the public names
        return
    allowed = {here, "ground", *MAY_IMPORT[here]}
    for node in ast.walk(tree(module)):
        for name in imported(node):
            if name.split(".")[0] == "limelight":
                assert room(name) in allowed, (
                    f"{module}:{node.lineno} imports {name}: {here} may import {sorted(allowed)}"
                )  # type: ignore[attr-defined]


def test_no_two_rooms_import_each_other_except_the_result_and_its_picture() -> None:
    pairs = {(a, b) for a, rooms in MAY_IMPORT.items() for b in rooms if a in MAY_IMPORT.get(b, ())}
    assert pairs == {("result", "views"), ("views", "result")}


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) not in ("cli", "integrations")])
def test_only_numpy_and_narwhals_are_imported_at_the_top_of_a_file(module: str) -> None:
    for node in at_the_top(module):
        for name in imported(node):
            assert name.split(".")[0] in AT_THE_TOP, f"{module}: import {name} inside the function that needs it"


def test_importing_limelight_loads_no_optional_package_and_draws_nothing() -> None:
    code = "import sys, limelight; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "src")
    assert not set(OPTIONAL) & set(run.stdout.split())


# -- what is refused --------------------------------------------------------------------------------------------------


SEEDED = ("Generator", "PCG64", "SeedSequence", "default_rng")


@pytest.mark.parametrize("module", MODULES)
def test_no_global_randomness_no_bare_except_no_assert(module: str) -> None:
    for node in ast.walk(tree(module)):
        place = f"{module}:{getattr(node, 'lineno', 0)}"
        assert not isinstance(node, ast.Assert), f"{place}: raise an error instead of assert, which -O removes"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{place}: name what is caught"
        assert not {"random"} & set(imported(node)), f"{place}: take rng: np.random.Generator"
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np.random", "numpy.random"):
            assert node.attr in SEEDED, f"{place}: np.random.{node.attr} is global state"
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("np.random.", "numpy.random.")):
            assert node.args, f"{place}: {ast.unparse(node)} has no seed"


@pytest.mark.parametrize("module", MODULES)
def test_files_and_functions_stay_short_and_say_what_they_are(module: str) -> None:
    text = (SRC / module).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400, f"{module}: one idea per file, and no more than 400 lines"
    assert not text.strip() or ast.get_docstring(tree(module)), f"{module}: the first line says the file's one idea"
    for node in ast.walk(tree(module)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            code = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            length = (node.end_lineno or 0) - code[0].lineno + 1
            assert length <= 40, f"{module}:{node.lineno} {node.name} has {length} lines of code"


# -- air: what a stranger has to unpack -------------------------------------------------------------------------------

SPEC = importlib.util.spec_from_file_location("house_measures", ROOT / "benchmarks" / "house.py")
assert SPEC is not None
assert SPEC.loader is not None
house = importlib.util.module_from_spec(SPEC)
sys.modules["house_measures"] = house  # its dataclasses look themselves up there
SPEC.loader.exec_module(house)

# What was reached: these may only get better, all files together. `benchmarks/house.py` says which file is the worst.
TERNARIES = 24.0
COMPREHENSIONS = 53.0
NOTED = 3.0
MANY_PARAMETERS = 30


@cache
def measured() -> dict[str, Any]:
    return {module: house.measure(SRC / module) for module in MODULES}


def test_all_files_together_get_no_denser() -> None:
    found = house.total(list(measured().values()))
    assert 1000 * found.ternaries / found.code <= TERNARIES, "say the special case first, in an if"
    assert 1000 * found.comprehensions / found.code <= COMPREHENSIONS, "name the steps, or write the loop"
    assert found.noted >= NOTED, "say why, where a reader would ask"


def test_functions_with_more_than_six_parameters_get_no_more() -> None:
    """Commands, lime's own signatures and the public doors have theirs by name; nothing inside needs so many."""
    functions = [node for module in MODULES for node in ast.walk(tree(module)) if isinstance(node, house.FUNCTIONS)]
    many = [node.name for node in functions if house.parameters(node) > 6]
    assert len(many) <= MANY_PARAMETERS, many


@pytest.mark.parametrize("module", house.modules())
def test_every_file_is_mirrored_by_a_test_file(module: str) -> None:
    assert house.mirror_of(module), f"{module}: write a test file of its name, or one that names it: house.mirror_of"


def test_the_measures_count_what_they_say() -> None:
    code = '''"""Docstring."""

A = 1
"""What it is for."""


def f(a, b, *, c):  # a comment
    """Docstring."""
    # another
    if a:
        return [x for x in b if x]
    return 1 if b else {y: y for y in c}
'''
    found = house.count(code)
    assert (found.code, found.comments, found.notes) == (5, 2, 1)
    assert (found.ternaries, found.comprehensions, found.longest, found.parameters) == (1, 2, 3, 3)
    assert house.mirror_of("ranking.py") == "test_ranking.py"
    assert house.mirror_of("nowhere/at_all.py") is None


# -- the map ----------------------------------------------------------------------------------------------------------

PLACE = re.compile(r"`([\w/]+\.py)(?::([\w.]+))?`")


def symbols(module: str) -> set[str]:
    """Every name that a module defines, and `Class.member` for what its classes define."""
    found: set[str] = set()
    for node in tree(module).body:
        names = set(_bound(node))
        found |= names
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{member}" for item in node.body for member in _bound(item)}
    return found


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def _places() -> list[tuple[str, str]]:
    return PLACE.findall((ROOT / "docs" / "map.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("path", "symbol"), sorted(set(_places())))
def test_every_place_on_the_map_exists(path: str, symbol: str) -> None:
    assert (SRC / path).is_file(), f"docs/map.md names {path}, which does not exist"
    assert not symbol or symbol in symbols(path), f"docs/map.md names {path}:{symbol}, which does not exist"


def test_every_module_is_on_the_map() -> None:
    # a folder's __init__.py that only says what the folder is needs no line
    needed = {module for module in MODULES if not module.endswith("__init__.py") or symbols(module) - {"__all__"}}
    assert needed - {path for path, _ in _places()} == set()


def test_the_ten_lines_in_the_package_name_files_that_exist() -> None:
    lines = re.findall(r"^\d+\. .*?  +(\S.*)$", limelight.__doc__ or "", re.M)
    assert len(lines) == 10
    first = [re.findall(r"[\w/]+\.py", line)[:1] for line in lines]
    assert [path for paths in first for path in paths if not (SRC / path).is_file()] == []


CITED = re.compile(r"\[(?:[a-z]+\d{4}[a-z]*[^\]\n]*)\]")


@pytest.mark.parametrize("module", MODULES)
def test_every_work_that_is_cited_is_in_the_bibliography(module: str) -> None:
    known = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "docs" / "references.bib").read_text(encoding="utf-8"), re.M))
    for cited in CITED.findall((SRC / module).read_text(encoding="utf-8")):
        keys = re.findall(r"\b[a-z]+\d{4}[a-z]*\b", cited)
        assert set(keys) <= known, f"{module} cites {cited}: add it to docs/references.bib"


PRECISION = (ROOT / "docs" / "concepts" / "precision.md").read_text(encoding="utf-8")


def test_every_file_that_the_page_of_the_mathematics_names_exists() -> None:
    names = set(re.findall(r"\b[a-z][\w/]*\.py\b", PRECISION))
    there = set(MODULES) | {module.rsplit("/")[-1] for module in MODULES}
    beside = {f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.py")}
    assert len(names) > 20
    assert names - there - beside == set()


def test_every_name_that_the_page_of_the_mathematics_points_to_exists() -> None:
    pointers = re.findall(r"`(\w+)\.(\w+)`", PRECISION)
    assert len(pointers) > 20
    owners: dict[str, set[str]] = {}
    for module in MODULES:
        for name in symbols(module):
            owner, _, member = name.rpartition(".")
            owners.setdefault(owner or module.rsplit("/")[-1].removesuffix(".py"), set()).add(member)
    unknown = [f"{owner}.{name}" for owner, name in pointers if name not in owners.get(owner, ())]
    assert [each for each in unknown if not each.endswith(".py")] == []


PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_every_work_that_a_page_cites_is_in_the_bibliography(page: str) -> None:
    known = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "docs" / "references.bib").read_text(encoding="utf-8"), re.M))
    for cited in CITED.findall((ROOT / page).read_text(encoding="utf-8")):
        assert set(re.findall(r"\b[a-z]+\d{4}[a-z]*\b", cited)) <= known, f"{page} cites {cited}"


@pytest.mark.parametrize("module", MODULES)
def test_a_file_says_input_and_output_and_numbers_no_steps(module: str) -> None:
    said = ast.get_docstring(tree(module)) or ""
    assert not re.search(r"\b[Ss]teps? \d|\bEnters?:? |\bLeaves: |^In: ", said, re.M), (
        f"{module}: write “Input: … Output: …”; the ten lines of the package are the only numbering"
    )


# -- public names -----------------------------------------------------------------------------------------------------

PUBLIC = [name for name in limelight.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_is_and_shows_it(name: str) -> None:
    public = getattr(limelight, name)
    doc = inspect.getdoc(public) or ""
    own = isinstance(public, type) and public.__doc__ is not None
    assert doc if not isinstance(public, type) else own, f"{name} has no docstring"
    # an error is shown by whatever raises it
    if not (isinstance(public, type) and issubclass(public, Exception)):
        assert ">>>" in doc, f"{name} has no example"


def test_public_names_are_listed_once_and_hide_no_builtin() -> None:
    assert len(set(limelight.__all__)) == len(limelight.__all__)
    assert not set(PUBLIC) & set(dir(builtins))


def test_no_two_test_files_share_a_name() -> None:
    """Pytest takes two files of one name for the same module, where their folders are no packages."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py") if not (path.parent / "__init__.py").is_file()]
    assert sorted(names) == sorted(set(names))
