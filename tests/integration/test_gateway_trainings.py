"""Trainings over HTTP: asked once, followed by what Celery keeps of them, given up. The trainer is
what the tests write in its name, with Celery."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from celery.backends.base import Backend
from pydantic import RedisDsn
from redis import Redis

from gateway_client import SCALED, WAIT, Gateway, Serving
from pipeline.errors import PipelineError
from pipeline.messages import FEATURE_NAMES, new_id
from pipeline.training import (
    PROGRESS,
    QUEUE,
    STAGES,
    TASK,
    Progress,
    TrainingRequest,
    TrainingSettings,
    celery_app,
    record_key,
)
from redis_server import PrivateRedis
from support import Vhost

StartGateway = Callable[..., Gateway]
BODY: dict[str, Any] = {
    "dataset_id": "diabetes",
    "features": list(FEATURE_NAMES),
    "target": "target",
    "algorithm": "random_forest",
    "params": {"max_depth": 3, "max_features": 0.5, "bootstrap": True, "criterion": "poisson"},
}
RESULT = {"model_id": "x", "rmse": 53.5, "mae": 42.5, "training_rows": 353, "held_out_rows": 89}


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


def ask(gateway: Gateway, key: str = "", **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return gateway.http.post("/train", json=BODY | fields, headers=headers)


def new_job(gateway: Gateway) -> str:
    job_id: str = ask(gateway).json()["job_id"]
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
    answer = ask(gateway)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == job["location"] == f"/job/{job['job_id']}"
    assert (job["kind"], job["status"], job["request"]) == ("training", "pending", BODY)
    assert job["stages"] == list(STAGES)
    assert job["model_id"].startswith("random-forest-")
    properties, body = task_of(serving.vhost, job["job_id"])
    assert (properties.headers["task"], properties.delivery_mode) == (TASK, 2)
    (request,), _, _ = msgspec.json.decode(body)
    assert request == {"job_id": job["job_id"], "model_id": job["model_id"]} | BODY
    record = redis.hgetall(key := record_key(job["job_id"]))
    assert msgspec.json.decode(record["request"], type=TrainingRequest).params == BODY["params"]
    assert 3500 < redis.ttl(key) <= 3600
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
            {"status": "completed", "stage": "store", "percent": 100, "rmse": 53.5, "mae": 42.5},
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
        first = gateway.http.post(f"/job/{job_id}/cancel")
        assert [job["status"] for _, job in pushed] == ["cancelled"]
    assert first.status_code == 200
    assert (first.json()["status"], first.json()["stage"]) == ("cancelled", "fit")
    assert first.json()["completed_at"] is not None
    assert redis.hexists(record_key(job_id), "cancelled")
    again = gateway.http.post(f"/job/{job_id}/cancel")
    assert (again.status_code, again.json()) == (200, first.json())
    celery.store_result(job_id, RESULT, "SUCCESS")
    assert gateway.job(job_id).json()["status"] == "completed", "the trainer was faster"
    late = gateway.http.post(f"/job/{job_id}/cancel")
    assert late.status_code == 409
    assert "it is completed" in late.json()["detail"]


def test_only_a_training_that_is_there_is_given_up(gateway: Gateway) -> None:
    job_id = gateway.predict(SCALED, WAIT).json()["job_id"]
    answer = gateway.http.post(f"/job/{job_id}/cancel")
    assert answer.status_code == 409
    assert "is a prediction" in answer.json()["detail"]
    assert gateway.http.post(f"/job/{new_id()}/cancel").status_code == 404


def test_a_key_makes_it_the_same_job(serving: Serving) -> None:
    key = new_id()
    with ThreadPoolExecutor() as pool:
        gateways = [serving.gateway, serving.other] * 3
        first, *others = pool.map(lambda gateway: ask(gateway, key), gateways)
    assert [answer.status_code for answer in (first, *others)] == [202] * 6
    assert {(answer.json()["job_id"], answer.json()["model_id"]) for answer in others} == {
        (first.json()["job_id"], first.json()["model_id"])
    }
    others_under_it: list[dict[str, Any]] = [{"params": {}}, {"algorithm": "linear"}]
    for fields in others_under_it:
        answer = ask(serving.gateway, key, **fields)
        assert answer.status_code == 409
        assert "Idempotency-Key" in answer.json()["detail"]
    assert ask(serving.gateway, new_id()).json()["job_id"] != first.json()["job_id"]


def test_one_that_has_expired_is_told_apart_from_none(gateway: Gateway, redis: Redis) -> None:
    job_id = ask(gateway, key := new_id()).json()["job_id"]
    redis.delete(record_key(job_id))
    assert gateway.job(job_id).status_code == 410
    assert gateway.http.get(f"/job/{job_id}/events").status_code == 410
    assert gateway.http.post(f"/job/{job_id}/cancel").status_code == 410
    assert ask(gateway, key).status_code == 409
    redis.hincrby(record_key(job_id), "attempts", 1)  # a trainer that comes late
    assert gateway.job(job_id).status_code == 410


@pytest.mark.parametrize(
    "fields",
    [
        {"dataset_id": "../etc/passwd"},
        {"dataset_id": "a" * 65},
        {"dataset_id": None},
        {"features": []},
        {"features": ["bmi", "bmi"]},
        {"features": ["bmi", "target"]},
        {"features": [f"x{number}" for number in range(101)]},
        {"features": ["a" * 65]},
        {"features": ["a\nb"]},
        {"features": ["\x85"]},
        {"features": "bmi"},
        {"target": ""},
        {"algorithm": "boosting"},
        {"params": {"alpha": [1]}},
        {"params": {"alpha": "a" * 65}},
        {"params": {"alpha": 10**400}},
        {"params": {"__class__": 1}},
        {"params": {f"p{number}": 1 for number in range(21)}},
        {"param": {}},
    ],
)
def test_what_does_not_fit_is_refused(gateway: Gateway, fields: dict[str, Any]) -> None:
    answer = ask(gateway, **fields)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"


def test_numbers_that_json_does_not_have_are_refused(gateway: Gateway) -> None:
    for number in (b"NaN", b"1e400"):
        body = msgspec.json.encode(BODY).replace(b"0.5", number)
        assert gateway.post("/train", body).status_code == 422


def test_without_its_broker_nothing_is_left_and_then_it_is_the_same_job(
    start_gateway: StartGateway, redis: Redis, vhost: Vhost
) -> None:
    """The user has the rights of compose's gateway; of two nodes one never says a word."""
    user, name = vhost.name, f"{vhost.name}-training"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_url = f"amqp://127.0.0.1:{silent.getsockname()[1]}"
        urls = f"{silent_url},{vhost.url_for(user, 'secret')}-training"
        gateway = start_gateway(training_url=urls)
        before = set(redis.scan_iter("training:*"))
        begin = time.monotonic()
        answer = ask(gateway, key := new_id())
        assert time.monotonic() - begin < 8
        assert answer.status_code == 503
        assert "the broker does not take trainings" in answer.json()["detail"]
        assert set(redis.scan_iter("training:*")) == before
        assert gateway.predict(SCALED).status_code == 202, "the other broker is there"
        vhost.manage("PUT", f"users/{user}", {"password": "secret", "tags": ""})
        vhost.manage("PUT", f"vhosts/{name}")
        try:
            right = f"^{QUEUE}$"
            rights = {"configure": right, "write": right, "read": right}
            vhost.manage("PUT", f"permissions/{name}/{user}", rights)
            assert ask(gateway, key).status_code == 202
            queue = vhost.manage("GET", f"queues/{name}/{QUEUE}")
            assert queue["arguments"]["x-queue-type"] == "quorum"
        finally:
            vhost.manage("DELETE", f"vhosts/{name}")
            vhost.manage("DELETE", f"users/{user}")
    assert "Traceback" not in gateway.service.log()
