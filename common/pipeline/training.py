"""Trainings as Celery tasks: the agreement of the gateway, which asks, and the trainer."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from celery import Celery
from kombu.entity import Exchange, Queue
from pydantic import AmqpDsn, Field, RedisDsn

from pipeline.errors import PipelineError
from pipeline.settings import Settings, one_or_more, urls_of
from pipeline.table import built_in
from pipeline.table.built_in import DIABETES
from pipeline.table.data_sets import load_schema
from pipeline.table.schema import Schema, Task
from pipeline.table.schema_file import name_problem

TASK = QUEUE = "train"
Algorithm = Literal["linear", "ridge", "logistic", "random_forest", "hist_gradient_boosting"]
ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
ALGORITHMS_OF: dict[Task, tuple[Algorithm, ...]] = {
    "regression": ("linear", "ridge", "random_forest", "hist_gradient_boosting"),
    "classification": ("logistic", "random_forest", "hist_gradient_boosting"),
}
DEFAULT_ALGORITHM: dict[Task, Algorithm] = {"regression": "ridge", "classification": "logistic"}
Stage = Literal["load", "split", "fit", "evaluate", "store"]
STAGES: tuple[str, ...] = get_args(Stage)
PROGRESS = "PROGRESS"  # Celery's state of a running training; its meta is a Progress
MAX_KILLS = 3  # a task that keeps killing its worker is given up
CANCELLED, STORING = "cancelled", "storing"  # how a training can be settled, once and for all
SETTLE = Path(__file__).with_name("settle_training.lua")  # the script that settles it, in Redis


class TrainingError(PipelineError):
    """A training cannot succeed, however often it is tried; its text says why."""


class TrainingSettings(Settings):
    """The settings for the queue of trainings, and for the store of their states."""

    training_url: Annotated[str, one_or_more(AmqpDsn)] = Field(
        "amqp://guest:guest@localhost:5672/training",
        description="a URL like amqp://user:password@host:5672/training, or one for each node of a "
        "cluster, separated by commas",
    )
    redis_url: RedisDsn = Field(
        RedisDsn("redis://localhost:6379/0"), description="a URL like redis://localhost:6379/0"
    )
    job_ttl: int = Field(3600, ge=1, le=10**9, description="a number of seconds from 1 to 10^9")

    @property
    def key_prefix(self) -> str:
        """The beginning of all keys and channels in Redis; "" for the default data set."""
        return prefix_of(self.dataset)


class TrainingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of the task: the data, the algorithm, and the ids.

    `data_set` is the DATASET of the gateway that asks: the place of the record in Redis. A trainer
    of another DATASET may take it. `dataset_id` names the rows to train on.
    """

    job_id: str
    model_id: str
    dataset_id: str
    features: list[str]
    target: str
    algorithm: str
    params: dict[str, Any] = {}
    data_set: str = DIABETES  # of a task that an earlier version has left in the queue


class Progress(msgspec.Struct, frozen=True):
    """The progress of a training; `percent` is None if the stage cannot tell."""

    stage: str
    percent: float | None = None


def known_schema(dataset_id: str, folder: Path) -> Schema | None:
    """Returns the schema of the rows that a `dataset_id` names; None if the model store may know.

    The built-in data sets and those in the folder come first; a CSV file of the model store has no
    schema. Raises SchemaError if there is a folder, and its schema cannot be used.
    """
    if name_problem(dataset_id):
        return None
    is_known = dataset_id in built_in.NAMES or (folder / dataset_id).is_dir()
    return load_schema(dataset_id, folder) if is_known else None


def prefix_of(data_set: str) -> str:
    """Returns the beginning of a data set's keys in Redis; "" for the default data set.

    >>> prefix_of("houses"), prefix_of("diabetes")
    ('houses:', '')
    """
    return "" if data_set == DIABETES else f"{data_set}:"


def record_key(job_id: str, data_set: str = DIABETES) -> str:
    """Returns the key of the Redis hash with what is known of a training besides Celery's state.

    Its fields: `request` and `warnings` (JSON), `created_at`; `attempts`, which the trainer counts;
    and the time when it was settled as `cancelled` or as `storing`: the trainer stores a model only
    after the latter, and then a cancel comes too late.
    """
    return f"{prefix_of(data_set)}training:{job_id}"


def celery_app(settings: TrainingSettings) -> Celery:
    """Returns an app for RabbitMQ 4: no global QoS, no transient queues; JSON alone, no pickle."""
    for name in [name for name in os.environ if name.startswith("CELERY_")]:
        del os.environ[name]  # Celery would prefer another program's broker to ours
    app = Celery(
        "pipeline",
        broker=";".join(urls_of(settings.training_url)),
        backend=str(settings.redis_url),
        set_as_current=False,
    )
    exchange = Exchange(QUEUE, "direct", durable=True)
    queue = Queue(QUEUE, exchange, routing_key=QUEUE, queue_arguments={"x-queue-type": "quorum"})
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        event_serializer="json",
        task_queues=[queue],
        task_default_queue=QUEUE,
        task_default_queue_type="quorum",
        task_default_exchange=QUEUE,
        task_default_exchange_type="direct",
        task_default_routing_key=QUEUE,
        result_expires=settings.job_ttl,
        result_extended=True,
        # A task counts as accepted once the broker has it on disk.
        broker_transport_options={"confirm_publish": True},
        control_queue_exclusive=True,
        event_queue_exclusive=True,
    )
    return app
