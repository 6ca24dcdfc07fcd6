"""Where Celery keeps states and results: it waits for a Redis that is full, as for one away."""

from celery.backends.redis import RedisBackend
from redis.exceptions import OutOfMemoryError


class ResultStore(RedisBackend):  # type: ignore[misc]
    """Celery's own gives a result up that Redis has no room for, and the task with it."""

    def exception_safe_to_retry(self, exc: BaseException) -> bool:
        """Whether to try again, for ever: see `result_backend_always_retry`."""
        return isinstance(exc, OutOfMemoryError) or super().exception_safe_to_retry(exc)
