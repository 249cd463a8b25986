"""The flags about tables, for every command that reads rows: what columns are, and how files are written.

limelight explain … --drop label --fixed id --categorical zip --sep ';' --decimal , --encoding cp1252 --dtype zip=str
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from limelight.cell_types import Format
from limelight.cli.flags import flag, with_flags
from limelight.errors import InputError, UnknownNameError

PANEL = "A table"


def _option(kind: Any, name: str, metavar: str, text: str) -> inspect.Parameter:
    return flag(kind, name, metavar, text, PANEL)


FORM = (
    _option(str, "--sep", "MARK", "What stands between cells of a CSV."),
    _option(str, "--decimal", "MARK", "What stands before decimals in a CSV."),
    _option(str, "--encoding", "NAME", "How letters are written in files, such as latin-1."),
    _option(
        list[str],
        "--dtype",
        "COLUMN=TYPE",
        "What a column holds, as pandas names it (zip=str), or how its dates are written (day=%d.%m.%Y). Repeatable.",
    ),
)
"""How files are written."""
COLUMNS = (
    _option(list[str], "--drop", "COLUMN", "A column that is no input, such as the label. Repeatable."),
    _option(
        list[str],
        "--fixed",
        "COLUMN",
        "A column that stays at the row's own value, such as an id; it gets no bar. Repeatable.",
    ),
    _option(list[str], "--categorical", "COLUMN", "A column whose numbers are names, such as a code. Repeatable."),
    _option(
        list[str],
        "--text-column",
        "COLUMN",
        "A column of free text, whose words are weighed beside the other columns. Repeatable.",
    ),
    _option(
        str,
        "--contrast",
        "NAME",
        "What a weight compares: bin (the own bin against the others; rows share one neighborhood) or value (this "
        "very value against the background's, the sharpest answer about one row).",
    ),
    _option(
        str,
        "--law",
        "NAME",
        "Where the values of columns that are off come from: independent (each from the background by itself) or "
        "conditional (from rows like this one, so that columns which move together share their weight).",
    ),
)
"""What columns are."""
LAWS = ("independent", "conditional")
NAMES = tuple(flag.name for flag in (*COLUMNS, *FORM))


@dataclass(frozen=True, slots=True)
class TableFlags:
    """What the flags say of tables; nothing by default. Each field is a flag."""

    drop: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text_column: tuple[str, ...] = ()
    contrast: str | None = None
    law: str | None = None
    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    dtype: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> TableFlags:
        """Return what was given; lists become tuples, a name alone a list of one.

        >>> TableFlags.of({"drop": ["label"], "sep": None}).drop
        ('label',)
        """
        found: dict[str, Any] = {}
        for each in (*COLUMNS, *FORM):
            value = given.get(each.name)
            if value is None:
                continue
            many = "list" in str(each.annotation)
            if many:
                found[each.name] = tuple(map(str, [value] if isinstance(value, str) else value))
            else:
                found[each.name] = str(value)
        return cls(**found)

    @property
    def form(self) -> Format:
        """How files are written.

        Raises
        ------
        InputError
            If a flag is not what it should be.
        """
        return Format.of(self.sep, self.decimal, self.encoding, self.dtype)

    def given(self) -> dict[str, Any]:
        """Return the flags that say something, by name."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name) not in (None, ())}

    def check(self) -> None:
        """Raise where flags contradict each other, or one of them is not what it should be.

        Raises
        ------
        InputError
            If they do.
        """
        self.form  # noqa: B018 - an unknown encoding is said before files are read
        taken: dict[str, str] = {}
        for name in ("drop", "fixed", "text_column"):
            said = "--" + name.replace("_", "-")
            for column in getattr(self, name):
                if taken.setdefault(column, said) != said:
                    raise InputError(f"{said}: {column!r} is given to {taken[column]} too; leave out one of them.")
        if self.text_column and self.categorical:
            raise InputError(
                "--categorical: has no effect with --text-column, where every column is weighed as a whole; leave it "
                "out."
            )
        self._check_law()

    def _check_law(self) -> None:
        if self.law not in (None, *LAWS):
            raise UnknownNameError("--law", self.law, LAWS)
        if self.law != "conditional":
            return
        if self.text_column:
            raise InputError(
                "--law: conditional draws whole rows of columns, and has no words; leave out --text-column, or --law."
            )
        if self.contrast == "bin":
            raise InputError(
                "--contrast: bin has no effect with --law conditional, which compares this very value with those of "
                "rows like it; leave it out."
            )


def with_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags about columns and files; it receives them as `table: TableFlags`."""
    return with_flags(command, "table", (*COLUMNS, *FORM), _checked)


def with_files(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags about files alone; it receives them as `table: TableFlags`."""
    return with_flags(command, "table", FORM, _checked)


def _checked(given: Mapping[str, Any]) -> TableFlags:
    found = TableFlags.of(given)
    found.check()
    return found


PLAIN = TableFlags()
"""Nothing said."""
