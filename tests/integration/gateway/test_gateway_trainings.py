"""Trainings over HTTP: asked once, followed by what Celery keeps of them, given up. The trainer is
what the tests write in its name, with Celery."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from celery.backends.base import Backend
from pydantic import RedisDsn
from redis import Redis

from pipeline.errors import PipelineError
from pipeline.messages import new_id
from pipeline.training import (
    PROGRESS,
    QUEUE,
    SETTLE,
    STAGES,
    STORING,
    TASK,
    Progress,
    TrainingRequest,
    TrainingSettings,
    celery_app,
    record_key,
)
from redis_server import PrivateRedis
from support.gateway_client import SCALED, TRAINING, WAIT, Gateway, Serving
from support.vhost import Vhost

RESULT = {
    "model_id": "x", "rmse": 53.5, "mae": 42.5, "baseline_mae": 64.5, "training_rows": 353,
    "held_out_rows": 89,
}  # fmt: skip
OF_CLASSES = {
    "model_id": "x", "rmse": None, "mae": None, "training_rows": 120, "held_out_rows": 30,
    "accuracy": 0.9, "majority_accuracy": 0.4, "half_brier": 0.1,
}  # fmt: skip


@pytest.fixture
def celery(redis_server: PrivateRedis) -> Backend:
    """Where the trainer's Celery notes the states of its tasks."""
    settings = TrainingSettings(redis_url=RedisDsn(redis_server.url))
    backend: Backend = celery_app(settings).backend
    return backend


@pytest.fixture
def redis(redis_server: PrivateRedis) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url, decode_responses=True) as redis:
        yield redis


def new_job(gateway: Gateway) -> str:
    job_id: str = gateway.train().json()["job_id"]
    return job_id


def task_of(vhost: Vhost, job_id: str) -> tuple[Any, bytes]:
    """The task of that job; those of other tests before it are let go."""
    while True:
        properties, body = vhost.wait_for(QUEUE)
        if properties.headers["id"] == job_id:
            return properties, body


def test_a_training_is_a_task_with_a_record(
    gateway: Gateway, serving: Serving, redis: Redis
) -> None:
    answer = gateway.train()
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == job["location"] == f"/job/{job['job_id']}"
    assert (job["kind"], job["status"], job["request"]) == ("training", "pending", TRAINING)
    assert job["stages"] == list(STAGES)
    assert job["model_id"].startswith("random-forest-")
    properties, body = task_of(serving.vhost, job["job_id"])
    assert (properties.headers["task"], properties.delivery_mode) == (TASK, 2)
    (request,), _, _ = msgspec.json.decode(body)
    ids = {"job_id": job["job_id"], "model_id": job["model_id"]}
    assert request == ids | TRAINING | {"data_set": "diabetes"}
    record = redis.hgetall(key := record_key(job["job_id"]))
    assert msgspec.json.decode(record["request"], type=TrainingRequest).params == TRAINING["params"]
    assert redis.ttl(key) > 6 * 86_400  # others may be before it
    assert gateway.job(job["job_id"]).json() == job


@pytest.mark.parametrize(
    ("state", "result", "told"),
    [
        ("STARTED", {"pid": 1}, {"status": "processing", "stage": None}),
        (
            PROGRESS,
            msgspec.to_builtins(Progress("fit", 40.0)),
            {"status": "processing", "stage": "fit", "percent": 40.0},
        ),
        (
            "RETRY",
            PipelineError("the model store is away"),
            {"status": "processing", "reason": "the model store is away"},
        ),
        (
            "SUCCESS",
            RESULT,
            {"status": "completed", "stage": "store", "percent": 100, "rmse": 53.5, "mae": 42.5}
            | {"baseline_mae": 64.5, "accuracy": None, "half_brier": None},
        ),
        (
            "SUCCESS",
            OF_CLASSES,
            {"rmse": None, "mae": None, "baseline_mae": None, "accuracy": 0.9}
            | {"status": "completed", "majority_accuracy": 0.4, "log_loss": None}
            | {"half_brier": 0.1},
        ),
        (
            "FAILURE",
            PipelineError("there is no column 'bmj'"),
            {"status": "failed", "reason": "there is no column 'bmj'", "rmse": None},
        ),
        ("FAILURE", KeyError("bmj"), {"status": "failed", "reason": "KeyError bmj"}),
        ("REVOKED", None, {"status": "cancelled"}),
    ],
)
def test_it_is_told_as_celery_has_it(
    gateway: Gateway, celery: Backend, state: str, result: Any, told: dict[str, Any]
) -> None:
    job_id = new_job(gateway)
    celery.store_result(job_id, result, state)
    job = gateway.job(job_id).json()
    assert {name: job[name] for name in told} == told
    has_ended = told["status"] != "processing"
    assert (job["completed_at"] is not None) == has_ended


def test_it_can_be_followed_at_any_gateway(serving: Serving, celery: Backend) -> None:
    job_id = new_job(serving.gateway)
    with serving.other.events(job_id) as pushed:
        assert next(pushed)[1]["status"] == "pending"
        for stage in STAGES[:2]:
            celery.store_result(job_id, {"stage": stage, "percent": None}, PROGRESS)
            assert next(pushed)[1]["stage"] == stage
        celery.store_result(job_id, RESULT, "SUCCESS")
        assert [job["rmse"] for _, job in pushed] == [53.5]


def test_it_can_be_given_up_until_it_has_ended(
    gateway: Gateway, celery: Backend, redis: Redis
) -> None:
    job_id = new_job(gateway)
    celery.store_result(job_id, {"stage": "fit", "percent": 3}, PROGRESS)
    with gateway.events(job_id) as pushed:
        next(pushed)
        first = gateway.cancel(job_id)
        assert [job["status"] for _, job in pushed] == ["cancelled"]
    assert first.status_code == 200
    assert (first.json()["status"], first.json()["stage"]) == ("cancelled", "fit")
    assert first.json()["completed_at"] is not None
    assert redis.hexists(record_key(job_id), "cancelled")
    assert redis.ttl(record_key(job_id)) <= 3600, "JOB_TTL, and not the time that it could wait"
    again = gateway.cancel(job_id)
    assert (again.status_code, again.json()) == (200, first.json())
    celery.store_result(job_id, ValueError("it failed at the same moment"), "FAILURE")
    assert gateway.job(job_id).json()["status"] == "cancelled", "that was told"


def test_one_whose_model_is_being_stored_is_not_given_up_any_more(
    gateway: Gateway, celery: Backend, redis: Redis
) -> None:
    job_id = new_job(gateway)
    settle = redis.register_script(SETTLE.read_text())
    key = [record_key(job_id)]
    assert settle(key, [STORING, "2026-01-01T00:00:00Z"]) == STORING
    late = gateway.cancel(job_id)
    assert late.status_code == 409
    assert late.json()["detail"] == (
        f"it is too late to cancel the training {job_id}: its model is about to be stored, or was "
        "being stored when the trainer ended"
    )
    assert settle(key, [STORING, "2026-01-01T00:00:01Z"]) == STORING, "by the next trainer, too"
    celery.store_result(job_id, RESULT, "SUCCESS")
    assert gateway.job(job_id).json()["status"] == "completed"
    late = gateway.cancel(job_id)
    assert late.status_code == 409
    assert "it is completed" in late.json()["detail"]


def test_only_a_training_that_is_there_is_given_up(gateway: Gateway) -> None:
    job_id = gateway.predict(SCALED, WAIT).json()["job_id"]
    answer = gateway.cancel(job_id)
    assert answer.status_code == 409
    assert "is a prediction" in answer.json()["detail"]
    assert gateway.cancel(new_id()).status_code == 404


def test_a_key_makes_it_the_same_job(serving: Serving) -> None:
    key = new_id()
    with ThreadPoolExecutor() as pool:
        gateways = [serving.gateway, serving.other] * 3
        first, *others = pool.map(lambda gateway: gateway.train(key), gateways)
    assert [answer.status_code for answer in (first, *others)] == [202] * 6
    assert {(answer.json()["job_id"], answer.json()["model_id"]) for answer in others} == {
        (first.json()["job_id"], first.json()["model_id"])
    }
    others_of_it: list[dict[str, Any]] = [{"params": {}}, {"algorithm": "linear"}]
    for fields in others_of_it:
        answer = serving.gateway.train(key, **fields)
        assert answer.status_code == 409
        assert "Idempotency-Key" in answer.json()["detail"]
    assert serving.gateway.train(new_id()).json()["job_id"] != first.json()["job_id"]


def test_one_that_has_expired_is_told_apart_from_none(gateway: Gateway, redis: Redis) -> None:
    job_id = gateway.train(key := new_id()).json()["job_id"]
    redis.delete(record_key(job_id))
    assert gateway.job(job_id).status_code == 410
    assert gateway.http.get(f"/job/{job_id}/events").status_code == 410
    assert gateway.cancel(job_id).status_code == 410
    assert gateway.train(key).status_code == 409
    redis.hincrby(record_key(job_id), "attempts", 1)  # a trainer that comes late
    assert gateway.job(job_id).status_code == 410


def test_a_record_of_an_earlier_version_goes_on(gateway: Gateway, redis: Redis) -> None:
    """Its request has no data set, and it has no warnings; the id of its job is as it was."""
    job_id = gateway.train("an-old-key").json()["job_id"]
    assert job_id == "5213a574-ce84-535e-b6af-7ed1ac89cbc5"
    old = msgspec.json.decode(redis.hgetall(record_key(job_id))["request"])
    del old["data_set"]
    redis.hset(record_key(job_id), "request", msgspec.json.encode(old))
    redis.hdel(record_key(job_id), "warnings")
    again = gateway.train("an-old-key")
    assert (again.status_code, again.json()["job_id"]) == (202, job_id)
    assert (again.json()["request"], again.json()["warnings"]) == (TRAINING, [])
