"""Trainings that are cancelled at any moment, with a gateway and a trainer as processes."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from pipeline.model_store.store import ModelStore
from redis_server import PrivateRedis
from support.gateway_client import Gateway
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

TRIES = 9
MOST_SECONDS = 0.2  # some trainings end within
FIELDS: dict[str, Any] = {"algorithm": "ridge", "params": {}}


def wait_for(folder: Path) -> None:
    """Not with eventually(): it would be asleep when it happens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def ended(gateway: Gateway, job_id: str) -> str:
    """What a training has become; it is no longer in hand."""

    def look() -> str | None:
        status: str = gateway.job(job_id).json()["status"]
        return status if status in {"completed", "failed", "cancelled"} else None

    return eventually(look, f"the end of {job_id}")


def test_one_that_was_told_to_be_cancelled_never_has_a_model(
    start_gateway: Callable[..., Gateway],
    start: Callable[..., Service],
    vhost: Vhost,
    redis_server: PrivateRedis,
    tmp_path: Path,
) -> None:
    """What the cancel was answered is what it ends as, and whether there is a model."""
    dice = Random(2026)
    gateway = start_gateway(training_url=vhost.amqp_url)
    trainer = start("trainer", training_url=vhost.amqp_url, redis_url=redis_server.url)
    eventually(trainer.is_up, "the trainer")
    store = ModelStore(str(tmp_path / "models"))
    ended(gateway, gateway.train(**FIELDS).json()["job_id"])  # the first one imports a lot
    told: dict[str, bool] = {}
    models: dict[str, str] = {}
    for number in range(TRIES):
        job = gateway.train(**FIELDS).json()
        if number % 2:
            time.sleep(dice.uniform(0, MOST_SECONDS))
        else:  # as its first file gets into the store
            wait_for(tmp_path / "models" / "models" / job["model_id"])
        answer = gateway.cancel(job["job_id"])
        assert answer.status_code in {200, 409}, answer.text
        told[job["job_id"]], models[job["job_id"]] = answer.is_success, job["model_id"]
    last = gateway.train(**FIELDS).json()["job_id"]
    assert ended(gateway, last) == "completed", "those before it are no longer in hand"
    print(f"{sum(told.values())} of {TRIES} were cancelled")
    became = {job_id: ended(gateway, job_id) == "cancelled" for job_id in told}
    wrong = sum(became[job_id] != was_told for job_id, was_told in told.items())
    assert not wrong, f"{wrong} of {TRIES}"
    stored = {model.model_id for model in store.models()}
    assert {job_id: models[job_id] not in stored for job_id in told} == told
