"""An `Explanation` as JSON types, and back: the one place that knows the schema."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Ranking, Where
from limelight.errors import InputError
from limelight.result.effects import Effect, Interaction
from limelight.result.explanation import Cost, Explanation, Provenance

SCHEMA_VERSION = 1
_ARRAYS = ("coef", "stderr", "intercept", "prediction", "local_prediction", "fidelity", "fidelity_stderr", "r2")
_MAYBE = ("center", "reference", "additivity", "additivity_stderr", "gap")
_LATER = (*_MAYBE, "df", "curves", "pairs", "verdicts", "causes")
"""What files written before these fields existed do not hold: they take the defaults."""


def to_dict(explanation: Explanation) -> dict[str, Any]:
    """Return everything that an explanation states as JSON types, with `schema_version`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "features": [asdict(feature) for feature in explanation.features],
        "targets": list(explanation.targets),
        **{name: getattr(explanation, name).tolist() for name in _ARRAYS},
        "selected": [indices.tolist() for indices in explanation.selected],
        "covariance": [triangle.tolist() for triangle in explanation.covariance],
        "rankings": [{**asdict(ranking), "order": ranking.order.tolist()} for ranking in explanation.rankings],
        "outputs": [list(pair) for pair in explanation.outputs],
        "layout": dict(explanation.layout),
        "curve": explanation.curve,
        **_trust(explanation),
        "warnings": list(explanation.warnings),
        "provenance": asdict(explanation.provenance),
    }


def _trust(explanation: Explanation) -> dict[str, Any]:
    """Return what stands behind the weights; numbers that JSON cannot hold are null."""
    arrays = {name: getattr(explanation, name) for name in _MAYBE}
    return {
        **{name: None if value is None else _nulls(value) for name, value in arrays.items()},
        "df": explanation.df if math.isfinite(explanation.df) else None,
        "curves": [[_curve(effect) for effect in effects] for effects in explanation.curves],
        "pairs": [[asdict(pair) for pair in pairs] for pairs in explanation.pairs],
        "verdicts": list(explanation.verdicts),
        "causes": list(explanation.causes),
    }


def _curve(effect: Effect) -> dict[str, Any]:
    arrays = {name: _nulls(getattr(effect, name)) for name in ("shares", "effects", "stderr")}
    return {"feature": effect.feature, "names": list(effect.names), **arrays, "own": effect.own}


def _nulls(values: FloatArray) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def from_dict(data: Mapping[str, Any]) -> Explanation:
    """Return the explanation that `to_dict` wrote.

    Raises
    ------
    InputError
        If the data is of another schema version or not an explanation.
    """
    version = data.get("schema_version") if isinstance(data, Mapping) else None
    if version != SCHEMA_VERSION:
        raise InputError(
            f"data: expected an explanation of schema_version {SCHEMA_VERSION}, got {version!r}; "
            "write it again with this version of limelight."
        )
    try:
        return Explanation(
            **{
                field.name: _READERS.get(field.name, _floats)(data[field.name], data)
                for field in fields(Explanation)
                if field.name in data or field.name not in _LATER
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"data: not a complete explanation ({type(error).__name__}: {error}).") from error


def _floats(value: Any, _: Mapping[str, Any]) -> FloatArray:
    return np.asarray(value, dtype=np.float64)


def _matrix(value: Any, data: Mapping[str, Any]) -> FloatArray:
    return np.asarray(value, dtype=np.float64).reshape(len(data["targets"]), len(data["features"]))


def _maybe(value: Any, _: Mapping[str, Any]) -> FloatArray | None:
    """Return an array, NaN for null, or None where there is none."""
    return None if value is None else np.asarray(value, dtype=np.float64)


def _effect(entry: Mapping[str, Any]) -> Effect:
    arrays = {name: np.asarray(entry[name], dtype=np.float64) for name in ("shares", "effects", "stderr")}
    return Effect(feature=entry["feature"], names=tuple(entry["names"]), own=entry["own"], **arrays)


def _feature(entry: Mapping[str, Any]) -> Feature:
    where = entry["where"]
    places = tuple((int(a), int(b)) for a, b in where["places"])
    return Feature(**{**entry, "where": Where(where["kind"], _hashable(where["key"]), places)})


def _ranking(entry: Mapping[str, Any]) -> Ranking:
    return Ranking(**{**entry, "order": np.asarray(entry["order"], dtype=np.int64), "cuts": tuple(entry["cuts"])})


def _hashable(value: Any) -> Any:
    return tuple(_hashable(item) for item in value) if isinstance(value, list) else value


def _provenance(value: Mapping[str, Any], _: Mapping[str, Any]) -> Provenance:
    return Provenance(**{**value, "warnings": tuple(value["warnings"]), "cost": Cost(**value["cost"])})


def _indices(value: Sequence[Sequence[int]], _: Mapping[str, Any]) -> tuple[NDArray[np.int64], ...]:
    return tuple(np.asarray(item, dtype=np.int64) for item in value)


def _covariances(value: Sequence[Any], _: Mapping[str, Any]) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.asarray(item, dtype=np.float32) for item in value)


_READERS: dict[str, Any] = {
    "features": lambda value, _: tuple(map(_feature, value)),
    "targets": lambda value, _: tuple(value),
    "coef": _matrix,
    "stderr": _matrix,
    "selected": _indices,
    "covariance": _covariances,
    "rankings": lambda value, _: tuple(map(_ranking, value)),
    "curve": lambda value, _: value,
    **dict.fromkeys(_MAYBE, _maybe),
    "df": lambda value, _: math.inf if value is None else float(value),
    "curves": lambda value, _: tuple(tuple(map(_effect, effects)) for effects in value),
    "pairs": lambda value, _: tuple(tuple(Interaction(**pair) for pair in pairs) for pairs in value),
    "verdicts": lambda value, _: tuple(value),
    "causes": lambda value, _: tuple(value),
    "outputs": lambda value, _: tuple((str(name), float(number)) for name, number in value),
    "layout": lambda value, _: dict(value),
    "provenance": _provenance,
}
