"""Tables from files, with the types that their values have: text stays text, dates are dates, rows fit the background.

A CSV file holds nothing but text, and what it means is guessed by whoever reads it. A guess that loses something is not
made here: ``01234`` is a code and no number, ``2024-03-01`` is a date, ``1,5`` is asked about. JSON knows strings from
numbers, and Parquet knows everything. What is explained takes the types of the background.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limelight.cell_types import OTHER_DATE, PLAIN, Format, all_match, is_text, typed_column
from limelight.errors import InputError
from limelight.optional import require

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    (".csv",): "csv",
    (".tsv",): "csv",
    (".parquet", ".pq"): "parquet",
    (".jsonl", ".ndjson"): "lines",
}
"""How a file's name ends → how it is read."""


def kind_of(path: Path, argument: str) -> str:
    """Return how a file is read: ``"csv"``, ``"parquet"`` or ``"lines"`` of JSON.

    Raises
    ------
    InputError
        If there is no such file, or it is of another kind.
    """
    name = path.name.lower().removesuffix(".gz")
    if not path.is_file():
        raise InputError(f"{argument}: no file '{path}'.")
    for endings, kind in KINDS.items():
        if name.endswith(endings):
            return kind
    raise InputError(f"{argument}: expected .csv, .tsv, .parquet or .jsonl, got '{path}'.")


def read_frame(
    path: Path, *, argument: str, form: Format = PLAIN, like: pd.DataFrame | None = None, **options: Any
) -> pd.DataFrame:
    """Return the table in a CSV, Parquet or JSON Lines file.

    Parameters
    ----------
    path, argument
        The file, and the flag that names it.
    form
        What the flags say about CSV files, and the types of columns.
    like
        The background, whose types are taken; None: the values' own.
    **options
        For pandas' reader of CSV files; types are then left to pandas.

    Raises
    ------
    InputError
        If the file is missing, unreadable, or of another kind, or a column does not have the type that it should.
    """
    kind = kind_of(path, argument)
    given = [name for name in ("sep", "decimal", "encoding") if getattr(form, name) is not None]
    if given and kind == "parquet":
        raise InputError(f"--{given[0]}: has no effect with '{path}', which says so itself; leave it out.")
    frame: pd.DataFrame
    frame, written = _reading(path, argument, _READERS[kind], form, options)
    if options:
        return frame
    if written is not None:
        _check_separator(written, path, form, argument)
    columns = {}
    for name in frame.columns:
        text = None if written is None else written[name]
        columns[name] = typed_column(frame[name], text, form, argument, None if like is None else like.get(name))
    found: pd.DataFrame = require("pandas", "cli").DataFrame(columns, index=frame.index)
    return found


def pieces(path: Path, *, argument: str, rows: int, form: Format = PLAIN, like: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the table in a CSV or JSON Lines file some rows at a time, with the background's types.

    Columns that the background lacks stay text in a CSV file, and what they are in JSON.

    Parameters
    ----------
    path, argument, form
        As in `read_frame`.
    rows
        How many at a time.
    like
        Rows of the background, whose types are taken.

    Raises
    ------
    InputError
        As `read_frame`; what comes before is yielded first.
    """
    read = _csv_pieces if kind_of(path, argument) == "csv" else _line_pieces
    found = read(path, form, rows)
    while True:
        frame = _reading(path, argument, _next_of(found), form, {})
        if frame is None:
            return
        typed = {
            str(name): typed_column(frame[name], frame[name], form, argument, like[name])
            for name in like
            if name in frame
        }
        yield frame.assign(**typed)


def _next_of(found: Iterator[Any]) -> Callable[..., Any]:
    return lambda *_: next(found, None)


def _csv_pieces(path: Path, form: Format, rows: int) -> Iterator[Any]:
    pandas = require("pandas", "cli")
    with pandas.read_csv(path, **form.options(path), dtype=str, chunksize=rows, index_col=False) as reader:
        while True:
            with _all_named(path, form):
                frame = next(reader, None)
            if frame is None:
                return
            yield frame.reset_index(drop=True)


def _line_pieces(path: Path, form: Format, rows: int) -> Iterator[Any]:
    with _opened(path, form) as file:
        objects = _objects(file)
        while found := list(islice(objects, rows)):
            yield require("pandas", "cli").DataFrame(found)


def doubtful_dates(frame: pd.DataFrame) -> list[str]:
    """Return the columns of text that look like dates which can be read in more than one way."""
    return [str(name) for name in frame.columns if is_text(frame[name]) and all_match(frame[name], OTHER_DATE)]


# -- files ------------------------------------------------------------------------------------------------------------


def _reading(path: Path, argument: str, read: Any, form: Format, options: dict[str, Any]) -> Any:
    try:
        return read(path, form, options)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{argument}: could not read '{path}' as {form.encoding or 'UTF-8'} ({error.reason}); say how it is "
            "written, such as --encoding latin-1."
        ) from error
    except InputError as error:
        raise InputError(str(error).replace("data:", f"{argument}:", 1)) from error
    except Exception as error:
        first = (str(error).strip().splitlines() or ["no message"])[0]
        raise InputError(f"{argument}: could not read '{path}' ({type(error).__name__}: {first}).") from error


def _read_csv(path: Path, form: Format, options: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the table as pandas types it, and as it is written: every cell as text."""
    pandas = require("pandas", "cli")
    told = form.options(path)
    if form.decimal is not None:
        told["decimal"] = form.decimal
    old = int(pandas.__version__.split(".")[0]) < 3  # it is off by the last bit, unless told otherwise
    if old and len(told["sep"]) == 1:
        exact = {"float_precision": "round_trip"}
    else:
        exact = {}
    with _all_named(path, form) as named:
        frame = pandas.read_csv(path, **told, **exact, **options, **named)
        return frame, None if options else pandas.read_csv(path, **told, dtype=str, **named)


@contextmanager
def _all_named(path: Path, form: Format) -> Iterator[dict[str, Any]]:
    """Lend pandas an option with which rows that hold more values than the header has names are an error.

    Without it, it takes the first values for names of rows, and moves all others one name to the left.
    """
    pandas = require("pandas", "cli")
    too_many = pandas.errors.ParserWarning
    with warnings.catch_warnings():
        warnings.simplefilter("error", too_many)
        try:
            yield {"index_col": False}
        except too_many as error:
            _check_separator(pandas.read_csv(path, **form.options(path), nrows=0), path, form, "data")
            raise InputError(
                f"data: '{path}' has rows with more values than its header has names; name every column, also that of "
                "row names."
            ) from error


def _read_parquet(path: Path, form: Format, options: dict[str, Any]) -> tuple[pd.DataFrame, None]:
    return require("pandas", "cli").read_parquet(path), None


def _read_lines(path: Path, form: Format, options: dict[str, Any]) -> tuple[pd.DataFrame, None]:
    """Return the objects of a JSON Lines file as rows; strings stay strings, and integers exact."""
    with _opened(path, form) as file:
        return require("pandas", "cli").DataFrame(list(_objects(file))), None


def _opened(path: Path, form: Format) -> Any:
    import gzip

    opened: Any = gzip.open if path.name.lower().endswith(".gz") else open
    return opened(path, "rt", encoding=form.encoding or "utf-8")


def _objects(file: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in file:
        if not line.strip():
            continue
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError(  # noqa: TRY004
                f"expected an object in each line, got {str(row)[:40]!r}"
            )
        yield row


_READERS = {"csv": _read_csv, "parquet": _read_parquet, "lines": _read_lines}


def _check_separator(written: pd.DataFrame, path: Path, form: Format, argument: str) -> None:
    if form.sep is not None or written.shape[1] != 1:
        return
    header = str(written.columns[0])
    other = next((mark for mark in (";", "\t", "|") if mark in header), None)
    if other is not None:
        shown = "tab" if other == "\t" else other
        raise InputError(f"{argument}: '{path}' has one column, named {header!r:.60}; pass --sep '{shown}'.")
