"""How dense each file of `src` is, worst first: what a stranger has to unpack before reading on.

    python benchmarks/house.py [--top 40] [--room views]

Code lines hold at least one token that is no comment, docstring or line break. Per 100 of them: comments, alone and
with the strings under constants ("noted"). Per 1,000: ternaries and comprehensions, generators included. A function is
as long as its lines after the docstring. Which test file mirrors a source file says `mirror_of`; `tests/test_house.py`
holds the totals to what was reached.
"""

from __future__ import annotations

import argparse
import ast
import io
import itertools
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "limelight"
TESTS = ROOT / "tests"

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Measures:
    """What is counted in one file, or summed over many."""

    code: int
    comments: int
    notes: int
    ternaries: int
    comprehensions: int
    longest: int
    parameters: int
    mirrored: bool

    @property
    def noted(self) -> float:
        """Comments per 100 code lines, the strings under constants counted with them."""
        return 100 * (self.comments + self.notes) / max(self.code, 1)

    @property
    def density(self) -> float:
        """Ternaries and comprehensions per 1,000 code lines."""
        return 1000 * (self.ternaries + self.comprehensions) / max(self.code, 1)

    @property
    def explained(self) -> float:
        """Comments per 100 code lines."""
        return 100 * self.comments / max(self.code, 1)


def measure(path: Path) -> Measures:
    """Count what one file holds."""
    return count(path.read_text(encoding="utf-8"), mirrored=mirror_of(path.relative_to(SRC).as_posix()) is not None)


def count(text: str, *, mirrored: bool = False) -> Measures:
    """Count what a file of this text would hold."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, FUNCTIONS)]
    comments, lines = _comments_and_lines(text)
    notes = _note_lines(nodes)
    return Measures(
        code=len(lines - _docstring_lines(nodes) - notes),
        comments=comments,
        notes=len(notes),
        ternaries=sum(isinstance(node, ast.IfExp) for node in nodes),
        comprehensions=sum(isinstance(node, COMPREHENSIONS) for node in nodes),
        longest=max(map(_length, functions), default=0),
        parameters=max(map(parameters, functions), default=0),
        mirrored=mirrored,
    )


def _comments_and_lines(text: str) -> tuple[int, set[int]]:
    comments = 0
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
        elif token.type == tokenize.COMMENT and not _for_a_tool(token.string):
            comments += 1
    return comments, lines


def _for_a_tool(comment: str) -> bool:
    return re.match(r"# *(type:|noqa|fmt:|pragma:|mypy:|ruff:)", comment) is not None


def _docstring_lines(nodes: list[ast.AST]) -> set[int]:
    found: set[int] = set()
    for node in nodes:
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and ast.get_docstring(node, clean=False):
            found.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return found


def _note_lines(nodes: list[ast.AST]) -> set[int]:
    """Return the lines of the strings under constants and fields, which say what those are for."""
    found: set[int] = set()
    for owner in nodes:
        body = owner.body if isinstance(owner, (ast.Module, ast.ClassDef)) else []
        for before, after in itertools.pairwise(body):
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if said and isinstance(before, (ast.Assign, ast.AnnAssign)):
                found.update(range(after.lineno, (after.end_lineno or 0) + 1))
    return found


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many parameters a function has, besides itself or its class."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


# -- mirrors ----------------------------------------------------------------------------------------------------------


def mirror_of(module: str) -> str | None:
    """Return the test file of a source file, given as `views/curves.py`.

    It has the file's name, in the folder of the same room or with the room in its name, since two test files may not
    be called alike; or it names the file in its docstring, as `views/curves.py`, between backquotes.
    """
    room, _, _ = module.rpartition("/")
    stem = Path(module).stem
    if stem == "__init__":
        stem = room.rpartition("/")[2] or "package"
    last = room.rpartition("/")[2]
    for path, docstring in _test_files().items():
        inside = path.split("/")[0] == module.split("/")[0] if room else "/" not in path
        alike = Path(path).stem in (f"test_{stem}", f"test_{last}_{stem}", f"test_{stem}_of_{last}")
        if (alike and (inside or Path(path).stem != f"test_{stem}")) or f"`{module}`" in docstring:
            return path
    return None


@cache
def _test_files() -> dict[str, str]:
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[path.relative_to(TESTS).as_posix()] = ast.get_docstring(tree) or ""
    return found


def modules() -> list[str]:
    """Return the files of `src` that do something, as `views/curves.py`: lists of names are nobody's claim."""
    return [path.relative_to(SRC).as_posix() for path in sorted(SRC.rglob("*.py")) if _does_something(path)]


def _does_something(path: Path) -> bool:
    return any(isinstance(node, FUNCTIONS) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def total(counted: list[Measures]) -> Measures:
    """Sum what many files hold; the longest function and the most parameters are the worst file's."""
    return Measures(
        code=sum(each.code for each in counted),
        comments=sum(each.comments for each in counted),
        notes=sum(each.notes for each in counted),
        ternaries=sum(each.ternaries for each in counted),
        comprehensions=sum(each.comprehensions for each in counted),
        longest=max(each.longest for each in counted),
        parameters=max(each.parameters for each in counted),
        mirrored=all(each.mirrored for each in counted),
    )


def main() -> None:
    """Print the densest files, the totals, and what has no test file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--top", type=int, default=40, help="how many files are shown")
    parser.add_argument("--room", default="", help="only files whose path begins so")
    chosen = parser.parse_args()
    counted = {module: measure(SRC / module) for module in modules() if module.startswith(chosen.room)}
    worst = sorted(counted, key=lambda module: (counted[module].density, -counted[module].explained), reverse=True)
    print(f"{'':45} code  comments/100  noted/100  ternaries  comprehensions/1,000  longest  parameters  test")
    for module in worst[: chosen.top]:
        print(_line(module, counted[module]))
    print(_line("all", total(list(counted.values()))))
    alone = [module for module, found in counted.items() if not found.mirrored]
    print(f"{len(alone)} of {len(counted)} files have no test file of their own:", *alone)


def _line(name: str, found: Measures) -> str:
    per_thousand = 1000 / max(found.code, 1)
    return (
        f"{name:45} {found.code:4}  {found.explained:12.1f}  {found.noted:9.1f}  {found.ternaries * per_thousand:9.0f}"
        f"  {found.comprehensions * per_thousand:20.0f}  {found.longest:7}  {found.parameters:10}"
        f"  {'yes' if found.mirrored else 'no'}"
    )


if __name__ == "__main__":
    main()
