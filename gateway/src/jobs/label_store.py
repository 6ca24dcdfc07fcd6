"""Labels in Redis, told by clients.

- `told:ID` is the first label (JSON) that was sent for an id;
- `label:ID` is the label once the broker has it, or the job alone is to show it.

Both are kept as long as the id of a job is remembered; so is `seen:ID`, see store.py.
"""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from jobs.job_fields import label_of, value_text
from pipeline.ids import canonical
from pipeline.messages import Label
from redis_store import REMEMBER_SECONDS, lua_script, redis_errors


class LabelStore:
    """The store of labels. Raises JobStoreError if Redis cannot be used."""

    def __init__(self, redis: Redis, ttl_seconds: int, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        self._seconds = ttl_seconds + REMEMBER_SECONDS
        self._tell = redis.register_script(lua_script(__file__, "tell_labels"))
        self._confirm = redis.register_script(lua_script(__file__, "confirm_labels"))

    async def data_sets(self, job_ids: Sequence[str]) -> list[str]:
        """Returns for each id the data set of the model that its job asked by its id.

        It is empty for any other job, and where none is known.
        """
        async with redis_errors():
            found: list[Any] = await self._redis.mget(
                [f"{self._prefix}seen:{canonical(each)}" for each in job_ids]
            )
        return [each or "" for each in found]

    async def tell(self, job_ids: Sequence[str], values: Sequence[Label]) -> list[Label]:
        """Stores labels that are to be published; returns for each id the label sent first.

        Stores none if one of them is another than the first.
        """
        async with redis_errors():
            firsts = await self._tell(args=self._arguments(job_ids, values))
        return [*map(label_of, firsts)]

    async def confirm(self, job_ids: Sequence[str], values: Sequence[Label]) -> None:
        """Marks the labels as taken: from now on the jobs show them."""
        async with redis_errors():
            await self._confirm(args=self._arguments(job_ids, values))

    def _arguments(self, job_ids: Sequence[str], values: Sequence[Label]) -> list[str | int]:
        pairs = zip(map(canonical, job_ids), map(value_text, values), strict=True)
        return [self._prefix, self._seconds, *(each for pair in pairs for each in pair)]
