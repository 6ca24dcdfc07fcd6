"""What has an end: the store, the room of the broker, its idle work."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from child_process import ChildProcess
from jobs.outbox import CONFIRM_SECONDS
from pipeline.messages import new_id
from rabbitmq import PrivateRabbitMQ
from redis_server import CONFIG, REDIS, PrivateRedis
from servers import free_ports
from support.gateway_client import SCALED, Gateway
from support.service import Service
from support.waiting import eventually

Start = Callable[..., Service]
StartGateway = Callable[..., Gateway]
IDLE_SECONDS = 3.0


@pytest.fixture
def small_redis(redis_server: PrivateRedis, tmp_path: Path) -> Iterator[str]:
    """One that is full after some thousand jobs."""
    assert redis_server.exit_status is None  # the package is there
    (port,) = free_ports(1)
    (folder := tmp_path / "small").mkdir()
    command: list[str | Path] = [REDIS.server, CONFIG, "--dir", folder, "--maxmemory", "4mb"]
    command += ["--port", str(port), "--bind", "127.0.0.1"]
    child = ChildProcess("redis", command, folder, {"LC_ALL": "C.UTF-8"}, folder)
    child.start()
    yield f"redis://127.0.0.1:{port}/0"
    child.kill()


def test_a_full_store_refuses_new_jobs_and_answers_the_old_ones(
    start_gateway: StartGateway, start: Start, small_redis: str
) -> None:
    gateway = start_gateway(redis_url=small_redis)
    job_id = gateway.predict(SCALED).json()["job_id"]
    answer = eventually(lambda: refusal(gateway.predict([SCALED] * 1000)), "a full store")
    assert "memory" in answer.json()["detail"]
    assert "full" in gateway.wait_until_ill()["redis"]
    start("model")
    assert gateway.ended(job_id)["status"] == "completed"
    assert gateway.job(job_id).json()["prediction"] > 0


def test_a_broker_short_of_memory_is_told_at_once(
    start_gateway: StartGateway, rabbitmq: PrivateRabbitMQ
) -> None:
    gateway = start_gateway()
    rabbitmq.control("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        key = {"Idempotency-Key": new_id()}
        eventually(lambda: refusal(gateway.predict(SCALED)), "a refusal")
        assert "memory" in gateway.wait_until_ill()["broker"]
        started = time.monotonic()
        assert all(gateway.predict(SCALED, key).status_code == 503 for _ in range(20))
        assert time.monotonic() - started < 20 * CONFIRM_SECONDS / 2, "without waiting for confirms"
    finally:
        rabbitmq.control("set_vm_memory_high_watermark", "0.6")
    gateway.wait_until_well()
    assert gateway.predict(SCALED, key).status_code == 202


def test_a_key_that_no_header_carries_alike_is_refused_unseen(start: Start) -> None:
    service = start("gateway", gateway_api_key="pässword")
    assert service.wait() == 2
    assert "GATEWAY_API_KEY='***' is not accepted" in service.log()
    assert "ssword" not in service.log()


def test_idle_it_asks_redis_next_to_nothing(start_gateway: StartGateway, small_redis: str) -> None:
    start_gateway(redis_url=small_redis)
    with Redis.from_url(small_redis) as redis:
        before = redis.info("stats")["total_commands_processed"]
        time.sleep(IDLE_SECONDS)  # what is looked at is this time itself
        assert redis.info("stats")["total_commands_processed"] - before < 10


def refusal(answer: Any) -> Any:
    return answer if answer.status_code == 503 else None
