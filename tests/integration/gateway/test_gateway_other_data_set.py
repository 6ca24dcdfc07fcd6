"""A gateway of another data set than the default one: what it keeps apart."""

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
from jobs.label_rules import RulesByDataSet
from jobs.label_store import LabelStore
from jobs.store import JobStore, NewJobs
from jobs.waiting import Waiting
from pipeline.messages import Label, Message, Prediction, Refusal
from pipeline.model_store.records import Metrics
from pipeline.model_store.store import ModelStore
from pipeline.run import Run
from pipeline.table.readers import Readers
from redis_server import PrivateRedis
from support.gateway_client import SCALED, Gateway
from support.stored_models import put_model
from support.waiting import PATIENCE_SECONDS

StartGateway = Callable[..., Gateway]


def test_it_lists_all_models_and_deletes_only_its_own(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    gateway = start_gateway(dataset="iris")
    store = ModelStore(str(tmp_path / "models"), "iris")
    accurate = Metrics(None, None, 300, 75, accuracy=0.9, half_brier=0.1)
    put_model(store, "of-iris", data_set="iris", metrics=None)
    put_model(store, "of-diabetes", metrics=None)
    put_model(store, "of-gone-classes", data_set="gone", metrics=accurate)
    put_model(store, "of-gone-numbers", data_set="gone")
    put_model(store, "of-gone", data_set="gone", metrics=None)
    found = gateway.http.get("/models").json()["models"]
    assert [(each["model_id"], each["data_set"], each["task"]) for each in found] == [
        ("of-iris", "iris", "classification"),
        ("of-diabetes", "diabetes", "regression"),
        ("of-gone-classes", "gone", "classification"),
        ("of-gone-numbers", "gone", "regression"),
        ("of-gone", "gone", None),
    ]
    for model in found:
        assert gateway.http.get(f"/models/{model['model_id']}").json() == model
    answer = gateway.http.delete("/models/of-diabetes")
    assert answer.status_code == 404
    assert "no model of-diabetes of iris: it is one of diabetes" in answer.json()["detail"]
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

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction

    def decode_answers(self, _: Readers) -> Any:
        return [Message(["a"], [self._prediction], model_id="m")], [], []


class Refused(OneBatch):
    """The reason that metric tells of a prediction whose id was used before."""

    def decode_answers(self, _: Readers) -> Any:
        others = Refusal("a", "used before", 7.5)  # of which the job does not have the prediction
        return [], [others, Refusal("a", "used before", self._prediction)], []


BY_CLASS = {"versicolor": 0.25, "setosa": 0.75}


@pytest.mark.parametrize(
    ("data_set", "prefix", "prediction", "label", "told"),
    [
        ("diabetes", "", 1.5, 2.0, (1.5, None, 2.0, 0.5)),
        ("iris", "iris:", BY_CLASS, "versicolor", ("setosa", BY_CLASS, "versicolor", 0.75)),
        ("iris", "iris:", "setosa", "virginica", ("setosa", None, "virginica", 1)),
    ],
)
def test_all_keys_and_channels_begin_with_its_name(
    redis_server: PrivateRedis,
    data_set: str,
    prefix: str,
    prediction: Prediction,
    label: Label,
    told: Any,
) -> None:
    url = f"{redis_server.url.removesuffix('0')}3"  # a database of its own
    settings = GatewaySettings(redis_url=url, dataset=data_set)
    readers = Readers.of(settings)
    classes_of = RulesByDataSet(readers.schema, settings.datasets_dir).classes_of
    answers: Any = Answers(settings, Run("gateway"), Counters(), readers)
    assert settings.key_prefix == prefix

    async def live_through_a_job() -> None:
        async with Redis.from_url(url, decode_responses=True) as redis:
            await redis.flushdb()
            store, waiting = JobStore(redis, 60, prefix, classes_of), Waiting(redis, prefix)
            labels = LabelStore(redis, 60, prefix)
            await store.create(NewJobs(["a"], ["digest"], [[]], "whole", "a key"))
            await store.confirm(["a"])
            with waiting.for_end_of(["a"]) as ended:  # first: it is woken once it has connected
                following = asyncio.create_task(waiting.follow())
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await ended.wait()
                    ended.clear()
                    assert answers.keep(OneBatch(prediction)) == []
                    await ended.wait()
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
            assert await labels.tell(["a"], [label]) == [label]
            assert await redis.exists(f"{prefix}told:a")
            await labels.confirm(["a"], [label])
            (job,) = await store.read(["a"])
            assert job is not None
            assert job.status == "completed"
            assert (job.prediction, job.probabilities, job.label, job.absolute_error) == told
            assert await JobStore(redis, 60, "houses:", classes_of).read(["a"]) == [None]
            assert answers.keep(Refused(prediction)) == []
            (job,) = await store.read(["a"])
            assert job is not None
            assert (job.status, job.reason, job.prediction) == ("failed", "used before", None)

    with ThreadPoolExecutor(1) as other:  # a browser's loop may run in this one
        other.submit(asyncio.run, live_through_a_job()).result()
    redis: Any = BlockingRedis.from_url(url, decode_responses=True)
    keys: list[str] = list(redis.keys())
    assert all(key.startswith(prefix) for key in keys)
    kinds = sorted(key.removeprefix(prefix).partition(":")[0] for key in keys)
    assert kinds == ["answered", "job", "key", "label", "seen"]
    assert redis.get(f"{prefix}answered:m").isdigit()
    assert 0 < redis.ttl(f"{prefix}answered:m") <= 30 * 86_400
    redis.flushdb()
