"""All models of the store, and what is known of each: its task, its errors so far, its answers.

When a model last answered is in Redis, by jobs/answer.lua (`answered:ID`, Unix time in ms), and in
the rows that metric counts. What plot or Redis cannot tell now is null: the store has the models.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis

from gateway_errors import JobStoreError
from pipeline.clock import time_of
from pipeline.model_store.records import Change, Model
from pipeline.model_store.store import ModelStore
from pipeline.table.data_sets import load_schema
from pipeline.table.schema import Schema, SchemaError, Task
from plot_client import PlotClient
from promotion.registry import Registry
from redis_store import redis_errors
from schemas.live_metrics import AllMeans, LiveMetrics
from schemas.models import ModelOut, ModelsOut
from threads import Threads

REDIS_SECONDS = 1.0  # of waiting for the times of the last answers


class KnownModels:
    """Describes models. Raises ModelStoreError, DamagedError and UnknownModelError."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        store: ModelStore,
        registry: Registry,
        schema: Schema,
        datasets_dir: Path,
        plot: PlotClient,
        redis: Redis,
        prefix: str,
        threads: Threads,
    ) -> None:
        self._store = store
        self._registry = registry
        self._schema = schema
        self._folder = datasets_dir
        self._plot = plot
        self._redis = redis
        self._prefix = prefix
        self._threads = threads

    async def all(self) -> ModelsOut:
        """Returns the models of all data sets, the oldest first."""
        found, last, tasks = await self._threads.run(self._read_all)
        return ModelsOut(
            live=last.live if last else None,
            shadow=last.shadow if last else None,
            models=await self._described(found, last, tasks),
        )

    async def one(self, model_id: str) -> ModelOut:
        """Returns a model of any data set."""
        found, last, tasks = await self._threads.run(lambda: self._read_one(model_id))
        (described,) = await self._described(found, last, tasks)
        return described

    def _read_all(self) -> "_Read":
        found = self._store.all_models()
        return found, self._store.last_change(), self._tasks(found)

    def _read_one(self, model_id: str) -> "_Read":
        found = [self._registry.stored(model_id)]
        return found, self._store.last_change(), self._tasks(found)

    async def _described(
        self, models: list[Model], last: Change | None, tasks: list[Task | None]
    ) -> list[ModelOut]:
        means, answered = await asyncio.gather(self._plot.models(), self._answered(models))
        return [
            self._describe(*each, last, means) for each in zip(models, tasks, answered, strict=True)
        ]

    def _describe(
        self,
        model: Model,
        task: Task | None,
        answered_in_ms: int,
        last: Change | None,
        means: AllMeans,
    ) -> ModelOut:
        is_own = model.data_set == self._schema.name  # plot counts no rows of another one
        live = means.live.get(model.model_id) if is_own else None
        shadow = means.shadow.get(model.model_id) if is_own else None
        answered_in_ms = max(answered_in_ms, live.last_in_ms if live else 0)
        return ModelOut.of(
            model,
            last,
            task=task,
            live_metrics=LiveMetrics.of(live),
            shadow_metrics=LiveMetrics.of(shadow),
            answered_at=time_of(answered_in_ms) if answered_in_ms else None,
        )

    async def _answered(self, models: Sequence[Model]) -> list[int]:
        """Returns when each model last answered a job, as far as Redis knows; or else 0."""
        keys = [f"{self._prefix}answered:{model.model_id}" for model in models]
        if not keys:
            return []
        try:
            async with redis_errors(), asyncio.timeout(REDIS_SECONDS):
                return [int(each or 0) for each in await self._redis.mget(keys)]
        except JobStoreError:
            return [0] * len(keys)

    def _tasks(self, models: Sequence[Model]) -> list[Task | None]:
        """Returns the task of each model; None if neither data set nor errors tell it."""
        tasks: dict[str, Task | None] = {self._schema.name: self._schema.task}
        for name in {model.data_set for model in models} - tasks.keys():
            tasks[name] = self._task_of(name)
        return [tasks[model.data_set] or _by_metrics(model) for model in models]

    def _task_of(self, data_set: str) -> Task | None:
        try:
            return load_schema(data_set, self._folder).task
        except SchemaError:
            return None


_Read = tuple[list[Model], Change | None, list[Task | None]]


def _by_metrics(model: Model) -> Task | None:
    """Returns the task that a model was measured by; None if it was not."""
    if model.metrics is None:
        return None
    return "regression" if model.metrics.accuracy is None else "classification"
