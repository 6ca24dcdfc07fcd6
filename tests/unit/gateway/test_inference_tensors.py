"""Tensors of the inference protocol: what numpy writes is read, and whatever comes is bounded."""

import gzip
import json
import math
import tracemalloc
import zlib
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import answers, binary_tensors, compression
from inference.metadata import metadata
from inference.protocol import (
    FailedRowsError,
    InferRequest,
    Input,
    LateError,
    ProtocolError,
)
from inference.reading import read
from inference.rows import rows_of
from inference.tensors import read_tensors
from schemas.base import TooMuchError
from schemas.jobs import Job
from schemas.predictions import max_body_bytes, max_body_values
from support.inference_client import DTYPES, LENGTH, binary, columns, packed, tensor
from support.schemas import DIABETES, IRIS
from support.tables import HOUSES

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
SHAPES = st.sampled_from(["flat", "one column", "nested"])


@st.composite
def typed(draw: Any) -> tuple[str, list[Any]]:
    """A datatype and some of its values, as Python has them."""
    datatype = draw(st.sampled_from([*DTYPES, "BYTES"]))
    if datatype == "BYTES":
        return datatype, draw(st.lists(TEXTS, min_size=1, max_size=20))
    dtype: Any = np.dtype(DTYPES[datatype])
    if dtype.kind == "f":
        value: Any = st.floats(width=dtype.itemsize * 8, allow_infinity=False)
    elif dtype.kind == "b":
        value = st.booleans()
    else:
        limits = np.iinfo(dtype)
        value = st.integers(int(limits.min), int(limits.max))
    return datatype, draw(st.lists(value, min_size=1, max_size=20))


def as_read(values: list[Any]) -> list[Any]:
    """The values as rows have them: numbers are floats, and NaN is missing."""
    if isinstance(values[0], str):
        return values
    return [None if math.isnan(value) else float(value) for value in values]


def as_sent(values: list[Any]) -> list[Any]:
    """The values as JSON has them: NaN is null."""
    return [None if isinstance(each, float) and math.isnan(each) else each for each in values]


@given(typed(), SHAPES)
def test_what_is_written_is_read(given_: tuple[str, list[Any]], form: str) -> None:
    datatype, values = given_
    shape = [len(values)] if form == "flat" else [len(values), 1]
    raw = packed(values, datatype)
    sent = Input("x", shape, datatype, {"binary_data_size": len(raw)})
    assert read_tensors([sent], memoryview(raw), 1000)[0].values == as_read(values)
    data = as_sent(values)
    if form == "nested":
        data = [[value] for value in data]
    (told,) = read_tensors([Input("x", shape, datatype, data=data)], memoryview(b""), 1000)
    assert told.values == as_read(values)


@given(st.lists(st.floats(width=32), min_size=1))
def test_bf16_is_the_upper_half_of_fp32(values: list[float]) -> None:
    whole = np.array(values, "<f4").view("<u4") & 0xFFFF0000
    halves = (whole >> 16).astype("<u2").tobytes()
    found = binary_tensors.numbers(memoryview(halves), "BF16", len(values))
    assert np.array_equal(found, whole.view("<f4").astype(float), equal_nan=True)


@given(st.lists(TEXTS | st.none()), st.lists(st.floats(allow_nan=False) | st.none()))
def test_what_is_answered_is_read(texts: list[str | None], numbers: list[float | None]) -> None:
    raw = memoryview(binary_tensors.encoded(texts, "BYTES"))
    assert binary_tensors.texts(raw, len(texts)) == [each or "" for each in texts]
    values = np.frombuffer(binary_tensors.encoded(numbers, "FP64"), "<f8").tolist()
    assert as_sent(values) == numbers


@given(st.binary(max_size=200), st.integers(1, 30))
def test_any_bytes_are_texts_or_refused(raw: bytes, count: int) -> None:
    try:
        found = binary_tensors.texts(memoryview(raw), count)
    except ProtocolError:
        return
    assert packed(found, "BYTES") == raw


def test_inputs_lie_one_behind_the_other_and_fill_the_bytes() -> None:
    raw = packed([1, 2], "FP32") + packed(["a", "bc"], "BYTES")
    inputs = [Input("x", [2], "FP32", {"binary_data_size": 8}),
              Input("z", [2], "BYTES", data=["q", None]),
              Input("y", [2, 1], "BYTES", {"binary_data_size": 11})]  # fmt: skip
    found = read_tensors(inputs, memoryview(raw), 1000)
    assert [each.values for each in found] == [[1, 2], ["q", None], ["a", "bc"]]
    for wrong in (raw + b"\0", raw[:-1], b""):
        with pytest.raises(ProtocolError, match="bytes follow the JSON"):
            read_tensors(inputs, memoryview(wrong), 1000)


@pytest.mark.parametrize("size", [-8, True, 8.0, "8", 2**80, [8]])
def test_a_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(ProtocolError, match=r"binary_data_size|add up to"):
        read_tensors(
            [Input("x", [1], "FP64", {"binary_data_size": size})], memoryview(bytes(8)), 1000
        )


def test_columns_of_all_kinds_make_rows_and_what_may_be_missing_may_be_left_out() -> None:
    rows: list[list[Any]] = [[4.0, 98.5, "Bern", "old lake"], [5.0, None, "Basel", "view"]]
    names = HOUSES.names
    missing = {column.name for column in HOUSES.columns if column.missing}
    inputs = read(*body_of(columns([row[: len(names)] for row in rows], names)), HOUSES).body
    assert inputs["data"][0] == rows[0][: len(names)]
    some = [each for each in columns([rows[0][: len(names)]], names) if each["name"] not in missing]
    row = read(*body_of(some), HOUSES).body["data"][0]
    assert [value is None for value in row] == [name in missing for name in names]
    with pytest.raises(ProtocolError, match="some hold numbers and some texts"):
        read(*body_of([tensor("all", ["a"] * 4, "BYTES", shape=[1, 4])]), HOUSES)


def body_of(inputs: Any, **more: Any) -> tuple[bytes, str, None]:
    return json.dumps({"inputs": inputs} | more).encode(), "", None


def test_timeouts_are_microseconds_and_0_is_none() -> None:
    inputs = columns([[0.0] * 10], DIABETES.names)
    for timeout, seconds in ((1_500_000, 1.5), (0, math.inf), (None, math.inf)):
        asks = read(*body_of(inputs, parameters={"timeout": timeout}), DIABETES)
        assert asks.seconds == seconds


HUGE = 10**4299  # of the digits that Python still writes


@pytest.mark.parametrize(
    "given_",
    [
        {"shape": [1, HUGE * 9]},
        {"shape": [HUGE, HUGE]},
        {"data": None, "parameters": {"binary_data_size": HUGE * 9}},
        {"data": [HUGE]},
    ],
)
def test_huge_numbers_are_refused_in_a_few_words(given_: dict[str, Any]) -> None:
    one = Input("age", **({"shape": [1], "datatype": "FP64", "data": [0.0]} | given_))
    with pytest.raises((ProtocolError, TooMuchError)) as refused:
        read_tensors([one, one], memoryview(b""), 1000)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("datatype", ["UINT8", "BYTES"])
def test_all_tensors_together_have_no_more_values_than_a_body_in_json(datatype: str) -> None:
    most, size = max_body_values(DIABETES), 4 if datatype == "BYTES" else 1
    rows = {"shape": [1000, 10], "datatype": datatype}
    raw = bytes(size * 10_000)
    inputs = [
        {"name": f"x{index}", "parameters": {"binary_data_size": len(raw)}} | rows
        for index in range(most // 10_000 + 1)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    with pytest.raises(TooMuchError, match=f"at most {most:,} values"):
        read(head + raw * len(inputs), "", str(len(head)), DIABETES)


def test_a_huge_timeout_is_a_long_one() -> None:
    inputs = columns([[0.0] * 10], DIABETES.names)
    assert read(*body_of(inputs, parameters={"timeout": 10**4000}), DIABETES).seconds > 30


HEADERS = st.none() | st.text(max_size=8) | st.integers(-1, 400).map(str)
GOOD, GOOD_HEADERS = binary(columns([[0.0] * 10], DIABETES.names))


@st.composite
def damaged(draw: Any) -> bytes:
    """A good body with a part of it replaced."""
    start = draw(st.integers(0, len(GOOD)))
    end = draw(st.integers(start, min(len(GOOD), start + 20)))
    part: bytes = draw(st.binary(max_size=10))
    return GOOD[:start] + part + GOOD[end:]


BODIES = st.binary(max_size=300) | damaged()
ENCODINGS = st.sampled_from(["", "", "identity", "gzip", "deflate", "br"])


@given(BODIES, ENCODINGS, HEADERS | st.just(GOOD_HEADERS[LENGTH]))
def test_any_body_is_read_or_refused(body: bytes, encoding: str, length: str | None) -> None:
    try:
        asks = read(body, encoding, length, DIABETES)
    except (ProtocolError, TooMuchError):
        return
    assert len(asks.body["data"][0]) == 10


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional={
    "name": JSON_VALUES | st.just("age"), "shape": JSON_VALUES | st.lists(st.integers()),
    "datatype": st.sampled_from([*DTYPES, "BYTES", "BF16"]) | JSON_VALUES,
    "data": JSON_VALUES | st.lists(JSON_VALUES), "parameters": JSON_VALUES,
}), JSON_VALUES)  # fmt: skip
def test_any_json_is_read_or_refused(given_: dict[str, Any], parameters: Any) -> None:
    complete = {"name": "age", "shape": [1], "datatype": "FP64"} | given_
    others = columns([[0.0] * 9], DIABETES.names[1:])
    for body in ({"inputs": [complete, *others]}, {"inputs": [complete], "parameters": parameters}):
        with suppress(ProtocolError, TooMuchError):
            asks = read(json.dumps(body).encode(), "", None, DIABETES)
            answers.check_wanted(asks.request, DIABETES)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_takes_no_more_memory_than_a_body(encoding: str) -> None:
    write: Any = gzip.compress if encoding == "gzip" else zlib.compress
    bomb = write(bytes(100 * 2**20))
    most = max_body_bytes(DIABETES)
    tracemalloc.start()
    with pytest.raises(TooMuchError, match="decompressed"):
        compression.decompressed(bomb, encoding, most)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * most
    body = write(b"x" * most)
    assert compression.decompressed(body, encoding, most) == b"x" * most
    for wrong in (body[:-1], body + b"x", b"x" + body):
        with pytest.raises(ProtocolError):
            compression.decompressed(wrong, encoding, most)


def jobs(**last: Any) -> list[Job]:
    common = {"status": "completed", "model_id": "m", "created_at": "2026-01-01T00:00:00Z"}
    by_class = dict.fromkeys(IRIS.target.classes, 1 / 3)
    told = {"prediction": "setosa", "probabilities": by_class}
    return [Job(job_id=each, location=f"/job/{each}", **(common | told | more))
            for each, more in (("a", {}), ("b", last))]  # fmt: skip


def test_classes_are_answered_with_all_probabilities_in_one_tensor() -> None:
    request = InferRequest([])
    made = answers.answer(jobs(), request, IRIS, "live", is_partial=False)
    told = msgspec.json.decode(made.content)
    assert (made.json_bytes, told["model_version"]) == (None, "m")
    prediction, probabilities, job_id = told["outputs"]
    assert prediction == {"name": "prediction", "datatype": "BYTES", "shape": [2],
                          "data": ["setosa", "setosa"]}  # fmt: skip
    assert (probabilities["shape"], job_id["data"]) == ([2, 3], ["a", "b"])
    assert probabilities["parameters"]["classes"] == '["setosa","versicolor","virginica"]'
    described = metadata("live", ["m"], IRIS)["outputs"]
    assert [each["name"] for each in described] == ["prediction", "probabilities", "job_id"]
    assert described[1]["shape"] == [-1, 3]


def test_a_row_that_failed_is_null_with_its_reason_if_the_client_takes_it() -> None:
    failed = jobs(status="failed", prediction=None, probabilities=None, reason="too old")
    made = answers.answer(failed, InferRequest([]), IRIS, "live", is_partial=True)
    found = {each["name"]: each["data"] for each in msgspec.json.decode(made.content)["outputs"]}
    assert found["prediction"] == ["setosa", None]
    assert found["probabilities"][1] == [None] * 3
    assert found["reason"] == ["", "too old"]
    with pytest.raises(FailedRowsError, match=r"row 1 \(job b\): too old"):
        answers.refuse_failures(failed)
    with pytest.raises(LateError, match=r"GET /job/\{id\} for b"):
        answers.refuse_late(jobs(status="processing"), 1)


def test_a_matrix_of_texts_is_rows_too() -> None:
    texts = HOUSES.columns[-1:]
    schema = msgspec.structs.replace(HOUSES, columns=texts)
    sent = Input("any name", [2], "BYTES", data=["a", "b"])
    assert rows_of(read_tensors([sent], memoryview(b""), 1000), schema).rows == [["a"], ["b"]]
