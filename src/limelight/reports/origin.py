"""Where what is reported comes from: model, data, date, settings; the command that makes it again, and how to check it.

Nobody but the caller knows which file the model was read from, or what the row is called, so that is told by `Origin`.
The rest is in the explanation. The command is written only where it makes the same numbers; the fingerprint of the
numbers tells whether it did.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from os import PathLike
from pathlib import Path
from typing import Any, cast

from limelight.errors import InputError
from limelight.result.audit import Audit
from limelight.result.comparison import Comparison
from limelight.result.drift import Drift
from limelight.result.explanation import Explanation
from limelight.result.found import Found
from limelight.settings import OF_THE_RUN, Settings

BLOCK = 1 << 20
NAMING = ("names", "sentences", "summary", "warnings", "asked")
"""What a comparison, an audit and a drift say besides their numbers."""
FOLDERS = ("explanations_file", "current_file")
FILES = ("model_file", "background_file", "data_file", "against_file", *FOLDERS)
"""The arguments of `Origin` that are files; of explanations there may be a folder."""
PLAIN = {"bins": "quartile", "sampling": "background", "around": "background"}
"""How the command line makes a table; of others it cannot say how they were made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What only the caller knows about a report's subject.

    Parameters
    ----------
    model
        What the model is called, with its version.
    role
        What the model is used for, and who decides: one or two sentences for the person concerned.
    model_file, background_file, data_file
        The files; the report shows their names and SHA-256.
    against, against_file
        Of a comparison: what the second model is called, and its file.
    explanations_file, current_file
        Of an audit and of a drift: the file or folder of the explanations, and that of the later ones.
    row
        Which row or rows of `data_file`, counted from 0: ``3``, or ``"0:1000"`` as the command line takes them.
    subject
        What the case is called in the books, such as an application's number.
    contact
        Where questions go.
    when
        The date; None is today (UTC).
    flags
        Further flags of ``limelight explain`` that were used, such as ``["--drop", "label"]``.

    Raises
    ------
    InputError
        If a file is not there.

    Examples
    --------
    >>> Origin(model="credit 3.1", subject="A-1042").model
    'credit 3.1'
    """

    model: str = ""
    role: str = ""
    model_file: str | PathLike[str] | None = None
    background_file: str | PathLike[str] | None = None
    data_file: str | PathLike[str] | None = None
    against: str = ""
    against_file: str | PathLike[str] | None = None
    explanations_file: str | PathLike[str] | None = None
    current_file: str | PathLike[str] | None = None
    row: int | str | None = None
    subject: str = ""
    contact: str = ""
    when: date | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, path in self.files().items():
            if not (Path(path).is_file() or (name in FOLDERS and Path(path).is_dir())):
                raise InputError(f"{name}: expected a file, got {str(path)!r}; the report shows its SHA-256.")

    def files(self) -> dict[str, str | PathLike[str]]:
        """Return the files that were named, by the name of their argument."""
        given = {name: getattr(self, name) for name in FILES}
        return {name: path for name, path in given.items() if path is not None}

    def day(self) -> str:
        """Return the date as written."""
        return (self.when or datetime.now(UTC).date()).isoformat()


def digest(path: str | PathLike[str]) -> str:
    """Return the SHA-256 of a file; of a folder, that of the names and digests of its files."""
    found = hashlib.sha256()
    if Path(path).is_dir():
        # sorted, since each system lists files in an order of its own
        for each in sorted(file for file in Path(path).rglob("*") if file.is_file()):
            found.update(f"{each.relative_to(path).as_posix()} {digest(each)}\n".encode())
        return found.hexdigest()
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


def fingerprint(explanations: Explanation | Iterable[Explanation] | Found) -> str:
    """Return 16 hexadecimal digits that are the same for the same numbers, whatever they took and wherever.

    Everything that an explanation states counts but for cost, batch size and the versions of what computed it; of a
    comparison, an audit or a drift also what somebody chose to call the two sides does not.

    >>> from limelight.explainer import Explainer
    >>> from limelight.interpretable.components import Components
    >>> import numpy as np
    >>> explainer = Explainer(lambda masks: masks @ np.array([2.0, -1.0]), Components(["a", "b"], np.asarray))
    >>> fingerprint(explainer.explain(None)) == fingerprint(explainer.explain(None))
    True
    """
    alone = isinstance(explanations, Explanation | Comparison | Audit | Drift)
    if alone:
        many: Iterable[Any] = [explanations]
    else:
        many = cast(Iterable[Any], explanations)
    found = hashlib.sha256()
    for each in many:
        facts = each.to_dict()
        for name in () if isinstance(each, Explanation) else NAMING:
            facts.pop(name, None)
        # what it took, and what computed it, may differ between two runs of the same numbers
        if facts["provenance"] is not None:
            provenance = facts["provenance"]
            del provenance["cost"], provenance["versions"]
            provenance["settings"] = {k: v for k, v in provenance["settings"].items() if k not in OF_THE_RUN}
        found.update(json.dumps(facts, sort_keys=True, allow_nan=True, default=str).encode())
    return found.hexdigest()[:16]


def command_of_found(found: Found, origin: Origin) -> str:
    """Return the command that compares, audits or holds against each other again; empty where files are not known."""
    if not found.asked:
        return ""
    if isinstance(found, Comparison):
        parts = _compare(found, origin)
    elif isinstance(found, Audit):
        parts = _audit(found, origin)
    else:
        parts = _drift(found, origin)
    if not parts:
        return ""
    if found.asked.get("target") is not None:
        parts += ["--target", str(found.asked["target"])]
    if found.level != 0.95:
        parts += ["--level", str(found.level)]
    return shlex.join([*parts, "--json", "again.json"])


def _compare(found: Comparison, origin: Origin) -> list[str]:
    needed = ("model_file", "against_file", "background_file", "data_file")
    p, files = found.provenance, origin.files()
    if p is None or not set(needed) <= set(files) or origin.row is None or not _plain(p.modality):
        return []
    flags = setting_flags({name: value for name, value in p.settings.items() if name != "targets"})
    if flags is None:
        return []
    parts = ["limelight", "compare"]
    for argument, flag in zip(needed, ("--model", "--against", "--background", "--data"), strict=True):
        parts += [flag, str(files[argument])]
    if isinstance(origin.row, str):
        rows = origin.row
    else:
        rows = f"{origin.row}:{origin.row + 1}"
    return [*parts, "--rows", rows, *_contrast(p.modality), *origin.flags, *flags]


def _audit(found: Audit, origin: Origin) -> list[str]:
    asked = found.asked
    if origin.explanations_file is None or (asked.get("data") and origin.data_file is None):
        return []
    parts = ["limelight", "audit", str(origin.explanations_file)]
    if asked.get("data"):
        parts += ["--data", str(origin.data_file)]
        parts += ["--rows", origin.row] if isinstance(origin.row, str) else []
    if asked.get("truth") is not None:
        parts += ["--truth", str(asked["truth"])]
    for name in asked.get("sensitive", ()):
        parts += ["--sensitive", str(name)]
    return [*parts, *origin.flags]


def _drift(found: Drift, origin: Origin) -> list[str]:
    if origin.explanations_file is None or origin.current_file is None:
        return []
    return ["limelight", "drift", str(origin.explanations_file), str(origin.current_file)]


def _plain(modality: Mapping[str, Any]) -> bool:
    """Return whether the command line can make such a table."""
    return modality.get("modality") == "tabular" and all(modality.get(name) == how for name, how in PLAIN.items())


def _contrast(modality: Mapping[str, Any]) -> list[str]:
    if modality.get("contrast", "bin") != "bin":
        return ["--contrast", str(modality["contrast"])]
    return []


def command(explanation: Explanation, origin: Origin) -> str:
    """Return the command that makes the same numbers again; empty where there is none, or files are not known.

    >>> from limelight.explainer import Explainer
    >>> from limelight.interpretable.components import Components
    >>> import numpy as np
    >>> command(Explainer(lambda masks: masks[:, 0], Components(["a"], np.asarray)).explain(None), Origin())
    ''
    """
    modality, settings = explanation.provenance.modality, explanation.provenance.settings
    if not _plain(modality) or not set(FILES[:3]) <= set(origin.files()) or origin.row is None:
        return ""
    flags = setting_flags(settings)
    if flags is None:
        return ""
    parts = ["limelight", "explain", "--model", str(origin.model_file), "--background", str(origin.background_file)]
    parts += ["--data", str(origin.data_file)]
    parts += [*_contrast(modality), *origin.flags, *flags]
    if isinstance(origin.row, str):
        parts += ["--rows", origin.row, "--out", "again.jsonl"]
    else:
        parts += ["--row", str(origin.row), "--json", "again.json"]
    return shlex.join(parts)


def setting_flags(settings: Mapping[str, Any]) -> list[str] | None:
    """Return the settings that are not the defaults as flags; None where one is code, which no flag can say.

    >>> setting_flags({**Settings().to_dict(), "n_samples": 500, "control_variates": False})
    ['--n-samples', '500', '--no-control-variates', '--seed', '0']
    """
    usual, flags = Settings().to_dict(), []
    for name, value in settings.items():
        # the seed is said in any case, below
        if name not in usual or value == usual[name] or name in ("seed", *OF_THE_RUN):
            continue
        flag = "--" + name.replace("_", "-")
        if name == "targets":
            for target in value if isinstance(value, list) else [value]:
                flags += ["--target", str(target)]
        elif isinstance(value, bool):
            flags.append(flag if value else f"--no-{flag[2:]}")
        elif name in ("distance", "kernel", "surrogate") and value not in ("euclidean", "cosine"):
            return None
        else:
            flags += [flag, "none" if value is None else str(value)]
    return [*flags, "--seed", str(settings.get("seed", 0))]
