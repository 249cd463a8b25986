"""Which models are served: one of the command line, those of a YAML file, or those of a folder with a folder for each.

    models:                                    models/adult/model.skops
      adult:                                   models/adult/background.csv
        model: adult.skops                     models/sms/model.skops
        background: train.csv                  models/sms/text.txt
      sms: {model: sms.skops, text: free prize}

Output: explainers by name, and the instances with which their pages begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from limelight.cli import inputs, loading
from limelight.cli.models import load_model
from limelight.cli.tables import NAMES, PLAIN, TableFlags
from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.optional import require
from limelight.settings import Settings

YAML = (".yaml", ".yml")
STARTS = ("background", "text", "image", "series")
_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_PATHS = ("background", "data", "image", "series")


@dataclass(frozen=True, slots=True)
class Entry:
    """One model that is to be served.

    Parameters
    ----------
    name
        In addresses.
    model
        A file, or module:object.
    background, data, row
        For tables: the training data, and the row with which the page begins.
    text, image, series
        For other kinds of data: the instance with which the page begins. One of these or `background` is given.
    table
        What columns are, and how files are written; in a file each is a key of its own, such as ``drop``.
    trust
        Types that a .skops file may hold.
    settings
        Of the explainer.
    """

    name: str
    model: str
    background: Path | None = None
    data: Path | None = None
    row: int = 0
    text: str | None = None
    image: Path | None = None
    series: Path | None = None
    table: TableFlags = PLAIN
    trust: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = [name for name in STARTS if getattr(self, name) is not None]
        if len(given) != 1:
            got = " and ".join(f"--{name}" for name in given) or "none"
            raise InputError(
                f"--background: for {self.name!r} give one of --background, for a table, --text, --image and --series, "
                f"got {got}."
            )
        Settings(**self.settings)  # a wrong value is said before files are read

    def opened(self, *, trust_pickle: bool, tell: Callable[[str], None]) -> tuple[Explainer, Any]:
        """Return the explainer, ready to answer, and the instance with which its page begins.

        Parameters
        ----------
        trust_pickle
            Whether pickles are loaded.
        tell
            What is called with notes about the files.
        """
        model = load_model(self.model, trust_pickle=trust_pickle, trusted=self.trust)
        if self.background is None:
            asked = self._asked()
            return Explainer(model, asked.modality, **self.settings), asked.instance
        tables = loading.read_tables(self.background, self.data or self.background, model, self.table)
        for note in tables.notes:
            tell(note)
        modality: Any = tables.modality()
        row = tables.row(loading.row_number(self.row, len(tables.data)))
        ready = Explainer(model, modality, **self.settings).prepare()
        return ready, list(modality.edited(row, {}).values())

    def _asked(self) -> inputs.Asked:
        if self.text is not None:
            return inputs.ask_text(self.text)
        if self.image is not None:
            return inputs.ask_image(self.image)
        if self.series is not None:
            return inputs.ask_series(self.series)
        raise InputError(f"--background: {self.name!r} has no instance to begin with.")


def several(source: str) -> list[Entry] | None:
    """Return the models of a YAML file or of a folder; None where the source is one model.

    Raises
    ------
    InputError
        If the file or the folder does not say what is to be served.
    """
    path = Path(source)
    if path.suffix.lower() in YAML:
        return _of_yaml(path)
    is_one = (path / "MLmodel").is_file()  # as MLflow keeps a model
    if path.is_dir() and not is_one:
        return _of_folder(path)
    return None


def _of_yaml(path: Path) -> list[Entry]:
    yaml = require("yaml", "web")
    if not path.is_file():
        raise InputError(f"MODEL: no file '{path}'.")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"MODEL: '{path}' is no YAML ({' '.join(str(error).split())}).") from error
    models = found.get("models") if isinstance(found, Mapping) else None
    if not isinstance(models, Mapping) or not models:
        raise InputError(f"MODEL: expected 'models:' with an entry for each model in '{path}'.")
    return [_entry(str(name), given, path.parent) for name, given in models.items()]


def _entry(name: str, given: Any, folder: Path) -> Entry:
    if not isinstance(given, Mapping) or "model" not in given:
        raise InputError(f"MODEL: expected 'model:' and 'background:' or 'text:' for {name!r}.")
    known = [*(each.name for each in fields(Entry) if each.name not in ("name", "table")), *NAMES]
    if unknown := [each for each in given if each not in known]:
        raise UnknownNameError(name, unknown[0], known)
    values = dict(given)
    for each in _PATHS:
        if values.get(each) is not None:
            values[each] = folder / str(values[each])
    table = TableFlags.of({each: values.pop(each) for each in NAMES if each in values})
    table.check()
    if "trust" in values:
        values["trust"] = tuple(map(str, values["trust"]))
    model = str(values.pop("model"))
    if not _OBJECT.fullmatch(model):
        model = str(folder / model)
    return Entry(name, model, table=table, **values)


def _of_folder(folder: Path) -> list[Entry]:
    entries = [_of_subfolder(each) for each in sorted(folder.iterdir()) if each.is_dir() and each.name[0] not in "._"]
    if not entries:
        raise InputError(f"MODEL: expected a folder for each model in '{folder}', got none.")
    return entries


def _of_subfolder(folder: Path) -> Entry:
    model, background = _only(folder, "model"), _only(folder, "background")
    if model is None:
        raise InputError(f"MODEL: expected a file named model, such as model.skops, in '{folder}'.")
    text = folder / "text.txt"
    start = text.read_text(encoding="utf-8") if text.is_file() else None
    return Entry(folder.name, str(model), background=background, text=start)


def _only(folder: Path, stem: str) -> Path | None:
    found = sorted(each for each in folder.iterdir() if each.name.partition(".")[0] == stem and each.is_file())
    if len(found) > 1:
        raise InputError(f"MODEL: expected one file named {stem} in '{folder}', got {[each.name for each in found]}.")
    if found:
        return found[0]
    return None
