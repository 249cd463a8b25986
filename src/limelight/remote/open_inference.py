"""The Open Inference Protocol v2: Triton, KServe, MLServer, TorchServe and others behind `/v2/models/…/infer`.

Names and types of the tensors come from the model's metadata; numbers travel as bytes where the server says that it
reads them (`binary_tensor_data`), so that every bit arrives, NaN included; as JSON otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, RemoteError
from limelight.remote.rows import columns_of, is_frame
from limelight.remote.wire import Body, Decoded, Received, TornError, meant, need, read_as

TYPES = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
"""Datatypes of the protocol, as numpy has them; BYTES are strings."""
_NAMES = {np.dtype(code): name for name, code in TYPES.items()}


@dataclass(frozen=True, slots=True)
class OpenInference:
    """Version 2 of the Open Inference Protocol.

    Parameters
    ----------
    model, version
        As the server knows them; without a version it answers with the one that it thinks best.
    output
        The name of the output tensor to ask for; None takes the only one.
    whole_numbers
        What an output of whole numbers, one a row, is: ``"labels"``, ``"quantities"``; None refuses it.
    parameters
        Of the request, such as ``{"content_type": "pd"}``.
    inputs
        Names and datatypes of the model's inputs, as its metadata says; read from the server.
    served
        The versions that the metadata names: another one behind the same name is another model.
    binary
        Whether numbers travel as bytes.
    """

    model: str
    version: str | None = None
    output: str | None = None
    whole_numbers: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[tuple[str, str], ...] = ()
    served: tuple[str, ...] = ()
    binary: bool = False
    rows_per_request: int = 64
    name: str = "v2"

    @property
    def path(self) -> str:
        """Return where to ask."""
        return f"{self._place}/infer"

    @property
    def _place(self) -> str:
        return f"/v2/models/{self.model}" + (f"/versions/{self.version}" if self.version else "")

    @property
    def identity(self) -> Mapping[str, Any]:
        """Return what the answers depend on."""
        served = None if self.version else self.served
        own = {"model": self.model, "version": self.version, "served": served, "output": self.output}
        return {"protocol": self.name, **own, "parameters": dict(self.parameters), **read_as(self.whole_numbers)}

    def settled(self, get: Callable[[str], Any]) -> OpenInference:
        """Return it with what the server's metadata says."""
        server, model = get("/v2") or {}, get(self._place) or {}
        inputs = tuple((str(each["name"]), str(each["datatype"])) for each in model.get("inputs") or ())
        served = tuple(map(str, model.get("versions") or ()))
        binary = "binary_tensor_data" in (server.get("extensions") or ())
        outputs = [str(each["name"]) for each in model.get("outputs") or ()]
        if self.output is None and len(outputs) > 1:
            raise InputError(f"output: the model has several, {outputs}; name the one to explain.")
        if self.output is not None and outputs and self.output not in outputs:
            raise InputError(f"output: expected one of {outputs}, got {self.output!r}.")
        return replace(self, inputs=inputs, served=served, binary=binary)

    def encode(self, inputs: Any) -> Body:
        """Return the tensors of some rows: one for all numbers, or one for each column."""
        tensors = [self._tensor(*each) for each in self._named(inputs)]
        request: dict[str, Any] = {"inputs": [head for head, _ in tensors]}
        parameters = dict(self.parameters)
        if is_frame(inputs) and not self.inputs:
            parameters.setdefault("content_type", "pd")  # MLServer's word for one tensor to each column
        if parameters:
            request["parameters"] = parameters
        if self.output is not None:
            request["outputs"] = [{"name": self.output, **self._as_bytes}]
        elif self.binary:
            request.setdefault("parameters", {})["binary_data_output"] = True
        head = Body.of(request)
        raw = b"".join(content for _, content in tensors)
        if not self.binary:
            return head
        length = str(len(head.content))
        kinds = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": length}
        return Body(head.content + raw, kinds)

    def decode(self, received: Received, n: int) -> Decoded:
        """Return the output tensor as (n,) or (n, k)."""
        head, raw = _parted(received)
        start, found = 0, {}
        for tensor in need(head, "outputs", "the Open Inference Protocol"):
            size = (tensor.get("parameters") or {}).get("binary_data_size")
            found[tensor["name"]] = (tensor, None if size is None else raw[start : start + size])
            start += size or 0
        if start > len(raw):
            raise TornError(f"{len(raw):,} of {start:,} bytes of tensors")
        tensor, content = self._chosen(found)
        return Decoded(meant(_read(tensor, content, n), self.whole_numbers, "the Open Inference Protocol"))

    def written(self, n: int) -> int | None:
        """Return 0: no tokens are counted."""
        return 0

    def _chosen(self, found: dict[str, Any]) -> Any:
        if self.output in found:
            return found[self.output]
        if len(found) == 1:
            return next(iter(found.values()))
        raise RemoteError(f"output: the server answered with {sorted(found)}; name the one to explain.")

    @property
    def _as_bytes(self) -> dict[str, Any]:
        if self.binary:
            return {"parameters": {"binary_data": True}}
        return {}

    def _named(self, inputs: Any) -> list[tuple[str, str | None, NDArray[Any]]]:
        """Return name, datatype and values of each tensor."""
        if is_frame(inputs):
            columns = columns_of(inputs)
            known = dict(self.inputs)
            if len(known) != 1 or len(columns) == 1:
                return [(name, known.get(name), np.asarray(values)[:, None]) for name, values in columns.items()]
            inputs = np.column_stack([np.asarray(values) for values in columns.values()])
        if isinstance(inputs, Mapping):
            known = dict(self.inputs)
            return [(str(name), known.get(str(name)), np.asarray(values)) for name, values in inputs.items()]
        values = np.asarray(inputs)
        if len(self.inputs) > 1:
            return self._by_column(values)
        name, datatype = self.inputs[0] if self.inputs else ("input-0", None)
        return [(name, datatype, values)]

    def _by_column(self, values: NDArray[Any]) -> list[tuple[str, str | None, NDArray[Any]]]:
        if values.ndim != 2 or values.shape[1] != len(self.inputs):
            names = [name for name, _ in self.inputs]
            raise InputError(f"inputs: the model takes {len(names)} tensors, {names}, got an array {values.shape}.")
        return [(name, kind, values[:, [j]]) for j, (name, kind) in enumerate(self.inputs)]

    def _tensor(self, name: str, datatype: str | None, values: NDArray[Any]) -> tuple[dict[str, Any], bytes]:
        """Return the head of a tensor, and its bytes where they stand behind the JSON."""
        datatype = datatype or _NAMES.get(values.dtype.newbyteorder("<"), "BYTES")
        head: dict[str, Any] = {"name": name, "shape": list(values.shape), "datatype": datatype}
        if datatype == "BYTES":
            texts = [str(value) for value in values.ravel().tolist()]
            raw = b"".join(len(text).to_bytes(4, "little") + text for text in map(str.encode, texts))
            data: Any = texts
        else:
            typed = np.ascontiguousarray(values, dtype=TYPES[datatype])
            raw, data = typed.tobytes(), typed.ravel()
        if self.binary:
            return {**head, "parameters": {"binary_data_size": len(raw)}}, raw
        return {**head, "data": data if isinstance(data, list) else data.tolist()}, b""


def _parted(received: Received) -> tuple[Any, bytes]:
    """Return the JSON of a response, and the bytes behind it."""
    length = received.headers.get("inference-header-content-length")
    if length is None:
        return received.json(), b""
    cut = int(length)
    return Received(received.status, {}, received.content[:cut]).json(), received.content[cut:]


def _read(tensor: Mapping[str, Any], raw: bytes | None, n: int) -> Any:
    """Return a tensor as an array whose first axis are the rows; strings as a list."""
    datatype, shape = tensor.get("datatype"), tuple(tensor.get("shape") or (n,))
    if datatype == "BYTES":
        return _texts(tensor["data"] if raw is None else _cut(raw))
    dtype = TYPES.get(str(datatype))
    if dtype is None:
        raise RemoteError(f"the server answered with the datatype {datatype!r}, which holds no numbers.")
    values = np.asarray(tensor["data"], dtype=dtype).ravel() if raw is None else np.frombuffer(raw, dtype=dtype)
    if values.size != int(np.prod(shape)):
        raise TornError(f"{values.size:,} numbers for the shape {list(shape)}")
    values = values.reshape(shape)
    if values.ndim > 2:
        values = values.reshape(len(values), -1)
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    return values


def _texts(data: Any) -> list[str]:
    flat = np.asarray(data, dtype=object).ravel().tolist()
    return [each.decode() if isinstance(each, bytes) else str(each) for each in flat]


def _cut(raw: bytes) -> list[bytes]:
    """Return strings that stand one after the other, each behind its length."""
    found, start = [], 0
    while start < len(raw):
        stop = start + 4 + int.from_bytes(raw[start : start + 4], "little")
        found.append(raw[start + 4 : stop])
        start = stop
    return found
