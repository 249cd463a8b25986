"""The form of a saved background: which entries it has, and what each of them is, by the codecs of explanations.

What entries mean together is looked at in `soundness.py`, when they have become a table.
"""

from __future__ import annotations

import json

from limelight.result.codecs import Anything, Free, Key, Maybe, Scalar, String, Truth, Whole
from limelight.result.compound_codecs import Entries, Several
from limelight.result.json_schema import schema

_COLUMN = Entries(
    {
        "label": Scalar(),
        "type": String(),
        "unit": String(),
        "edges": Maybe(Several(Scalar())),
        "keys": Several(Scalar()),
        "missing": Whole(at_least=-1),
        "names": Several(String()),
        "continuous": Truth(),
        "mean": Scalar(),
        "scale": Scalar(),
        "zone": String(),
        "low": Scalar(),
        "high": Scalar(),
    },
    optional=("continuous", "mean", "scale", "zone", "low", "high"),
)
_PART = Entries(
    {
        "label": Scalar(),
        "members": Several(Whole()),
        "group": Truth(),
        "codes": Several(Several(Scalar())),
        "values": Several(Scalar()),
    }
)
_DENSE = Entries(
    {
        "around": String(),
        "columns": Several(_COLUMN),
        "parts": Several(_PART),
        "laws": Several(Free()),
        "library": String(),
        "supports": Several(Free()),
        "twins": Several(Several(Scalar(), 2)),
        "fixed": Several(Whole()),
    },
    optional=("twins", "fixed"),
)
_SPARSE = Entries(
    {
        "labels": Several(Scalar()),
        "values": Several(Scalar()),
        "counts": Several(Scalar()),
        "ends": Several(Whole()),
        "moments": Several(Key()),
        "n_rows": Whole(),
        "form": String(),
        "dtype": String(),
    }
)
_OPTIONS = Entries(
    {
        "bins": Anything(),
        "sampling": String(),
        "around": String(),
        "contrast": String(),
        "groups": Maybe(String()),
        "fixed": Several(String()),
    },
    optional=("contrast", "groups", "fixed"),
)
FORM = Entries(
    {
        "limelight": String(),
        "schema_version": Whole(at_least=1),
        "max_samples": Whole(at_least=1),
        "options": _OPTIONS,
        "sparse": Maybe(_SPARSE),
        "dense": Maybe(_DENSE),
        "fingerprint": String(),
    },
    optional=("fingerprint",),
)
"""Entries of the file."""

if __name__ == "__main__":
    print(json.dumps(schema(FORM), indent=1))
