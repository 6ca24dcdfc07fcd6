"""The same request twice, the same id twice, the same answer twice: each counts once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.messages import new_id
from support.gateway_client import MEASURED, SCALED, WAIT, Gateway, Serving
from support.waiting import eventually

OTHER = [0.01] * 10


def test_a_request_repeated_with_its_key_is_the_same_job(gateway: Gateway) -> None:
    key = {"Idempotency-Key": f"order {new_id()}"}
    first = gateway.predict(SCALED, key)
    again = gateway.predict(SCALED, key | WAIT)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["job_id"] == again.json()["job_id"]
    refused = gateway.predict(OTHER, key)
    assert refused.status_code == 409
    assert "Idempotency-Key" in refused.json()["detail"]


def test_a_list_repeated_with_its_key_is_the_same_jobs(gateway: Gateway) -> None:
    key = {"Idempotency-Key": new_id()}
    first, again = (gateway.predict([SCALED, OTHER], key | WAIT).json()["jobs"] for _ in range(2))
    assert first == again
    for other in ([OTHER, SCALED], [SCALED], [SCALED, OTHER, OTHER]):
        assert gateway.predict(other, key).status_code == 409
    assert gateway.predict([SCALED, OTHER], key, id=["a", "b"]).status_code == 409


def test_a_key_that_came_twenty_times_at_once_is_one_job(serving: Serving) -> None:
    key = {"Idempotency-Key": new_id()}
    both = (serving.gateway, serving.other) * 10
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda gateway: gateway.predict(SCALED, key | WAIT), both))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["job_id"] for answer in answers}) == 1


def test_of_other_contents_with_one_key_at_once_one_holds(serving: Serving) -> None:
    key = {"Idempotency-Key": new_id()}
    rows = [[number / 1000] * 10 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda row: serving.gateway.predict(row, key), rows))
    assert sorted(answer.status_code for answer in answers) == [202, *[409] * 7]


def test_an_id_of_ones_own_is_the_job_s(gateway: Gateway) -> None:
    job_id = f"patient.{new_id()}"
    first = gateway.predict(MEASURED, WAIT, units="raw", id=job_id)
    assert first.json()["job_id"] == job_id
    again = gateway.predict(list(MEASURED.values()), WAIT, units="raw", id=job_id)
    assert (again.status_code, again.json()) == (200, first.json())
    refused = gateway.predict(OTHER, id=job_id)
    assert refused.status_code == 409
    assert job_id in refused.json()["detail"]
    fresh = new_id()
    assert gateway.predict([SCALED, OTHER], id=[fresh, job_id]).status_code == 409
    assert gateway.job(fresh).status_code == 404, "all of a request is taken, or nothing"


def test_the_first_answer_to_a_job_holds(serving: Serving) -> None:
    job = serving.gateway.predict(SCALED, WAIT).json()
    before = answers(serving, "repeated")
    body = json.dumps({"id": job["job_id"], "body": job["prediction"] + 1}).encode()
    serving.vhost.put("answers", body)
    eventually(lambda: answers(serving, "repeated") == before + 1, "the second answer")
    assert serving.gateway.job(job["job_id"]).json() == job


@pytest.mark.parametrize("is_list", [False, True])
def test_an_id_that_others_have_used_fails_and_gets_no_error_of_its_own(
    serving: Serving, is_list: bool
) -> None:
    row_id, log = new_id(), serving.logs_dir / "metric_log.csv"
    serving.vhost.put("features", json.dumps({"id": row_id, "body": SCALED}).encode())
    serving.vhost.put("y_true", json.dumps({"id": row_id, "body": 151}).encode())
    eventually(lambda: f"\n{row_id},151," in log.read_text(), "the row of the others")
    (row,) = [line for line in log.read_text().splitlines() if line.startswith(row_id)]
    if is_list:
        serving.gateway.predict([SCALED, OTHER], id=[new_id(), row_id])
    else:
        serving.gateway.predict(OTHER, id=row_id)
    job = serving.gateway.ended(row_id)
    serving.gateway.label(row_id, 151)
    eventually(lambda: serving.gateway.job(row_id).json()["status"] == "failed", "the refusal")
    job = serving.gateway.job(row_id).json()
    kept = row.split(",")[2]
    assert job["reason"] == f"this id was used before, with another prediction: {kept}"
    assert (job["prediction"], job["absolute_error"], job["label"]) == (None, None, 151)
    assert row in log.read_text().splitlines()


def test_a_refusal_of_another_prediction_than_the_job_s_changes_nothing(serving: Serving) -> None:
    """Asked again, and answered by another model: what holds is the row, and is in the job."""
    job = serving.gateway.predict(SCALED, WAIT).json()
    before = answers(serving, "repeated")
    body = json.dumps({"id": job["job_id"], "body": job["prediction"] + 1}).encode()
    serving.vhost.put("answers", body, headers={"x-reason": "this id was used before"})
    eventually(lambda: answers(serving, "repeated") == before + 1, "the refusal")
    assert serving.gateway.job(job["job_id"]).json() == job


def test_an_answer_that_nobody_waits_for_is_counted(serving: Serving) -> None:
    before = answers(serving, "dropped")
    ids = [new_id() for _ in range(3)]
    body = json.dumps({"id": ids, "body": [1, 2, 3]}).encode()
    serving.vhost.put("answers", body, reply_to="answers")
    eventually(lambda: answers(serving, "dropped") == before + 3, "three dropped")
    assert {serving.gateway.job(job_id).status_code for job_id in ids} == {404}


GARBAGE = [b"", b"\xff\xfe", b"null", b"[" * 100_000, b'{"id": "a"}', b'{"id": "a", "body": "b"}',
           b'{"id": ["a"], "body": [1, 2]}', b'{"id": {}, "body": NaN}']  # fmt: skip


def test_what_is_no_answer_is_put_aside_and_the_gateway_goes_on(serving: Serving) -> None:
    for body in GARBAGE:
        serving.vhost.put("answers", body, headers={"x-reason": 5, "model_id": b"\xff"})
    missing = set(GARBAGE)  # among what other tests have left there
    while missing:
        missing.discard(serving.vhost.wait_for("dead_letters")[1])
    assert serving.gateway.predict(SCALED, WAIT).status_code == 200
    assert serving.other.predict(SCALED, WAIT).status_code == 200


def test_a_refusal_that_names_no_job_harms_nobody(serving: Serving) -> None:
    before = answers(serving, "dropped")
    for body, correlation_id in ((b"garbage", None), (b"", "nobody"), (b"\xff", "a\n b")):
        serving.vhost.put(
            "answers", body, correlation_id=correlation_id, headers={"x-reason": "no"}
        )
    eventually(lambda: answers(serving, "dropped") == before + 3, "three dropped")
    assert serving.gateway.predict(SCALED, WAIT).status_code == 200


def answers(serving: Serving, outcome: str) -> float:
    """How many of them both gateways have had."""
    return serving.gateway.answers(outcome) + serving.other.answers(outcome)
