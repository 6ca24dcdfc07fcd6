"""The jobs, in Redis: written once, confirmed, ended by their first answer, and forgotten in time.

- `job:ID` is a hash of `row` (a digest of its numbers), of the times `created`, `confirmed` and
  `completed` (Unix time in ms), and of `prediction` or `reason`, and `model`; of `warnings` (JSON),
  if there are any; kept for JOB_TTL.
- `seen:ID` says that there was such a job, `told:ID` is the first true value that was told for it,
  `label:ID` is the same once the broker has it; kept for REMEMBER_SECONDS longer.
- `key:…` is a list for an Idempotency-Key: a digest of the request that came with it, then its ids;
  kept for JOB_TTL.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from pipeline.clock import now_in_ms
from pipeline.errors import PipelineError
from pipeline.ids import canonical, path_of
from pipeline.messages import number_text
from pipeline.redis_policy import check, on_connect_async
from schemas.predictions import Job, Status

REMEMBER_SECONDS = 3600
MOST_CONNECTIONS = 32
TURN_SECONDS = 10.0  # of waiting for a connection, when a thousand clients come at once
TIMEOUT_SECONDS = 2.0
FIELDS = 8  # the number of fields that look.lua returns for a job


class StoreError(PipelineError):
    """Redis cannot be used; the text says why."""


class ConflictError(PipelineError):
    """An id or an Idempotency-Key is already known, with other content."""


class NewJobs(NamedTuple):
    """The jobs of one request: for each id a digest of its row, and the warnings about its values.

    `request` is a digest of the request as it came, `key` its Idempotency-Key, or an empty text.
    """

    ids: list[str]
    rows: list[str]
    warnings: list[list[str]]
    request: str
    key: str


class Known(NamedTuple):
    """A job in the store: when it was written, and whether the broker has confirmed it."""

    job_id: str
    created: str
    is_confirmed: bool
    warnings: str = ""  # as JSON

    def accepted(self) -> Job:
        """Returns the job as it is when the broker confirms it now, and nothing else is known."""
        fields = [self.created, str(now_in_ms()), None, None, None, None, self.warnings, None]
        job = _job(self.job_id, fields)
        assert job is not None, "it was written"
        return job


def script(module: str, name: str) -> str:
    """Returns the text of the Lua script beside a module, which Redis runs as one step."""
    return Path(module).with_name(f"{name}.lua").read_text()


class JobStore:
    """The store of jobs. Raises StoreError if Redis cannot be used."""

    def __init__(self, url: str, ttl_seconds: int) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MOST_CONNECTIONS,
            timeout=TURN_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            decode_responses=True,
            retry=Retry(NoBackoff(), 1),  # for a connection that Redis closed meanwhile
            redis_connect_func=on_connect_async,
        )
        self.redis = Redis.from_pool(pool)
        self._lifetimes = (ttl_seconds, ttl_seconds + REMEMBER_SECONDS)
        self._create = self.redis.register_script(script(__file__, "create"))
        self._confirm = self.redis.register_script(script(__file__, "confirm"))
        self._look = self.redis.register_script(script(__file__, "look"))
        self._tell = self.redis.register_script(script(__file__, "tell_label"))
        self._confirm_label = self.redis.register_script(script(__file__, "confirm_label"))

    async def create(self, new: NewJobs) -> list[Known]:
        """Writes the jobs, or returns those already there. Raises ConflictError, or StoreError.

        The ids are those of the first request with this Idempotency-Key.
        """
        key = f"key:{digest(new.key.encode())}" if new.key else ""
        warnings = [_text(found) if found else "" for found in new.warnings]
        ids = list(map(canonical, new.ids))
        triples = [each for job in zip(ids, new.rows, warnings, strict=True) for each in job]
        async with told():
            what, *found = await self._create(
                keys=[key], args=[*self._lifetimes, now_in_ms(), new.request, *triples]
            )
        if what == "written":
            as_they_came = dict(zip(ids, new.ids, strict=True))
            told_ids = [as_they_came.get(each, each) for each in found[::4]]
            jobs = zip(told_ids, found[1::4], map(bool, found[2::4]), found[3::4], strict=True)
            return [Known(*each) for each in jobs]
        if what == "expired":
            raise ConflictError(f"the id {found[0]} was used before, and its job has expired")
        name = f"the id {found[0]}" if found[0] else "this Idempotency-Key"
        raise ConflictError(f"{name} was used before, for other data")

    async def confirm(self, job_ids: Sequence[str]) -> None:
        """Notes that the broker has their features.

        Without Redis they stay `pending` until they are answered, and are published again if the
        request is sent again.
        """
        with contextlib.suppress(StoreError):
            async with told():
                await self._confirm(args=[now_in_ms(), *map(canonical, job_ids)])

    async def read(self, job_ids: Sequence[str]) -> list[Job | None]:
        """Returns the jobs as they are now; None for one that is not there."""
        async with told():
            found = await self._look(args=list(map(canonical, job_ids)))
        starts = range(0, len(found), FIELDS)
        return [
            _job(job_id, found[start : start + FIELDS])
            for job_id, start in zip(job_ids, starts, strict=True)
        ]

    async def has_expired(self, job_id: str) -> bool:
        """Returns True if a job that is not there once was."""
        async with told():
            return bool(await self.redis.exists(f"seen:{canonical(job_id)}"))

    async def tell_label(self, job_id: str, value: float) -> float:
        """Notes the label of an id, to be published; returns the one that was told first."""
        async with told():
            first = await self._tell(
                keys=_label_keys(job_id),
                args=[number_text(value), self._lifetimes[1]],
            )
        return float(first)

    async def confirm_label(self, job_id: str, value: float) -> None:
        """Notes that the broker has the label: from now on the job shows it."""
        async with told():
            await self._confirm_label(
                keys=_label_keys(job_id),
                args=[number_text(value), self._lifetimes[1]],
            )

    async def problem(self) -> str | None:
        """Returns what is wrong with Redis; None if nothing is."""
        try:
            async with told():
                memory = await self.redis.info("memory")
                check(memory)
        except StoreError as error:
            return str(error)
        is_full = 0 < memory["maxmemory"] <= memory["used_memory"]
        return "Redis is full: new jobs are refused until others expire" if is_full else None


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """Turns whatever the client library raises into a StoreError, in words."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreError(f"Redis cannot be used: {error or type(error).__name__}") from error


def digest(content: bytes) -> str:
    """Returns a digest, the same for the same content."""
    return blake2b(content, digest_size=12).hexdigest()


def _label_keys(job_id: str) -> list[str]:
    return [f"{name}:{canonical(job_id)}" for name in ("label", "told")]


def _job(job_id: str, fields: Sequence[str | None]) -> Job | None:
    created, confirmed, completed, prediction, reason, model, warnings, label = fields
    if created is None:
        return None
    y_pred, y_true = _number(prediction), _number(label)
    return Job.model_construct(
        job_id=job_id,
        status=_status(confirmed, completed, prediction),
        prediction=y_pred,
        model_id=model or None,
        reason=reason,
        warnings=msgspec.json.decode(warnings) if warnings else [],
        created_at=_time(created),
        confirmed_at=None if confirmed is None else _time(confirmed),
        completed_at=None if completed is None else _time(completed),
        label=y_true,
        absolute_error=None if y_pred is None or y_true is None else abs(y_true - y_pred),
        location=path_of("/job", job_id),
    )


def _status(confirmed: str | None, completed: str | None, prediction: str | None) -> Status:
    if completed is not None:
        return "failed" if prediction is None else "completed"
    return "pending" if confirmed is None else "processing"


def _text(warnings: list[str]) -> str:
    return msgspec.json.encode(warnings).decode()


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _time(in_ms: str) -> datetime:
    return datetime.fromtimestamp(int(in_ms) / 1000, UTC)
