"""Requests of the Open Inference Protocol, made by hand from its description."""

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

LENGTH = "Inference-Header-Content-Length"
DTYPES = {
    **{"BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32},
    **{"UINT64": np.uint64, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32},
    **{"INT64": np.int64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64},
}


def tensor(name: str, values: Sequence[Any], datatype: str = "FP64", **more: Any) -> Any:
    """An input of one column, its values in the JSON."""
    return {"name": name, "shape": [len(values)], "datatype": datatype, "data": [*values]} | more


def columns(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> list[Any]:
    """An input for each column; texts are BYTES."""
    made = []
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        kind = "BYTES" if any(isinstance(value, str) for value in values) else "FP64"
        made.append(tensor(name, values, kind))
    return made


def packed(values: Sequence[Any], datatype: str) -> bytes:
    """The bytes of a tensor."""
    if datatype == "BYTES":
        contents = [str(value).encode() for value in values]
        return b"".join(struct.pack("<I", len(each)) + each for each in contents)
    return np.array(values, DTYPES[datatype]).tobytes()


def binary(inputs: Sequence[Any], **more: Any) -> tuple[bytes, dict[str, str]]:
    """A body and its headers: all values of these inputs are behind the JSON."""
    described, tails = [], []
    for each in inputs:
        tails.append(packed(each["data"], each["datatype"]))
        told = {key: value for key, value in each.items() if key != "data"}
        described.append(told | {"parameters": {"binary_data_size": len(tails[-1])}})
    head = json.dumps({"inputs": described} | more).encode()
    return head + b"".join(tails), {LENGTH: str(len(head))}


def outputs_of(answer: Any) -> dict[str, Any]:
    """The values of each output of an answer without binary ones."""
    return {each["name"]: each["data"] for each in answer.json()["outputs"]}
