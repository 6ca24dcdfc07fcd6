"""The trainings, in Redis: the requests, and their states from Celery and the trainer."""

import uuid
from typing import Any

import msgspec
from redis.asyncio import Redis

from gateway_errors import BrokerAwayError, ConflictError, QueueFullError
from gateway_settings import GatewaySettings
from pipeline.clock import now_text
from pipeline.ids import canonical, path_of
from pipeline.messages import new_id
from pipeline.table.built_in import DIABETES
from pipeline.training import (
    CANCELLED,
    PROGRESS,
    SETTLE,
    STAGES,
    STORING,
    TrainingRequest,
    prefix_of,
    record_key,
)
from redis_store import REMEMBER_SECONDS, digest, lua_script, redis_errors
from schemas.trainings import TrainingJob, TrainingStatus, TrainRequest
from threads import SlowError, Threads
from trainings.task_queue import TaskQueue

MAX_WAIT_SECONDS = 7 * 86_400  # of a training for the trainer: others may be ahead of it
SEND_SECONDS = 5.0  # until the broker has a task
FIGURES = (
    "rmse", "mae", "baseline_mae", "accuracy", "majority_accuracy", "log_loss", "half_brier",
    "holdout_rows_seen",
)  # fmt: skip
KEYS = uuid.UUID("6f3f2d9e-3c43-4f0c-9d0b-5b0a3a0d6c1e")  # a name space for Idempotency-Keys
STATUS: dict[str, TrainingStatus] = {
    "PENDING": "pending",
    "SUCCESS": "completed",
    "FAILURE": "failed",
    "REVOKED": "cancelled",
}  # by Celery's states; in any other state a trainer works on it


class Trainings:
    """The store of trainings. Raises JobStoreError if Redis cannot be used."""

    def __init__(
        self, redis: Redis, tasks: TaskQueue, threads: Threads, settings: GatewaySettings
    ) -> None:
        self._redis = redis
        self._tasks = tasks
        self._threads = threads
        self._ttl = settings.job_ttl
        self._data_set = settings.dataset
        waits = max(self._ttl, MAX_WAIT_SECONDS)  # once it has begun, the trainer decides how long
        self._lifetimes = (waits, waits + REMEMBER_SECONDS)
        self._create = self._redis.register_script(lua_script(__file__, "create_training"))
        self._note = self._redis.register_script(lua_script(__file__, "note_training"))
        self._drop = self._redis.register_script(lua_script(__file__, "drop_training"))
        self._settle = self._redis.register_script(SETTLE.read_text())

    async def submit(self, body: TrainRequest, warnings: list[str], key: str) -> TrainingJob:
        """Returns once the broker has the task; the same job for the same Idempotency-Key.

        The body is a complete one, and the warnings stay with the job. Raises ConflictError,
        QueueFullError, BrokerAwayError. The record is written first, so that whoever takes the task
        finds it. If no confirm came, the task may nevertheless have arrived: without its record the
        trainer ignores it.
        """
        request = _request(body, self._data_set, key)
        if not await self._write(request, warnings):
            try:
                await self._threads.run(lambda: self._tasks.send(request), SEND_SECONDS)
            except (BrokerAwayError, QueueFullError, SlowError):
                async with redis_errors():
                    await self._drop(keys=self._keys(request.job_id))
                raise
            async with redis_errors():
                await self._note(
                    keys=[self._record(request.job_id)], args=["confirmed_at", now_text()]
                )
        job = await self.read(request.job_id)
        if job is None:
            raise ConflictError(f"the training {request.job_id} has expired")
        return job

    async def read(self, job_id: str) -> TrainingJob | None:
        """Returns the training as it is now; None if there is none."""
        async with redis_errors(), self._redis.pipeline() as both:
            both.hgetall(self._record(canonical(job_id)))
            both.get(
                f"celery-task-meta-{canonical(job_id)}"
            )  # the key where Celery keeps the state of a task
            record, meta = await both.execute()
        return _job(job_id, record, msgspec.json.decode(meta or "{}")) if record else None

    async def cancel(self, job_id: str) -> None:
        """Cancels a training, whether it has begun or not: there will be no model.

        Raises ConflictError if the trainer has begun to store the model.
        """
        async with redis_errors():
            settled = await self._settle(
                keys=[self._record(canonical(job_id))], args=[CANCELLED, now_text(), self._ttl]
            )
        if settled == STORING:
            raise ConflictError(
                f"it is too late to cancel the training {job_id}: its model is about to be "
                "stored, or was being stored when the trainer ended"
            )

    async def _write(self, request: TrainingRequest, warnings: list[str]) -> bool:
        """Returns True if the broker already has the task. Raises ConflictError."""
        text, told = (msgspec.json.encode(each).decode() for each in (request, warnings))
        async with redis_errors():
            found = await self._create(
                keys=self._keys(request.job_id), args=[text, now_text(), *self._lifetimes, told]
            )
        if not found:
            raise ConflictError("this Idempotency-Key was used before, and its job has expired")
        # Decoded, as an earlier version wrote no `data_set`.
        if msgspec.json.decode(found[0], type=TrainingRequest) != request:
            raise ConflictError("this Idempotency-Key was used before, for another training")
        return bool(found[1])

    def _record(self, job_id: str) -> str:
        return record_key(job_id, self._data_set)

    def _keys(self, job_id: str) -> list[str]:
        return [self._record(job_id), f"{prefix_of(self._data_set)}seen:{job_id}"]


def _request(body: TrainRequest, data_set: str, key: str) -> TrainingRequest:
    """Returns the request with its ids, which follow from the key, if there is one.

    The same key is another one for another data set: no key has a line break in it.
    """
    own_key = key if data_set == DIABETES else f"{data_set}\n{key}"
    job_id = str(uuid.uuid5(KEYS, own_key)) if key else new_id()
    name = body.algorithm.replace("_", "-")
    model_id = f"{name}-{digest(job_id.encode())[:12]}"
    return TrainingRequest(job_id=job_id, model_id=model_id, data_set=data_set, **body.model_dump())


def _job(job_id: str, record: dict[str, str], meta: dict[str, Any]) -> TrainingJob | None:
    if "request" not in record:  # it expired while the trainer counted its attempts
        return None
    state, result = meta.get("status", "PENDING"), meta.get("result")
    status = STATUS.get(state, "processing")
    if CANCELLED in record and status != "completed":  # both: an earlier version of the trainer
        status = "cancelled"
    ended_at = meta.get("date_done")
    if status == "cancelled":
        ended_at = record.get(CANCELLED, ended_at)
    request = msgspec.json.decode(record["request"], type=TrainingRequest)
    fields = {name: getattr(request, name) for name in TrainRequest.model_fields}
    return TrainingJob(
        job_id=job_id,
        status=status,
        model_id=request.model_id,
        **_result_fields(state, result),
        warnings=msgspec.json.decode(record.get("warnings", "[]"), type=list[str]),
        attempts=int(record.get("attempts", 0)),
        request=TrainRequest.model_construct(**fields),
        created_at=record["created_at"],
        completed_at=ended_at,
        location=path_of("/job", job_id),
    )


def _result_fields(state: str, result: Any) -> dict[str, Any]:
    """Returns the fields of the job that follow from the result Celery keeps with a state."""
    if not isinstance(result, dict):
        return {}
    if state == PROGRESS:
        return {name: result.get(name) for name in ("stage", "percent")}
    if state == "SUCCESS":
        figures = {name: result.get(name) for name in FIGURES}
        return {"stage": STAGES[-1], "percent": 100.0, **figures}
    return {"reason": _reason(result)} if "exc_type" in result else {}


def _reason(error: dict[str, Any]) -> str:
    """Returns the text of an exception as Celery keeps it.

    >>> _reason({"exc_type": "TrainingError", "exc_message": ["there is no column 'a'"]})
    "there is no column 'a'"
    >>> _reason({"exc_type": "TimeLimitExceeded", "exc_message": [300]})
    'TimeLimitExceeded 300'
    """
    message = error.get("exc_message") or []
    text = " ".join(map(str, message if isinstance(message, list) else [message]))
    return text if " " in text else f"{error['exc_type']} {text}".strip()
