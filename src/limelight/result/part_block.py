"""A part of a job as a block of a set: nothing of it is read before it is asked for, and then by column.

A set of a million explanations is then a list of files and counts. What goes through numbers (importance, a pick, the
arrays of a set) reads only the columns it needs; an explanation is put together when one is asked for.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, Where
from limelight.errors import InputError
from limelight.optional import require
from limelight.result.block import OPTIONAL, Block, Interner, Writer
from limelight.result.columns import OpenColumn
from limelight.result.explanation import Explanation
from limelight.result.flat import pieces
from limelight.result.open_block import Coded, Identities, OpenBlock, law_of
from limelight.result.parquet import opened
from limelight.result.part_reading import explanations_in, keep_of, rows_of_full, shared_of, two_classes
from limelight.result.parts import CHUNK_MARK, EXTRA, key_of
from limelight.result.rows import restore

_CODED = ("target", "cause", "kind.list.element", "feature.list.element", "condition.list.element")
"""Columns of few different texts, which are read as codes."""
_LISTS = {"coef": "weight", "stderr": "stderr", "selected": "selected"}
_BY_TARGET = ("prediction", "local_prediction", "intercept", "fidelity", "fidelity_stderr")
_TOGETHER = 64
"""Explanations that are put together at once, since neighbors are often asked for one after the other."""


class PartBlock:
    """A part of a job, as a block of a set of explanations.

    Parameters
    ----------
    path
        The file.
    exact
        Whether the numbers are those of `full`, where the part has them, and not those of the columns beside it, which
        have seven digits and are read faster.

    Raises
    ------
    InputError
        If it is no part, or was damaged.
    """

    __slots__ = ("_exact", "_path", "size")

    def __init__(self, path: str | Path, *, exact: bool = True) -> None:
        self._path = Path(path)
        self._exact = exact
        self.size = _Rows(self._path).size

    def open(self) -> OpenBlock:
        """Return it ready to be read.

        Raises
        ------
        InputError
            If the file is gone, or has other rows than when the set was made.
        """
        rows = _Rows(self._path)
        if len(rows.first) != self.size:
            raise InputError(
                f"explanations: '{self._path}' has changed since it was opened, as by a retry; read the folder again."
            )
        if self._exact and "full" in rows.names:
            return opened(rows_of_full(rows.read("full")))
        return OpenPart(rows)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it holds, and not where it lies."""
        block = self.open()
        explanations = [restore(block, row) for row in range(self.size)]
        return _itself, (Writer(explanations, Interner()).block(),)


def _itself(block: Block) -> Block:
    return block


class _Rows:
    """The rows of a part that hold explanations, and how they belong to instances."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._opened([]) as file:
            known = file.schema_arrow
            self.shared = shared_of(known, path)
            self.names: list[str] = known.names
            self._chunk = json.loads((known.metadata or {}).get(CHUNK_MARK, b"{}"))
            columns = {file.schema.column(i).path for i in range(len(file.schema))}
        self._coded = [name for name in _CODED if name in columns]

    @property
    def size(self) -> int:
        """How many instances were explained, as the part itself says where a job wrote it."""
        if "failures" in self._chunk:
            return int(self._chunk["rows"]) - int(self._chunk["failures"])
        return len(self.first)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """The first row, one for each target, of each instance."""
        return _firsts(self.read("row", "id"))

    @cached_property
    def n_rows(self) -> int:
        """How many rows there are without those that failed."""
        if self._good is not None:
            return len(self._good)
        return int(self._file.metadata.num_rows)

    def read(self, *names: str) -> Any:
        """Return some columns, without rows that failed.

        Raises
        ------
        InputError
            If the file is gone or damaged.
        """
        table = self._read(list(names))
        return (table if self._good is None else table.take(self._good)).unify_dictionaries()

    @cached_property
    def _good(self) -> Any:
        """Return which rows have not failed; None for all."""
        arrow = require("pyarrow", EXTRA)
        said = self._read(["error"]).column(0)
        if said.null_count == len(said):
            return None
        return arrow.array(np.flatnonzero(said.is_null().to_numpy()))

    @cached_property
    def _file(self) -> Any:
        """The file, which stays open for as long as its columns are asked for."""
        return self._opened(self._coded)

    def _read(self, names: list[str]) -> Any:
        arrow = require("pyarrow", EXTRA)
        try:
            try:
                groups = range(self._file.num_row_groups)
                # a thread for each column costs more than it saves where columns are this small
                tables = [self._file.read_row_group(group, names, use_threads=False) for group in groups]
                if tables:
                    return arrow.concat_tables(tables)
                return self._file.read(names)
            except arrow.ArrowNotImplementedError:  # texts of a list that are too many to be codes
                return self._opened([]).read(names)
        except (arrow.ArrowInvalid, OSError) as error:
            raise self._damaged(error) from error

    def _opened(self, coded: list[str]) -> Any:
        arrow, parquet = require("pyarrow", EXTRA), require("pyarrow.parquet", EXTRA)
        try:
            return parquet.ParquetFile(self.path, read_dictionary=coded)
        except (arrow.ArrowInvalid, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: BaseException) -> InputError:
        return InputError(
            f"explanations: '{self.path}' was damaged or is gone ({error}); remove it, and run the job again."
        )


class OpenPart(OpenBlock):
    """A part that is being read.

    Parameters
    ----------
    rows
        Its rows.
    """

    ranked = False

    def __init__(self, rows: _Rows) -> None:
        super().__init__()
        self._rows = rows
        self._window: tuple[int, list[Explanation]] | None = None

    def column(self, name: str) -> OpenColumn:
        """Return a column, open; those that no part holds by themselves are made from whole explanations."""
        if name not in self._open:
            self._open[name] = self._made(name) or self._whole.column(name)
        return self._open[name]

    def coded(self, name: str) -> Coded:
        """Return a column of names as codes."""
        if name == "features":
            return self._features()
        if name not in ("targets", "causes"):
            return super().coded(name)
        codes, known = _codes(self._one(name[:-1]))
        return Coded(self._targets, codes, ["" if text is None else text for text in known])

    def two_classes(self, rows: NDArray[np.int64]) -> tuple[str, ...]:
        """Return the names of two classes, as the part says."""
        return two_classes(self._rows.shared)

    def laws(self) -> tuple[NDArray[np.int64], list[str]]:
        """Return under which law the weights of each row are: that of the part."""
        return np.zeros(len(self._rows.first), dtype=np.int64), [law_of(self._rows.shared.get("modality", {}))]

    def identities(self) -> Identities:
        """Return what the features of all instances are, from codes of the file."""
        starts, keys = self._firsts("feature")
        names, kinds = (self._firsts(name)[1] for name in ("condition", "kind"))
        (of_keys, known_keys), (of_names, known_names), (of_kinds, known_kinds) = map(_codes, (keys, names, kinds))
        return Identities(
            starts, of_keys, of_names, of_kinds, [key_of(text) for text in known_keys], known_names, known_kinds
        )

    def made(self, row: int) -> Explanation:
        """Return the explanation of a row."""
        start = row - row % _TOGETHER
        if self._window is None or self._window[0] != start:
            stop = min(start + _TOGETHER, len(self._rows.first))
            a, b = self._targets[start], self._targets[stop]
            table = self._table.slice(a, b - a)
            self._window = start, list(explanations_in(table, self._rows.shared))
        return self._window[1][row - start]

    # -- columns ------------------------------------------------------------------------------------------------------

    def _made(self, name: str) -> OpenColumn | None:
        """Return a column of a set from one of the part; None where that takes whole explanations."""
        n = len(self._rows.first)
        if name in _LISTS:
            starts, flat = _list(self._one(_LISTS[name]))
            return OpenColumn(starts[self._targets], flat.to_numpy(zero_copy_only=False))
        if name in _BY_TARGET:
            return OpenColumn(self._targets, self._one(name).to_numpy(zero_copy_only=False))
        if name in ("targets", "causes"):
            _, codes, things = self.coded(name)
            return OpenColumn(self._targets, np.array(things, dtype=object)[codes].tolist())
        if name == "selected_count":
            return OpenColumn(self._targets, np.diff(_list(self._one("selected"))[0]))
        if name in ("center", "reference"):  # only their difference is kept
            starts, far = self._firsts("distance")
            far = far.to_numpy(zero_copy_only=False)
            return OpenColumn(starts, np.ones(len(far)) if name == "center" else 1.0 - far)
        if name == "df":
            return OpenColumn(np.arange(n + 1), self._one(name).to_numpy(zero_copy_only=False)[self._rows.first])
        if name == "shared":
            shared = self._one(name).to_numpy(zero_copy_only=False)[self._rows.first]
            return OpenColumn(np.arange(n + 1), shared.astype(np.int64))
        if name == "given":
            return OpenColumn(np.arange(n + 1), self._given())
        if name == "features":
            starts, codes, things = self._features()
            return OpenColumn(starts, [things[code] for code in codes.tolist()])
        return None

    def _given(self) -> NDArray[np.int64]:
        """Return which of `OPTIONAL` each instance has: center and reference always."""
        found = np.zeros(len(self._rows.first), dtype=np.int64)
        for bit, name in enumerate(OPTIONAL):
            if name in ("center", "reference"):
                found |= 1 << bit
            elif name in ("additivity", "gap") and len(found):
                missing = self._one(name).is_null().to_numpy(zero_copy_only=False)
                found |= (~np.logical_or.reduceat(missing, self._rows.first)).astype(np.int64) << bit
        return found

    def _features(self) -> Coded:
        """Return the features of all instances: one thing for all that are the same."""
        starts, keys, names, kinds, known_keys, known_names, known_kinds = self.identities()
        some, far = np.unique(self._firsts("distance")[1].to_numpy(zero_copy_only=False), return_inverse=True)
        each = ((keys * len(known_names) + names) * len(known_kinds) + kinds) * len(some) + far
        _, first, codes = np.unique(each, return_index=True, return_inverse=True)
        things = []
        for at in first.tolist():
            kind = known_kinds[int(kinds[at])]
            keep = keep_of(float(some[far[at]]), column=kind == "column")
            things.append(Feature(known_names[int(names[at])], Where(kind, known_keys[int(keys[at])]), keep=keep))
        return Coded(starts, codes.astype(np.int64), things)

    @cached_property
    def _whole(self) -> OpenBlock:
        explanations = list(explanations_in(self._table, self._rows.shared))
        return Writer(explanations, Interner()).block().open()

    @cached_property
    def _table(self) -> Any:
        return self._rows.read(*[name for name in self._rows.names if name != "full"])

    @property
    def _targets(self) -> NDArray[np.int64]:
        """Where the targets of each instance begin: rows of the table are one each."""
        return np.append(self._rows.first, self._rows.n_rows)

    def _one(self, name: str) -> Any:
        return self._rows.read(name).column(0).combine_chunks()

    def _firsts(self, name: str) -> tuple[NDArray[np.int64], Any]:
        """Return a list of each instance, which all its targets share: where each begins, and their entries."""
        arrow = require("pyarrow", EXTRA)
        starts, flat = _list(self._one(name))
        if len(self._rows.first) == self._rows.n_rows:
            return starts, flat
        first = self._rows.first
        widths = np.diff(starts)[first]
        return np.append(0, np.cumsum(widths)), flat.take(arrow.array(pieces(starts, first)))


def _firsts(table: Any) -> NDArray[np.int64]:
    """Return where each instance begins: another id, or another row of the source."""
    if not len(table):
        return np.empty(0, dtype=np.int64)
    new = np.zeros(len(table), dtype=np.bool_)
    new[0] = True
    for name in ("row", "id"):
        codes = table.column(name).combine_chunks().dictionary_encode(null_encoding="encode").indices
        new[1:] |= np.diff(codes.to_numpy(zero_copy_only=False)) != 0
    return np.flatnonzero(new)


def _list(array: Any) -> tuple[NDArray[np.int64], Any]:
    """Return where each list of a column begins, and the entries of all."""
    starts = array.offsets.to_numpy().astype(np.int64)
    return starts - starts[0], array.flatten()


def _codes(array: Any) -> tuple[NDArray[np.int64], list[Any]]:
    """Return a column of texts as codes, and what they stand for."""
    arrow = require("pyarrow", EXTRA)
    if not arrow.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    texts = array.dictionary.to_pylist()
    indices = array.indices
    if indices.null_count:
        texts = [*texts, None]
        indices = indices.fill_null(len(texts) - 1)
    return indices.to_numpy(zero_copy_only=False).astype(np.int64), texts
