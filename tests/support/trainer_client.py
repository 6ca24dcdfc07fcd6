"""A trainer with all that it needs, and trainings asked of it as the gateway asks."""

import uuid
from pathlib import Path
from typing import Any

import msgspec
from celery.result import AsyncResult
from redis import Redis

from pipeline.clock import now_text
from pipeline.model_store.store import ModelStore
from pipeline.table import built_in
from pipeline.training import (
    CANCELLED,
    SETTLE,
    TASK,
    TrainingRequest,
    TrainingSettings,
    celery_app,
    record_key,
)
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

ENDED = {"SUCCESS", "FAILURE"}
# Some seconds, of which most are its fit.
SLOW: dict[str, Any] = {
    "algorithm": "hist_gradient_boosting",
    "params": {"max_iter": 1000, "max_leaf_nodes": 200, "min_samples_leaf": 1},
}
FILES = {"model.json", "model.onnx", "model.skops"}


class Trainings:
    """What a gateway and a person see of trainings, in a virtual host and a folder of their own."""

    def __init__(self, vhost: Vhost, redis_url: str, folder: Path) -> None:
        self.vhost = vhost
        self.folder = folder
        self.models = folder / "models"
        self.store = ModelStore(str(self.models))
        self.redis: Redis = Redis.from_url(redis_url, decode_responses=True)
        self.settings = {
            "training_url": vhost.amqp_url, "redis_url": redis_url, "model_store": self.models,
        }  # fmt: skip
        self.app = celery_app(TrainingSettings(training_url=vhost.amqp_url, redis_url=redis_url))

    def start(self, **settings: object) -> Service:
        """A trainer, once it is well."""
        self.trainer = Service("trainer", self.folder, **(self.settings | settings))
        eventually(self.trainer.is_up, "the trainer")
        return self.trainer

    def ask(self, **request: Any) -> str:
        """Asks for a training; the id of its job."""
        job_id = str(uuid.uuid4())
        ours = {
            "job_id": job_id, "model_id": model_of(job_id), "dataset_id": "diabetes",
            "features": built_in.default().names, "target": "target", "algorithm": "ridge",
        }  # fmt: skip
        asked = TrainingRequest(**(ours | request))
        argument = msgspec.to_builtins(asked)
        key = record_key(job_id, asked.data_set)
        self.redis.hset(key, "request", msgspec.json.encode(argument))
        self.app.send_task(TASK, [argument], task_id=job_id)
        return job_id

    def cancel(self, job_id: str) -> bool:
        """Whether it is cancelled, as the gateway does it."""
        settle = self.redis.register_script(SETTLE.read_text())
        return bool(settle([record_key(job_id)], [CANCELLED, now_text()]) == CANCELLED)

    def attempts(self, job_id: str, data_set: str = "diabetes") -> int:
        return int(self.redis.hget(record_key(job_id, data_set), "attempts") or 0)

    def result(self, job_id: str) -> AsyncResult:
        return AsyncResult(job_id, app=self.app)

    def end_of(self, job_id: str) -> Any:
        """The result of a training once it has one, or what it failed with."""
        result = self.result(job_id)
        eventually(lambda: result.state in ENDED, f"the end of {job_id}")
        return result.result

    def percent(self, job_id: str) -> float:
        """How much of its fit is done; 0 before it, and when it is no more in the midst of it."""
        info = self.result(job_id).info
        return (info.get("percent") or 0.0) if isinstance(info, dict) else 0.0

    def wait_for_fit(self, job_id: str) -> float:
        return eventually(lambda: self.percent(job_id), f"{job_id} in the midst of its fit")

    def files(self, job_id: str) -> set[str]:
        """What the store has of the model of a job."""
        return {path.name for path in (self.models / "models" / model_of(job_id)).glob("*")}


def model_of(job_id: str) -> str:
    return f"model-{job_id[:12]}"
