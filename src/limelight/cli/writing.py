"""What an explanation is written as: its file's name says it, and what cannot be is refused before a model is asked.

    one: .json .jsonl .csv .parquet .html .png .svg .pdf        many: .jsonl .ndjson .csv .parquet

Many explanations are first written line by line as JSON, so that a kill loses none that was paid for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from limelight.errors import InputError
from limelight.files import replacing, write_bytes
from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.result.schema import to_json

LINES = (".jsonl", ".ndjson")
PICTURES = (".png", ".svg", ".pdf")
ONE = (".json", ".html", ".htm", ".csv", ".parquet", *LINES, *PICTURES)
MANY = (*LINES, ".csv", ".parquet")


def check_out(out: Path, *, many: bool) -> None:
    """Raise where a file cannot be what its name says, before anything is computed.

    Parameters
    ----------
    out
        The file; one without an ending, such as ``/dev/stdout``, gets JSON.
    many
        Whether many explanations go there.

    Raises
    ------
    InputError
        If nothing of that name is written.
    MissingDependencyError
        If what writes it is not installed.

    >>> check_out(Path("why.docx"), many=False)
    Traceback (most recent call last):
    limelight.errors.InputError: --out: expected a file named .json, .html, .htm, .csv, .parquet, .jsonl, .ndjson, \
.png, .svg or .pdf, got 'why.docx'; choose such a name.
    """
    ending = out.suffix.lower()
    known = MANY if many else ONE
    if ending and ending not in known:
        named = f"{', '.join(known[:-1])} or {known[-1]}"
        if not many or ending not in ONE:
            rest = "choose such a name"
        else:
            rest = "that is for one --row"
        raise InputError(f"--out: expected a file named {named}, got '{out}'; {rest}.")
    if ending in (".csv", ".parquet") and out.exists() and not out.is_file():
        raise InputError(f"--out: expected an ordinary file, got '{out}', which is none; name it .jsonl.")
    if ending in PICTURES:
        require("matplotlib.figure", "plot")
    if ending == ".parquet":
        require("pyarrow", "parquet")


def write_one(explanation: Explanation, path: Path, ending: str) -> None:
    """Write an explanation as an ending such as ``".html"`` says: all of it, or the old file stays."""
    if ending in (".html", ".htm"):
        explanation.to_html(path)
    elif ending in PICTURES:
        drawn = io.BytesIO()
        explanation.plot().figure.savefig(drawn, format=ending[1:])
        write_bytes(path, drawn.getvalue())
    elif ending == ".csv":
        with replacing(path) as file:
            _write_csv(iter([(None, explanation)]), file)
    elif ending == ".parquet":
        Explanations.of([explanation]).to_parquet(path)
    elif ending in LINES:
        with replacing(path) as file:
            file.write(to_json(explanation) + "\n")
    else:
        explanation.to_json(path)


def turned(out: Path) -> Callable[[Path], None] | None:
    """Return what makes a file of lines into the one that was asked for; None where lines are asked for."""
    made = {".csv": _csv_of, ".parquet": _parquet_of}.get(out.suffix.lower())
    if made is None:
        return None
    return lambda lines: made(lines, out)


def _csv_of(lines: Path, out: Path) -> None:
    with replacing(out) as file:
        _write_csv(_read(lines), file)


def _parquet_of(lines: Path, out: Path) -> None:
    Explanations.of(each for _, each in _read(lines)).to_parquet(out)


def _read(lines: Path) -> Iterator[tuple[int | None, Explanation]]:
    with lines.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line).get("row"), Explanation.from_json(line)


def _write_csv(found: Iterator[tuple[int | None, Explanation]], file: IO[Any]) -> None:
    """Write what `Explanation.to_frame` shows, a line for each feature, after the number of its row."""
    writer: csv.DictWriter[str] | None = None
    for row, explanation in found:
        for entry in explanation.rows():
            line = entry if row is None else {"row": row, **entry}
            if writer is None:
                writer = csv.DictWriter(file, list(line), lineterminator="\n")
                writer.writeheader()
            writer.writerow(line)
