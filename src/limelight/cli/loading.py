"""From what stands on the command line to objects: a model from its SPEC, a frame from its file, a row from its number.

A SPEC is `file.skops` (data; nothing runs), `file.joblib` or `file.pkl` (unpickling runs code), or `module:object`.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limelight.errors import InputError
from limelight.optional import require

if TYPE_CHECKING:
    import pandas as pd

    from limelight.interpretable.tabular import Tabular

PICKLES = (".joblib", ".pkl", ".pickle")


# -- models -----------------------------------------------------------------------------------------------------------


def load_model(spec: str, *, trust_pickle: bool = False, trusted: Sequence[str] = ()) -> Any:
    """Return the model that a SPEC names.

    Parameters
    ----------
    spec
        ``file.skops``, ``file.joblib``, ``file.pkl`` or ``module:object``.
    trust_pickle
        Whether unpickling, which runs whatever code the file holds, is allowed.
    trusted
        Types that a .skops file may hold beside those that skops trusts.

    Raises
    ------
    InputError
        If the spec is none of these, the file is missing or unreadable, or what it would run is not trusted.
    """
    suffix = Path(spec).suffix.lower()
    if suffix not in (".skops", *PICKLES):
        if ":" not in spec:
            raise InputError(
                f"--model: expected file.skops, file.joblib, file.pkl or module:object, got {spec!r}; "
                "a module is imported from the current folder."
            )
        return load_object(spec, argument="--model")
    if not Path(spec).is_file():
        raise InputError(f"--model: no file {spec!r}.")
    if suffix == ".skops":
        return _load_skops(spec, trusted)
    if not trust_pickle:
        raise InputError(
            f"--model: {spec} is a pickle, and unpickling runs whatever code the file holds; "
            "pass --trust-pickle if you know who made it, or save the model with skops."
        )
    return _reading(spec, require("joblib", "cli").load, spec)


def _load_skops(spec: str, trusted: Sequence[str]) -> Any:
    skops = require("skops.io", "cli")
    untrusted = _reading(spec, lambda: skops.get_untrusted_types(file=spec))
    missing = sorted(set(untrusted) - set(trusted))
    if missing:
        flags = " ".join(f"--trust {name}" for name in missing)
        raise InputError(f"--model: {spec} holds types that skops does not trust; if you do, pass {flags}")
    return _reading(spec, lambda: skops.load(spec, trusted=untrusted))


def _reading(spec: str, read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except Exception as error:
        raise InputError(f"--model: could not read {spec} ({_first_line(error)}).") from error


def load_object(spec: str, *, argument: str) -> Any:
    """Return the object of ``module:object``; the module is looked for in the current folder too.

    >>> load_object("math:sqrt", argument="--model")(16)
    4.0
    """
    module_name, _, path = spec.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split("."):
            found = getattr(found, name)
    except Exception as error:
        raise InputError(f"{argument}: could not import {spec!r} ({_first_line(error)}).") from error
    return found


def name_or_index(wanted: str | Sequence[str], model: Any) -> Any:
    """Return targets as `Settings` takes them: digits that are no name of a class are the index of an output.

    >>> name_or_index(("setosa", "2"), print)
    ('setosa', 2)
    """
    if not isinstance(wanted, str):
        return tuple(name_or_index(one, model) for one in wanted)
    names = {str(name) for name in getattr(model, "classes_", ())}
    return int(wanted) if wanted.isdecimal() and wanted not in names else wanted


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
        What was left out, one sentence each.
    """

    background: pd.DataFrame
    data: pd.DataFrame
    as_array: bool
    notes: tuple[str, ...]

    def modality(self, contrast: Any = None) -> Tabular:
        """Return the background as the kind of data that it is; `contrast` as in `Tabular`, None for its default."""
        from limelight.interpretable.tabular import Tabular

        contrast = contrast or "bin"
        if self.as_array:
            names = [str(name) for name in self.background.columns]
            return Tabular(self.background.to_numpy(), names=names, contrast=contrast)
        return Tabular(self.background, contrast=contrast)

    def rows(self, chosen: range) -> Any:
        """Return rows as the modality takes many."""
        frame = self.data.iloc[chosen.start : chosen.stop]
        return frame.to_numpy() if self.as_array else frame

    def row(self, number: int) -> Any:
        """Return a row as the modality takes one."""
        row = self.data.iloc[number]
        return row.to_numpy() if self.as_array else row


_READERS: dict[tuple[str, ...], tuple[str, dict[str, Any]]] = {
    (".csv",): ("read_csv", {}),
    (".tsv",): ("read_csv", {"sep": "\t"}),
    (".parquet", ".pq"): ("read_parquet", {}),
    (".jsonl", ".ndjson"): ("read_json", {"lines": True}),
}


def read_frame(path: Path, *, argument: str, **options: Any) -> pd.DataFrame:
    """Return the table in a CSV, Parquet or JSON Lines file; options go to pandas' reader of it.

    Raises
    ------
    InputError
        If the file is missing, unreadable, or of another kind.
    """
    name = path.name.lower().removesuffix(".gz")
    if not path.is_file():
        raise InputError(f"{argument}: no file '{path}'.")
    reader = next((read for suffixes, read in _READERS.items() if name.endswith(suffixes)), None)
    if reader is None:
        raise InputError(f"{argument}: expected .csv, .tsv, .parquet or .jsonl, got '{path}'.")
    try:
        frame: pd.DataFrame = getattr(require("pandas", "cli"), reader[0])(path, **reader[1], **options)
    except Exception as error:
        raise InputError(f"{argument}: could not read '{path}' ({_first_line(error)}).") from error
    return frame


def read_tables(background: Path, data: Path, model: Any, *, drop: Sequence[str] = ()) -> Tables:
    """Return both tables with the columns that the model takes.

    A label column is recognised by what lacks it: the model's own list of inputs (`feature_names_in_`), or the
    background.

    Raises
    ------
    InputError
        If a column is missing, or if the number of columns is not what the model was fitted on.
    """
    train, test = read_frame(background, argument="--background"), read_frame(data, argument="--data")
    notes: list[str] = []
    columns = _model_columns(train, model, drop, background, notes)
    if missing := [name for name in columns if name not in test.columns]:
        raise InputError(
            f"--data: '{data}' lacks {_names(missing)} of '{background}'; "
            "add it, or pass --drop for what the model does not take."
        )
    if extra := [name for name in test.columns if name not in columns and name not in drop]:
        notes.append(f"Left out of '{data}', since the model does not take it: {_names(extra)}.")
    as_array = model_columns(model) is None and hasattr(model, "n_features_in_")
    return Tables(train[columns], test[columns], as_array, tuple(notes))


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
    known = getattr(model, "feature_names_in_", None)
    if known is None:
        return None
    names = [str(name) for name in known]
    return None if names == [f"Column_{i}" for i in range(len(names))] else names


def _plain(name: str) -> str:
    return re.sub(r"\s", "_", str(name))


def _counted(columns: list[str], model: Any, background: Path) -> list[str]:
    expected = getattr(model, "n_features_in_", len(columns))
    if expected != len(columns):
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


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no message'])[0]}"
