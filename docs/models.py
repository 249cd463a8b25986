"""Write docs/reference/models.md from what the matrix test recorded: `python docs/models.py`.

    LIMELIGHT_MATRIX=tests/models/outcomes python -m pytest tests/models/test_matrix.py

records the libraries that are installed, one file each, where `.ci/optional models-…` installs them.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTCOMES = HERE.parent / "tests" / "models" / "outcomes"
PAGE = HERE / "reference" / "models.md"
HEAD = """\
# Models that are explained as they are

`Explainer(model, modality)` takes each of these at the first try: no wrapper, no setting. What it says was held against
a truth that is known: which class or quantity is explained, what the model answers, which way each feature speaks, and
how strongly. "Off by" is the distance of the worst weight from what the model's own calls say that a feature changes,
as a share of the largest; the test allows 15 %. Where features act together (probabilities near 0 or 1, trees), it is
no mistake of either, since a local weight and the mean over the whole background are then two answers. This page is
written by `docs/models.py` from what `tests/models/test_matrix.py` recorded, with the versions named: {right} of
{lines} right.

"""
TAIL = """\

Not on this page: H2O, whose models need a server of theirs beside Python, was not run; a function that answers a frame
as H2O does stands for it. TensorFlow as Keras' backend was not run (JAX was). Anything else that is callable, or has
`predict_proba`, `decision_function` or `predict`, is asked by that; what is none of these is refused with a wrapper of
two lines for its kind.
"""
COLUMNS = "| model | task | given | explained | off by | right |\n| --- | --- | --- | --- | --- | --- |\n"


def page() -> str:
    """Return the text of the page."""
    lines = [line for file in sorted(OUTCOMES.glob("*.json")) for line in json.loads(file.read_text(encoding="utf-8"))]
    parts = [HEAD.format(right=sum(line["right"] for line in lines), lines=len(lines))]
    for (library, version), rows in groupby(lines, key=lambda line: (line["library"], line["version"])):
        parts.append(f"## {library} {version}\n\n{COLUMNS}")
        for row in rows:
            targets = ", ".join(f"`{name}`" for name in row.get("targets", ()))
            off = f"{row['worst']:.0%}" if "worst" in row else ""
            cells = (row["kind"], row["task"], row["given"], targets, off, "yes" if row["right"] else "**no**")
            parts.append(f"| {' | '.join(cells)} |\n")
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n" + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
