"""Where the rows of a job come from: a frame, files of any size, an Arrow dataset, a list; a chunk at a time.

Input: whatever holds the rows. Output: chunks in order, each with the ids of its rows, the rows as the modality takes
them, and a digest by which it is known again when a job goes on. Never more than a chunk is held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.cell_types import PLAIN, Format
from limelight.cells import kind_of, pieces
from limelight.contracts import Modality
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.composite import Composite
from limelight.interpretable.conditional import Conditional
from limelight.interpretable.tabular import Tabular
from limelight.interpretable.tabular.frames import library_of
from limelight.optional import require

EXTRA = "jobs"
_SAMPLE = 256
"""Rows of the background that show which types its columns have."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows that lie one after the other.

    Parameters
    ----------
    start
        Position of the first in the source.
    ids
        (n,) their ids, an Arrow array.
    rows
        (n,) the rows, as `Explainer.explain_many` takes them.
    digest
        Equal for equal rows; empty where they cannot be compared.
    places
        Where its rows stand, counted from `start`, where they are some of a chunk; None: one after the other.
    ordered
        Whether rows have a position in the source; engines know none.
    """

    start: int
    ids: Any
    rows: Any
    digest: str
    places: tuple[int, ...] | None = None
    ordered: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    def some(self, places: Sequence[int]) -> Chunk:
        """Return the chunk of some of its rows, given by their places in it; `start` stays that of the whole."""
        arrow = require("pyarrow", EXTRA)
        ids = self.ids.take(arrow.array(places, arrow.int64()))
        return Chunk(self.start, ids, taken(self.rows, places), "", tuple(places))

    @property
    def positions(self) -> NDArray[np.int64]:
        """Return (n,) where its rows stand in the source."""
        places = range(len(self)) if self.places is None else self.places
        return self.start + np.array(places, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that can be gone through, from the start, any number of times.

    Parameters
    ----------
    kind
        What they come from, for people: a frame of pandas, CSV, Parquet.
    total
        How many there are; None where only going through them tells.
    pieces
        Called with a number of rows, yields tables or lists of so many rows; the last may have fewer.
    modality
        What takes the rows.
    id_column
        Which column names the rows; None: their position.
    """

    kind: str
    total: int | None
    pieces: Callable[[int], Iterator[Any]]
    modality: Modality
    id_column: str | None = None

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield the chunks in order.

        Parameters
        ----------
        rows
            In each; the last has what is left.

        Raises
        ------
        InputError
            If a column is missing or has the wrong type; chunks before are yielded first.
        """
        start = 0
        for piece in self.pieces(rows):
            ids = ids_of(piece, self.id_column, start)
            taken = instances_of(piece, self.modality, self.id_column)
            yield Chunk(start, ids, taken, digest(piece))
            start += len(ids)


def open_source(rows: Any, modality: Modality, id_column: str | None = None, form: Format = PLAIN) -> Source:
    """Return where rows come from, ready to be gone through.

    Parameters
    ----------
    rows
        A frame of pandas, polars or pyarrow, an array (n, c); the path of a CSV, JSON Lines or Parquet file, or of a
        folder of Parquet; a `pyarrow.dataset.Dataset`; a list of instances. A `Source` is returned as it is.
    modality
        What takes the rows; its background gives the cells of text files their types.
    id_column
        The column with the ids.
    form
        How text files are written.

    Raises
    ------
    InputError
        If rows are none of these.
    UnknownNameError
        If there is no such column of ids.
    """
    if isinstance(rows, Source):
        return rows
    if isinstance(rows, (str, Path)):
        return _of_path(Path(rows), modality, id_column, form)
    if hasattr(rows, "to_batches") and hasattr(rows, "scanner"):
        return _of_dataset("an Arrow dataset", rows, modality, id_column)
    if isinstance(rows, (list, tuple)) or library_of(rows):
        total = len(rows) if isinstance(rows, (list, tuple)) else int(rows.shape[0])
        _check_id(id_column, column_names(rows))
        kind = f"{library_of(rows)} table" if library_of(rows) else "list"
        return Source(kind, total, lambda n: _slices(rows, total, n), modality, id_column)
    raise InputError(
        "rows: expected a frame, an array, a path of CSV, JSON Lines or Parquet, an Arrow dataset or a list of "
        f"instances, got {type(rows).__name__}; a stream cannot be gone through again when a job goes on."
    )


def _of_path(path: Path, modality: Modality, id_column: str | None, form: Format) -> Source:
    dataset = require("pyarrow.dataset", EXTRA)
    if path.is_dir():
        return _of_files("a folder of Parquet", dataset.dataset(path, format="parquet"), modality, id_column)
    kind = kind_of(path, "rows")
    if kind == "parquet":
        return _of_files("Parquet", dataset.dataset(path, format="parquet"), modality, id_column)
    like = background_sample(modality)
    first = next(pieces(path, argument="rows", rows=1, form=form, like=like), None)
    _check_id(id_column, () if first is None else column_names(first))
    read = lambda n: pieces(path, argument="rows", rows=n, form=form, like=like)  # noqa: E731
    return Source("CSV" if kind == "csv" else "JSON Lines", None, read, modality, id_column)


def _of_dataset(kind: str, dataset: Any, modality: Modality, id_column: str | None) -> Source:
    _check_id(id_column, dataset.schema.names)
    batches = lambda n: dataset.to_batches(batch_size=n, batch_readahead=2, fragment_readahead=1)  # noqa: E731
    return Source(kind, int(dataset.count_rows()), lambda n: _rebatched(batches, n), modality, id_column)


def _of_files(kind: str, dataset: Any, modality: Modality, id_column: str | None) -> Source:
    """Return a source of Parquet files of our own opening, of which a row group is in memory at a time."""
    _check_id(id_column, dataset.schema.names)

    def batches(n: int) -> Iterator[Any]:
        # a scan of the whole reads up to a gigabyte ahead, whatever it is told
        for fragment in dataset.get_fragments():
            for group in fragment.split_by_row_group():
                yield from group.to_batches(schema=dataset.schema, batch_size=n, use_threads=False)

    return Source(kind, int(dataset.count_rows()), lambda n: _rebatched(batches, n), modality, id_column)


def _slices(rows: Any, total: int, n: int) -> Iterator[Any]:
    for start in range(0, total, n):
        if library_of(rows) == "pandas":
            yield rows.iloc[start : start + n]
        elif library_of(rows) == "pyarrow":
            yield rows.slice(start, n)
        else:
            yield rows[start : start + n]


def _rebatched(batches: Callable[[int], Iterator[Any]], n: int) -> Iterator[Any]:
    """Yield tables of n rows from batches of at most so many, which are as large as the files have them."""
    arrow = require("pyarrow", EXTRA)
    waiting: list[Any] = []
    held = 0
    for batch in batches(min(n, 65_536)):
        while batch.num_rows:
            part = batch.slice(0, n - held)
            waiting.append(part)
            held += part.num_rows
            batch = batch.slice(part.num_rows)
            if held == n:
                yield arrow.Table.from_batches(waiting)
                waiting, held = [], 0
    if held:
        yield arrow.Table.from_batches(waiting)


# -- ids and instances ------------------------------------------------------------------------------------------------


def ids_of(piece: Any, id_column: str | None, start: int) -> Any:
    """Return the ids of a piece, an Arrow array: of a column, or the positions."""
    arrow = require("pyarrow", EXTRA)
    if id_column is None:
        n = len(piece) if isinstance(piece, (list, tuple)) else int(piece.shape[0])
        return arrow.array(np.arange(start, start + n))
    if isinstance(piece, (list, tuple)):
        return arrow.array([each[id_column] for each in piece])
    column = piece[id_column]
    if library_of(piece) == "pyarrow":
        return column.combine_chunks()
    if library_of(piece) == "polars":
        return column.to_arrow()
    return arrow.Array.from_pandas(column)


def instances_of(piece: Any, modality: Modality, id_column: str | None = None) -> Any:
    """Return the rows of a piece as a modality takes many.

    A table gets its own columns. Any other kind of data gets the values of the only column beside the ids, such as
    texts or paths of images, or a dict for each row where there are several.

    Raises
    ------
    UnknownNameError
        If the piece lacks a column of the background.
    """
    names = column_names(piece)
    if isinstance(piece, (list, tuple)):
        if id_column is None:
            return piece
        return [{name: value for name, value in each.items() if name != id_column} for each in piece]
    if labels := _labels_of(modality):
        return _columns_of(piece, names, labels)
    if library_of(piece) in ("numpy", "scipy"):
        return piece
    kept = [name for name in names if name != id_column]
    if len(kept) == 1:
        return _listed(piece[kept[0]])
    columns = [_listed(piece[name]) for name in kept]
    return [dict(zip(kept, values, strict=True)) for values in zip(*columns, strict=True)]


def _labels_of(modality: Modality) -> tuple[Any, ...]:
    """Return the columns that a kind of data takes of a table; none where it takes no tables."""
    known = _table_of(modality)
    if isinstance(known, Tabular):
        return known.table.labels
    if isinstance(known, Composite):
        return known.table.names
    return ()


def _table_of(modality: Modality) -> Modality:
    if isinstance(modality, Conditional):
        return modality.tabular
    return modality


def _columns_of(piece: Any, names: Sequence[Any], labels: tuple[Any, ...]) -> Any:
    if library_of(piece) in ("numpy", "scipy") or tuple(names) == tuple(labels):
        return piece
    known = {str(name): name for name in names}
    for label in labels:
        if str(label) not in known:
            raise UnknownNameError("rows", str(label), list(known))
    chosen = [known[str(label)] for label in labels]
    if library_of(piece) == "pyarrow":
        return piece.select(chosen).rename_columns([str(label) for label in labels])
    return piece[chosen]


def _listed(column: Any) -> list[Any]:
    return list(column.to_pylist() if hasattr(column, "to_pylist") else column.to_list())


def taken(rows: Any, places: Sequence[int]) -> Any:
    """Return some rows of a chunk."""
    if isinstance(rows, (list, tuple)):
        return [rows[place] for place in places]
    if library_of(rows) == "pandas":
        return rows.iloc[list(places)]
    if library_of(rows) == "pyarrow":
        return rows.take(list(places))
    return rows[list(places)]


def column_names(piece: Any) -> tuple[Any, ...]:
    """Return the names of the columns of a table; none for what has no names."""
    if isinstance(piece, (list, tuple)):
        if piece and isinstance(piece[0], dict):
            return tuple(piece[0])
        return ()
    if library_of(piece) == "pyarrow":
        return tuple(piece.column_names)
    if hasattr(piece, "columns"):
        return tuple(piece.columns)
    return ()


def _check_id(id_column: str | None, names: Sequence[Any]) -> None:
    if id_column is not None and id_column not in names:
        raise UnknownNameError("id_column", id_column, names)


def background_sample(modality: Modality) -> Any:
    """Return some rows as a background draws them, as a frame of pandas: they show which types columns have."""
    pandas = require("pandas", EXTRA)
    if isinstance(modality, Composite):
        return _mixed_sample(modality)
    table = _table_of(modality)
    background = getattr(table, "background", None)
    if not isinstance(table, Tabular) or background is None:
        return pandas.DataFrame()
    points = np.random.default_rng(0).random((_SAMPLE, background.n_coordinates))
    drawn = background.draw(points)[1]
    if library_of(drawn) in ("polars", "pyarrow"):
        drawn = drawn.to_pandas()
    if library_of(drawn) == "numpy":
        drawn = pandas.DataFrame(drawn, columns=list(table.table.labels))
    return drawn.rename(columns=str)


def _mixed_sample(modality: Composite) -> Any:
    pandas = require("pandas", EXTRA)
    frame = modality.table.frame
    if frame is None:
        return pandas.DataFrame(list(islice(iter(modality.rows), _SAMPLE))).rename(columns=str)
    if library_of(frame) == "pyarrow":
        first = frame.slice(0, _SAMPLE)
    else:
        first = frame.head(_SAMPLE)
    return (first.to_pandas() if library_of(frame) in ("polars", "pyarrow") else first).rename(columns=str)


# -- known again ------------------------------------------------------------------------------------------------------


def digest(piece: Any) -> str:
    """Return letters that are equal for equal rows; empty where rows are of a kind that cannot be compared."""
    found = hashlib.blake2b(digest_size=16)
    if isinstance(piece, (list, tuple)):
        for each in piece:
            if isinstance(each, np.ndarray) and each.dtype != object:
                found.update(repr((each.shape, str(each.dtype))).encode() + np.ascontiguousarray(each).tobytes())
            elif isinstance(each, (str, bytes, int, float)):
                found.update(repr(each).encode())
            else:
                return ""
        return found.hexdigest()
    library = library_of(piece)
    if library == "scipy":
        return ""
    frame = piece.to_pandas() if library in ("polars", "pyarrow") else piece
    pandas = require("pandas", EXTRA)
    frame = pandas.DataFrame(frame)
    for name in frame.columns:
        found.update(str(name).encode())
        found.update(_hashes(pandas, frame[name]))
    return found.hexdigest()


def _hashes(pandas: Any, column: Any) -> bytes:
    try:
        return bytes(pandas.util.hash_pandas_object(column, index=False).to_numpy().tobytes())
    except TypeError:  # cells that are no scalars
        return repr(column.tolist()).encode()
