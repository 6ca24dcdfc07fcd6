"""Jobs in Redis: written once, confirmed, ended by their first answer, expired after JOB_TTL.

- `job:ID` is a hash of `row` (a digest of its values), of the times `created`, `confirmed` and
  `completed` (Unix time in ms), and of `prediction` (JSON) or `reason`, and `model`; of `warnings`
  (JSON), if there are any; kept for JOB_TTL. Of a model that is asked by its id also `asked`, the
  id, and `dataset`; kept for GRACE_SECONDS longer, to tell that it was not answered in JOB_TTL.
- `seen:ID` says that there was such a job, and holds the `dataset` of one that was asked by a
  model's id; kept for REMEMBER_SECONDS longer. The labels are in label_store.py.
- `key:…` is a list for an Idempotency-Key: a digest of the request that came with it, then its ids;
  kept for JOB_TTL.

All of another data set than the default one begins with its name: `NAME:job:ID`.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from gateway_errors import ConflictError, JobStoreError
from jobs.job_fields import FIELDS, job_of, warnings_text
from pipeline.clock import now_in_ms
from pipeline.ids import canonical
from pipeline.redis_policy import check
from redis_store import REMEMBER_SECONDS, digest, lua_script, redis_errors
from schemas.jobs import Job

GRACE_SECONDS = 60


class AskedModel(NamedTuple):
    """The model that a request asks by its id, and the data set whose rows it takes."""

    model_id: str
    data_set: str


class NewJobs(NamedTuple):
    """The jobs of one request: for each id a digest of its row, and the warnings about its values.

    `request` is a digest of the request as it came, `key` its Idempotency-Key, or an empty text;
    `asked` is None for the live model.
    """

    ids: list[str]
    rows: list[str]
    warnings: list[list[str]]
    request: str
    key: str
    asked: AskedModel | None = None


class Known(NamedTuple):
    """A job in the store: when it was written, and whether the broker has confirmed it."""

    job_id: str
    created: str
    is_confirmed: bool
    warnings: str = ""  # as JSON

    def accepted(self, asked: str | None) -> Job:
        """Returns the job as it is when the broker confirms it now, and nothing else is known."""
        fields = {"created": self.created, "confirmed": str(now_in_ms()), "warnings": self.warnings}
        job = job_of(self.job_id, fields | {"asked": asked}, [])
        assert job is not None, "it was written"
        return job


class JobStore:
    """The store of jobs. Raises JobStoreError if Redis cannot be used."""

    def __init__(
        self,
        redis: Redis,
        ttl_seconds: int,
        prefix: str,
        classes_of: Callable[[str | None], list[str]],
    ) -> None:
        """`classes_of` gives those of a data set; None stands for that of the gateway."""
        self._redis = redis
        self._classes_of = classes_of
        self._prefix = prefix
        self._ttl_seconds = ttl_seconds
        self._create = redis.register_script(lua_script(__file__, "create"))
        self._confirm = redis.register_script(lua_script(__file__, "confirm"))
        self._read = redis.register_script(lua_script(__file__, "read"))

    async def create(self, new: NewJobs) -> list[Known]:
        """Writes the jobs, or returns those already there. Raises ConflictError, or JobStoreError.

        The ids are those of the first request with this Idempotency-Key.
        """
        key = f"{self._prefix}key:{digest(new.key.encode())}" if new.key else ""
        warnings = list(map(warnings_text, new.warnings))
        ids = list(map(canonical, new.ids))
        asked = new.asked or ("", "")
        seconds = self._ttl_seconds + (GRACE_SECONDS if new.asked else 0)
        lifetimes = (seconds, seconds + REMEMBER_SECONDS)
        triples = [each for job in zip(ids, new.rows, warnings, strict=True) for each in job]
        async with redis_errors():
            what, *found = await self._create(
                keys=[key],
                args=[self._prefix, *lifetimes, now_in_ms(), new.request, *asked, *triples],
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
        jobs = []
        for job_id, start in zip(job_ids, range(0, len(found), len(FIELDS)), strict=True):
            fields = dict(zip(FIELDS, found[start : start + len(FIELDS)], strict=True))
            jobs.append(job_of(job_id, fields, self._classes_of(fields["dataset"])))
        return jobs

    async def was_there(self, job_id: str) -> bool:
        """Returns True if there is, or was, a job with this id."""
        async with redis_errors():
            return bool(await self._redis.exists(f"{self._prefix}seen:{canonical(job_id)}"))

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
