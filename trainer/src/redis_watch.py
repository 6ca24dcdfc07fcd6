"""Watches Redis: while it may evict states and results, no training is begun."""

import logging
import threading

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from pipeline.redis_policy import POLL_SECONDS, PolicyError, look, on_connect
from pipeline.run import Run

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2.0


class RedisWatch:
    """Checks Redis every few seconds, in a thread of its own; a problem makes the run unwell.

    A Redis that cannot be reached is no such problem: a training waits for it.
    """

    def __init__(self, url: str, run: Run) -> None:
        self.problem: str | None = None
        self._run = run
        self._redis = Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
            redis_connect_func=on_connect,
        )
        run.needs.append(lambda: self.problem is None)
        self._look()
        threading.Thread(target=self._keep_looking, name="redis", daemon=True).start()

    def wait(self) -> None:
        """Returns once there is no problem, or the trainer is asked to stop."""
        while self.problem is not None and not self._run.stop.wait(POLL_SECONDS / 10):
            pass

    def _keep_looking(self) -> None:
        while not self._run.stop.wait(POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        try:
            look(self._redis)
            found = None
        except PolicyError as error:
            found = str(error)
        except (RedisError, OSError):
            return
        if found != self.problem:
            said = "Redis can be used again" if found is None else f"Redis cannot be used: {found}"
            log.warning("%s", said)
        self.problem = found
