"""An `Explanation` as JSON, and back: the one place that knows the schema.

`_FIELDS` lists every field once. A new field with a default is one more line there: files written before it are read
with the default. A change of what a field means takes a new `SCHEMA_VERSION` and a function in `_UPGRADES` that makes
the old form into the new one, so that every file that was ever written is read.

Version 1 (0.1) had three forms: rankings did not exist, then held groups instead of cuts, and covariances were whole
matrices; numbers that are not finite were written as bare ``NaN``. Version 2 writes strict JSON, see `codecs`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from itertools import accumulate, pairwise
from typing import Any

from limelight.contracts import Feature, Where
from limelight.errors import InputError
from limelight.ranking import Ranking
from limelight.result.codecs import (
    INFINITIES,
    Codec,
    Free,
    Key,
    Maybe,
    Number,
    Sizes,
    String,
    Truth,
    Whole,
    misfit,
    plain,
    shown,
)
from limelight.result.compound_codecs import Array, Grid, Indices, Pair, Record, Several
from limelight.result.effects import Effect, Interaction
from limelight.result.explanation import Cost, Explanation, Provenance
from limelight.result.pictures import LayoutCodec

SCHEMA_VERSION = 2
_SURROGATE = re.compile("[\ud800-\udfff]")


# -- how fields fit each other ----------------------------------------------------------------------------------------


def _check_range(span: tuple[int, ...], place: str) -> None:
    if span[0] > span[1]:
        raise misfit(place, "places that end after they begin", span)


def _check_where(where: Where, place: str, _: Sizes) -> None:
    for span in where.places:
        _check_range(span, place)


def _check_ranking(ranking: Ranking, place: str, _: Sizes) -> None:
    if ranking.certified > len(ranking.order):
        raise misfit(place, f"at most {len(ranking.order)} certified", ranking.certified)
    inside = [0, *ranking.cuts, len(ranking.order)]
    if any(before >= after for before, after in pairwise(inside)) and len(ranking.order):
        raise misfit(place, "cuts that rise inside of the order", ranking.cuts)


def _check_effect(effect: Effect, place: str, _: Sizes) -> None:
    bins = {len(effect.names), len(effect.shares), len(effect.effects), len(effect.stderr)}
    if len(bins) > 1 or effect.own >= len(effect.names):
        raise misfit(place, "as many names, shares, effects and errors, and the own bin among them", effect.names)


def _check_explanation(explanation: Explanation, _: str, sizes: Sizes) -> None:
    for row, (indices, triangle) in enumerate(zip(explanation.selected, explanation.covariance, strict=True)):
        size = len(indices)
        if len(triangle) != size * (size + 1) // 2:
            raise misfit(f"covariance {row}", f"the {size * (size + 1) // 2} numbers of {size} features", len(triangle))


# -- the fields -------------------------------------------------------------------------------------------------------

_WHERE = Record(
    Where,
    {"kind": String(), "key": Key(), "places": Several(Several(Whole(), 2))},
    check=_check_where,
)
_FEATURE = Record(Feature, {"name": String(), "where": _WHERE, "value": String(), "keep": Number()})
_RANKING = Record(
    Ranking,
    {
        "order": Indices(),
        "certified": Whole(),
        "cuts": Several(Whole()),
        "contender": Whole(at_least=-1, below="d"),
        "doubt": Number(gaps=True),
    },
    check=_check_ranking,
)
_EFFECT = Record(
    Effect,
    {
        "feature": Whole(below="d"),
        "names": Several(String()),
        "shares": Array("n", gaps=True),
        "effects": Array("n", gaps=True),
        "stderr": Array("n", gaps=True),
        "own": Whole(at_least=-1),
    },
    check=_check_effect,
)
_INTERACTION = Record(
    Interaction,
    {
        "first": Whole(below="d"),
        "second": Whole(below="d"),
        "share": Number(gaps=True),
        "share_stderr": Number(gaps=True),
        "size": Number(gaps=True),
        "stderr": Number(gaps=True),
    },
)
_COST = Record(Cost, {"model_rows": Whole(), "model_calls": Whole(), "seconds": Number()})
_PROVENANCE = Record(
    Provenance,
    {
        "seed": Whole(),
        "n_samples": Whole(),
        "effective_sample_size": Number(gaps=True),
        "stopped": String(),
        "samples_needed": Whole(),
        "estimator": String(),
        "kernel_width": Number(gaps=True),
        "shared": Truth(),
        "warnings": Several(String()),
        "settings": Free(),
        "modality": Free(),
        "versions": Free(),
        "cost": _COST,
        "path": String(),
    },
)
_FIELDS: dict[str, Codec] = {
    "features": Several(_FEATURE, "d"),
    "targets": Several(String(), "k"),
    "coef": Array("kd"),
    "stderr": Array("kd", at_least=0),
    "intercept": Array("k"),
    "prediction": Array("k"),
    "local_prediction": Array("k"),
    "fidelity": Array("k", gaps=True),
    "fidelity_stderr": Array("k", gaps=True),
    "r2": Array("k", gaps=True),
    "selected": Several(Indices(), "k"),
    "covariance": Several(Array("n", gaps=True), "k"),
    "outputs": Several(Pair()),
    "layout": LayoutCodec(),
    "provenance": _PROVENANCE,
    "rankings": Several(_RANKING, "≤k"),
    "curve": Maybe(Grid()),
    "center": Maybe(Array("d", gaps=True)),
    "reference": Maybe(Array("d", gaps=True)),
    "df": Number(gaps=True),
    "additivity": Maybe(Array("k", gaps=True)),
    "additivity_stderr": Maybe(Array("k", gaps=True)),
    "gap": Maybe(Array("k", gaps=True)),
    "curves": Several(Several(_EFFECT), "≤k"),
    "pairs": Several(Several(_INTERACTION), "≤k"),
    "verdicts": Several(String(), "≤k"),
    "causes": Several(String(), "≤k"),
}
EXPLANATION = Record(Explanation, _FIELDS, besides=("schema_version", "warnings", "row"), check=_check_explanation)


# -- older files ------------------------------------------------------------------------------------------------------


def _from_version_1(data: dict[str, Any]) -> dict[str, Any]:
    """Return what version 1 wrote, in any of its forms, as version 2 writes it."""
    upgraded = dict(data)
    upgraded["covariance"] = [_triangle(each) for each in data.get("covariance", [])]
    upgraded["rankings"] = [_with_cuts(each) for each in data.get("rankings", [])]
    if upgraded.get("df", 0) is None:
        # null stood for infinity here, and stands for unknown since
        upgraded["df"] = "Infinity"
    return upgraded


def _triangle(matrix: Any) -> Any:
    """Return the upper triangle, row by row, of what may still be a whole matrix."""
    if not matrix or not isinstance(matrix[0], list):
        return matrix
    return [number for i, row in enumerate(matrix) for number in row[i:]]


def _with_cuts(ranking: Any) -> Any:
    """Return a ranking whose groups, where it still has them, are cuts."""
    if "groups" not in ranking:
        return ranking
    kept = {name: value for name, value in ranking.items() if name != "groups"}
    ends = list(accumulate(len(group) for group in ranking["groups"]))
    return {**kept, "cuts": ends[:-1]}


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_version_1}


def _upgraded(data: Any) -> dict[str, Any]:
    """Return what a file holds in the form of today's version.

    Raises
    ------
    InputError
        If it says no version that is known.
    """
    if isinstance(data, Mapping):
        version: Any = data.get("schema_version")
    else:
        version = None
    whole = isinstance(version, int) and not isinstance(version, bool)
    if not whole or not 1 <= version <= SCHEMA_VERSION:
        later = whole and version > SCHEMA_VERSION
        if later:
            remedy = "install the version of limelight that wrote it"
        else:
            remedy = "write it with Explanation.to_json"
        raise InputError(
            f"data: expected an explanation of schema_version {SCHEMA_VERSION} or before, got {shown(version)}; "
            f"{remedy}."
        )
    upgraded = dict(data)
    for step in range(version, SCHEMA_VERSION):
        try:
            upgraded = _UPGRADES[step](upgraded)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InputError(
                f"data: not an explanation of schema_version {version} ({type(error).__name__}: {error}); the file was "
                "damaged."
            ) from error
    return upgraded


# -- reading and writing ----------------------------------------------------------------------------------------------


def to_dict(explanation: Explanation) -> dict[str, Any]:
    """Return everything that an explanation states as JSON types, with `schema_version`."""
    return {
        "schema_version": SCHEMA_VERSION,
        **EXPLANATION.write(explanation),
        "warnings": list(explanation.warnings),
    }


def to_json(explanation: Explanation, *, row: int | None = None) -> str:
    r"""Return strict JSON in one line, which every reader knows and every encoding of Unicode can hold.

    What an explanation may hold and JSON may not is written in the nearest form that JSON has, since it was paid for:
    numbers that are not finite as null or ``"Infinity"``, objects among the settings as their text. Half of a surrogate
    pair, which no file can hold, is written as an escape, ``\ud800``, and read back as it was.

    Parameters
    ----------
    explanation
        What to write.
    row
        The number of its row among those that were explained, for files of many; None writes none.
    """
    data = to_dict(explanation)
    if row is not None:
        data = {"row": row, **data}
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        text = json.dumps(plain(data), ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def from_dict(data: Mapping[str, Any]) -> Explanation:
    """Return the explanation that `to_dict` wrote, in this or in an earlier version.

    Raises
    ------
    InputError
        If the data is of a later schema version, holds unknown entries, or is not a complete and sound explanation.
    """
    upgraded = _upgraded(data)
    explanation: Explanation = EXPLANATION.read(upgraded, "", _sizes(upgraded))
    return explanation


def from_json(text: str) -> Explanation:
    """Return the explanation in a JSON text.

    Raises
    ------
    InputError
        If it is not JSON; and as `from_dict`.
    """
    return from_dict(parsed(text))


def parsed(text: str) -> Any:
    """Return what a JSON text holds.

    Raises
    ------
    InputError
        If it is not JSON, or so deep or long that Python refuses to read it.
    """
    try:
        # files of version 1 hold bare NaN and Infinity
        return json.loads(text, parse_constant={"NaN": None, **{name: name for name in INFINITIES}}.get)
    except (ValueError, RecursionError) as error:
        raise InputError(f"text: not JSON ({error}); pass a pathlib.Path to read a file.") from error


def written_provenance(provenance: Provenance | None) -> dict[str, Any] | None:
    """Return where something comes from as JSON types; None stays None."""
    if provenance is None:
        return None
    return _PROVENANCE.write(provenance)


def read_provenance(data: Any) -> Provenance | None:
    """Return what `written_provenance` wrote.

    Raises
    ------
    InputError
        If it is damaged.
    """
    if data is None:
        found: Provenance | None = None
    else:
        found = _PROVENANCE.read(data, "provenance", Sizes(0, 0))
    return found


def read_fields(data: Any, names: Collection[str]) -> dict[str, Any]:
    """Return some fields of an explanation, checked as `from_dict` checks them, without making the others.

    Parameters
    ----------
    data
        As for `from_dict`.
    names
        Fields that have no default.
    """
    upgraded = _upgraded(data)
    sizes = _sizes(upgraded)
    for name in names:
        if name not in upgraded:
            raise InputError(f"data: not a complete explanation ({name} is missing).")
    return {name: _FIELDS[name].read(upgraded[name], name, sizes) for name in names}


def _sizes(data: Mapping[str, Any]) -> Sizes:
    """Return how many targets and features there are: every other field must fit them."""
    lengths = []
    for name in ("targets", "features"):
        if name not in data:
            raise InputError(f"data: not a complete explanation ({name} is missing).")
        if not isinstance(data[name], list | tuple):
            raise misfit(name, "a list", data[name])
        lengths.append(len(data[name]))
    return Sizes(*lengths)
