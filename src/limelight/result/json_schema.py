"""The schema of the JSON that limelight writes, made of the codecs that read it: one place says what is sound.

Input: codecs. Output: JSON Schema, draft 2020-12, for readers in other languages. What the schema allows and a reader
still refuses are fields that do not fit each other: lengths that depend on the number of features, say.

    python -m limelight.interpretable.tabular.form > docs/reference/limelight.schema.json
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from limelight.result import codecs, compound_codecs
from limelight.result.codecs import INFINITIES, LARGEST, LARGEST_WHOLE, Codec
from limelight.result.pictures import LayoutCodec
from limelight.result.schema import EXPLANATION, SCHEMA_VERSION

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FINITE = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}
_GAPS = {"anyOf": [_FINITE, {"type": "null"}, {"enum": list(INFINITIES)}]}
_KEY = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"$ref": "#/$defs/key"}},
    ]
}
_PLAIN: dict[type, dict[str, Any]] = {
    codecs.String: {"type": "string"},
    codecs.Truth: {"type": "boolean"},
    codecs.Anything: {},
    codecs.Free: {"type": "object"},
    codecs.Key: {"$ref": "#/$defs/key"},
    codecs.Scalar: {
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "object", "properties": {"missing": {"enum": ["nan", "NA"]}}, "required": ["missing"]},
        ]
    },
    compound_codecs.Pair: {
        "type": "array",
        "prefixItems": [{"type": "string"}, _FINITE],
        "minItems": 2,
        "maxItems": 2,
    },
    compound_codecs.Indices: {"type": "array", "items": {"type": "integer", "minimum": 0}, "uniqueItems": True},
    compound_codecs.Grid: {"type": "object", "additionalProperties": {"type": "array"}},
    LayoutCodec: {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]},
}


def schema_of(codec: Codec) -> dict[str, Any]:
    """Return what a codec reads, as a JSON Schema.

    >>> schema_of(codecs.Whole(at_least=1))
    {'type': 'integer', 'minimum': 1, 'exclusiveMaximum': 9223372036854775808}
    """
    if type(codec) in _PLAIN:
        return dict(_PLAIN[type(codec)])
    match codec:
        case codecs.Whole():
            return {"type": "integer", "minimum": codec.at_least, "exclusiveMaximum": LARGEST_WHOLE}
        case codecs.Number():
            return dict(_GAPS if codec.gaps else _FINITE)
        case codecs.Maybe():
            return {"anyOf": [schema_of(codec.codec), {"type": "null"}]}
        case compound_codecs.Several():
            if isinstance(codec.count, int):
                ends = {"minItems": codec.count, "maxItems": codec.count}
            else:
                ends = {}
            return {"type": "array", "items": schema_of(codec.codec), **ends}
        case compound_codecs.Array():
            return _array(codec)
        case compound_codecs.Entries():
            needed = [name for name in codec.codecs if name not in codec.optional]
            return _object(codec.codecs, needed)
        case compound_codecs.Record():
            needed = [
                each.name for each in fields(codec.made) if each.default is MISSING and each.default_factory is MISSING
            ]
            return _object(codec.codecs, needed, besides=codec.besides)
    raise TypeError(f"no schema of a {type(codec).__name__}")


def schema(background: Codec) -> dict[str, Any]:
    """Return the schema of a file: an explanation of today's version, or a saved background, whose codec is given."""
    explanation = schema_of(EXPLANATION)
    version = {"const": SCHEMA_VERSION, "description": "earlier ones are read, too"}
    extra = {
        "schema_version": version,
        "warnings": {"description": "a list of sentences; nobody reads it back"},
        "row": {},
    }
    explanation["properties"] = {**explanation["properties"], **extra}
    explanation["required"] = ["schema_version", *explanation["required"]]
    return {
        "$schema": DRAFT,
        "title": "What limelight writes as JSON: an explanation, or a background that Tabular.save wrote",
        "anyOf": [{"$ref": "#/$defs/explanation"}, {"$ref": "#/$defs/background"}],
        "$defs": {"explanation": explanation, "background": schema_of(background), "key": _KEY},
    }


def _array(codec: compound_codecs.Array) -> dict[str, Any]:
    found = dict(_GAPS if codec.gaps else _FINITE)
    if codec.at_least > -LARGEST:
        found["minimum"] = codec.at_least
    for _ in codec.shape:
        found = {"type": "array", "items": found}
    return found


def _object(entries: Any, needed: list[str], besides: tuple[str, ...] = ()) -> dict[str, Any]:
    known = {name: schema_of(each) for name, each in entries.items()}
    return {
        "type": "object",
        "properties": {**known, **{name: {} for name in besides}},
        "required": needed,
        "additionalProperties": False,
    }
