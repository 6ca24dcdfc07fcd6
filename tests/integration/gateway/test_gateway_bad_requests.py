"""Whatever is asked for, the answer says in words what is wrong with it: never a 500."""

import json
from typing import Any

import pytest

from pipeline.messages import new_id
from support.gateway_client import MEASURED, SCALED, Gateway

WORDS = {
    "ROW": json.dumps(SCALED),
    "REST": json.dumps(MEASURED | {"age": 0})[len('{"age": 0, ') :],
    "HUGE": "1" + "0" * 400,
    "ENDLESS": "1" + "0" * 100_000,
    "LONG": "a" * 129,
    "DIGITS": "1" + "0" * 63,
}


BODIES = {
    "nothing": "",
    "no JSON": "{",
    "another type": "5",
    "null": "null",
    "a list": "[]",
    "no data": "{}",
    "data null": '{"data": null}',
    "data a text": '{"data": "1,2,3,4,5,6,7,8,9,10"}',
    "no rows": '{"data": []}',
    "an empty row": '{"data": [[]]}',
    "an empty named row": '{"data": {}}',
    "empty named rows": '{"data": [{}]}',
    "nine numbers": '{"data": [1,2,3,4,5,6,7,8,9]}',
    "eleven numbers": '{"data": [1,2,3,4,5,6,7,8,9,10,11]}',
    "two forms": '{"data": [ROW, {"age": 1}]}',
    "a number and a row": '{"data": [1, ROW]}',
    "a truth": '{"data": [true,2,3,4,5,6,7,8,9,10]}',
    "a text": '{"data": ["1",2,3,4,5,6,7,8,9,10]}',
    "NaN": '{"data": [NaN,2,3,4,5,6,7,8,9,10]}',
    "Infinity": '{"data": [-Infinity,2,3,4,5,6,7,8,9,10]}',
    "1e400": '{"data": [1e400,2,3,4,5,6,7,8,9,10]}',
    "a huge whole number": '{"data": [HUGE,2,3,4,5,6,7,8,9,10]}',
    "a number of 100,000 digits": '{"data": [ENDLESS,2,3,4,5,6,7,8,9,10]}',
    "a named truth": '{"data": {"age": true, REST}',
    "a named NaN": '{"data": {"age": NaN, REST}',
    "a named huge number": '{"data": {"age": HUGE, REST}',
    "one name too many": '{"data": {"age": 1, "weight": 80, REST}',
    "one name too few": '{"data": {REST}',
    "a surrogate as a name": '{"data": {"\\ud800": 1}}',
    "a surrogate beside": '{"data": ROW, "\\ud800": 1}',
    "a surrogate as a value": '{"data": ["\\ud800",2,3,4,5,6,7,8,9,10]}',
    "a surrogate as an id": '{"data": ROW, "id": "\\ud800"}',
    "a surrogate as units": '{"data": ROW, "units": "\\ud800"}',
    "a zero as an id": '{"data": ROW, "id": "\\u0000"}',
    "an empty id": '{"data": ROW, "id": ""}',
    "a line as an id": '{"data": ROW, "id": "a\\n"}',
    "a long id": '{"data": ROW, "id": "LONG"}',
    "a truth as an id": '{"data": ROW, "id": true}',
    "nothing as an id": '{"data": [ROW], "id": [null]}',
    "NaN as an id": '{"data": ROW, "id": NaN}',
    "a number beyond all floats as an id": '{"data": ROW, "id": 1e400}',
    "a whole number of 64 digits as an id": '{"data": ROW, "id": DIGITS}',
    "a number of 100,000 digits as an id": '{"data": ROW, "id": ENDLESS}',
    "a number as an id for rows": '{"data": [ROW], "id": 5}',
    "a number and its text as ids": '{"data": [ROW, ROW], "id": [5, "5.0", 5.0]}',
    "ids for one row": '{"data": ROW, "id": ["a"]}',
    "one id for rows": '{"data": [ROW], "id": "a"}',
    "too few ids": '{"data": [ROW, ROW], "id": ["a"]}',
    "no ids": '{"data": [ROW], "id": []}',
    "an id twice": '{"data": [ROW, ROW], "id": ["a", "a"]}',
    "other units": '{"data": ROW, "units": "furlongs"}',
    "another field": '{"data": ROW, "color": 1}',
    "nested deep": '{"data": ' + "[" * 100_000,
    "nested deep and closed": '{"data": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "nested": '{"data": ' + "[" * 400 + "]" * 400 + "}",
    "nested objects": '{"data": ' + '{"age":' * 400 + "1" + "}" * 401,
    "not UTF-8": b'{"data": "\xff"}',
    "UTF-16": '{"data": 1}'.encode("utf-16"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_bad_request_is_told_what_is_wrong(gateway: Gateway, body: str | bytes) -> None:
    answer = gateway.post("/predict", written(body))
    assert answer.status_code in {400, 422}, answer.text
    assert_told(answer)


LABELS = ["", "{", "5", "{}", '{"value": null}', '{"value": "5"}', '{"value": true}',
          '{"value": NaN}', '{"value": 1e400}', '{"value": HUGE}', '{"value": [1]}',
          '{"value": 1, "unit": "mg"}', '{"\\ud800": 1}', "[" * 100_000]  # fmt: skip


@pytest.mark.parametrize("body", LABELS, ids=[label[:20] for label in LABELS])
def test_a_bad_label_is_told_what_is_wrong(gateway: Gateway, body: str) -> None:
    job_id = new_id()
    answer = gateway.post(f"/label/{job_id}", written(body))
    assert answer.status_code in {400, 422}, answer.text
    assert_told(answer)
    assert gateway.label(job_id, 5).status_code == 202, "nothing was noted"


def test_the_field_is_named(gateway: Gateway) -> None:
    cases: list[tuple[Any, dict[str, Any], list[Any]]] = [
        (MEASURED | {"bmi": "32"}, {}, ["body", "data", "bmi"]),
        ([MEASURED, MEASURED | {"s5": None}], {}, ["body", "data", 1, "s5"]),
        ([*SCALED[:9], "x"], {}, ["body", "data", "s6"]),
        ([SCALED, [*SCALED[:9], "x"]], {}, ["body", "data", 1, "s6"]),
        (SCALED, {"units": "miles"}, ["body", "units"]),
        (SCALED, {"color": "red"}, ["body", "color"]),
    ]
    for data, more, location in cases:
        answer = gateway.predict(data, **more)
        assert answer.status_code == 422
        assert [problem["loc"] for problem in answer.json()["detail"]] == [location]


@pytest.mark.parametrize("job_id", ["a%0a", "%00", "a%20", "x" * 129, "@a", "ü", "%ED%A0%80"])
def test_a_label_for_what_cannot_be_an_id_is_refused(gateway: Gateway, job_id: str) -> None:
    answer = gateway.label(job_id, 5)
    assert answer.status_code == 422
    assert_told(answer)


@pytest.mark.parametrize(
    "job_id", ["nobody", "a%0a", "%00", "x" * 5000, "-a", "ü", "%ED%A0%80", "%2e%2e"]
)
def test_a_job_that_never_was_is_404(gateway: Gateway, job_id: str) -> None:
    for path in (f"/job/{job_id}", f"/job/{job_id}/events"):
        answer = gateway.http.get(path)
        assert answer.status_code == 404
        assert_told(answer)


@pytest.mark.parametrize("path", ["/predict", "/label/a?x=1", "/train", "/models/a/promote"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "text/csv", "application/x-www-form-urlencoded", "x", "", "ü", None]
)
def test_a_body_that_is_not_said_to_be_json_is_refused(
    gateway: Gateway, path: str, kind: str | None
) -> None:
    headers = {} if kind is None else {b"Content-Type": kind.encode()}
    answer = gateway.http.post(path, content=b'{"value": 1}', headers=headers)
    assert answer.status_code == 415
    assert_told(answer)
    url = f"{gateway.address.rstrip('/')}{path}"
    url = f"'{url}'" if "?" in path else url
    assert f"curl {url} -H 'Content-Type: application/json' -d '" in answer.json()["detail"]


def test_no_body_is_a_field_that_is_missing(gateway: Gateway) -> None:
    answer = gateway.http.post("/predict")
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body"])


def written(body: str | bytes) -> bytes:
    """As it is sent: a word in capitals stands for what is too long for a line."""
    if isinstance(body, bytes):
        return body
    for word, text in WORDS.items():
        body = body.replace(word, text)
    return body.encode()


def assert_told(answer: Any) -> None:
    """It says what is wrong: in a sentence, or in one for each field, without what was sent."""
    detail = answer.json()["detail"]
    if answer.status_code == 422:
        assert detail
        for problem in detail:
            assert set(problem) >= {"loc", "msg", "type"}
            assert len(problem["msg"]) > 5
    else:
        assert isinstance(detail, str)
        assert len(detail) > 5
    assert len(answer.text) < 20_000
