"""What hypothesis draws for every door: answers, tables, texts, images, series; and what must hold behind it.

Nothing but limelight's own errors may come out, and where an explanation comes out, its prediction is what the model
answers to the very instance: nothing was read as something else on the way.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import limelight as ll
from limelight.errors import LimelightError

CASES = int(os.environ.get("LIMELIGHT_FUZZ", "150"))
FEW = settings(
    max_examples=max(CASES // 5, 5),
    suppress_health_check=list(HealthCheck),
    deadline=None,
    derandomize="LIMELIGHT_FUZZ" not in os.environ,
)
"""The same inputs in every run; `LIMELIGHT_FUZZ=5000` looks longer, and at others each time."""
OFF_BY = 1e-9


def explained(model: Any, modality: Any, instance: Any, expected: float | None) -> bool:
    """Explain; return whether an explanation came out, and not a refusal, and check that it is about the instance."""
    try:
        explanation = ll.Explainer(model, modality, seed=0, n_samples=24).explain(instance)
    except LimelightError as error:
        assert 10 < len(str(error)) < 4000
        return False
    assert np.isfinite(explanation.coef).all()
    explanation.to_json()
    str(explanation)
    if expected is not None:
        scale = max(1.0, abs(expected))
        assert abs(explanation.prediction[0] - expected) <= OFF_BY * scale, (explanation.prediction, expected)
    return True


def number_of(value: Any) -> float:
    """Return a number between 0 and 1 for a value, which differs wherever the value or its type does."""
    value = value + 0.0 if isinstance(value, float) else value  # −0 is 0
    text = f"{'' if isinstance(value, str) else type(value).__name__}:{value!r}"
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) / 2**32


# ---- answers ---------------------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["yes", "no", "", "1", "\ud800", b"x"]),
    st.decimals(allow_nan=True),
    st.datetimes(),
    st.complex_numbers(),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.int8, st.integers(-128, 127)),
    st.just(object()),
)
KEYS = st.one_of(st.sampled_from(["label", "score", "boxes", "logits", "labels", "scores", "cats", "entity"]), SCALARS)


def _hashable(key: Any) -> bool:
    return isinstance(key, (str, int, float, bytes, type(None)))


ANSWERS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(KEYS.filter(_hashable), inner, max_size=3),
    ),
    max_leaves=8,
)
CONTAINERS: dict[str, Any] = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "array": np.array,
    "objects": lambda rows: np.array([*rows, None], dtype=object)[:-1],
    "series": lambda rows: pd.Series(rows, dtype=object),
    "frame": lambda rows: pd.DataFrame({"answer": pd.Series(rows, dtype=object)}),
    "reversed": lambda rows: pd.Series(rows, dtype=object)[::-1],
    "first": lambda rows: rows[0],
    "short": lambda rows: rows[:-1],
    "columns": lambda rows: {"a": rows, "b": rows},
    "pair": lambda rows: (rows, rows),
}

# ---- tables ----------------------------------------------------------------------------------------------------------

TEXTS = st.text(alphabet=st.characters(), max_size=6)
VALUES: dict[str, Any] = {
    "float": st.floats(allow_nan=True, allow_infinity=False, width=32),
    "wild": st.floats(),
    "int": st.integers(-(2**40), 2**40),
    "large": st.integers(2**60, 2**63 - 1),
    "few": st.integers(0, 2),
    "bool": st.booleans(),
    "text": TEXTS,
    "city": st.sampled_from(["Rome", "Oslo", "", " ", "nan", "None"]),
    "maybe": st.one_of(st.none(), st.sampled_from(["a", "b"])),
    "date": st.datetimes(min_value=pd.Timestamp("1700-01-01"), max_value=pd.Timestamp("2200-01-01")),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000),
    "mixed": st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "1"]), st.booleans()),
    "tuple": st.tuples(st.integers(0, 2), st.integers(0, 2)),
}


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    """Draw a frame of one to thirty rows, with columns of any kind."""
    n = draw(st.integers(1, 30))
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    columns = {}
    for place, kind in enumerate(kinds):
        values = draw(st.lists(VALUES[kind], min_size=n, max_size=n))
        objects = kind in ("decimal", "mixed", "tuple", "text")  # pandas' own strings hold no lone surrogates
        columns[f"{kind}{place}"] = pd.Series(values, dtype=object if objects else None)
    return pd.DataFrame(columns)
