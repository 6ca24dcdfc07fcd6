"""A thread beside a training: it tells how far that is, and ends it when it is cancelled."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from celery.exceptions import Ignore
from redis import Redis
from redis.exceptions import RedisError

from pipeline.models.store import now_text
from pipeline.seldom import Seldom
from pipeline.training import CANCELLED, SETTLE, STAGES, STORING, Progress, record_key

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
RETRY_SECONDS = 1.0


class Record:
    """What Redis knows of a training beside Celery's state of it. Raises RedisError."""

    def __init__(self, redis: Redis, job_id: str, ttl: int) -> None:
        self.job_id = job_id
        self._redis = redis
        self._key = record_key(job_id)
        self._ttl = ttl
        self._settle = redis.register_script(SETTLE.read_text())

    def is_wanted(self) -> bool:
        """Not if it is cancelled; nor if the gateway has given it up, and told so, or forgotten."""
        request, cancelled = self._redis.hmget(self._key, ["request", CANCELLED])
        return request is not None and cancelled is None

    def is_cancelled(self) -> bool:
        return bool(self._redis.hexists(self._key, CANCELLED))

    def may_store(self) -> bool:
        """Whether its model may be stored: from then on nobody can cancel it any more."""
        return bool(self._settle([self._key], [STORING, now_text()]) == STORING)

    def count_attempt(self) -> int:
        """How often the training was begun, this time included."""
        with self._redis.pipeline() as together:
            together.hincrby(self._key, "attempts", 1)
            together.expire(self._key, self._ttl)
            return int(together.execute()[0])

    def forget_attempt(self) -> None:
        """It has ended in good order, to be tried again: that is no worker killed."""
        with suppress(RedisError), self._redis.pipeline() as together:
            together.hincrby(self._key, "attempts", -1)
            together.expire(self._key, self._ttl)  # or a record that has expired would come to stay
            together.execute()


class Watch:
    """Tells the last of what it is told, every quarter of a second, and looks for a cancellation.

    A fit deep in C can be ended in one way only: with its process. The worker starts another, and
    the broker hands it the task again, which then sees at once that it is cancelled. While Redis is
    away nothing is told or seen, and the training goes on until there is a model to store.
    """

    def __init__(self, record: Record, report: Callable[[Progress], object]) -> None:
        self._record = record
        self._report = report
        self._progress: Progress | None = None
        self._told: Progress | None = None
        self._end = threading.Event()
        self._seldom = Seldom()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def tell(self, progress: Progress) -> None:
        """Before a model is stored, settles that it is. Raises Ignore if the training is cancelled.

        That waits for Redis: nobody else knows whether somebody was told that it is cancelled.
        """
        self._progress = progress
        while progress.stage == STAGES[-1]:
            try:
                if not self._record.may_store():
                    raise Ignore
                return
            except RedisError as error:
                if self._seldom.count():
                    log.warning("training %s waits for Redis: %s", self._record.job_id, error)
            time.sleep(RETRY_SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()  # or its last report would come after the result

    def _run(self) -> None:
        while not self._end.is_set():
            with suppress(RedisError):
                self._look()
            self._end.wait(LOOK_SECONDS)

    def _look(self) -> None:
        if self._record.is_cancelled():
            log.info("training %s is cancelled: its process ends", self._record.job_id)
            os.kill(os.getpid(), signal.SIGKILL)
        if (progress := self._progress) is not None and progress != self._told:
            self._report(progress)
            self._told = progress
