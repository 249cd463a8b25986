"""An `Explanation` as JSON types, and back: the one place that knows the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Ranking, Where
from limelight.errors import InputError
from limelight.result.explanation import Cost, Explanation, Provenance

SCHEMA_VERSION = 1
_ARRAYS = ("coef", "stderr", "intercept", "prediction", "local_prediction", "fidelity", "fidelity_stderr", "r2")


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
        "warnings": list(explanation.warnings),
        "provenance": asdict(explanation.provenance),
    }


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
            **{field.name: _READERS.get(field.name, _floats)(data[field.name], data) for field in fields(Explanation)}
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"data: not a complete explanation ({type(error).__name__}: {error}).") from error


def _floats(value: Any, _: Mapping[str, Any]) -> FloatArray:
    return np.asarray(value, dtype=np.float64)


def _matrix(value: Any, data: Mapping[str, Any]) -> FloatArray:
    return np.asarray(value, dtype=np.float64).reshape(len(data["targets"]), len(data["features"]))


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
    "outputs": lambda value, _: tuple((str(name), float(number)) for name, number in value),
    "layout": lambda value, _: dict(value),
    "provenance": _provenance,
}
