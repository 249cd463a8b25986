"""The types of the values in a file: what is written means what it says, and fits the background.

Input: columns as they are written and as pandas reads them, what flags say of them (`Format`), the background. Output:
columns with the types that they should have. A guess that loses something is not made.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limelight.errors import InputError
from limelight.optional import require

if TYPE_CHECKING:
    pass

CODE = re.compile(r"0\d+")
"""Digits that begin with a zero name something; a number would not be written so."""
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
"""A date as ISO 8601 writes it, which is read in one way everywhere."""
OTHER_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
"""A date whose day and month, or whose century, cannot be told apart."""
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Format:
    """How the text of a table's file is to be read, as the flags say.

    Parameters
    ----------
    sep, decimal, encoding
        What stands between cells and before decimals, and how letters are written; None: the file's own kind, a point,
        UTF-8.
    dtypes
        Column → type, as pandas names them (``"str"``, ``"category"``, ``"float64"``), or how its dates are written
        (``"%d.%m.%Y"``).
    """

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    dtypes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, sep: str | None, decimal: str | None, encoding: str | None, dtypes: Sequence[str]) -> Format:
        """Return what the flags say; `dtypes` are texts such as ``"zip=str"``.

        >>> Format.of(";", ",", None, ["zip=str"]).dtypes
        {'zip': 'str'}
        """
        found = {}
        for text in dtypes:
            column, _, name = text.rpartition("=")
            if not column or not name:
                raise InputError(f"--dtype: expected COLUMN=TYPE, such as zip=str or day=%d.%m.%Y, got {text!r}.")
            found[column] = name
        if encoding is not None:
            _check_encoding(encoding)
        if sep is not None:
            sep = {"\\t": "\t", "tab": "\t"}.get(sep, sep)
        return cls(sep, decimal, encoding, found)

    def options(self, path: Path) -> dict[str, Any]:
        """Return what pandas' reader of CSV files is told."""
        tabs = path.name.lower().removesuffix(".gz").endswith(".tsv")
        return {"sep": self.sep or ("\t" if tabs else ","), "encoding": self.encoding or "utf-8"}


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise InputError(f"--encoding: expected a name such as utf-8, latin-1 or cp1252, got {name!r}.") from error


PLAIN = Format()


def is_text(column: Any) -> bool:
    """Return whether all present values are strings, and there are some."""
    present = column.dropna()
    if not len(present) or str(present.dtype) == "category":
        return False
    return all(isinstance(value, str) for value in present.tolist())


def all_match(column: Any, pattern: re.Pattern[str]) -> bool:
    """Return whether all texts that are there match, from end to end."""
    return all(pattern.fullmatch(text.strip()) for text in column.dropna().tolist())


def typed_column(values: Any, written: Any, form: Format, argument: str, like: Any) -> Any:
    """Return a column in the type that a flag names, else in the background's, else in its own."""
    name = str(values.name)
    if name in form.dtypes:
        return _as_told(values if written is None else written, form, argument)
    if like is not None:
        return as_background(values if written is None else written, like, form, argument)
    if written is None:
        return values
    return _own_type(values, written, form, argument)


def _own_type(values: Any, written: Any, form: Format, argument: str) -> Any:
    """Return a column of a CSV file: what pandas makes of it, unless that loses something."""
    pandas = require("pandas", "cli")
    present = written.dropna()
    if pandas.api.types.is_numeric_dtype(values) and not pandas.api.types.is_bool_dtype(values):
        if any(CODE.fullmatch(text.strip()) for text in present.tolist()):
            return written
        if pandas.api.types.is_float_dtype(values) and _are_large_integers(present):
            return pandas.to_numeric(present).astype("Int64").reindex(values.index)
        return values
    if not len(present) or not is_text(values):
        return values
    if form.decimal is None and all_match(written, DECIMAL_COMMA):
        raise InputError(
            f"{argument}: column {values.name!r} holds texts such as {present.iloc[0]!r}; pass --decimal , where they "
            f"are numbers, or --dtype {values.name}=str where they are not."
        )
    if all_match(written, DATE):
        return _dates(written, argument)
    return values


def _are_large_integers(present: Any) -> bool:
    """Return whether whole numbers became floats because some are missing, and some are beyond what floats hold."""
    texts = present.tolist()
    if not all(re.fullmatch(r"-?\d{1,19}", text) for text in texts):
        return False
    return EXACT < max((abs(int(text)) for text in texts), default=0) < 2**63


def _dates(written: Any, argument: str, zone: Any = None) -> Any:
    """Return texts in ISO 8601 as dates; those with several offsets as instants in UTC, or in a zone."""
    pandas = require("pandas", "cli")
    try:
        offsets = {text[19:] for text in written.dropna().tolist() if re.search(r"(Z|[+-]\d\d:?\d\d)$", text[10:])}
        found = pandas.to_datetime(written, format="ISO8601", utc=bool(offsets))
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{argument}: column {written.name!r}: expected dates such as 2024-03-01 09:30, got others "
            f"({error}); say how they are written, such as --dtype {written.name}=%d.%m.%Y."
        ) from error
    if offsets and zone is not None:
        return found.dt.tz_convert(zone)
    return found


def _as_told(values: Any, form: Format, argument: str) -> Any:
    pandas = require("pandas", "cli")
    name = form.dtypes[str(values.name)]
    try:
        if "%" in name:
            return pandas.to_datetime(values, format=name)
        dtype = pandas.api.types.pandas_dtype(name)
        if dtype.kind == "M":
            return pandas.to_datetime(values).astype(dtype)
        if dtype.kind in "iufb" and is_text(values):
            return _numbers(values, form).astype(dtype)
        return values.astype(dtype)
    except Exception as error:  # names of types and of dates are read by parsers of others, with errors of their own
        raise InputError(
            f"--dtype: column {values.name!r} of {argument} cannot be {name} ({error}); leave it out, or choose "
            "another type, such as str."
        ) from error


def _numbers(values: Any, form: Format) -> Any:
    """Return texts as numbers; true and false as what they are."""
    pandas = require("pandas", "cli")
    texts = values.str.strip()
    if form.decimal not in (None, "."):
        texts = texts.str.replace(str(form.decimal), ".", regex=False)
    truth = {"true": 1, "false": 0}
    lowered = texts.str.lower()
    if lowered.dropna().isin(list(truth)).all():
        return lowered.map(truth)
    numbers = pandas.to_numeric(texts)
    if not pandas.api.types.is_float_dtype(numbers):
        return numbers
    return texts.dropna().map(float).reindex(texts.index)  # pandas 2 is off by the last bit


def as_background(values: Any, like: Any, form: Format, argument: str) -> Any:
    """Return a column with the type that it has in the background, so that equal values are equal.

    Raises
    ------
    InputError
        If it cannot have it: text for numbers, or numbers for text, whose zeros in front nobody knows any more.
    """
    pandas = require("pandas", "cli")
    types = pandas.api.types
    if values.dtype == like.dtype and not types.is_object_dtype(like):
        return values
    if isinstance(like.dtype, pandas.CategoricalDtype):
        categories = pandas.Series(like.dtype.categories, name=like.name)
        return as_background(values.astype(categories.dtype, errors="ignore"), categories, form, argument)
    if is_text(like):
        return _as_text(values, argument)
    if types.is_datetime64_any_dtype(like):
        if is_text(values):
            return _dates(values, argument, getattr(like.dtype, "tz", None))
        return values
    if types.is_bool_dtype(like) or types.is_numeric_dtype(like):
        return _as_numbers(values, like, form, argument)
    known = like.dropna()
    if len(known) and is_text(values):
        return _as_objects(values, known.iloc[0], argument)
    return values


def _as_text(values: Any, argument: str) -> Any:
    present = values.dropna()
    if is_text(values) or not len(present):
        return values
    raise InputError(
        f"{argument}: column {values.name!r}: expected text, as in the background, got {present.tolist()[0]!r}; write "
        "it as text in both files, since what stood in front of a number is lost."
    )


def _as_numbers(values: Any, like: Any, form: Format, argument: str) -> Any:
    pandas = require("pandas", "cli")
    if is_text(values):
        code = next((text for text in values.dropna().tolist() if CODE.fullmatch(text.strip())), None)
        if code is not None:
            raise InputError(
                f"{argument}: column {values.name!r}: got the code {code!r}, the background holds numbers; pass "
                f"--dtype {values.name}=str, or write it as a number."
            )
        try:
            values = _numbers(values, form)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{argument}: column {values.name!r}: expected numbers, as in the background, got text ({error}); "
                "correct it."
            ) from error
    whole = pandas.api.types.is_integer_dtype(like) or pandas.api.types.is_bool_dtype(like)
    if values.isna().any() or (whole and not (values % 1 == 0).all()):
        return values  # a missing or broken number is the table's to judge
    return values.astype(like.dtype)


def _as_objects(values: Any, example: Any, argument: str) -> Any:
    """Return texts as the decimals or days that the background holds."""
    import datetime
    from decimal import Decimal, InvalidOperation

    if isinstance(example, datetime.date) and not isinstance(example, datetime.datetime):
        return _dates(values, argument).dt.date
    if isinstance(example, Decimal):
        try:
            return values.map(Decimal, na_action="ignore")
        except InvalidOperation as error:
            raise InputError(f"{argument}: column {values.name!r}: expected decimals, got text; correct it.") from error
    return values
