"""The folder of a job: parts that are written whole or not at all, and what the job is.

    _limelight.json                       what the job is: settings, seed, versions, and how its model is known again
    _neighborhood.npz                     what the model answered to the rows that all explanations share
    part-000000000000.parquet             rows from position 0; a part that exists is finished
    part-000000010000.parquet             …
    _SUCCESS                              all rows of the source were gone through

Names that begin with ``_`` or ``.`` are passed over by Spark, DuckDB's globs and pyarrow, so that the folder can be
read as one table at any moment. Only this file touches the disk.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from limelight.errors import InputError
from limelight.files import replacing, write_text
from limelight.optional import require
from limelight.result.parquet import written_encodings
from limelight.result.parts import CHUNK_MARK, COLUMNS, EXTRA

MANIFEST = "_limelight.json"
SUCCESS = "_SUCCESS"
KEPT = ("_neighborhood.npz",)
"""What may be there before the manifest is, of a run that was ended between the two."""
_PART = re.compile(r"part-(\d{12})\.parquet")
_STALE_SECONDS = 3600.0
_RANDOM = (
    "prediction local_prediction intercept fidelity fidelity_stderr additivity gap effective_sample_size "
    "weight.list.element stderr.list.element"
).split()
"""Numbers that hardly ever repeat: bytes of one rank are laid side by side, so that the first ones compress."""
_COUNTED = ("row",)
_LEVEL = 9
"""Of zstd: 3 % smaller than its default for .03 s a part; 19 would take a further 5 % off for .5 s."""


class Folder:
    """The folder of one job.

    Parameters
    ----------
    path
        The folder; it need not exist yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def open(self, manifest: Mapping[str, Any], before: Callable[[], None] = lambda: None) -> None:
        """Begin the job, or go on with it.

        Parameters
        ----------
        manifest
            What the job is.
        before
            Called where it begins, before the manifest is there: what must be in the folder of every job.

        Raises
        ------
        InputError
            If the folder holds another job, or something that is no job.
        """
        found = self.manifest()
        if found is None:
            self._begin(manifest, before)
            found = self.manifest()  # two that begin at once agree on the one that came last
        other = differences(manifest["job"], (found or {}).get("job", {}))
        if other:
            raise InputError(
                f"out: '{self.path}' holds another job; it differs in {', '.join(other)}. Choose another folder, or "
                "run that job's own line to go on with it."
            )
        self._sweep()

    def manifest(self) -> dict[str, Any] | None:
        """Return what the job is; None where the folder holds none yet."""
        place = self.path / MANIFEST
        if not place.is_file():
            return None
        try:
            found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(
                f"out: '{place}' was damaged or edited ({error}); restore it, or choose another folder."
            ) from error
        return found

    def parts(self) -> dict[int, Path]:
        """Return the finished parts by the position of their first row, ascending."""
        if not self.path.is_dir():
            return {}
        names = sorted(name for name in self.path.iterdir() if _PART.fullmatch(name.name))
        return {int(name.name[5:17]): name for name in names}

    def digest_of(self, start: int) -> tuple[int, str]:
        """Return how many rows of the source a part holds, and their digest."""
        known = self._metadata(self.parts()[start]).get(CHUNK_MARK, b"{}")
        found = json.loads(known)
        return int(found.get("rows", -1)), str(found.get("digest", ""))

    def answers(self, start: int, n: int) -> dict[int, list[tuple[str, float]]]:
        """Return what the model said to the first n rows of a part that are explained: row → (output, answer)."""
        parquet = require("pyarrow.parquet", EXTRA)
        columns = ["row", "target", "prediction"]
        part = parquet.read_table(self.parts()[start], columns=columns, partitioning=None).to_pydict()
        found: dict[int, list[tuple[str, float]]] = {}
        for row, target, said in zip(*(part[name] for name in columns), strict=True):
            if row is None or target is None or (len(found) == n and row not in found):
                continue
            found.setdefault(int(row), []).append((target, said))
        return found

    def counts(self) -> tuple[int, int]:
        """Return how many rows of the source the parts hold, and how many of these failed."""
        rows = bad = 0
        for path in self.parts().values():
            found = json.loads(self._metadata(path).get(CHUNK_MARK, b"{}"))
            rows, bad = rows + int(found.get("rows", 0)), bad + int(found.get("failures", 0))
        return rows, bad

    def write(self, start: int, table: Any, *, rows: int, failures: int, digest: str) -> None:
        """Write a part: all of it is on the disk when this returns, or nothing of it is seen.

        Raises
        ------
        OSError
            If the disk is full, or the folder is not to be written; parts that are there stay as they are.
        """
        parquet = require("pyarrow.parquet", EXTRA)
        chunk = json.dumps({"start": start, "rows": rows, "failures": failures, "digest": digest})
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), CHUNK_MARK: chunk})
        random, coded = encodings(table.schema)
        with replacing(self.path / f"part-{start:012d}.parquet", binary=True) as file:
            parquet.write_table(
                table,
                file,
                compression="zstd",
                compression_level=_LEVEL,
                use_dictionary=coded,
                use_byte_stream_split=random,
                column_encoding=dict.fromkeys(_COUNTED, "DELTA_BINARY_PACKED"),
            )

    def succeed(self, facts: Mapping[str, Any]) -> None:
        """Note that all rows were gone through."""
        write_text(self.path / SUCCESS, json.dumps(dict(facts)))

    @property
    def succeeded(self) -> bool:
        """Whether all rows were gone through."""
        return (self.path / SUCCESS).is_file()

    def read(self, columns: list[str] | None = None) -> Iterator[Any]:
        """Yield the parts as tables, in the order of their rows."""
        parquet = require("pyarrow.parquet", EXTRA)
        for path in self.parts().values():
            yield parquet.read_table(path, columns=columns, partitioning=None)

    def _begin(self, manifest: Mapping[str, Any], before: Callable[[], None]) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError(f"out: expected a folder, got '{self.path}', which is or lies in a file.") from error
        others = [each.name for each in self.path.iterdir() if not each.name.startswith(".") and each.name not in KEPT]
        if others:
            raise InputError(
                f"out: '{self.path}' is not empty and holds no job ({others[0]}); choose a folder of its own."
            )
        before()
        write_text(self.path / MANIFEST, json.dumps(dict(manifest), indent=1))

    def _sweep(self) -> None:
        """Remove what a writer that was killed left; what is younger than an hour may still be written by another."""
        for left in self.path.glob(".part-*.partial*"):
            try:
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    left.unlink()
            except FileNotFoundError:
                continue

    def _metadata(self, path: Path) -> dict[bytes, bytes]:
        parquet, arrow = require("pyarrow.parquet", EXTRA), require("pyarrow", EXTRA)
        try:
            return parquet.read_schema(path).metadata or {}
        except (arrow.ArrowInvalid, OSError) as error:
            raise InputError(f"out: part '{path}' was damaged ({error}); remove it, and run the job again.") from error


def encodings(schema: Any) -> tuple[list[str], list[str]]:
    """Return which columns of a part have their bytes laid side by side, and which are kept as codes."""
    arrow = require("pyarrow", EXTRA)
    lists = {field.name for field in schema if arrow.types.is_list(field.type)}
    # Parquet keeps what is in a list under a name of its own
    names = [name for name in schema.names if name in COLUMNS]
    names = [f"{name}.list.element" if name in lists else name for name in names]
    random, coded = list(_RANDOM), [name for name in names if name not in (*_RANDOM, *_COUNTED, "id")]
    if "full" in schema.names:
        further = written_encodings("full.")
        random, coded = random + further[0], coded + further[1]
    return random, coded


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the names of the entries in which two descriptions of a job differ, with both values where they are short.

    >>> differences({"seed": 0, "settings": {"tolerance": 0.05}}, {"seed": 0, "settings": {"tolerance": 0.1}})
    ['settings.tolerance (0.05 here, 0.1 there)']
    """
    found = []
    for name in sorted({*mine, *theirs}):
        a, b = mine.get(name), theirs.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, f"{prefix}{name}.")
        elif a != b:
            short = all(len(repr(each)) <= 40 for each in (a, b))
            found.append(f"{prefix}{name}" + (f" ({a!r} here, {b!r} there)" if short else ""))
    return found
