"""What becomes of a job: asked for, answered by the model, joined with its label."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import skops.io

import train
from pipeline import dataset
from pipeline.messages import id_text, new_id
from pipeline.model_store.predictor import Predictor
from support.gateway_client import MEASURED, SCALED, WAIT, Gateway, Serving
from support.rows import read_rows
from support.service import Service
from support.stored_models import fragile_estimator
from support.waiting import eventually

Start = Callable[..., Service]

NAMES = list(MEASURED)


def test_one_patient_is_a_job_that_is_completed(gateway: Gateway) -> None:
    answer = gateway.predict(MEASURED, units="raw")
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == job["location"] == f"/job/{job['job_id']}"
    assert job["status"] in {"processing", "completed"}
    ended = gateway.ended(job["job_id"])
    assert ended["status"] == "completed"
    assert 25 < ended["prediction"] < 350
    assert len(ended["model_id"]) == 12
    assert (ended["reason"], ended["label"], ended["absolute_error"]) == (None, None, None)
    times = [datetime.fromisoformat(ended[f"{name}_at"]) for name in ("created", "completed")]
    assert times == sorted(times)
    assert {str(time.tzinfo) for time in times} == {"UTC"}


def test_a_job_that_is_looked_up_while_it_is_written_has_not_expired(gateway: Gateway) -> None:
    with ThreadPoolExecutor() as other:
        for _ in range(50):
            job_id = f"early-{new_id()}"
            asked = other.submit(gateway.predict, SCALED, id=job_id)
            seen = {gateway.job(job_id).status_code for _ in range(3)}
            assert asked.result().status_code == 202
            assert seen <= {200, 404}


def test_the_prediction_is_the_model_s_own_however_the_row_is_written(
    gateway: Gateway, model_path: Path
) -> None:
    scaled, clinical = dataset.holdout().features[:3], dataset.clinical_holdout().features[:3]
    wanted = Predictor.load(model_path).predict(scaled.tolist())
    forms = {
        "scaled": [scaled.tolist(), [dict(zip(NAMES, row, strict=True)) for row in scaled]],
        "raw": [clinical.tolist(), [dict(zip(NAMES, row, strict=True)) for row in clinical]],
    }
    for units, (lists, named) in forms.items():
        for rows in (lists, named):
            answer = gateway.predict(rows, WAIT, units=units)
            assert answer.status_code == 200
            predictions = [job["prediction"] for job in answer.json()["jobs"]]
            assert predictions == pytest.approx(wanted, abs=1e-6)
            single = gateway.predict(rows[0], WAIT, units=units).json()
            assert single["prediction"] == pytest.approx(wanted[0], abs=1e-6)


def test_a_thousand_patients_are_a_thousand_jobs_in_their_order(gateway: Gateway) -> None:
    begin = new_id()
    ids = [f"{begin}-{number}" for number in range(1000)]
    rows = [[*SCALED[:9], number / 1e4] for number in range(1000)]
    answer = gateway.predict(rows, WAIT, id=ids)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait")
    jobs = answer.json()["jobs"]
    assert [job["job_id"] for job in jobs] == ids
    assert {job["status"] for job in jobs} == {"completed"}
    alone = gateway.predict(rows[700], WAIT).json()
    assert alone["prediction"] == pytest.approx(jobs[700]["prediction"], abs=1e-6)


def test_who_does_not_wait_is_answered_at_once(gateway: Gateway) -> None:
    answer = gateway.predict([SCALED] * 2)
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers
    ids = [job["job_id"] for job in answer.json()["jobs"]]
    assert len(set(ids)) == 2
    assert {gateway.ended(job_id)["status"] for job_id in ids} == {"completed"}


def test_a_row_that_the_model_refuses_fails_and_says_why(
    start: Start, start_gateway: Callable[[], Gateway], tmp_path: Path
) -> None:
    train.store(skops.io.dumps(fragile_estimator()), tmp_path / "fragile.skops")
    start("model", model_path=tmp_path / "fragile.skops")
    gateway, strange = start_gateway(), [*SCALED[:9], 1]
    ids = [new_id() for _ in range(3)]
    answer = gateway.predict([SCALED, strange, SCALED], WAIT, id=ids)
    assert answer.status_code == 200
    jobs = answer.json()["jobs"]
    assert [job["status"] for job in jobs] == ["completed", "failed", "completed"]
    assert (jobs[1]["prediction"], jobs[1]["completed_at"] is None) == (None, False)
    assert jobs[1]["reason"]
    alone = gateway.predict(strange, WAIT).json()
    assert (alone["status"], alone["reason"]) == ("failed", jobs[1]["reason"])


def test_measured_values_without_their_units_are_refused_with_a_question(gateway: Gateway) -> None:
    refused = gateway.predict(MEASURED)
    assert refused.status_code == 422
    (problem,) = refused.json()["detail"]
    assert problem["loc"] == ["body", "data", "age"]
    assert 'did you mean "units": "raw"?' in problem["msg"]


def test_a_value_beyond_the_data_set_is_answered_with_a_warning(serving: Serving) -> None:
    key, old = {"Idempotency-Key": new_id()}, MEASURED | {"age": 93}
    answer = serving.gateway.predict([MEASURED, old], key, units="raw")
    assert answer.status_code == 202
    plain, warned = answer.json()["jobs"]
    assert plain["warnings"] == []
    (warning,) = warned["warnings"]
    assert warning.startswith("age is 93, outside the data set's range of 19 to 79")
    again = serving.other.predict([MEASURED, old], key | WAIT, units="raw").json()["jobs"]
    for jobs in (again, [serving.other.ended(job["job_id"]) for job in again]):
        assert [job["warnings"] for job in jobs] == [[], [warning]]
        assert {job["status"] for job in jobs} == {"completed"}


def test_the_states_of_a_job_are_pushed_until_it_has_ended(gateway: Gateway) -> None:
    for _ in range(5):
        job_id = gateway.predict(SCALED).json()["job_id"]
        with gateway.events(job_id) as pushed:
            events = list(pushed)
        assert {kind for kind, _ in events} == {"job"}
        assert events[-1][1] == gateway.job(job_id).json()
        states = [job["status"] for _, job in events]
        assert states in (["completed"], ["processing", "completed"])


@pytest.mark.parametrize("read_at_other", [True, False])
def test_a_job_of_one_gateway_is_told_by_the_other(serving: Serving, read_at_other: bool) -> None:
    posted, read = serving.gateway, serving.other
    if not read_at_other:
        posted, read = read, posted
    for _ in range(10):  # their answers come to either
        key = {"Idempotency-Key": new_id()}
        job_id = posted.predict(SCALED, key).json()["job_id"]
        with read.events(job_id) as pushed:
            assert [job for _, job in pushed][-1]["status"] == "completed"
        again = read.predict(SCALED, key | WAIT)
        assert (again.status_code, again.json()["job_id"]) == (200, job_id)


def test_a_label_makes_a_row_of_the_log(serving: Serving) -> None:
    gateway = serving.gateway
    job = gateway.predict(MEASURED, WAIT, units="raw").json()
    answer = gateway.label(job["job_id"], 151)
    assert (answer.status_code, answer.json()) == (
        202,
        {"job_id": job["job_id"], "label": 151, "makes_row": True, "warnings": []},
    )
    rows = row_of(serving, job["job_id"])
    assert rows["y_true"] == 151
    assert rows["y_pred"] == job["prediction"]
    told = gateway.job(job["job_id"]).json()
    assert told["label"] == 151
    assert told["absolute_error"] == pytest.approx(rows["absolute_error"])
    assert gateway.label(job["job_id"], 151.0).status_code == 202
    refused = gateway.label(job["job_id"], 152)
    assert refused.status_code == 409
    assert "151" in refused.json()["detail"]
    assert gateway.job(job["job_id"]).json()["label"] == 151


def test_a_label_may_come_before_its_row_and_for_an_id_of_others(serving: Serving) -> None:
    job_id = f"early:{new_id()}"
    assert serving.gateway.job(job_id).status_code == 404
    assert serving.gateway.label(job_id, 99.5).status_code == 202
    assert serving.gateway.job(job_id).status_code == 404
    job = serving.gateway.predict(SCALED, WAIT, id=job_id).json()
    assert (job["job_id"], job["label"]) == (job_id, 99.5)
    assert row_of(serving, job_id)["absolute_error"] == pytest.approx(job["absolute_error"])


@pytest.mark.parametrize("number", [1, 0.5, 10**40])
def test_an_id_may_be_a_number_as_in_a_message(serving: Serving, number: float) -> None:
    own = number + int(new_id().replace("-", "")[:12], base=16)  # of this test alone
    vhost, job_id = serving.vhost, id_text(own)
    with vhost.channel() as channel:
        copy = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(copy, "edge.features")
        job = serving.gateway.predict(SCALED, WAIT, id=own).json()
        assert (job["job_id"], job["status"]) == (job_id, "completed")
        assert job["location"] == f"/job/{job_id}"
        sent: list[Any] = []
        while own not in sent:
            found = eventually(lambda: channel.basic_get(copy, auto_ack=True)[2], "its message")
            sent.append(json.loads(found)["id"])
    assert type(sent[-1]) is type(own), "whoever answers has it as it came"
    again = serving.gateway.predict([SCALED, SCALED], WAIT, id=[job_id, own + 1]).json()
    assert [each["job_id"] for each in again["jobs"]] == [job_id, id_text(own + 1)]
    assert again["jobs"][0]["prediction"] == job["prediction"], '5 and "5" are one job'
    assert serving.other.job(job_id).json() == job
    assert serving.gateway.label(job_id, 99.5).status_code == 202
    assert row_of(serving, job_id)["y_true"] == 99.5


def row_of(serving: Serving, job_id: str) -> Any:
    """The row of metric_log.csv, as soon as it is there."""

    def look() -> Any:
        rows = read_rows(serving.logs_dir)
        return rows[rows["id"] == job_id].to_dict("records")

    return eventually(look, f"a row {job_id}")[0]
