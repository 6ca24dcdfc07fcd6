"""What is missing is told, what can go on goes on, and all heals by itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.messages import new_id
from redis_server import PrivateRedis
from support.gateway_client import SCALED, WAIT, Gateway
from support.rows import read_rows, row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, STOP_SECONDS, eventually

Start = Callable[..., Service]
StartGateway = Callable[..., Gateway]


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    with PrivateRedis(tmp_path / "redis") as redis:
        yield redis


def test_a_job_is_kept_for_its_time_and_a_long_queue_takes_no_more(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway(job_ttl=1, max_queue=2)
    key = {"Idempotency-Key": new_id()}
    job_id = gateway.predict(SCALED, key).json()["job_id"]
    with ThreadPoolExecutor() as pool, gateway.events(job_id) as pushed:
        waits = pool.submit(gateway.predict, SCALED, WAIT)
        assert [kind for kind, _ in pushed] == ["job", "expired"]
        assert waits.result(20).status_code == 410
    answer = gateway.job(job_id)
    assert answer.status_code == 410
    assert "expired" in answer.json()["detail"]
    assert gateway.http.get(f"/job/{job_id}/events").status_code == 410
    assert gateway.predict(SCALED, id=job_id).status_code == 409, "an id is of one row"
    assert gateway.label(job_id, 151).status_code == 202
    assert gateway.label(job_id, 152).status_code == 409
    assert gateway.predict([SCALED] * 2, key).status_code == 202, "the key is free again"
    gateway.predict(SCALED)
    answer = eventually(lambda: is_refused(gateway), "a queue that is too long")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "wait for the model" in answer.json()["detail"]
    assert gateway.label(new_id(), 5).status_code == 202, "metric is not behind"


def test_without_its_broker_it_says_so_and_heals(start_gateway: StartGateway, vhost: Vhost) -> None:
    gateway = start_gateway()
    job_id = gateway.predict(SCALED).json()["job_id"]
    vhost.delete()
    health = gateway.wait_until_ill()
    assert (health["status"], health["redis"]) == ("unavailable", "ok")
    assert "broker" in health["broker"]
    assert_unavailable(gateway.predict(SCALED), "broker")
    assert_unavailable(gateway.label(job_id, 5), "broker")
    assert gateway.job(job_id).status_code == 200
    vhost.manage("PUT", f"vhosts/{vhost.name}")
    vhost.permit("guest")
    gateway.wait_until_well()
    assert gateway.label(job_id, 5).status_code == 202, "it can be told again"
    assert job_id.encode() in vhost.wait_for("y_true")[1]
    assert gateway.predict(SCALED).status_code == 202


def test_without_redis_the_others_go_on_and_answers_wait(
    start_gateway: StartGateway, start: Start, vhost: Vhost, own_redis: PrivateRedis, tmp_path: Path
) -> None:
    gateway = start_gateway(redis_url=own_redis.url)
    start("metric")
    job_id = gateway.predict(SCALED).json()["job_id"]
    with ThreadPoolExecutor() as pool, gateway.events(job_id) as pushed:
        assert next(pushed)[1]["status"] == "processing"
        own_redis.stop()
        health = gateway.wait_until_ill()
        assert (health["broker"], health["redis"][:5]) == ("ok", "Redis")
        refused = [gateway.predict(SCALED), gateway.label(new_id(), 5), gateway.job(job_id)]
        for answer in [*refused, gateway.http.post(f"/job/{job_id}/cancel")]:
            assert_unavailable(answer, "Redis")
        start("model")
        vhost.put("y_true", b'{"id": "other", "body": 151}')
        vhost.put("features", b'{"id": "other", "body": [0,0,0,0,0,0,0,0,0,0]}')
        eventually(lambda: row_count(tmp_path) == 1, "a row of others")
        told = pool.submit(lambda: [job["status"] for _, job in pushed])
        own_redis.start()
        gateway.wait_until_well()
        assert gateway.ended(job_id)["status"] == "completed"
        assert told.result(20) in ([], ["completed"]), "it ends, and its reader comes again"
    with gateway.events(job_id) as pushed:
        assert [job["status"] for _, job in pushed] == ["completed"]
    assert gateway.label(job_id, 100).status_code == 202
    eventually(lambda: row_count(tmp_path) == 2, "the row of the job")
    assert set(read_rows(tmp_path)["id"]) == {"other", job_id}
    assert gateway.predict(SCALED, WAIT).status_code == 200
    assert "Traceback" not in gateway.service.log()


def test_it_starts_without_redis_and_waits_for_it(start: Start, own_redis: PrivateRedis) -> None:
    own_redis.stop()
    gateway = Gateway(start("gateway", gateway_port=0, redis_url=own_redis.url))
    gateway.wait_until_ill()
    own_redis.start()
    gateway.wait_until_well()
    assert gateway.predict(SCALED).status_code == 202
    gateway.close()


def test_asked_to_end_it_lets_all_go_who_wait(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    job_id = gateway.predict(SCALED).json()["job_id"]
    with ThreadPoolExecutor() as pool, gateway.events(job_id) as pushed:
        assert next(pushed)[1]["status"] == "processing"
        key = {"Idempotency-Key": new_id(), "Prefer": "wait=30"}
        waits = pool.submit(gateway.predict, SCALED, key)
        eventually(lambda: gateway.count("gateway_jobs_total") == 2, "the second job")
        assert gateway.service.stop(STOP_SECONDS) == 0
        answer = waits.result(PATIENCE_SECONDS)
        assert (answer.status_code, answer.json()["status"]) == (202, "processing")
        assert list(pushed) == []
    assert "Traceback" not in gateway.service.log()


def is_refused(gateway: Gateway) -> Any:
    """The answer once it takes no more; None before."""
    answer = gateway.predict(SCALED)
    return None if answer.status_code == 202 else answer


def assert_unavailable(answer: Any, part: str) -> None:
    assert answer.status_code == 503
    assert part in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0
