"""The Celery task that trains a model: done once, however often it is handed out."""

import random
import time
from typing import Any

import msgspec
from celery import Celery, Task
from celery.exceptions import Ignore, SoftTimeLimitExceeded
from pydantic import Field
from redis import Redis
from redis.exceptions import ConnectionError as RedisAwayError
from redis.exceptions import OutOfMemoryError as RedisFullError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cancellation import CancellationWatch, TrainingRecord
from pipeline.errors import PipelineError
from pipeline.model_store.records import Model
from pipeline.model_store.store import ModelStore, ModelStoreError
from pipeline.redis_policy import PolicyError, look, on_connect
from pipeline.settings import StoreSettings
from pipeline.training import (
    MAX_KILLS,
    PROGRESS,
    TASK,
    Progress,
    TrainingError,
    TrainingRequest,
    TrainingSettings,
)
from train_model import train_and_store

TEMPORARY_ERRORS = (ModelStoreError, RedisAwayError, RedisTimeoutError, RedisFullError, PolicyError)
MAX_TRIES = 6


class TrainerSettings(TrainingSettings, StoreSettings):
    """The settings that only the trainer has."""

    train_seconds: int = Field(300, ge=1, le=86_400, description="seconds from 1 to 86400")
    train_memory: int = Field(
        1024, ge=256, le=2**20, description="megabytes (2^20 bytes) from 256 to 1048576"
    )


class Trainer:
    """Trains the requested model, and sees that it is stored once, or that the reason is told."""

    def __init__(self, settings: TrainerSettings) -> None:
        self._settings = settings
        self._redis: Redis = Redis.from_url(
            str(settings.redis_url),
            decode_responses=True,
            socket_timeout=5,
            redis_connect_func=on_connect,
        )

    def run(self, task: Task, request: TrainingRequest) -> dict[str, Any]:
        """Returns the task's result. Raises TrainingError, and Ignore if nobody wants it."""
        try:
            return self._with_retries(task, request)
        except SoftTimeLimitExceeded as error:
            model = ModelStore(self._settings.model_store).model(request.model_id)
            if model is not None:  # that was the last step: it counts as no failure
                return _result(model)
            raise TrainingError(
                f"the training took longer than TRAIN_SECONDS={self._settings.train_seconds}"
            ) from error
        except MemoryError as error:
            raise TrainingError(
                f"the training needs more than TRAIN_MEMORY={self._settings.train_memory} MB"
            ) from error

    def _with_retries(self, task: Task, request: TrainingRequest) -> dict[str, Any]:
        """Tries again, after a pause, while the store or Redis cannot be reached.

        It waits here, with the task un-acked: any other task would need the same store. Celery's
        own retry sends the task to one of 28 queues, and loses it if these could not be declared.
        """
        kept = self._settings.train_seconds + self._settings.job_ttl
        record = TrainingRecord(self._redis, request, kept)
        tries = 1
        while True:
            try:
                return self._run(task, request, record)
            except TEMPORARY_ERRORS as error:
                if tries == MAX_TRIES:
                    raise TrainingError(f"{error}; gave up after {tries} tries") from error
                task.backend.mark_as_retry(request.job_id, error, request=task.request)
            time.sleep(random.uniform(0, 2**tries))  # at most 2, 4, 8, 16, 32 seconds
            tries += 1

    def _run(self, task: Task, request: TrainingRequest, record: TrainingRecord) -> dict[str, Any]:
        look(self._redis)
        if not record.is_wanted():
            raise Ignore
        store = ModelStore(self._settings.model_store)
        if (model := store.model(request.model_id)) is None:
            if record.count_attempt() > MAX_KILLS:
                raise TrainingError(f"gave up this training: its process died {MAX_KILLS} times")
            model = self._make(task, request, store, record)
        return _result(model)

    def _make(
        self, task: Task, request: TrainingRequest, store: ModelStore, record: TrainingRecord
    ) -> Model:
        keep, running = task.backend.store_result, task.request
        deadline = time.monotonic() + self._settings.train_seconds

        def report(progress: Progress) -> None:
            keep(request.job_id, msgspec.to_builtins(progress), PROGRESS, request=running)

        def tell(progress: Progress) -> None:
            if time.monotonic() > deadline:  # a library may have swallowed Celery's exception
                raise SoftTimeLimitExceeded
            watch.tell(progress)

        try:
            with CancellationWatch(record, report) as watch:
                return train_and_store(request, store, self._settings.datasets_dir, tell)
        except TEMPORARY_ERRORS:
            record.forget_attempt()
            raise


def _result(model: Model) -> dict[str, Any]:
    figures: dict[str, Any] = msgspec.to_builtins(model.metrics) or {}
    seen = model.holdout_rows_seen
    return {"model_id": model.model_id, "holdout_rows_seen": seen} | figures


def define_task(app: Celery, settings: TrainerSettings) -> None:
    """Makes the task known to the app."""
    trainer = Trainer(settings)

    @app.task(  # type: ignore[untyped-decorator]
        name=TASK,
        bind=True,
        throws=(TrainingError,),  # not our fault: one line in the log
        acks_late=True,
        reject_on_worker_lost=True,
        track_started=True,
        soft_time_limit=settings.train_seconds,
        time_limit=settings.train_seconds + 10,
    )
    def train(task: Task, argument: dict[str, Any]) -> dict[str, Any]:
        try:
            return trainer.run(task, msgspec.convert(argument, TrainingRequest))
        except (PipelineError, msgspec.ValidationError) as error:
            raise TrainingError(str(error)) from error
