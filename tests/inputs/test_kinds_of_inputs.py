"""Counting, cutting, joining and copying, for every kind of model inputs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from limelight.errors import InputError
from limelight.inputs.kinds import concatenate, concatenate_fresh, count, form, row_bytes, take


def pandas_frame() -> pd.DataFrame:
    job = pd.Categorical(["clerk", "cook", "clerk", "cook", "clerk"], categories=["clerk", "cook", "smith"])
    return pd.DataFrame({"age": [31, 28, 45, 60, 19], "job": job, "text": ["a", None, "c", "d", "e"]})


def polars_frame() -> pl.DataFrame:
    return pl.DataFrame({"age": [31, 28, 45, 60, 19], "text": ["a", None, "c", "d", "e"]})


def torch_tensor() -> Any:
    return pytest.importorskip("torch").arange(10.0).reshape(5, 2)


FIVE: dict[str, Callable[[], Any]] = {
    "array": lambda: np.arange(10, dtype=np.float32).reshape(5, 2),
    "images": lambda: np.arange(60, dtype=np.uint8).reshape(5, 2, 2, 3),
    "texts in an array": lambda: np.array(["a", "bb", "ccc", "d", "e"]),
    "list of texts": lambda: ["a", "bb", "ccc", "d", "e"],
    "tuple": lambda: ("a", "bb", "ccc", "d", "e"),
    "list of arrays": lambda: [np.full((n + 1, 2), n) for n in range(5)],
    "dict": lambda: {"ids": np.arange(10).reshape(5, 2), "texts": ["a", "b", "c", "d", "e"]},
    "csr": lambda: sp.csr_matrix(np.diag([1.0, 2, 3, 4, 5])),
    "csc array": lambda: sp.csc_array(np.diag([1.0, 2, 3, 4, 5])),
    "coo": lambda: sp.coo_matrix(np.diag([1.0, 2, 3, 4, 5])),
    "pandas": pandas_frame,
    "pandas series": lambda: pandas_frame()["text"],
    "pandas categorical series": lambda: pandas_frame()["job"],
    "polars": polars_frame,
    "polars series": lambda: polars_frame()["text"],
    "pyarrow": lambda: polars_frame().to_arrow(),
    "pyarrow column": lambda: polars_frame().to_arrow()["text"],
    "torch": torch_tensor,
}


@pytest.fixture(params=FIVE)
def five(request: pytest.FixtureRequest) -> Any:
    """Five inputs of one kind."""
    return FIVE[request.param]()


def content(inputs: Any) -> list[Any]:
    """The inputs as plain Python, to compare: a slow rewrite of "what is in it"."""
    if isinstance(inputs, dict):
        return list(zip(*map(content, inputs.values()), strict=True))
    if isinstance(inputs, (list, tuple)):
        return [item.tolist() if isinstance(item, np.ndarray) else item for item in inputs]
    if sp.issparse(inputs):
        return inputs.toarray().tolist()
    if isinstance(inputs, pd.DataFrame):
        return inputs.astype(object).where(inputs.notna(), None).to_dict("records")
    if isinstance(inputs, pd.Series):
        return inputs.astype(object).where(inputs.notna(), None).tolist()
    if isinstance(inputs, pl.DataFrame):
        return inputs.to_dicts()
    if isinstance(inputs, (pa.Table, pa.ChunkedArray)):
        return inputs.to_pylist()
    return inputs.tolist() if hasattr(inputs, "tolist") else inputs.to_list()


def same_types(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        return one.dtypes.equals(other.dtypes)
    if hasattr(one, "schema"):
        return one.schema == other.schema
    return getattr(one, "dtype", None) == getattr(other, "dtype", None)


def test_five_inputs_are_five(five: Any) -> None:
    assert count(five) == 5


@pytest.mark.parametrize("rows", [slice(1, 3), slice(0, 5), slice(2, 2), np.array([4, 0, 0]), np.array([], dtype=int)])
def test_take_gives_the_rows_asked_for_in_their_own_kind(five: Any, rows: Any) -> None:
    taken = take(five, rows)
    expected = np.arange(5)[rows]
    assert type(taken) is type(five)
    assert content(taken) == [content(five)[row] for row in expected]
    assert count(taken) == len(expected)
    assert same_types(taken, five)


@pytest.mark.parametrize("cuts", [[0, 2, 5], [0, 0, 1, 4, 5], [0, 5, 5]])
def test_slices_joined_are_the_whole(five: Any, cuts: list[int]) -> None:
    parts = [take(five, slice(first, last)) for first, last in pairwise(cuts)]
    joined = concatenate(parts)
    assert type(joined) is type(five)
    assert content(joined) == content(five)
    assert same_types(joined, five)


def test_one_part_is_returned_without_a_copy(five: Any) -> None:
    assert concatenate([five]) is five


def test_sparse_formats_survive() -> None:
    coo = FIVE["coo"]()
    assert take(coo, slice(0, 2)).format == "coo"
    assert concatenate([coo, coo]).format == "coo"


def test_joined_pandas_rows_are_numbered_anew() -> None:
    frame = pandas_frame()
    assert concatenate([frame, frame]).index.tolist() == list(range(10))


def test_texts_in_arrays_of_different_width_are_joined_uncut() -> None:
    assert concatenate([np.array(["a"]), np.array(["long text"])]).tolist() == ["a", "long text"]


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ([], "at least one part"),
        ([np.zeros((1, 2)), np.zeros((1, 2), dtype=int)], "equal form"),
        ([np.zeros((1, 2)), np.zeros((1, 3))], "equal form"),
        ([np.zeros((1, 2)), [[0.0, 0.0]]], "one kind, got numpy array and list"),
        ([sp.csr_matrix((1, 2)), sp.csr_matrix((1, 3))], "equal form"),
        ([{"a": np.zeros(2)}, {"b": np.zeros(2)}], "equal form"),
        ([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [0.5]})], "equal form"),
        ([pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"a": [1]})], "equal form"),
        ([pd.DataFrame({"a": pd.Categorical(["x"])}), pd.DataFrame({"a": pd.Categorical(["y"])})], "equal form"),
        ([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": ["1"]})], "equal form"),
        ([pa.table({"a": [1]}), pa.table({"b": [1]})], "equal form"),
    ],
)
def test_parts_that_do_not_fit_are_refused_not_converted(parts: list[Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        concatenate(parts)


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ("one text", "wrap a single input in a list"),
        (3.0, "got float"),
        (np.array(3.0), r"shape \(\)"),
        ({"a": np.zeros(2), "b": np.zeros(3)}, "equal length"),
        ({}, "equal length"),
        (pl.LazyFrame({"a": [1]}), "collect"),
    ],
)
def test_what_is_no_inputs_is_refused_with_a_remedy(inputs: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        count(inputs)


def test_a_slice_of_an_array_shares_memory_and_a_fresh_one_does_not() -> None:
    X = np.zeros((5, 2))
    assert np.shares_memory(take(X, slice(0, 2)), X)
    assert not np.shares_memory(concatenate_fresh([take(X, slice(0, 2))]), X)


def test_fresh_equals_joined(five: Any) -> None:
    halves = [take(five, slice(0, 2)), take(five, slice(2, 5))]
    assert content(concatenate_fresh(halves)) == content(five)
    assert content(concatenate_fresh([five])) == content(five)
    assert type(concatenate_fresh([five])) is type(five)


def test_elements_of_lists_and_dicts_are_copied_too() -> None:
    image, record = np.zeros((2, 2)), {"age": 31}
    for parts in ([[image, record]], [[image], [record]]):
        fresh = concatenate_fresh(parts)
        fresh[0][0] = 7
        fresh[1]["age"] = 0
    fresh = concatenate_fresh([{"a": image}])
    fresh["a"][0] = 7
    assert image.sum() == 0
    assert record == {"age": 31}


def test_forms_differ_where_arrays_cannot_be_joined() -> None:
    assert form(np.zeros((1, 8, 8))) != form(np.zeros((1, 9, 8)))
    assert form(np.zeros(3)) != form(np.zeros(3, dtype=int))
    assert form({"a": np.zeros(2)}) == form({"a": np.zeros(5)})
    assert form(["a"]) == form(["a", "b"]) != form(np.array(["a"]))


def test_weights_of_inputs_are_about_right() -> None:
    assert row_bytes(np.zeros((5, 224, 224, 3), dtype=np.float32)) == 224 * 224 * 3 * 4
    assert row_bytes([np.zeros((224, 224, 3))] * 100) == 224 * 224 * 3 * 8
    assert row_bytes({"a": np.zeros((2, 4)), "b": np.zeros(2)}) == 40
    assert row_bytes(polars_frame()) == 32
    assert row_bytes(sp.csr_matrix(np.eye(4))) == 12
    assert row_bytes([]) == row_bytes(np.zeros((0, 3))) == 1
    assert 1000 <= row_bytes(["x" * 1000] * 40) < 1100


def test_lists_of_texts_are_handed_over_in_a_list_of_their_own_and_what_can_change_is_copied():
    texts, inner = ["a", "b"], [["a"], ["b"]]
    fresh = concatenate_fresh([texts])
    assert fresh == texts
    assert fresh is not texts
    copied = concatenate_fresh([inner])
    copied[0].append("c")
    assert inner == [["a"], ["b"]]
