"""Watches a training in a thread: reports its progress, and ends it when it is cancelled."""

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

from pipeline.clock import now_text
from pipeline.throttled_log import LogThrottle
from pipeline.training import (
    CANCELLED,
    SETTLE,
    STAGES,
    STORING,
    Progress,
    TrainingRequest,
    record_key,
)

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
RETRY_SECONDS = 1.0


class TrainingRecord:
    """The Redis record of a training, in addition to Celery's state of it. Raises RedisError."""

    def __init__(self, redis: Redis, request: TrainingRequest, ttl: int) -> None:
        self.job_id = request.job_id
        self._redis = redis
        self._key = record_key(request.job_id, request.data_set)
        self._ttl = ttl
        self._settle = redis.register_script(SETTLE.read_text())

    def is_wanted(self) -> bool:
        """Returns False if it is cancelled, or if the gateway has given it up or forgotten it."""
        request, cancelled = self._redis.hmget(self._key, ["request", CANCELLED])
        return request is not None and cancelled is None

    def is_cancelled(self) -> bool:
        return bool(self._redis.hexists(self._key, CANCELLED))

    def may_store(self) -> bool:
        """Returns True if its model may be stored: from then on nobody can cancel it."""
        return bool(self._settle([self._key], [STORING, now_text()]) == STORING)

    def count_attempt(self) -> int:
        """Counts this attempt; returns how often the training was begun."""
        with self._redis.pipeline() as together:
            together.hincrby(self._key, "attempts", 1)
            together.expire(self._key, self._ttl)
            return int(together.execute()[0])

    def forget_attempt(self) -> None:
        """Takes back the count of an attempt that ended in order, to be tried again later.

        Only attempts that killed their worker stay counted.
        """
        with suppress(RedisError), self._redis.pipeline() as together:
            together.hincrby(self._key, "attempts", -1)
            together.expire(self._key, self._ttl)  # else an expired record would come back for good
            together.execute()


class CancellationWatch:
    """Reports the latest progress every quarter of a second, and looks for a cancellation.

    A fit deep in C can be ended in one way only: with its process. The worker starts another
    process, and the broker hands it the task again, which then sees at once that it is cancelled.
    While Redis is away nothing is reported or seen, and the training goes on until there is a model
    to store.
    """

    def __init__(self, record: TrainingRecord, report: Callable[[Progress], object]) -> None:
        self._record = record
        self._report = report
        self._progress: Progress | None = None
        self._told: Progress | None = None
        self._end = threading.Event()
        self._throttle = LogThrottle()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def tell(self, progress: Progress) -> None:
        """Takes the progress; before the model is stored, waits until Redis has settled that.

        Raises Ignore if the training is cancelled. It must wait for Redis: nothing else knows
        whether somebody was told that the training is cancelled.
        """
        self._progress = progress
        while progress.stage == STAGES[-1]:
            try:
                if not self._record.may_store():
                    raise Ignore
                return
            except RedisError as error:
                if self._throttle.count():
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
        self._thread.join()  # else its last report would come after the result

    def _run(self) -> None:
        while not self._end.is_set():
            with suppress(RedisError):
                self._poll()
            self._end.wait(POLL_SECONDS)

    def _poll(self) -> None:
        if self._record.is_cancelled():
            log.info("training %s is cancelled: its process is killed", self._record.job_id)
            os.kill(os.getpid(), signal.SIGKILL)
        if (progress := self._progress) is not None and progress != self._told:
            self._report(progress)
            self._told = progress
