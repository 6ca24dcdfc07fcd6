"""A gateway of another data set than the default one: what it refuses, and what it keeps apart."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from counters import Counters
from gateway_settings import GatewaySettings
from jobs.answers import Answers
from jobs.store import JobStore, NewJobs
from jobs.waiting import Waiting
from pipeline.messages import Message
from pipeline.model_store.store import ModelStore
from pipeline.run import Run
from pipeline.table.readers import Readers
from redis_server import PrivateRedis
from support.gateway_client import SCALED, TRAINING, Gateway
from support.stored_models import put_model
from support.waiting import PATIENCE_SECONDS

StartGateway = Callable[..., Gateway]


def test_what_it_cannot_do_yet_is_a_sentence(start_gateway: StartGateway) -> None:
    gateway = start_gateway(dataset="iris")
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/predict", {"data": {"petal_length": 1.4}}),
        ("POST", "/label/a", {"value": "setosa"}),
        ("POST", "/label?id=a/b", {"value": 1}),
        ("POST", "/train", TRAINING),
        ("POST", "/models/a/promote", None),
        ("GET", "/models/a/promote", None),
        ("POST", "/models/a/shadow", None),
        ("POST", "/rollback", None),
        ("GET", "/columns", None),
        ("GET", "/patients/random", None),
        ("GET", "/predictions", None),
    ]
    for method, path, body in calls:
        answer = gateway.http.request(method, path, json=body)
        assert answer.status_code == 501, path
        assert answer.json() == {
            "detail": "DATASET is 'iris', and this gateway can do that only for 'diabetes' so far: "
            "rows are streamed, predicted and joined without it"
        }
    for path in ("/health", "/metrics", "/docs", "/openapi.json", "/", "/links", "/changes"):
        assert gateway.http.get(path).is_success, path
    assert gateway.http.get("/models").json() == {"live": None, "shadow": None, "models": []}


def test_it_lists_its_own_models(start_gateway: StartGateway, tmp_path: Path) -> None:
    gateway = start_gateway(dataset="iris")
    store = ModelStore(str(tmp_path / "models"), "iris")
    put_model(store, "of-iris", data_set="iris", metrics=None)
    put_model(store, "of-diabetes")
    (found,) = gateway.http.get("/models").json()["models"]
    assert found["model_id"] == "of-iris"
    answer = gateway.http.get("/models/of-diabetes")
    assert answer.status_code == 404
    assert "no model of-diabetes of iris: it is one of diabetes" in answer.json()["detail"]
    assert gateway.http.delete("/models/of-diabetes").status_code == 404
    assert gateway.http.delete("/models/of-iris").status_code == 204


def test_the_jobs_of_one_data_set_are_none_of_another(start_gateway: StartGateway) -> None:
    usual = start_gateway()
    usual.service.log_file.unlink()  # in which the other would find this one's address
    other = start_gateway(dataset="iris")
    assert other.address != usual.address
    job_id = usual.predict(SCALED, units="scaled").json()["job_id"]
    assert usual.job(job_id).json()["status"] == "processing"
    for answer in (other.job(job_id), other.cancel(job_id)):
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"there is no job {job_id}"


class OneBatch:
    """An answer of the model, as the broker would bring it."""

    def decode_answers(self, _: Readers) -> Any:
        return [Message(["a"], [1.5], model_id="m")], [], []


@pytest.mark.parametrize(("data_set", "prefix"), [("diabetes", ""), ("iris", "iris:")])
def test_all_keys_and_channels_begin_with_its_name(
    redis_server: PrivateRedis, data_set: str, prefix: str
) -> None:
    url = f"{redis_server.url.removesuffix('0')}{len(prefix) + 3}"  # a database of its own
    settings = GatewaySettings(redis_url=url, dataset=data_set)
    answers: Any = Answers(settings, Run("gateway"), Counters(), Readers.of(settings))
    assert settings.key_prefix == prefix

    async def live_through_a_job() -> None:
        async with Redis.from_url(url, decode_responses=True) as redis:
            await redis.flushdb()
            store, waiting = JobStore(redis, 60, prefix), Waiting(redis, prefix)
            following = asyncio.create_task(waiting.follow())
            await store.create(NewJobs(["a"], ["digest"], [[]], "whole", "a key"))
            await store.confirm(["a"])
            with waiting.for_end_of(["a"]) as ended:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await ended.wait()  # as it does when it has connected
                    ended.clear()
                    assert answers.keep(OneBatch()) == []
                    await ended.wait()
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
            assert await store.tell_label("a", 2.0) == 2.0
            assert await redis.exists(f"{prefix}told:a")
            await store.confirm_label("a", 2.0)
            (job,) = await store.read(["a"])
            assert job is not None
            assert (job.status, job.prediction, job.label) == ("completed", 1.5, 2.0)
            assert await JobStore(redis, 60, "houses:").read(["a"]) == [None]

    with ThreadPoolExecutor(1) as other:  # a browser's loop may run in this one
        other.submit(asyncio.run, live_through_a_job()).result()
    redis: Any = BlockingRedis.from_url(url, decode_responses=True)
    keys: list[str] = list(redis.keys())
    assert all(key.startswith(prefix) for key in keys)
    kinds = sorted(key.removeprefix(prefix).partition(":")[0] for key in keys)
    assert kinds == ["job", "key", "label", "seen"]
    redis.flushdb()
