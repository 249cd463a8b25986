"""What was found about many rows, as JSON and back: a comparison of two models, an audit, a drift.

Input: the frozen results, or the JSON that `limelight compare`, `audit` and `drift` wrote. Output: the other of both.
The explanations of a comparison are not written: they have files of their own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from limelight.errors import InputError
from limelight.files import read_text
from limelight.result.audit import Audit, Finding
from limelight.result.comparison import Comparison, FeatureChange, ReasonChange, RowChange
from limelight.result.drift import Drift, FeatureDrift
from limelight.result.explanations import Explanations
from limelight.result.schema import parsed, read_provenance

Found = Comparison | Audit | Drift
WHAT = "what"
"""The entry of the JSON that says which of them it is."""


def from_dict(data: Mapping[str, Any]) -> Found:
    """Return what a `to_dict` of a comparison, an audit or a drift wrote.

    Raises
    ------
    InputError
        If it is none of them, or damaged.

    >>> audit = Audit("spam", (), {"leak": "Looked."}, 100, 0.95, 40)
    >>> from_dict(audit.to_dict()) == audit
    True
    """
    what = data.get(WHAT) if isinstance(data, Mapping) else None
    if what not in _READERS:
        known = ", ".join(map(repr, _READERS))
        raise InputError(
            f"data: expected what limelight compare, audit or drift wrote by --json, whose entry {WHAT!r} is one of "
            f"{known}, got {what!r}."
        )
    try:
        return _READERS[what](dict(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"data: this {what} is not complete, or damaged ({error}); write it again.") from error


def is_found(path: Path) -> bool:
    """Return whether a file holds one of them, and not an explanation."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    try:
        data = json.loads(read_text(path))
    except (InputError, json.JSONDecodeError):
        return False
    return isinstance(data, dict) and data.get(WHAT) in _READERS


def read(path: Path) -> Found:
    """Return what a file holds.

    Raises
    ------
    InputError
        If it is neither of them.
    """
    return from_dict(parsed(read_text(path)))


def _comparison(data: dict[str, Any]) -> Comparison:
    features = tuple(
        FeatureChange(**{**each, "feature": key(each["feature"]), "p_refit": _number(each["p_refit"])})
        for each in data["features"]
    )
    rows = []
    for each in data["rows"]:
        reasons = tuple(ReasonChange(**reason) for reason in each["reasons"])
        rows.append(RowChange(**{**each, "reasons": reasons}))
    given = {**data, "features": features, "rows": tuple(rows), "explanations": Explanations()}
    return Comparison(**_fitting(Comparison, given, ("names", "outputs", "warnings")))


def _audit(data: dict[str, Any]) -> Audit:
    findings = tuple(Finding(**{**each, "rows": tuple(each["rows"])}) for each in data["findings"])
    return Audit(**_fitting(Audit, {**data, "findings": findings}, ("warnings",)))


def _drift(data: dict[str, Any]) -> Drift:
    features = tuple(FeatureDrift(**{**each, "feature": key(each["feature"])}) for each in data["features"])
    listed = ("names", "n", "answer", "answer_change", "warnings")
    return Drift(**_fitting(Drift, {**data, "features": features}, listed))


def _fitting(made: Any, data: dict[str, Any], listed: tuple[str, ...]) -> dict[str, Any]:
    """Return the arguments of a result: lists as tuples, and where it comes from."""
    names = {field.name for field in fields(made)}
    given = {name: value for name, value in data.items() if name in names}
    for name in given.keys() & set(listed):
        given[name] = tuple(given[name])
    given["provenance"] = read_provenance(data.get("provenance"))
    return given


def key(value: Any) -> Any:
    """Return a feature's identity as it was: JSON knows lists only.

    >>> key(["field", "word"])
    ('field', 'word')
    """
    if isinstance(value, list):
        return tuple(key(each) for each in value)
    return value


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    return float(value)


_READERS: dict[str, Callable[[dict[str, Any]], Found]] = {"comparison": _comparison, "audit": _audit, "drift": _drift}
