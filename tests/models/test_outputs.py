"""What a model may answer, and what is said when it answers something else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from limelight.errors import ModelOutputError
from limelight.models.batches import Batch
from limelight.models.outputs import checked, not_finite, to_array

TWO = [[0.25, 0.75], [1.0, 0.0]]
BATCH = Batch(1, 0, 2, 2)


class Tensor:
    """Stands in for a torch tensor where torch is not installed: on a device, with a gradient, unknown to numpy."""

    def __init__(self, values: Any, *, detached: bool = False, on_cpu: bool = False, numpy_type: bool = True) -> None:
        self.values, self.detached, self.on_cpu, self.numpy_type = values, detached, on_cpu, numpy_type

    def detach(self) -> Tensor:
        return Tensor(self.values, detached=True, on_cpu=self.on_cpu, numpy_type=self.numpy_type)

    def cpu(self) -> Tensor:
        return Tensor(self.values, detached=self.detached, on_cpu=True, numpy_type=self.numpy_type)

    def double(self) -> Tensor:
        return Tensor(self.values, detached=self.detached, on_cpu=self.on_cpu)

    def numpy(self) -> Any:
        if not (self.detached and self.on_cpu):
            raise RuntimeError("call detach() and cpu() first")
        if not self.numpy_type:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return np.asarray(self.values, dtype=np.float32)


def read(answer: Any, batch: Batch = BATCH) -> Any:
    array, _ = to_array(answer, batch)
    Y = checked(array, batch)
    odd = not_finite(Y, batch)
    if odd is not None:
        raise odd
    return Y


@pytest.mark.parametrize(
    "answer",
    [
        np.array(TWO),
        np.array(TWO, dtype=np.float32),
        np.array(TWO, dtype=object),
        np.matrix(TWO) if hasattr(np, "matrix") else TWO,
        np.ma.masked_array(TWO, mask=False),
        TWO,
        tuple(map(np.array, TWO)),
        pd.DataFrame(TWO),
        pl.DataFrame(TWO, schema=["a", "b"], orient="row"),
        pl.DataFrame(TWO, schema=["a", "b"], orient="row").to_arrow(),
        sp.csr_matrix(TWO),
        sp.coo_array(TWO),
        Tensor(TWO),
        Tensor(TWO, numpy_type=False),
        [Tensor(row) for row in TWO],
    ],
    ids=lambda answer: f"{type(answer).__module__}.{type(answer).__name__}",
)
def test_a_table_in_any_type_is_the_same_table(answer: Any) -> None:
    Y = read(answer)
    assert (Y.dtype, Y.tolist()) == (np.float64, TWO)


@pytest.mark.parametrize(
    "answer",
    [
        np.array([3, 0]),
        np.array([[3], [0]]),
        [3, 0],
        [np.float32(3), 0.0],
        [[3], [0]],
        [Decimal(3), Decimal(0)],
        pd.Series([3, 0]),
        pd.DataFrame({"y": [3, 0]}),
        pl.Series([3, 0]),
        np.array([3, 0], dtype=np.uint8),
        sp.csr_matrix([[3], [0]]),
    ],
    ids=lambda answer: f"{type(answer).__module__}.{type(answer).__name__}",
)
def test_one_value_per_input_is_one_column(answer: Any) -> None:
    assert read(answer).tolist() == [[3.0], [0.0]]


def test_a_torch_tensor_with_a_gradient_is_read() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(TWO, requires_grad=True)
    assert read(tensor).tolist() == read(tensor.to(torch.bfloat16)).tolist() == read(list(tensor)).tolist() == TWO


def test_yes_and_no_are_one_and_zero() -> None:
    assert read(np.array([True, False])).tolist() == [[1.0], [0.0]]


def test_a_squeezed_answer_to_one_input_is_read() -> None:
    assert read(np.float64(0.5), Batch(1, 0, 1, 1)).tolist() == [[0.5]]


def test_columns_of_a_frame_are_names() -> None:
    assert to_array(pd.DataFrame(TWO, columns=["ham", "spam"]), BATCH)[1] == ("ham", "spam")
    assert to_array(pl.DataFrame({"ham": [1]}), BATCH)[1] == ("ham",)
    assert to_array(np.array(TWO), BATCH)[1] is None


def test_strings_are_refused_in_the_words_of_the_design() -> None:
    with pytest.raises(ModelOutputError) as caught:
        read(np.array(["spam"] * 100), Batch(1, 0, 100, 100))
    assert str(caught.value) == (
        "model returned shape (100,) of strings for 100 inputs; expected numbers of shape (100,) or (100, k). "
        "Choose one column of labels:\n    def one_number(inputs):\n        return np.asarray(model(inputs))[:, 0]"
    )


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (["spam", "ham"], r"shape \(2,\) of strings"),
        (np.array(["spam", "ham"], dtype=object), "of strings"),
        (np.array(["1.5", "2"], dtype=object), "of strings"),
        (pd.Series(["spam", "ham"]), "of strings"),
        (pd.Series(["spam", "ham"], dtype="category"), "of strings"),
        (np.array([1j, 2j]), "of complex numbers.*Return real numbers"),
        (np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"), "of dates"),
        (np.array([{"score": 1}, {"score": 2}]), "first odd one a dict"),
        (np.zeros(3), r"shape \(3,\) for 2 inputs; expected numbers of shape \(2,\) or \(2, k\).*in their order"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.zeros((2, 0)), r"shape \(2, 0\)"),
        (np.float64(3), r"shape \(\)"),
        ([[1.0], [1.0, 2.0]], "a list that is no array"),
        (None, "returned None for 2 inputs"),
        ({"scores": [1, 2]}, "returned a dict for 2 inputs"),
        ("spam", "returned a str for 2 inputs"),
        (np.array([0.0, np.nan]), "nan for output 0 of row 1 in batch 1"),
        (np.array([[0.0, -np.inf], [np.inf, 1]]), "-inf for output 1 of row 0 in batch 1.*the first of 2 such rows"),
        ([0.5, None], "nan for output 0 of row 1"),
        (pl.Series([0.5, None]), "nan for output 0 of row 1"),
        (np.ma.masked_array([0.5, 0.5], mask=[True, False]), "nan for output 0 of row 0"),
    ],
)
def test_anything_else_is_refused_and_said(answer: Any, complaint: str) -> None:
    with pytest.raises(ModelOutputError, match=complaint):
        read(answer)


def test_the_batch_is_named_where_there_are_several() -> None:
    with pytest.raises(ModelOutputError, match=r"for 256 inputs in batch 3 \(rows 512–767 of 5000\); expected"):
        checked(np.zeros(255), Batch(3, 512, 768, 5000))


def test_a_value_that_is_not_finite_is_named_by_its_output() -> None:
    odd = not_finite(np.array([[0.0, 0.0], [0.0, np.nan]]), Batch(3, 512, 514, 5000), ("ham", "spam"))
    assert "nan for output 'spam' of row 513 in batch 3" in str(odd)
