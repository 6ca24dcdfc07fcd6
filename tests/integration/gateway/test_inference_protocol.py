"""The Open Inference Protocol: metadata, questions to the live model, and its two encodings."""

import gzip
import json
import zlib
from typing import Any

import numpy as np
import pytest

from pipeline.messages import new_id
from support.gateway_client import MEASURED, SCALED, WAIT, Gateway, Serving
from support.inference_client import LENGTH, binary, columns, outputs_of, packed, tensor
from support.schemas import DIABETES

LIVE = "/v2/models/live"
INFER = f"{LIVE}/infer"
INPUTS = columns([SCALED], DIABETES.names)


def infer(gateway: Gateway, inputs: Any = INPUTS, path: str = INFER, **more: Any) -> Any:
    return gateway.http.post(path, content=json.dumps({"inputs": inputs} | more).encode())


@pytest.fixture(scope="module")
def expected(serving: Serving) -> float:
    """The answer of POST /predict to the row."""
    value: float = serving.gateway.predict(SCALED, WAIT).json()["prediction"]
    return value


def test_the_server_tells_its_name_and_health(gateway: Gateway) -> None:
    server = gateway.http.get("/v2").json()
    assert server["extensions"] == ["binary_tensor_data"]
    assert server["version"] == gateway.http.get("/openapi.json").json()["info"]["version"]
    assert gateway.http.get("/v2/health/live").json() == {"live": True}
    assert gateway.http.get("/v2/health/ready").json() == {"ready": True}
    assert gateway.http.get(f"{LIVE}/ready").json() == {"name": "live", "ready": True}


@pytest.mark.usefixtures("expected")  # until a model has answered, `live` may have no version
def test_the_metadata_has_an_input_for_each_column_and_the_prediction_first(
    gateway: Gateway,
) -> None:
    told = gateway.http.get(LIVE).json()
    assert told["versions"] == [gateway.http.get("/models").json()["live"]]
    assert [each["name"] for each in told["inputs"]] == DIABETES.names
    assert {(each["datatype"], *each["shape"]) for each in told["inputs"]} == {("FP64", -1, 1)}
    assert told["inputs"][0]["parameters"]["units"] == "raw"
    assert [each["name"] for each in told["outputs"]] == ["prediction", "job_id"]
    texts = [each["parameters"].values() for each in (*told["inputs"], *told["outputs"], told)]
    assert all(isinstance(text, str) for values in texts for text in values)
    (version,) = told["versions"]
    assert gateway.http.get(f"{LIVE}/versions/{version}").json() == told
    for path in (f"{LIVE}/versions/other", f"{LIVE}/versions/other/ready"):
        answer = gateway.http.get(path)
        assert answer.status_code == 404
        assert version in answer.json()["error"]


def test_a_row_is_predicted_as_by_predict(gateway: Gateway, expected: float) -> None:
    answer = infer(gateway, id="42")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["id"], told["model_name"]) == ("42", "live")
    assert told["model_version"] == gateway.http.get("/models").json()["live"]
    assert [each["name"] for each in told["outputs"]] == ["prediction", "job_id"]
    assert [each["shape"] for each in told["outputs"]] == [[1], [1]]
    (prediction,), (job_id,) = outputs_of(answer).values()
    assert prediction == pytest.approx(expected)
    assert gateway.job(job_id).json()["prediction"] == prediction
    assert gateway.label(job_id, 151).json()["makes_row"]


@pytest.mark.parametrize(
    "inputs",
    [
        INPUTS[::-1],
        [each | {"shape": [1, 1], "data": [each["data"]]} for each in INPUTS],
        [tensor("anything", SCALED, shape=[1, 10])],
        [tensor("anything", [SCALED], shape=[1, 10])],
        [each | {"a field": "of the client"} for each in INPUTS],
    ],
    ids=["any order", "[n, 1]", "a flat matrix", "a nested matrix", "unknown fields"],
)
def test_a_row_has_several_forms(gateway: Gateway, inputs: Any, expected: float) -> None:
    answer = infer(gateway, inputs, model_name="live")
    assert answer.status_code == 200, answer.text
    assert outputs_of(answer)["prediction"] == [pytest.approx(expected)]


def test_numbers_are_as_measured_if_the_request_says_so(gateway: Gateway, expected: float) -> None:
    inputs = columns([[*MEASURED.values()]], [*MEASURED])
    answer = infer(gateway, inputs, parameters={"units": "raw"})
    assert outputs_of(answer)["prediction"] == [pytest.approx(expected, rel=0.01)]
    refused = infer(gateway, inputs)
    assert refused.status_code == 422
    assert refused.json()["error"].startswith("row 0, age: it cannot be 59")


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_tensors_are_binary_and_compressed_both_ways(gateway: Gateway, encoding: str) -> None:
    rows = 200
    many = [each | {"shape": [rows], "data": each["data"] * rows} for each in INPUTS]
    body, headers = binary(many, parameters={"binary_data_output": True})
    if encoding:
        body = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
        headers |= {"Content-Encoding": encoding}
    headers["Accept-Encoding"] = encoding or "identity"
    answer = gateway.http.post(INFER, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers.get("Content-Encoding", "") == encoding
    length = int(answer.headers[LENGTH])
    prediction, job_id = json.loads(answer.content[:length])["outputs"]
    size = prediction["parameters"]["binary_data_size"]
    values = np.frombuffer(answer.content[length : length + size], "<f8")
    assert len(values) == rows
    assert len({*values.tolist()}) == 1
    assert len(answer.content) == length + size + job_id["parameters"]["binary_data_size"]


def test_a_compressed_answer_of_json_is_whole(gateway: Gateway) -> None:
    many = [each | {"shape": [100], "data": each["data"] * 100} for each in INPUTS]
    body = json.dumps({"inputs": many}).encode()
    with gateway.http.stream("POST", INFER, content=body, headers={"Accept-Encoding": "gzip"}) as a:
        told = json.loads(gzip.decompress(b"".join(a.iter_raw())))
    assert told["outputs"][0]["shape"] == [100]


def test_outputs_are_chosen_each_with_its_encoding(gateway: Gateway) -> None:
    wanted = [{"name": "job_id", "parameters": {"binary_data": True}}, {"name": "prediction"}]
    answer = infer(gateway, outputs=wanted)
    length = int(answer.headers[LENGTH])
    job_id, prediction = json.loads(answer.content[:length])["outputs"]
    assert (job_id["name"], prediction["name"]) == ("job_id", "prediction")
    assert "data" in prediction
    assert gateway.job(answer.content[length + 4 :].decode()).status_code == 200
    refused = infer(gateway, outputs=[{"name": "score"}])
    assert (refused.status_code, "prediction" in refused.text) == (400, True)


def test_ids_of_ones_own_and_keys_make_a_repeat_safe(gateway: Gateway) -> None:
    own = [new_id(), new_id()]
    two = [each | {"shape": [2], "data": each["data"] * 2} for each in INPUTS]
    answer = infer(gateway, [*two, tensor("job_id", own, "BYTES")])
    assert outputs_of(answer)["job_id"] == own
    again = infer(gateway, [*two, tensor("job_id", own, "BYTES")])
    assert outputs_of(again) == outputs_of(answer)
    other = [each | {"data": [0.0, 0.01]} for each in two]
    assert infer(gateway, [*other, tensor("job_id", own, "BYTES")]).status_code == 409
    body, headers = json.dumps({"inputs": two}).encode(), {"Idempotency-Key": new_id()}
    first, second = (gateway.http.post(INFER, content=body, headers=headers) for _ in range(2))
    assert outputs_of(first)["job_id"] == outputs_of(second)["job_id"]


def changed(**fields: Any) -> Any:
    return [INPUTS[0] | fields, *INPUTS[1:]]


REFUSED: dict[str, tuple[Any, int, str]] = {
    "no JSON": (b"{", 400, "the JSON is no request"),
    "no body": (b"", 400, "there is no JSON"),
    "no inputs": ({}, 400, "inputs"),
    "an empty list of them": ({"inputs": []}, 400, "no inputs of the columns"),
    "NaN": (b'{"inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [NaN]}]}',
            400, "a missing value is null"),
    "null": ({"inputs": changed(data=[None])}, 422, "row 0, age: "),
    "a text": ({"inputs": changed(data=["1"])}, 400, "'age': data[0] is '1'"),
    "texts": ({"inputs": changed(data=["1"], datatype="BYTES")}, 400, "send it as FP64"),
    "a datatype": ({"inputs": changed(datatype="FP65")}, 400, "'FP65'"),
    "no integer": ({"inputs": changed(datatype="INT8", data=[1.5])}, 400, "1.5, and no INT8"),
    "too large a one": ({"inputs": changed(datatype="INT8", data=[128])}, 400, "128, and no INT8"),
    "too many values": ({"inputs": changed(data=[0, 0])}, 400, "its data has 2 values"),
    "rows that differ": ({"inputs": changed(data=[0, 0], shape=[2])}, 400, "have 1 and 2 rows"),
    "no rows": ({"inputs": changed(data=[], shape=[0])}, 400, "its shape is [0]"),
    "a negative shape": ({"inputs": changed(shape=[-1])}, 400, "its shape is [-1]"),
    "a huge shape": ({"inputs": changed(shape=[2**70])}, 413, "at most 1,000 rows"),
    "an unknown name": ({"inputs": changed(name="Age")}, 400, "'Age' is none of the columns"),
    "a column less": ({"inputs": INPUTS[1:]}, 400, "there is no input 'age'"),
    "a column twice": ({"inputs": [*INPUTS, INPUTS[0]]}, 400, "the same name"),
    "a narrow matrix": ({"inputs": [tensor("x", SCALED[1:], shape=[1, 9])]}, 400, "9 columns"),
    "an impossible value": ({"inputs": changed(data=[9])}, 422, "row 0, age: it cannot be 9"),
    "a size that is none": ({"inputs": changed(data=None, parameters={"binary_data_size": True})},
                            400, "is a count of bytes"),
    "bytes that are not there": (
        {"inputs": changed(data=None, parameters={"binary_data_size": 8})}, 400, "0 bytes follow"),
    "shared memory": (
        {"inputs": changed(parameters={"shared_memory_region": "r"})}, 400, "no shared memory"),
    "units": ({"inputs": INPUTS, "parameters": {"units": "km"}}, 400, "'km'"),
    "a timeout": ({"inputs": INPUTS, "parameters": {"timeout": "soon"}}, 400, "'soon'"),
    "ids that are numbers": (
        {"inputs": [*INPUTS, tensor("job_id", [1], "INT64")]}, 400, "it is BYTES"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_request_is_told_in_the_protocols_form(gateway: Gateway, what: str) -> None:
    body, status, text = REFUSED[what]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = gateway.http.post(INFER, content=content)
    assert_told(answer, status, text)


def assert_told(answer: Any, status: int, text: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    assert [*told] == ["error"]
    assert text in told["error"]


@pytest.mark.parametrize("length", ["-1", "99999999999999999999", "1e3", "x", "10", "0"])
def test_a_length_that_is_wrong_is_refused(gateway: Gateway, length: str) -> None:
    body, _ = binary(INPUTS)
    assert_told(gateway.http.post(INFER, content=body, headers={LENGTH: length}), 400)


def test_bytes_are_not_counted_as_values_but_a_bomb_is_refused(gateway: Gateway) -> None:
    commas = [each | {"data": ["," * 8] * 1000, "shape": [1000]} for each in INPUTS]
    body, headers = binary([each | {"datatype": "BYTES"} for each in commas])
    assert body.count(b",") > 60_000
    answer = gateway.http.post(INFER, content=body, headers=headers)
    assert_told(answer, 400, "send it as FP64")
    zipped = {"Content-Encoding": "gzip"}
    bomb = gzip.compress(bytes(50 * 2**20))
    assert_told(gateway.http.post(INFER, content=bomb, headers=zipped), 413, "decompressed")
    assert_told(gateway.http.post(INFER, content=b"{}", headers=zipped), 400)
    cut = gzip.compress(b"{}")[:-4]
    assert_told(gateway.http.post(INFER, content=cut, headers=zipped), 400, "breaks off")
    brotli = {"Content-Encoding": "br"}
    assert_told(gateway.http.post(INFER, content=b"{}", headers=brotli), 400, "'br'")
    values = b'{"inputs": [' + b"[]," * 70_000 + b"[]]}"
    assert_told(gateway.http.post(INFER, content=values), 413, "at most 60,000 values")


def test_errors_of_others_have_the_protocols_form_too(gateway: Gateway) -> None:
    assert_told(gateway.http.get("/v2/nothing"), 404)
    assert_told(gateway.http.get("/v2/models/nobody"), 404, "no model nobody")
    assert_told(infer(gateway, path="/v2/models/nobody/infer"), 404, "no model nobody")
    assert_told(infer(gateway, path="/v2/models/shadow/infer"), 404, "no shadow model")
    assert_told(infer(gateway, path=f"{LIVE}/versions/2/infer"), 404, "no version 2")
    wrong = gateway.http.get(INFER)
    assert_told(wrong, 405)
    assert wrong.headers["Allow"] == "POST"
    page = {"Origin": "https://evil.example"}
    assert_told(gateway.http.get("/v2", headers=page), 403, "may not ask")
    assert_told(gateway.http.get("/v2", headers={"Host": "evil.example"}), 421)
    assert_told(gateway.http.post(INFER, content=bytes(2**20 + 1)), 413)
    key = {"Idempotency-Key": "k" * 256}
    body = json.dumps({"inputs": INPUTS}).encode()
    assert_told(gateway.http.post(INFER, content=body, headers=key), 422, "Idempotency-Key")
    assert gateway.http.get("/v20").json() == {"detail": "Not Found"}


def test_packed_texts_are_as_the_protocol_says() -> None:
    assert packed(["é", ""], "BYTES") == b"\x02\0\0\0\xc3\xa9\0\0\0\0"
