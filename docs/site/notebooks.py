"""Tutorials as notebooks: their prose as text, their examples as cells that run.

Input: a page of Markdown whose examples are ```pycon or ```python fences. Output: a notebook, run from its first cell
to its last where that is asked for, so that it opens with its results and is known to work.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1]
TUTORIALS = sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "tutorials").glob("*.md"))
_FENCE = re.compile(r"^```(?:pycon|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(page: str) -> str:
    """Return the file name of a page's notebook.

    >>> name_of("tutorials/text.md")
    'text.ipynb'
    """
    return Path(page).with_suffix(".ipynb").name


def write(docs: Path, folder: Path, *, run: bool) -> None:
    """Write the notebook of every tutorial."""
    import nbformat

    folder.mkdir(parents=True, exist_ok=True)
    for page in TUTORIALS:
        notebook = of_markdown((docs / page).read_text(encoding="utf-8"))
        if run:
            _run(notebook, docs / "tutorials")
        nbformat.write(notebook, folder / name_of(page))


def of_markdown(text: str) -> Any:
    """Return a page as a notebook."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    notebook = new_notebook()
    for number, (kind, source) in enumerate(cells_of(text)):
        cell = new_code_cell(source) if kind == "code" else new_markdown_cell(source)
        cell.id = f"cell-{number}"  # the same page gives the same notebook
        notebook.cells.append(cell)
    return notebook


def cells_of(text: str) -> list[tuple[str, str]]:
    r"""Return the prose and the examples of a page, in their order.

    >>> cells_of("A sum.\n\n```pycon\n>>> 1 + 1\n2\n\n```\n")
    [('prose', 'A sum.'), ('code', '1 + 1')]
    """
    cells: list[tuple[str, str]] = []
    end = 0
    for fence in _FENCE.finditer(text):
        cells.append(("prose", text[end : fence.start()].strip()))
        cells.append(("code", code_of(fence[1])))
        end = fence.end()
    cells.append(("prose", text[end:].strip()))
    return [cell for cell in cells if cell[1]]


def code_of(example: str) -> str:
    r"""Return an example without prompts and without what it prints.

    >>> print(code_of(">>> def f():\n...     return 1\n>>> f()\n1\n"))
    def f():
        return 1
    f()
    """
    if not example.startswith(">>>"):
        return example.rstrip()
    lines = [line[4:] for line in example.splitlines() if line.startswith((">>>", "..."))]
    return "\n".join(lines).rstrip()


def _run(notebook: Any, folder: Path) -> None:
    from nbclient import NotebookClient

    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
