"""The Open Inference Protocol v2: rows, texts and arrays as named tensors of JSON, and the model's answer as one.

Input: an explainer and the JSON of a request. Output: the JSON of the answer. The model is passed through: nothing is
explained here, since the protocol has no word for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from limelight.contracts import Modality
from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.web.service import MOST_INSTANCES, outputs_of, received

NUMBERS = {
    "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "INT8": np.int8,
    "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
}  # fmt: skip
"""Datatypes of the protocol that hold numbers; BOOL and BYTES (text) besides."""
_OF_COLUMN = {"integer": "INT64", "float": "FP64", "boolean": "BOOL"}
OUTPUT = "predictions"


def metadata(name: str, modality: Modality) -> dict[str, Any]:
    """Return what the protocol says of a model: its inputs, of a table one for each column, and its output."""
    output = {"name": OUTPUT, "datatype": "FP64", "shape": [-1, -1]}
    return {"name": name, "platform": "limelight", "versions": [], "inputs": _inputs(modality), "outputs": [output]}


def infer(name: str, explainer: Explainer, body: Any) -> dict[str, Any]:
    """Return the answer of the model of that name to the instances that the tensors of a request hold.

    Raises
    ------
    InputError
        If the tensors do not fit the kind of data, or an output is asked for that there is not.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("inputs"), list):
        raise InputError("body: expected an object with a list 'inputs' of tensors.")
    tensors = [_Tensor(each) for each in body["inputs"]]
    wanted = body.get("outputs") or [{"name": OUTPUT}]
    if not isinstance(wanted, list) or any(_name(each) != OUTPUT for each in wanted):
        raise InputError(f"outputs: there is one, {OUTPUT!r}.")
    outputs = outputs_of(explainer, [received(explainer, each) for each in _instances(explainer.modality, tensors)])
    said = {"name": OUTPUT, "datatype": "FP64", "shape": list(outputs.shape), "data": outputs.ravel().tolist()}
    given = {"id": body["id"]} if isinstance(body.get("id"), str) else {}
    return {"model_name": name, **given, "outputs": [said]}


def _fits(value: Any, wanted: Any) -> bool:
    """Return whether an integer type holds a number: numpy 1 wraps what is too large, and all cut fractions."""
    if value is None or not issubclass(wanted, np.integer):
        return True
    info = np.iinfo(wanted)
    return bool(int(info.min) <= value <= int(info.max)) and float(value).is_integer()


class _Tensor:
    """One tensor of a request, checked.

    Parameters
    ----------
    given
        ``{"name", "datatype", "shape", "data"}``; the data flat, or nested as the shape is.
    """

    def __init__(self, given: Any) -> None:
        if not isinstance(given, Mapping) or not {"name", "datatype", "shape", "data"} <= set(given):
            raise InputError("inputs: expected tensors with 'name', 'datatype', 'shape' and 'data'.")
        self.name, self.shape = str(given["name"]), _shape(given["shape"])
        self.datatype = str(given["datatype"])
        if self.datatype not in (*NUMBERS, "BOOL", "BYTES"):
            raise InputError(f"inputs: the datatype {self.datatype[:20]!r} is not read.")
        flat = _flat(given["data"], int(np.prod(self.shape)))
        self.values = [self._read(value) for value in flat]

    @property
    def rows(self) -> int:
        """Return how many instances it has a part of."""
        return self.shape[0]

    def _read(self, value: Any) -> Any:
        if value is None and self.datatype != "BYTES":
            return None
        known = {"BYTES": str, "BOOL": bool}.get(self.datatype, (int, float))
        if not isinstance(value, known) or (self.datatype in NUMBERS and isinstance(value, bool)):
            raise InputError(
                f"inputs: the tensor {self.name[:80]!r} of {self.datatype} holds a {type(value).__name__}."
            )
        return value

    def array(self) -> Any:
        """Return its numbers as an array."""
        if self.datatype not in NUMBERS:
            raise InputError(f"inputs: expected numbers in the tensor {self.name[:80]!r}, got {self.datatype}.")
        wanted = NUMBERS[self.datatype]
        odd = [value for value in self.values if not _fits(value, wanted)]
        if odd:
            raise InputError(f"inputs: {self.name[:80]!r} holds what is no {self.datatype} ({odd[0]!r:.40}).")
        try:
            return np.array(self.values, dtype=wanted).reshape(self.shape)
        except (TypeError, OverflowError) as error:
            raise InputError(f"inputs: {self.name[:80]!r} holds what is no {self.datatype} ({error}).") from error

    def lines(self) -> list[Any]:
        """Return its values by instance."""
        width = len(self.values) // self.rows
        return [self.values[row * width : (row + 1) * width] for row in range(self.rows)]


def _instances(modality: Modality, tensors: list[_Tensor]) -> list[Any]:
    if not tensors or len({tensor.rows for tensor in tensors}) != 1:
        raise InputError("inputs: expected tensors of equally many rows.")
    columns = [str(column.label) for column in _columns(modality)]
    if columns and {tensor.name for tensor in tensors} == set(columns):
        by_name = {tensor.name: tensor.lines() for tensor in tensors}
        if any(len(line) != 1 for lines in by_name.values() for line in lines):
            raise InputError("inputs: expected one value for each row in the tensor of a column.")
        return [[by_name[name][row][0] for name in columns] for row in range(tensors[0].rows)]
    if len(tensors) != 1:
        raise InputError(f"inputs: expected one tensor, or one for each of {columns[:20]}.")
    if columns:
        return tensors[0].lines()
    if tensors[0].datatype == "BYTES":
        return tensors[0].values
    return list(tensors[0].array())


def _inputs(modality: Modality) -> list[dict[str, Any]]:
    columns = _columns(modality)
    if not columns:
        datatype = "BYTES" if hasattr(modality, "tokens") else "FP64"
        return [{"name": "input-0", "datatype": datatype, "shape": [-1]}]
    return [
        {"name": str(each.label), "datatype": _OF_COLUMN.get(each.type, "BYTES"), "shape": [-1, 1]} for each in columns
    ]


def _columns(modality: Modality) -> tuple[Any, ...]:
    return tuple(getattr(getattr(modality, "table", None), "columns", None) or ())


def _shape(given: Any) -> tuple[int, ...]:
    whole = isinstance(given, list) and 1 <= len(given) <= 8
    if not whole or any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 10**8 for n in given):
        raise InputError("inputs: expected a shape of positive integers.")
    if given[0] > MOST_INSTANCES:
        raise InputError(f"inputs: expected at most {MOST_INSTANCES} instances, got {given[0]}.")
    return tuple(given)


def _flat(data: Any, size: int) -> list[Any]:
    """Return nested lists as one; `size` values, or an error."""
    flat = data if isinstance(data, list) else [data]
    while flat and isinstance(flat[0], list):
        if not all(isinstance(each, list) for each in flat):
            raise InputError("inputs: expected data that are flat, or nested as the shape is.")
        flat = [value for each in flat for value in each]
    if len(flat) != size:
        raise InputError(f"inputs: expected {size:,} values for the shape, got {len(flat):,}.")
    return flat


def _name(wanted: Any) -> Any:
    if isinstance(wanted, Mapping):
        return wanted.get("name")
    return None
