"""Draw the pictures of the tutorials: python docs/tutorials/pictures.py [FOLDER]."""

from __future__ import annotations

import doctest
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PICTURES = {
    "digit.png": ("images.md", "explainer.explain(six)"),
    "coffee.png": ("images.md", "ll.Explainer(redness, ll.Image(fill=(128, 128, 128)), seed=0).explain(photo)"),
    "heartbeat.png": ("time-series.md", "ll.Explainer(classifier, ll.TimeSeries(), seed=0).explain(beats[202])"),
}
"""Picture → the page that shows it, and the explanation, in the page's own names."""


def names_of(page: Path) -> dict[str, Any]:
    """Run the code of a page and return what it defines."""
    examples = doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    exec("".join(example.source for example in examples), names)
    return names


def main(folder: Path) -> None:
    """Write every picture into a folder."""
    from limelight.views.figure import plot

    pages = {page: names_of(HERE / page) for page, _ in PICTURES.values()}
    for picture, (page, explanation) in PICTURES.items():
        axes = plot(eval(explanation, pages[page]))
        axes.figure.savefig(folder / picture, dpi=80, bbox_inches="tight")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
