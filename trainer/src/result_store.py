"""Where Celery keeps states and results: it waits for a Redis that is full, as for one away."""

from typing import Any

from celery.backends.redis import RedisBackend
from redis.exceptions import OutOfMemoryError

from pipeline.redis_policy import PolicyError, on_connect


class ResultStore(RedisBackend):  # type: ignore[misc]
    """Celery's own gives a result up that Redis has no room for, and the task with it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connparams["redis_connect_func"] = on_connect

    def exception_safe_to_retry(self, exc: BaseException) -> bool:
        """Whether to try again, for ever: see `result_backend_always_retry`."""
        waits = isinstance(exc, (OutOfMemoryError, PolicyError))
        return waits or super().exception_safe_to_retry(exc)
