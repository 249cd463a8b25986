"""A set of explanations from where it lies: a file of `to_parquet`, a part of a job, a folder of either."""

from __future__ import annotations

from pathlib import Path

from limelight.errors import InputError
from limelight.optional import require
from limelight.result.explanations import Explanations
from limelight.result.part_block import PartBlock
from limelight.result.part_reading import is_part
from limelight.result.parts import EXTRA

ENDING = ".parquet"


def is_parquet(path: Path) -> bool:
    """Return whether explanations lie there in Parquet: a folder, or a file of that ending."""
    return path.is_dir() or path.suffix.lower() == ENDING


def open_set(path: Path, *, exact: bool = True) -> Explanations:
    """Return the explanations in a Parquet file or a folder of such files, in the order of their names.

    Parts of a job are read when they are asked for, so that a folder of a million is opened at once.

    Parameters
    ----------
    path
        The file or folder.
    exact
        As for `PartBlock`.

    Raises
    ------
    InputError
        If it holds none, or other files.
    """
    if not path.is_dir():
        return _of_file(path, exact)
    found = sorted(each for each in path.rglob("*" + ENDING) if not hidden(each.relative_to(path)))
    if not found:
        raise InputError(f"explanations: the folder '{path}' holds no {ENDING} file.")
    if all(_is_of_job(each) for each in found):
        return Explanations(tuple([PartBlock(each, exact=exact) for each in found]))
    return sum([_of_file(each, exact) for each in found], Explanations())


def hidden(path: Path) -> bool:
    """Return whether Spark, DuckDB and pyarrow pass over a file, since it or its folder begins with _ or a dot."""
    return any(name.startswith(("_", ".")) for name in path.parts)


def _of_file(path: Path, exact: bool) -> Explanations:
    if _is_of_job(path):
        return Explanations((PartBlock(path, exact=exact),))
    return Explanations.from_parquet(path)


def _is_of_job(path: Path) -> bool:
    try:
        return is_part(require("pyarrow.parquet", EXTRA).read_schema(path))
    except (OSError, ValueError):  # damaged or no such file; what reads it whole says how
        return False
