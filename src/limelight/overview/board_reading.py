"""A job's folder, or a file of explanations, as a `Board`: read by column, a part at a time, and looked up by row.

Input: a path. Output: the board, and single explanations for whoever asks about a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError
from limelight.jobs.reading import files_of, tables
from limelight.jobs.worker import give_back
from limelight.optional import require
from limelight.overview.board import Board
from limelight.overview.reasons_once import Kinds
from limelight.progress import progress
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.result.flat import pieces
from limelight.result.part_reading import explanations_in, shared_of, two_classes
from limelight.result.parts import EXTRA, table_of

COLUMNS = (
    "id", "target", "prediction", "fidelity", "cause", "feature", "condition", "weight", "stderr", "distance",
    "selected", "error",
)  # fmt: skip
ENDINGS = (".jsonl", ".json")


class Source:
    """Explanations in a job's folder, in a Parquet file of one, or in a file of JSON lines.

    Parameters
    ----------
    path
        The folder or file.

    Raises
    ------
    InputError
        If it holds no explanations.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise InputError(f"explanations: no folder or file '{self.path}'.")
        if self.path.is_dir() or self.path.suffix not in ENDINGS:
            self._held = None
        else:
            self._held = _laid_out(self.path)
        self._ends: list[int] = []

    def board(self) -> Board:
        """Return all of it, held small."""
        building = _Building()
        count = 1 if self._held is not None else len(files_of(self.path))
        pool = require("pyarrow", EXTRA).default_memory_pool()
        for part in progress(self._tables(COLUMNS), total=count, what="read"):
            building.add(part)
            self._ends.append(building.rows)
            pool.release_unused()
        board = building.board()
        give_back()
        if not len(board):
            raise InputError(f"explanations: '{self.path}' holds no explanation, {board.failed} rows failed.")
        return board

    def ids(self, places: Sequence[int]) -> list[str]:
        """Return the ids of some rows of the board, which are read when they are asked for: they may be long.

        Raises
        ------
        InputError
            If the file was changed meanwhile.
        """
        parts = np.searchsorted(self._ends, places, side="right")
        found: dict[int, str] = {}
        for part in np.unique(parts).tolist():
            good = self._good(part, ("id", "error"))
            for place in np.asarray(places)[parts == part].tolist():
                found[place] = str(good.column("id")[self._within(place, part, good)].as_py())
        return [found[place] for place in places]

    def explanation(self, place: int) -> Explanation:
        """Return the explanation that holds one row of the board.

        Raises
        ------
        InputError
            If the file was changed meanwhile.
        """
        part = int(np.searchsorted(self._ends, place, side="right"))
        good = self._good(part, None)
        at = self._within(place, part, good)
        row, identity = (good.column(name)[at] for name in ("row", "id"))
        compute = require("pyarrow.compute", EXTRA)
        same = compute.equal(good.column("id"), identity)
        if row.is_valid:
            same = compute.and_(same, compute.equal(good.column("row"), row))
        return next(iter(explanations_in(good.filter(same), shared_of(good.schema, self.path))))

    def _good(self, part: int, columns: tuple[str, ...] | None) -> Any:
        """Return a part without the rows that failed."""
        (table,) = self._tables(columns, only=part)
        return table.filter(table.column("error").is_null())

    def _within(self, place: int, part: int, good: Any) -> int:
        """Return where a row of the board stands among the rows of its part."""
        at = place - (self._ends[part - 1] if part else 0)
        if at >= len(good):
            raise InputError(f"explanations: '{self.path}' was changed; start again.")
        return at

    def _tables(self, columns: tuple[str, ...] | None, only: int | None = None) -> Iterator[Any]:
        if self._held is not None:
            yield self._held if columns is None else self._held.select(columns)
            return
        if only is None:
            yield from tables(self.path, columns)
        else:
            yield from tables(files_of(self.path)[only], columns)


def _laid_out(path: Path) -> Any:
    found = Explanations.of(_lines(path))
    ids = require("pyarrow", EXTRA).array(np.arange(len(found)))
    return table_of(found, ids, np.arange(len(found)), detail="full")


def _lines(path: Path) -> Iterator[Explanation]:
    from limelight.result.schema import from_json

    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield from_json(line)


class _Codes:
    """Texts as numbers, in the order in which they are first met."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def of(self, texts: Any) -> NDArray[np.int32]:
        """Return the codes of an array of Arrow."""
        if hasattr(texts, "dictionary"):
            coded = texts
        else:
            coded = texts.dictionary_encode()
        mine = [self.known.setdefault(str(text), len(self.known)) for text in coded.dictionary.to_pylist()]
        return (
            np.array(mine, dtype=np.int32)[coded.indices.to_numpy(zero_copy_only=False)]
            if mine
            else np.zeros(0, np.int32)
        )


class _Building:
    """A board that grows by parts."""

    def __init__(self) -> None:
        self.rows = self.failed = 0
        self._classes: set[tuple[str, ...]] = set()
        self._twice = False  # one row may explain both classes
        self._codes = {name: _Codes() for name in ("target", "cause", "feature", "condition")}
        self._kinds = Kinds()
        self._columns: dict[str, list[Any]] = {}

    def add(self, part: Any) -> None:
        """Take in a table of explanations."""
        good = part.filter(part.column("error").is_null()).combine_chunks()
        self.failed += len(part) - len(good)
        if not len(good):
            return

        self._classes.add(two_classes(shared_of(part.schema, "explanations")))
        self._twice = self._twice or _explained_twice(good.column("id"))

        def get(name: str) -> Any:
            return good.column(name).combine_chunks()

        widths = get("feature").value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
        keys = self._codes["feature"].of(get("feature").flatten())
        values = _numbers(get("weight").flatten()) * _numbers(get("distance").flatten())
        first, leading = _firsts(get("selected"), widths, keys, values)
        of_rows: dict[str, NDArray[Any]] = {
            "target": self._codes["target"].of(get("target")).astype(np.int16),
            "cause": self._codes["cause"].of(get("cause")).astype(np.int16),
            "fidelity": _numbers(get("fidelity")).astype(np.float32),
            "first": first,
            "leading": leading.astype(np.float32),
        }
        of_features: dict[str, NDArray[Any]] = {
            "keys": keys,
            "names": self._codes["condition"].of(get("condition").flatten()),
            "contributions": values.astype(np.float32),
            "stderr": _numbers(get("stderr").flatten()).astype(np.float32),
        }
        kind, new = self._kinds.of(list(of_features.values()), list(of_rows.values()), widths)
        entries = pieces(np.append(0, np.cumsum(widths)), new)
        self._keep(
            kind=kind,
            prediction=_numbers(get("prediction")).astype(np.float32),
            widths=widths[new],
            **{name: column[new] for name, column in of_rows.items()},
            **{name: _small(column[entries]) for name, column in of_features.items()},
        )
        self.rows += len(good)

    def _keep(self, **columns: Any) -> None:
        for name, values in columns.items():
            self._columns.setdefault(name, []).append(values)

    def _joined(self, name: str) -> Any:
        """Return the pieces of a column as one; each is let go when it is copied, so that no column is there twice."""
        pieces = self._columns.pop(name, [])
        if not pieces:
            return np.zeros(0, dtype=np.int64)
        joined = np.empty(sum(map(len, pieces)), dtype=np.result_type(*pieces))
        end = len(joined)
        while pieces:
            last = pieces.pop()
            joined[end - len(last) : end] = last
            end -= len(last)
        give_back()
        return joined

    def _facing(self, arrays: dict[str, Any], widths: NDArray[np.int64]) -> int | None:
        """Turn the rows that explain the first of two classes round; return the code of the second, else None."""
        if len(self._classes) == 1 and not self._twice:
            classes = self._classes.pop()
        else:
            classes = ()
        codes = self._codes["target"].known
        if not classes or not set(codes) <= set(classes):
            return None
        first, second = (codes.setdefault(name, len(codes)) for name in classes)
        turned = arrays["target"] == first
        arrays["leading"][turned] *= -1
        rows, prediction = turned[arrays["kind"]], arrays["prediction"]
        np.subtract(1, prediction, out=prediction, where=rows)
        np.negative(arrays["contributions"], out=arrays["contributions"], where=np.repeat(turned, widths))
        return second

    def board(self) -> Board:
        """Return what was taken in."""
        self._kinds = Kinds()
        arrays = {name: self._joined(name) for name in list(self._columns)}
        widths = arrays.pop("widths", np.zeros(0, dtype=np.int64))
        empty = {name: np.zeros(0, dtype=np.int64) for name in _ARRAYS}
        facing = self._facing(arrays, widths) if len(widths) else None
        known = {name: list(codes.known) for name, codes in self._codes.items()}
        return Board(
            features=known["feature"],
            conditions=known["condition"],
            targets=known["target"],
            causes=known["cause"],
            starts=np.append(0, np.cumsum(widths)).astype(np.int64),
            failed=self.failed,
            facing=facing,
            **{**empty, **arrays},
        )


_ARRAYS = (
    "kind", "prediction", "target", "cause", "fidelity", "first", "leading", "keys", "names", "contributions", "stderr",
)  # fmt: skip


def _explained_twice(ids: Any) -> bool:
    """Return whether rows stand one after the other for one instance: each of them explains another output."""
    compute = require("pyarrow.compute", EXTRA)
    if len(ids) < 2:
        return False
    same = compute.any(compute.equal(ids.slice(1), ids.slice(0, len(ids) - 1)))
    return bool(same.as_py())


def _firsts(
    selected: Any, widths: NDArray[np.int64], keys: NDArray[np.int32], values: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return for each row the feature shown first, −1 where none is, and its contribution."""
    counts = selected.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    some = np.flatnonzero(counts)
    first, leading = np.full(len(counts), -1, dtype=np.int32), np.zeros(len(counts))
    if len(some):
        places = _numbers(selected.flatten()).astype(np.int64)[(np.cumsum(counts) - counts)[some]]
        at = (np.cumsum(widths) - widths)[some] + places
        first[some], leading[some] = keys[at], values[at]
    return first, leading


def _numbers(array: Any) -> NDArray[np.float64]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _small(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return codes in the narrowest type that holds them, other numbers as they are."""
    if numbers.dtype.kind == "f":
        return numbers
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))
