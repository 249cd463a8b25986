"""The tour: every chapter of the demo is said, shown, and written as a page."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable
from pathlib import Path

from limelight.demo import digits, notes, tumors
from limelight.result.explanation import Explanation

WIDTH = 80


def run(
    folder: Path, *, say: Callable[[str], object] = print, show: Callable[[Explanation], object] = print
) -> tuple[Explanation, ...]:
    """Explain predictions for a table, a text and an image, say how to read them, and write a page for each.

    Parameters
    ----------
    folder
        Where the pages go; made where it is missing.
    say
        What receives the sentences.
    show
        What receives each explanation, to print it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    explained, pages = [], []
    for chapter in itertools.chain(tumors.chapters(), notes.chapters(), digits.chapters()):
        say(f"\n── {chapter.title} ".ljust(WIDTH + 1, "─") + "\n")
        if chapter.opening:
            say(wrapped(chapter.opening) + "\n")
        show(chapter.explanation)
        say("\n" + wrapped(chapter.reading))
        page = folder / f"{chapter.name}.html"
        chapter.explanation.to_html(page)
        explained.append(chapter.explanation)
        pages.append(f"  {page}")
    say("\nThe same as pages, to open in a browser:\n" + "\n".join(pages))
    return tuple(explained)


def wrapped(text: str) -> str:
    r"""Return paragraphs in lines of 80 characters; one that is set in stays as it is.

    >>> wrapped("one\ntwo\n\n    as it   is")
    'one two\n\n    as it   is'
    """
    paragraphs = text.split("\n\n")
    return "\n\n".join(part if part.startswith(" ") else textwrap.fill(part, WIDTH) for part in paragraphs)
