"""Explanations as a Parquet file, one row each, in nested list columns that any reader knows; and back.

What rows share is written out in full, since the format itself keeps what repeats only once: a feature as
`feature_names`, `feature_kinds`, `feature_keys`, `feature_places`, `feature_keep`; the bins of a curve as `bin_names`
beside `bin_effect`; settings and layouts as JSON. All other columns are those of `block.COLUMNS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, Where
from limelight.errors import InputError
from limelight.files import replacing
from limelight.optional import require
from limelight.result.block import COLUMNS, ONCE
from limelight.result.codecs import Key, Sizes, plain
from limelight.result.columns import OpenColumn, cut
from limelight.result.compound_codecs import Grid
from limelight.result.explanation import Explanation
from limelight.result.open_block import OpenBlock
from limelight.result.rows import restore

VERSION = 1
"""Of the columns; a file of a later one is refused."""
_EXTRA = "cli"
_MARK = b"limelight"
_ROWS = 4096
"""Rows that are written together: enough for what repeats to be found, little enough for memory."""
_AT_ONCE = 512
_MOST_DIGITS = 15
_QUOTED = "\0json:"
"""How a string begins that no file in UTF-8 can hold, and that is written as JSON."""
_FEATURE = ("feature_names", "feature_kinds", "feature_keys", "feature_places", "feature_keep")
_BINS = ("effect_bins", "bin_names")
_RANDOM = frozenset(
    "coef stderr covariance intercept prediction local_prediction fidelity fidelity_stderr r2 additivity gap "
    "additivity_stderr output_values ranking_doubt bin_effect bin_stderr pair_share pair_share_stderr pair_size "
    "pair_stderr effective_sample_size cost_seconds".split()
)
"""Numbers that hardly ever repeat: bytes of one rank are laid side by side, so that the first ones compress."""

_ERRORS = frozenset(name for name in _RANDOM if name == "covariance" or name.endswith("stderr"))


def write(path: str | Path, parts: Iterable[tuple[OpenBlock, Sequence[int]]], digits: int | None = None) -> None:
    """Write some rows of each of some blocks; all of them, or the old file stays.

    Parameters
    ----------
    path
        The file.
    parts
        Blocks, and which of their rows.
    digits
        Significant digits that are kept; None keeps every bit.

    Raises
    ------
    InputError
        If `digits` is not from 1 to 15.
    """
    whole = isinstance(digits, (int, np.integer)) and not isinstance(digits, bool)
    if digits is not None and not (whole and 1 <= digits <= _MOST_DIGITS):
        raise InputError(f"digits: expected an integer from 1 to {_MOST_DIGITS}, or None for all, got {digits!r}.")
    arrow, parquet = require("pyarrow", _EXTRA), require("pyarrow.parquet", _EXTRA)
    random, coded = written_encodings()
    schema = written_schema(arrow).with_metadata({_MARK: json.dumps({"columns": VERSION})})
    with replacing(path, binary=True) as file:
        writer = parquet.ParquetWriter(
            file,
            schema,
            compression="zstd",
            use_dictionary=coded,
            write_statistics=False,
            use_byte_stream_split=random,
        )
        waiting: list[Any] = []
        with writer:
            for block, rows in parts:
                waiting.append(table_of(arrow, schema, block, rows, digits))
                if sum(map(len, waiting)) >= _ROWS:
                    writer.write_table(arrow.concat_tables(waiting).combine_chunks())
                    waiting = []
            if waiting:
                writer.write_table(arrow.concat_tables(waiting).combine_chunks())


def read(path: str | Path) -> Iterator[Explanation]:
    """Yield the explanations in a file that `write` wrote; a few hundred are read at a time.

    Raises
    ------
    InputError
        If it is not such a file, was damaged, or was written by a later version.
    """
    parquet, arrow = require("pyarrow.parquet", _EXTRA), require("pyarrow", _EXTRA)
    if not Path(path).is_file():
        raise InputError(f"path: no file '{path}'.")
    try:
        file = parquet.ParquetFile(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"path: expected a Parquet file, got '{path}' ({error}).") from error
    with file:
        try:
            _check_version(path, file.schema_arrow.metadata or {})
            # a file of none has no row group to begin with, which older versions of pyarrow ask for all the same
            if file.metadata.num_rows:
                batches = file.iter_batches(batch_size=_AT_ONCE)
            else:
                batches = ()
            for batch in batches:
                yield from restored(batch)
        except (*WRONG, OSError, arrow.ArrowException) as error:
            if isinstance(error, InputError):
                raise
            raise damaged(path, error) from error


WRONG = (KeyError, ValueError, TypeError, IndexError, AttributeError)
"""What Python raises where a cell holds something else than it should."""


def damaged(path: str | Path, error: Exception) -> InputError:
    """Return the error for a file whose cells do not make explanations."""
    return InputError(
        f"path: '{path}' does not hold whole explanations ({type(error).__name__}: {error}); the file was "
        "damaged or edited. Write it again with Explanations.to_parquet."
    )


def restored(batch: Any) -> Iterator[Explanation]:
    """Yield the explanations in a batch of rows of Arrow."""
    block = opened(batch)
    for row in range(batch.num_rows):
        yield checked(restore(block, row))


def _check_version(path: str | Path, metadata: dict[bytes, bytes]) -> None:
    if _MARK not in metadata:
        raise InputError(f"path: expected a file of Explanations.to_parquet, got another Parquet file, '{path}'.")
    version = json.loads(metadata[_MARK])["columns"]
    if version > VERSION:
        raise InputError(
            f"path: expected columns of version {VERSION} or before, got {version} in '{path}'; install the version of "
            "limelight that wrote it."
        )


def checked(explanation: Explanation) -> Explanation:
    """Return the explanation if what it shows is there: a damaged file must not draw a wrong picture."""
    d, k = len(explanation.features), len(explanation.targets)
    if len(explanation.selected) != k:
        raise ValueError(f"{k} targets, and {len(explanation.selected)} lists of selected features")
    if explanation.coef.shape != (k, d) or explanation.stderr.shape != (k, d):
        raise ValueError(f"{k} targets and {d} features, and weights of shape {explanation.coef.shape}")
    if not np.isfinite(explanation.coef).all() or not (explanation.stderr >= 0).all():
        raise ValueError("weights that are not finite, or errors below 0")
    curves = chain.from_iterable([of_target.features for of_target in explanation.curves])  # type: ignore[attr-defined]
    orders = [each.order.tolist() for each in explanation.rankings]
    for index in chain(*map(list, explanation.selected), curves, *orders):
        if not 0 <= index < d:
            raise ValueError(f"feature {index} of {d}")
    return explanation


# -- names and types --------------------------------------------------------------------------------------------------


def _written_names() -> list[str]:
    """Return the names of the columns of a file, in their order."""
    names: list[str] = []
    for name, kind in COLUMNS.items():
        names.extend({"feature": _FEATURE, "bins": _BINS}.get(kind, (name,)))
    return names


def written_encodings(prefix: str = "") -> tuple[list[str], list[str]]:
    """Return the columns whose bytes are laid side by side by rank, and those that are kept as codes."""
    random: list[str] = []
    coded: list[str] = []
    for name in _written_names():
        path = prefix + (name if name in ONCE else f"{name}.list.element")
        (random if name in _RANDOM else coded).append(path)
    return random, coded


def written_schema(arrow: Any) -> Any:
    """Return the schema of a file."""
    types = {"number": arrow.float64(), "whole": arrow.int64()}
    fields = []
    for name in _written_names():
        kind = COLUMNS.get(name, "text")
        if name == "effect_bins":
            kind = "whole"
        if name == "feature_keep":
            kind = "number"
        inner = types.get(kind, arrow.string())
        fields.append(arrow.field(name, inner if name in ONCE else arrow.list_(inner)))
    return arrow.schema(fields)


# -- writing ----------------------------------------------------------------------------------------------------------


def table_of(arrow: Any, schema: Any, block: OpenBlock, rows: Sequence[int], digits: int | None = None) -> Any:
    """Return some rows of a block as a table of Arrow."""
    columns: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        lengths, flat = _gathered(block.column(name), rows)
        if kind == "feature":
            columns.update({part: (lengths, entries) for part, entries in _taken_apart(flat).items()})
        elif kind == "bins":
            columns["effect_bins"] = (lengths, [len(names) for names in flat])
            per_row = [sum(map(len, names)) for names in cut(flat, lengths)]
            columns["bin_names"] = (per_row, _strings(chain.from_iterable(flat)))
        elif kind == "document":
            columns[name] = (lengths, _documents(flat))
        elif kind in ("name", "text"):
            columns[name] = (lengths, _strings(flat))
        else:
            if digits is not None and name in _RANDOM:
                # an error says how far a number is to be trusted, and takes a digit fewer
                flat = rounded(flat, max(1, digits - 1) if name in _ERRORS else digits)
            columns[name] = (lengths, flat)
    arrays = []
    for field in schema:
        lengths, flat = columns[field.name]
        if field.name in ONCE:
            arrays.append(arrow.array(flat, field.type))
            continue
        ends = arrow.array(list(accumulate(lengths, initial=0)), arrow.int32())
        arrays.append(arrow.ListArray.from_arrays(ends, arrow.array(flat, field.type.value_type), type=field.type))
    return arrow.Table.from_arrays(arrays, schema=schema)


def rounded(numbers: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """Return numbers that differ by less than half a unit of so many significant digits, and end in bits of zero.

    >>> round(float(rounded(np.array([np.pi]), 3)[0]), 2)
    3.14
    """
    # 10^-digits of the leading digit 9, in bits
    dropped = 52 - math.ceil(digits * math.log2(10))
    if dropped <= 0:
        return numbers
    bits = numbers.view(np.int64)
    half = np.int64(1) << np.int64(dropped - 1)
    mask = -(np.int64(1) << np.int64(dropped))
    found = ((bits + half) & mask).view(np.float64)
    # what is not finite stays, and so does the largest number that would round to infinity
    return np.where(np.isfinite(numbers) & np.isfinite(found), found, numbers)


def _gathered(column: OpenColumn, rows: Sequence[int]) -> tuple[list[int], Any]:
    """Return how many entries some rows have, and all of them."""
    pieces = [column.at(row) for row in rows]
    lengths = [len(piece) for piece in pieces]
    if isinstance(column.flat, np.ndarray):
        return lengths, np.concatenate([np.empty(0), *pieces])
    return lengths, list(chain.from_iterable(pieces))


def _taken_apart(features: Sequence[Feature]) -> dict[str, list[Any]]:
    """Return features as one list for each of `_FEATURE`."""
    known: dict[int, tuple[Any, ...]] = {}
    for feature in features:
        if id(feature) not in known:
            where = feature.where
            key = json.dumps(Key().write(where.key), ensure_ascii=False)
            places = json.dumps(plain(where.places))
            known[id(feature)] = (*_strings([feature.name, where.kind, key, places]), feature.keep)
    rows = [known[id(feature)] for feature in features]
    return {name: [row[i] for row in rows] for i, name in enumerate(_FEATURE)}


def _documents(documents: Sequence[Any]) -> list[str]:
    known: dict[int, str] = {}
    for document in documents:
        if id(document) not in known:
            known[id(document)] = _strings([json.dumps(plain(document), ensure_ascii=False)])[0]
    return [known[id(document)] for document in documents]


def _strings(strings: Iterable[str]) -> list[str]:
    """Return strings as a file in UTF-8 can hold them."""
    return [_QUOTED + json.dumps(each) if _is_odd(each) else each for each in strings]


def _is_odd(string: str) -> bool:
    if string.isascii():
        return string.startswith(_QUOTED)
    try:
        string.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return True
    return string.startswith(_QUOTED)


# -- reading ----------------------------------------------------------------------------------------------------------


def opened(batch: Any) -> OpenBlock:
    """Return a batch of rows as a block that is open."""
    columns: dict[str, OpenColumn] = {}
    for name, kind in COLUMNS.items():
        if kind == "feature":
            columns[name] = _put_together([_column(batch, part) for part in _FEATURE])
        elif kind == "bins":
            bins, names = _column(batch, "effect_bins"), _column(batch, "bin_names")
            columns[name] = OpenColumn(bins.starts, [tuple(each) for each in cut(names.flat, bins.flat)])
        elif kind == "document":
            found = _column(batch, name)
            columns[name] = OpenColumn(found.starts, _read_documents(name, found.flat))
        else:
            columns[name] = _column(batch, name)
    return OpenBlock(columns=columns)


def _column(batch: Any, name: str) -> OpenColumn:
    array = batch.column(name)
    if array.null_count:
        raise ValueError(f"{name} holds nulls")
    starts = list(range(len(array) + 1))
    if name not in ONCE:
        offsets = array.offsets.to_pylist()
        starts = [offset - offsets[0] for offset in offsets]
        array = array.flatten()
    if str(array.type) == "double":
        return OpenColumn(starts, array.to_numpy(zero_copy_only=False))
    flat = array.to_pylist()
    if str(array.type) == "string":
        flat = [json.loads(each[len(_QUOTED) :]) if each.startswith(_QUOTED) else each for each in flat]
    return OpenColumn(starts, flat)


def _put_together(parts: Sequence[OpenColumn]) -> OpenColumn:
    """Return the features of all rows, each of them made once."""
    known: dict[tuple[Any, ...], Feature] = {}
    features = []
    lists = [part.flat if isinstance(part.flat, list) else part.flat.tolist() for part in parts]
    for entry in zip(*lists, strict=True):
        if entry not in known:
            name, kind, key, places, keep = entry
            spans = tuple([(start, end) for start, end in json.loads(places)])
            where = Where(kind, Key().read(json.loads(key), "feature_keys", Sizes(0, 0)), spans)
            known[entry] = Feature(name, where, keep=keep)
        features.append(known[entry])
    return OpenColumn(parts[0].starts, features)


def _read_documents(name: str, texts: Sequence[str]) -> list[Any]:
    known: dict[str, Any] = {}
    for text in texts:
        if text not in known:
            document = json.loads(text)
            if name == "curve":
                known[text] = Grid().read(document, name, Sizes(0, 0))
            else:
                known[text] = document
    return [known[text] for text in texts]
