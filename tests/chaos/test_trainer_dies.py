"""Trainers, and what they need, ended in the midst of a fit: it is done again, and stored once."""

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from pipeline.model_store.records import RECORD
from pipeline.training import MAX_KILLS, QUEUE
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.processes import family
from support.s3 import BUCKET, losing_answers, moto_server
from support.service import Service
from support.trainer_client import FILES, SLOW, Trainings, model_of
from support.vhost import Vhost
from support.waiting import STOP_SECONDS, eventually

STORE_SECONDS = 5  # for which the model store waits for an answer


@pytest.fixture
def trainings(
    rabbitmq: PrivateRabbitMQ, vhost: Vhost, redis: PrivateRedis, tmp_path: Path
) -> Iterator[Trainings]:
    yield Trainings(vhost, redis.url, tmp_path)
    if rabbitmq.exit_status is not None:
        rabbitmq.start()


@pytest.fixture
def start(trainings: Trainings) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start_trainer(**settings: object) -> Service:
        services.append(trainings.start(**settings))
        return services[-1]

    yield start_trainer
    for service in services:
        if service.process.poll() is None:
            service.kill()
    print(services[-1].log())


def has_begun(trainings: Trainings, job_id: str, times: int) -> bool:
    return trainings.attempts(job_id) == times


def kill_child(trainer: Service) -> None:
    """What trains in it."""
    (child,) = family(trainer.process.pid) - {trainer.process.pid}
    os.kill(child, signal.SIGKILL)


def test_a_training_that_is_killed_is_done_again_and_stored_once(
    trainings: Trainings, start: Callable[..., Service]
) -> None:
    job_id = trainings.ask(**SLOW)
    trainer = start()
    trainings.wait_for_fit(job_id)
    kill_child(trainer)
    eventually(lambda: trainings.attempts(job_id) == 2, "the next attempt")
    gone = family(trainer.process.pid)
    trainer.kill()
    eventually(lambda: trainings.vhost.depth(QUEUE) == 1, "the task in its queue again")
    start()
    assert trainings.end_of(job_id)["model_id"] == model_of(job_id)
    assert trainings.attempts(job_id) == 3
    assert len(trainings.store.models()) == 1
    assert not any(Path(f"/proc/{pid}").exists() for pid in gone)


def test_one_that_kills_its_process_again_and_again_is_given_up(
    trainings: Trainings, start: Callable[..., Service]
) -> None:
    job_id = trainings.ask(**SLOW)
    trainer = start()
    for attempt in range(1, MAX_KILLS + 1):
        eventually(partial(has_begun, trainings, job_id, attempt), "an attempt")
        kill_child(trainer)
    assert f"its process died {MAX_KILLS} times" in str(trainings.end_of(job_id))
    assert trainings.store.models() == []
    assert trainings.end_of(trainings.ask())["model_id"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_trainer_that_is_asked_to_stop_leaves_its_task_to_the_next(
    trainings: Trainings, start: Callable[..., Service], number: int
) -> None:
    job_id = trainings.ask(**SLOW)
    trainer = start()
    trainings.wait_for_fit(job_id)
    trainer.process.send_signal(number)
    assert trainer.process.wait(STOP_SECONDS) == 0
    eventually(lambda: trainings.vhost.depth(QUEUE) == 1, "the task in its queue again")
    start()
    assert trainings.end_of(job_id)["model_id"] == model_of(job_id)


def test_its_servers_die_in_the_midst_of_a_fit(
    trainings: Trainings,
    start: Callable[..., Service],
    redis: PrivateRedis,
    rabbitmq: PrivateRabbitMQ,
) -> None:
    trainer = start()
    job_id = trainings.ask(**SLOW)
    trainings.wait_for_fit(job_id)
    rabbitmq.kill()
    redis.kill()
    eventually(lambda: "waits for Redis" in trainer.log(), "a fit that ends, with both away")
    assert trainings.files(job_id) == set(), "somebody may have cancelled it"
    redis.start()
    assert trainings.end_of(job_id)["model_id"] == model_of(job_id)
    rabbitmq.start()
    trainer.status_file.unlink(missing_ok=True)
    eventually(trainer.is_up, "its connection")
    eventually(lambda: trainings.vhost.depth(QUEUE) == 0, "nothing that waits")
    assert trainings.end_of(trainings.ask())["model_id"]
    assert len(trainings.store.models()) == 2


def test_without_a_broker_it_is_not_well_and_stops_when_asked(
    start: Callable[..., Service], rabbitmq: PrivateRabbitMQ
) -> None:
    trainer = start()
    rabbitmq.kill()
    eventually(lambda: "Connection refused" in trainer.log(), "that it is away")
    trainer.status_file.unlink()
    eventually(lambda: trainer.log().count("Connection refused") > 3, "that it tries again")
    assert not trainer.status_file.exists()
    assert trainer.stop() == 0


def test_a_store_that_stays_away_fails_a_training_in_the_end(
    trainings: Trainings, start: Callable[..., Service]
) -> None:
    job_id = trainings.ask()
    start(model_store="s3://bucket/models", aws_endpoint_url="http://127.0.0.1:1", aws_region="x")
    reason = str(trainings.end_of(job_id))
    assert "the model store s3://bucket/models cannot be used" in reason
    assert reason.endswith("gave up after 6 tries")


def test_a_fit_that_takes_too_long_fails(
    trainings: Trainings, start: Callable[..., Service]
) -> None:
    start(train_seconds=1)
    job_id = trainings.ask(**SLOW)
    reason = str(trainings.end_of(job_id))
    assert reason == "the training took longer than TRAIN_SECONDS=1"
    assert trainings.end_of(trainings.ask())["model_id"]


def test_one_that_is_killed_while_its_model_is_stored_completes_all_the_same(
    redis: PrivateRedis, vhost: Vhost, tmp_path: Path
) -> None:
    """The store takes its first file, and says nothing: then it is too late to cancel."""
    held: list[str] = []

    def holds(path: str) -> bool:
        held.append(path)
        return len(held) == 1

    with moto_server() as s3, losing_answers(s3, holds, silently=True) as address:
        trainings = Trainings(vhost, redis.url, tmp_path)
        store = {"model_store": f"s3://{BUCKET}/models"} | s3.settings
        doomed = trainings.start(**(store | {"aws_endpoint_url": address}))
        job_id = trainings.ask()
        eventually(lambda: held, "a file that is stored")
        doomed.kill()
        assert not trainings.cancel(job_id)
        eventually(lambda: trainings.vhost.depth(QUEUE) == 1, "the task in its queue again")
        assert not trainings.cancel(job_id)
        trainer = trainings.start(**store)
        assert trainings.end_of(job_id)["model_id"] == model_of(job_id)
        names = {path["Key"].rpartition("/")[2] for path in s3.objects()}
        assert names == FILES
        trainer.kill()


def test_one_that_is_stored_when_its_time_is_up_completes(
    redis: PrivateRedis, vhost: Vhost, tmp_path: Path
) -> None:
    """The store has its record, and holds the answer back for longer than TRAIN_SECONDS."""
    with (
        moto_server() as s3,
        losing_answers(s3, lambda path: path.endswith(RECORD), silently=True) as address,
    ):
        trainings = Trainings(vhost, redis.url, tmp_path)
        store = {"model_store": f"s3://{BUCKET}/in-time"} | s3.settings
        trainer = trainings.start(
            **(store | {"aws_endpoint_url": address, "train_seconds": STORE_SECONDS - 1})
        )
        job_id = trainings.ask()
        assert trainings.end_of(job_id)["model_id"] == model_of(job_id)
        trainer.kill()
