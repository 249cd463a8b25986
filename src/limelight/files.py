"""Files that are written whole or not at all, and never over what is being read."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Any

from limelight.errors import InputError

_TRIES = 100
_ENDINGS = {"--html": (".html", ".htm"), "--json": (".json",)}
"""How files are named that a flag writes: a page called .pdf would be opened as what it is not."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write a text as UTF-8: all of it is on the disk when this returns, or the file is as it was.

    Half of a surrogate pair, which UTF-8 cannot hold, is written as U+FFFD.

    Raises
    ------
    OSError
        If the disk is full, or the folder is not there or not to be written.
    """
    with replacing(path) as file:
        file.write(_SURROGATE.sub("\ufffd", text))


def write_bytes(path: str | PathLike[str], content: bytes) -> None:
    """Write bytes as `write_text` writes a text."""
    with replacing(path, binary=True) as file:
        file.write(content)


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises
    ------
    InputError
        If it is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"path: expected text in UTF-8, got '{path}', which is none ({error.reason}).") from error


@contextmanager
def replacing(
    path: str | PathLike[str],
    *,
    binary: bool = False,
    keep: bool = False,
    turn: Callable[[Path], None] | None = None,
) -> Iterator[IO[Any]]:
    """Open a file beside the path, which takes its place at the end of the block.

    A reader sees the old file or the new one, also after a power cut. What is no ordinary file (a pipe, a terminal) is
    written to directly.

    Parameters
    ----------
    path
        What is to be replaced.
    binary
        Whether bytes are written; text is UTF-8.
    keep
        Whether to leave what has been written where the block raises, as ``name.partial`` beside the path: what was
        paid for line by line. Otherwise it is removed.
    turn
        Called with what has been written, when all is there: makes the file at the path of it, whole or not at all.
        None: it becomes that file itself.
    """
    letters = "b" if binary else ""
    encoding = None if binary else "utf-8"
    target = Path(os.path.realpath(path))  # a link stays one
    if target.exists() and not target.is_file():
        with target.open("w" + letters, encoding=encoding) as file:
            yield file
        return
    beside = _made_beside(target, hidden=not keep)
    try:
        with beside.open("w" + letters, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a full disk says so here at the latest
        if turn is not None:
            turn(beside)
            beside.unlink()
        else:
            if target.exists():
                beside.chmod(stat.S_IMODE(target.stat().st_mode))
            beside.replace(target)
    except BaseException:
        if not keep or beside.stat().st_size == 0:
            beside.unlink(missing_ok=True)
        raise
    _remember(target.parent)


def _made_beside(target: Path, *, hidden: bool) -> Path:
    """Return a new file in the folder of another, with the rights that a new file has there, and a name of its own."""
    for attempt in range(_TRIES):
        tail = "partial" if attempt == 0 else f"partial-{attempt}"
        if hidden:
            name = f".{target.name}.{os.getpid()}.{tail}"
        else:
            name = f"{target.name}.{tail}"
        beside = target.with_name(name)
        try:
            beside.touch(exist_ok=False)
            return beside
        except FileExistsError:
            continue
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(target)) from None
    raise FileExistsError(f"'{target.parent}' holds {_TRIES} unfinished files of '{target.name}'; remove them.")


def _remember(folder: Path) -> None:
    """Have the folder's own list of names on the disk, where a system knows how."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None]) -> None:
    """Raise where a file to be written could not be, before anything is computed.

    Parameters
    ----------
    outputs, inputs
        Flag → path of what is written and read; None where it is not given.

    Raises
    ------
    InputError
        If one is to be written over another or over an input, or its folder is not there.

    >>> check_outputs({"--out": Path("rows.csv")}, {"--data": Path("rows.csv")})
    Traceback (most recent call last):
    limelight.errors.InputError: --out: expected a file of its own, got 'rows.csv', which --data reads; choose another \
name.
    """
    taken = {_identity(path): f"which {flag} reads" for flag, path in inputs.items() if path is not None}
    for flag, path in outputs.items():
        if path is None:
            continue
        other = taken.get(_identity(path))
        if other is not None:
            raise InputError(f"{flag}: expected a file of its own, got '{path}', {other}; choose another name.")
        taken[_identity(path)] = f"to which {flag} writes"
        endings = _ENDINGS.get(flag)
        if endings is not None and path.suffix and path.suffix.lower() not in endings:
            raise InputError(f"{flag}: expected a file named {' or '.join(endings)}, got '{path}'; choose such a name.")
        if path.is_dir():
            raise InputError(f"{flag}: expected the name of a file, got '{path}', which is a folder; add a name.")
        if not Path(os.path.realpath(path)).parent.is_dir():
            raise InputError(f"{flag}: expected a file in a folder that exists, got '{path}'; make the folder first.")


def _identity(path: Path) -> object:
    """Return what is equal for two names of one file."""
    try:
        found = path.stat()
    except OSError:
        return os.path.normcase(os.path.realpath(path))
    # a terminal or a pipe may be written twice
    if stat.S_ISREG(found.st_mode):
        return (found.st_dev, found.st_ino)
    return object()
