"""Read the answer of a job: as explanations, as one table of Arrow, by SQL; tell whether two answers are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from limelight.errors import InputError
from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.result.opening import ENDING, hidden
from limelight.result.part_block import PartBlock
from limelight.result.part_reading import explanations_in, shared_of
from limelight.result.parts import COLUMNS, EXTRA


def files_of(out: str | Path) -> list[Path]:
    """Return the Parquet files of a job's folder, or of one that an engine wrote, in the order of their names.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(out)
    if path.is_file():
        return [path]
    found = sorted(each for each in path.rglob("*" + ENDING) if not hidden(each.relative_to(path)))
    if not found:
        raise InputError(f"explanations: expected a folder with parts of Parquet, got '{path}', which holds none.")
    return found


def tables(out: str | Path, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Yield each part as a table, a file at a time, with the columns asked for.

    Raises
    ------
    InputError
        If there is none, or one is no table of explanations.
    """
    parquet, arrow = require("pyarrow.parquet", EXTRA), require("pyarrow", EXTRA)
    for path in files_of(out):
        try:
            with parquet.ParquetFile(path) as file:
                shared_of(file.schema_arrow, path)
                yield file.read(None if columns is None else list(columns))
        except (arrow.ArrowInvalid, OSError) as error:
            raise InputError(
                f"explanations: '{path}' was damaged ({error}); remove it, and run the job again."
            ) from error


def table(out: str | Path, columns: Sequence[str] | None = None) -> Any:
    """Return the answer of a job as one table of Arrow; `columns` are some of `limelight.result.parts.COLUMNS`.

    Raises
    ------
    InputError
        As `read`.
    """
    return require("pyarrow", EXTRA).concat_tables(tables(out, columns))


def stream(out: str | Path) -> Iterator[Explanation]:
    """Yield the explanations of a job one at a time, without the rows that failed.

    Raises
    ------
    InputError
        As `read`.
    """
    for part in tables(out):
        yield from explanations_in(part, shared_of(part.schema, out))


def read(out: str | Path) -> Explanations:
    """Return the explanations of a job, in the order of their rows, without those that failed.

    With ``detail="full"`` they equal those of `Explainer.explain_all`; else they hold what the parts do, and views show
    what there is. Parts are read when they are asked for, and by column where that will do, so that a million are
    opened at once and take little memory; the folder has to stay. ``pickle`` holds what is in them.

    Parameters
    ----------
    out
        The folder, or a file in it; also what an engine wrote.

    Raises
    ------
    InputError
        If it holds no parts, or of a later version.
    """
    return Explanations(tuple([PartBlock(path) for path in files_of(out)]))


def digest(out: str | Path) -> str:
    """Return 32 letters that are equal for equal answers, whatever order and files their rows lie in.

    All columns count but `row`, which an engine does not know: two jobs with this in common said the same to the bit.

    Parameters
    ----------
    out
        The folder.
    """
    total = 0
    names = [name for name in COLUMNS if name != "row"]
    for part in tables(out):
        kept = [*names, "full"] if "full" in part.schema.names else names
        for batch in part.select(kept).to_batches(max_chunksize=4096):
            for row in batch.to_pylist():
                one = hashlib.blake2b(repr(tuple(row.values())).encode("utf-8", "surrogatepass"), digest_size=16)
                total = (total + int.from_bytes(one.digest(), "big")) % (1 << 128)
    return f"{total:032x}"


# -- SQL --------------------------------------------------------------------------------------------------------------

_DUCKDB = """CREATE OR REPLACE VIEW {name} AS
SELECT id, "row", target, prediction, fidelity, cause,
       unnest(feature) AS feature, unnest(condition) AS condition, unnest(value) AS value,
       unnest(weight) AS weight, unnest(stderr) AS stderr,
       unnest([x[1] * x[2] for x in list_zip(weight, distance)]) AS contribution,
       unnest([list_position(selected, j) for j in range(len(feature))]) AS rank
FROM read_parquet('{files}')
WHERE error IS NULL;"""
_SPARK = """CREATE OR REPLACE TEMPORARY VIEW {name} AS
SELECT id, `row`, target, prediction, fidelity, cause,
       part.feature, part.condition, part.value, part.weight, part.stderr,
       part.weight * part.distance AS contribution,
       nullif(array_position(selected, cast(place AS smallint)), 0) AS rank
FROM parquet.`{folder}`
LATERAL VIEW posexplode(arrays_zip(feature, condition, value, weight, stderr, distance)) t AS place, part
WHERE error IS NULL;"""


def view(out: str | Path, *, dialect: str = "duckdb", name: str = "reasons") -> str:
    """Return the SQL that makes a job's folder a tidy table: one row for each instance, target and feature.

    Columns: id, row, target, prediction, fidelity, cause, feature, condition, value, weight, stderr, contribution
    (against the average row), rank (1 is the largest shown; null where it is not shown).

    Parameters
    ----------
    out
        The folder.
    dialect
        ``"duckdb"`` or ``"spark"``.
    name
        Of the view.

    Examples
    --------
    >>> print(view("reasons/2026-11-26").splitlines()[0])
    CREATE OR REPLACE VIEW reasons AS
    """
    path = str(out)
    if dialect == "duckdb":
        return _DUCKDB.format(name=name, files=f"{path}/**/[!_.]*.parquet".replace("'", "''"))
    if dialect == "spark":
        return _SPARK.format(name=name, folder=path.replace("`", "``"))
    from limelight.errors import UnknownNameError

    raise UnknownNameError("dialect", dialect, ("duckdb", "spark"))
