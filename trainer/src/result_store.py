"""The store where Celery keeps states and results; it waits for a Redis that is full or away."""

from typing import Any

from celery.backends.redis import RedisBackend
from redis.exceptions import OutOfMemoryError

from pipeline.redis_policy import PolicyError, on_connect


class ResultStore(RedisBackend):  # type: ignore[misc]
    """Keeps trying: Celery's own store drops a result, and its task, when Redis is full."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connparams["redis_connect_func"] = on_connect

    def exception_safe_to_retry(self, exc: BaseException) -> bool:
        """Returns True if it should try again, without end: see `result_backend_always_retry`."""
        waits = isinstance(exc, (OutOfMemoryError, PolicyError))
        return waits or super().exception_safe_to_retry(exc)
