"""Jobs in Redis: written once, confirmed, ended by their first answer, expired after JOB_TTL.

- `job:ID` is a hash of `row` (a digest of its values), of the times `created`, `confirmed` and
  `completed` (Unix time in ms), and of `prediction` (JSON) or `reason`, and `model`; of `warnings`
  (JSON), if there are any; kept for JOB_TTL.
- `seen:ID` says that there was such a job, `told:ID` is the first label that was sent for it,
  `label:ID` is the label (JSON) once the broker has it; kept for REMEMBER_SECONDS longer.
- `key:…` is a list for an Idempotency-Key: a digest of the request that came with it, then its ids;
  kept for JOB_TTL.

All of another data set than the default one begins with its name: `NAME:job:ID`.
"""

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from gateway_errors import ConflictError, JobStoreError
from jobs.job_fields import FIELDS, job_of, label_of, value_text, warnings_text
from pipeline.clock import now_in_ms
from pipeline.ids import canonical
from pipeline.messages import Label
from pipeline.redis_policy import check
from redis_store import REMEMBER_SECONDS, digest, lua_script, redis_errors
from schemas.jobs import Job


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
        job = job_of(self.job_id, fields, [])
        assert job is not None, "it was written"
        return job


class JobStore:
    """The store of jobs. Raises JobStoreError if Redis cannot be used."""

    def __init__(self, redis: Redis, ttl_seconds: int, prefix: str, classes: list[str]) -> None:
        self._redis = redis
        self._classes = classes
        self._prefix = prefix
        self._lifetimes = (ttl_seconds, ttl_seconds + REMEMBER_SECONDS)
        self._create = redis.register_script(lua_script(__file__, "create"))
        self._confirm = redis.register_script(lua_script(__file__, "confirm"))
        self._read = redis.register_script(lua_script(__file__, "read"))
        self._tell = redis.register_script(lua_script(__file__, "tell_label"))
        self._confirm_label = redis.register_script(lua_script(__file__, "confirm_label"))

    async def create(self, new: NewJobs) -> list[Known]:
        """Writes the jobs, or returns those already there. Raises ConflictError, or JobStoreError.

        The ids are those of the first request with this Idempotency-Key.
        """
        key = f"{self._prefix}key:{digest(new.key.encode())}" if new.key else ""
        warnings = list(map(warnings_text, new.warnings))
        ids = list(map(canonical, new.ids))
        triples = [each for job in zip(ids, new.rows, warnings, strict=True) for each in job]
        async with redis_errors():
            what, *found = await self._create(
                keys=[key],
                args=[self._prefix, *self._lifetimes, now_in_ms(), new.request, *triples],
            )
        if what == "written":
            as_they_came = dict(zip(ids, new.ids, strict=True))
            own_ids = [as_they_came.get(each, each) for each in found[::4]]
            jobs = zip(own_ids, found[1::4], map(bool, found[2::4]), found[3::4], strict=True)
            return [Known(*each) for each in jobs]
        if what == "expired":
            raise ConflictError(f"the id {found[0]} was used before, and its job has expired")
        name = f"the id {found[0]}" if found[0] else "this Idempotency-Key"
        raise ConflictError(f"{name} was used before, for other data")

    async def confirm(self, job_ids: Sequence[str]) -> None:
        """Marks the jobs as confirmed: the broker has their features.

        Without Redis they stay `pending` until they are answered, and are published again if the
        request is sent again.
        """
        with contextlib.suppress(JobStoreError):
            async with redis_errors():
                await self._confirm(args=[self._prefix, now_in_ms(), *map(canonical, job_ids)])

    async def read(self, job_ids: Sequence[str]) -> list[Job | None]:
        """Returns the jobs as they are now; None for one that is not there."""
        async with redis_errors():
            found = await self._read(args=[self._prefix, *map(canonical, job_ids)])
        starts = range(0, len(found), FIELDS)
        return [
            job_of(job_id, found[start : start + FIELDS], self._classes)
            for job_id, start in zip(job_ids, starts, strict=True)
        ]

    async def has_expired(self, job_id: str) -> bool:
        """Returns True if a job that is not there once was."""
        async with redis_errors():
            return bool(await self._redis.exists(f"{self._prefix}seen:{canonical(job_id)}"))

    async def tell_label(self, job_id: str, value: Label) -> Label:
        """Stores a label that is to be published; returns the label that was sent first."""
        async with redis_errors():
            first = await self._tell(
                keys=self._label_keys(job_id),
                args=[value_text(value), self._lifetimes[1]],
            )
        return label_of(first)

    async def confirm_label(self, job_id: str, value: Label) -> None:
        """Marks the label as confirmed by the broker: from now on the job shows it."""
        async with redis_errors():
            await self._confirm_label(
                keys=self._label_keys(job_id),
                args=[value_text(value), self._lifetimes[1]],
            )

    async def problem(self) -> str | None:
        """Returns the reason why Redis cannot take jobs; None if it can."""
        try:
            async with redis_errors():
                memory = await self._redis.info("memory")
                check(memory)
        except JobStoreError as error:
            return str(error)
        is_full = 0 < memory["maxmemory"] <= memory["used_memory"]
        return "Redis is full: new jobs are refused until others expire" if is_full else None

    def _label_keys(self, job_id: str) -> list[str]:
        return [f"{self._prefix}{name}:{canonical(job_id)}" for name in ("label", "told")]
