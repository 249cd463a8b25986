"""From files to the tables that a model takes: the columns that it was fitted on, in its order, and rows by number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limelight.cell_types import Format, is_text
from limelight.cells import doubtful_dates, kind_of, read_frame
from limelight.cli.tables import PLAIN, TableFlags
from limelight.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

    from limelight.interpretable.composite import Composite
    from limelight.interpretable.conditional import Conditional
    from limelight.interpretable.tabular import Tabular

_AGAINST = {"bin": "typical", "value": "background"}
"""What `--contrast` says of a row with free text, in the words of `Composite`."""


# -- frames -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tables:
    """Background and data with the columns that the model takes, and sentences on what was done to them.

    Parameters
    ----------
    background, data
        Frames with the same columns in the same order.
    as_array
        Whether the model was fitted on an array and so receives arrays.
    notes
        What was left out, and what was not understood, one sentence each.
    flags
        What was said of columns.
    """

    background: pd.DataFrame
    data: pd.DataFrame
    as_array: bool
    notes: tuple[str, ...]
    flags: TableFlags = PLAIN

    def modality(self) -> Tabular | Conditional | Composite:
        """Return the background as the kind of data that it is."""
        from limelight.interpretable.conditional import Conditional
        from limelight.interpretable.tabular import Tabular

        flags = self.flags
        _check_columns(flags, list(self.background.columns))
        if flags.text_column:
            return self._composite()
        rows: Any = self.background
        named: dict[str, Any] = {"categorical": flags.categorical, "fixed": flags.fixed}
        if self.as_array:
            rows, named["names"] = rows.to_numpy(), [str(name) for name in rows.columns]
        if flags.law == "conditional":
            return Conditional(rows, **named)
        contrast: Any = flags.contrast or "bin"
        return Tabular(rows, contrast=contrast, **named)

    def _composite(self) -> Composite:
        from limelight.interpretable.composite import Composite
        from limelight.interpretable.text import Text

        flags = self.flags
        if flags.contrast not in (None, *_AGAINST):
            raise UnknownNameError("--contrast", flags.contrast, tuple(_AGAINST))
        if self.as_array:
            raise InputError("--text-column: expected a model that takes frames, got one that was fitted on an array.")
        parts = {name: Text() for name in flags.text_column}
        against: Any = _AGAINST[flags.contrast or "bin"]
        return Composite(self.background, parts, fixed=flags.fixed, against=against)

    def rows(self, chosen: range) -> Any:
        """Return rows as the modality takes many."""
        frame = self.data.iloc[chosen.start : chosen.stop]
        if self.as_array:
            return frame.to_numpy()
        return frame

    def row(self, number: int) -> Any:
        """Return a row as the modality takes one."""
        # a frame of one row keeps the types of its columns; a single row would have one type for all
        row = self.data.iloc[[number]]
        if self.as_array:
            return row.to_numpy()
        return row


def read_tables(background: Path, data: Path, model: Any, flags: TableFlags = PLAIN) -> Tables:
    """Return both tables with the columns that the model takes, the data in the types of the background.

    A label column is recognised by what lacks it: the model's own list of inputs (`feature_names_in_`), or the
    background.

    Raises
    ------
    InputError
        If a column is missing, or if the number of columns is not what the model was fitted on.
    """
    form, drop = flags.form, flags.drop
    _check_format(form, background, data)
    # a kind of file that knows its own format needs no word about it, where the other one does
    train = read_frame(background, argument="--background", form=_form_for(background, form))
    test = read_frame(data, argument="--data", form=_form_for(data, form), like=train)
    if unknown := [name for name in form.dtypes if name not in train.columns and name not in test.columns]:
        raise InputError(f"--dtype: no column {_names(unknown)} in '{background}', which has {_names(train.columns)}.")
    notes: list[str] = []
    if doubtful := doubtful_dates(train):
        notes.append(
            f"Kept as text, since day and month cannot be told apart: {_names(doubtful)}; "
            f"--dtype {doubtful[0]}=%d/%m/%Y says how dates are written."
        )
    columns = _model_columns(train, model, drop, background, notes)
    if missing := [name for name in columns if name not in test.columns]:
        raise InputError(
            f"--data: '{data}' lacks {_names(missing)} of '{background}'; "
            "add it, or pass --drop for what the model does not take."
        )
    if extra := [name for name in test.columns if name not in columns and name not in drop]:
        notes.append(f"Left out of '{data}', since the model does not take it: {_names(extra)}.")
    as_array = model_columns(model) is None and inputs_of(model)[1] is not None
    frames = _as_categories(train[columns], test[columns], model)
    return Tables(*frames, as_array, tuple(notes), flags)


def _check_columns(flags: TableFlags, columns: list[Any]) -> None:
    for flag in ("fixed", "categorical", "text_column"):
        for name in getattr(flags, flag):
            if name not in columns:
                raise UnknownNameError("--" + flag.replace("_", "-"), name, columns)


def _as_categories(train: pd.DataFrame, test: pd.DataFrame, model: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables with text as categories, where a model of boosted trees takes it in no other way."""
    if type(model).__name__ != "Booster":
        return train, test
    texts = [name for name in train.columns if is_text(train[name])]
    return train.astype(dict.fromkeys(texts, "category")), test.astype(dict.fromkeys(texts, "category"))


def _check_format(form: Format, background: Path, data: Path) -> None:
    """Refuse a flag about the text of files where neither file is text."""
    kinds = {kind_of(background, "--background"), kind_of(data, "--data")}
    for flag, places in (("sep", {"csv"}), ("decimal", {"csv"}), ("encoding", {"csv", "lines"})):
        if getattr(form, flag) is not None and not kinds & places:
            raise InputError(f"--{flag}: has no effect with '{background}' and '{data}'; leave it out.")


def _form_for(path: Path, form: Format) -> Format:
    if kind_of(path, "--data") == "parquet":
        return Format(dtypes=form.dtypes)
    return form


def _model_columns(
    train: pd.DataFrame, model: Any, drop: Sequence[str], background: Path, notes: list[str]
) -> list[str]:
    if unknown := [name for name in drop if name not in train.columns]:
        notes.append(f"--drop: '{background}' has no {_names(unknown)}.")
    columns = [name for name in train.columns if name not in drop]
    known = model_columns(model)
    if known is None:
        return _counted(columns, model, background)
    # LightGBM writes "mean radius" as "mean_radius"; names are compared as it writes them
    by_name = {_plain(name): name for name in columns}
    if missing := [name for name in known if _plain(name) not in by_name]:
        raise InputError(f"--background: '{background}' lacks {_names(missing)}, which the model was fitted on.")
    taken = [by_name[_plain(name)] for name in known]
    if extra := [name for name in columns if name not in set(taken)]:
        notes.append(f"Left out of '{background}', since the model does not take it: {_names(extra)}.")
    return taken


def model_columns(model: Any) -> list[str] | None:
    """Return the columns that a model was fitted on; None where it does not know, or was fitted on an array.

    >>> model_columns(print) is None
    True
    """
    names = inputs_of(model)[0]
    if names is None or any(pattern.fullmatch(" ".join(names)) for pattern in _UNNAMED):
        return None
    return names


_UNNAMED = (re.compile(r"Column_0( Column_\d+)*"), re.compile(r"0( \d+)*"))
"""How LightGBM and CatBoost name the columns of an array."""


def inputs_of(model: Any) -> tuple[list[str] | None, int | None]:
    """Return the names of a model's inputs and their number; None where it does not say.

    >>> inputs_of(print)
    (None, None)
    """
    if hasattr(model, "get_inputs"):  # a session of ONNX
        taken = model.get_inputs()
        if len(taken) > 1:
            return [str(each.name) for each in taken], len(taken)
        width = taken[0].shape[1] if len(taken[0].shape) == 2 else None
        return None, width if isinstance(width, int) else None
    names: Any = getattr(model, "feature_names_in_", None)
    for attribute in ("feature_names", "feature_names_", "feature_name"):  # XGBoost, CatBoost, LightGBM
        if names is None and (found := getattr(model, attribute, None)) is not None:
            names = found() if callable(found) else found
    count: Any = getattr(model, "n_features_in_", None)
    if count is None and callable(number := getattr(model, "num_features", getattr(model, "num_feature", None))):
        count = number()
    schema = getattr(getattr(model, "metadata", None), "get_input_schema", lambda: None)()  # MLflow
    if names is None and schema is not None and schema.has_input_names():
        names = schema.input_names()
    if names is not None:
        return [str(name) for name in names], len(names)
    return None, count


def _plain(name: str) -> str:
    return re.sub(r"\s", "_", str(name))


def _counted(columns: list[str], model: Any, background: Path) -> list[str]:
    expected = inputs_of(model)[1]
    if expected not in (None, len(columns)):
        raise InputError(
            f"--background: the model takes {expected} columns, '{background}' has {len(columns)}; "
            f"pass --drop for those that are not inputs: {_names(columns)}."
        )
    return columns


def _names(columns: Iterable[object]) -> str:
    names = [f"'{name}'" for name in columns]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


# -- rows -------------------------------------------------------------------------------------------------------------


def row_number(row: int, n_rows: int) -> int:
    """Return the position of a row, counted from 0; negative numbers count from the end.

    >>> row_number(-1, 10)
    9
    """
    if not -n_rows <= row < n_rows:
        raise InputError(f"--row: expected a number between 0 and {n_rows - 1}, got {row}.")
    return row % n_rows


def row_range(text: str, n_rows: int) -> range:
    """Return the rows that ``start:stop`` names, as Python slices do.

    >>> row_range("8:", 10)
    range(8, 10)
    """
    try:
        parts = [int(part) if part.strip() else None for part in text.split(":")]
    except ValueError:
        parts = []
    if len(parts) != 2:
        raise InputError(f"--rows: expected start:stop such as 0:100, got {text!r}.")
    rows = range(n_rows)[slice(*parts)]
    if not rows:
        raise InputError(f"--rows: {text!r} names no row of {n_rows}.")
    return rows
