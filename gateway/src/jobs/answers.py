"""Moves the model's answers from the queue that all gateways share into the jobs."""

import logging
import time

from redis import Redis
from redis.exceptions import RedisError

from counters import Counters
from gateway_settings import GatewaySettings
from jobs.job_fields import value_text
from jobs.waiting import CHANNEL
from pipeline.broker import Batch
from pipeline.clock import now_in_ms
from pipeline.messages import DeadLetter, id_text
from pipeline.redis_policy import POLL_SECONDS, look, on_connect
from pipeline.run import Run
from pipeline.table.readers import Readers
from redis_store import TIMEOUT_SECONDS, lua_script

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
OUTCOMES = ("kept", "repeated", "dropped")


class Answers:
    """Stores each answer in Redis, and wakes the requests that wait for it."""

    def __init__(
        self, settings: GatewaySettings, run: Run, counters: Counters, readers: Readers
    ) -> None:
        self._run = run
        self._fixed = (settings.key_prefix, f"{settings.key_prefix}{CHANNEL}")
        self._counters = counters
        self._readers = readers
        self._redis = Redis.from_url(
            str(settings.redis_url),
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            redis_connect_func=on_connect,
        )
        self._next_check = 0.0
        self._script = self._redis.register_script(lua_script(__file__, "answer"))

    def keep(self, batch: Batch) -> list[DeadLetter] | None:
        """Keeps the answers; returns the deliveries that are none, once Redis has the rest.

        Returns None if asked to stop before that.
        """
        answers, refusals, bad = batch.decode_answers(self._readers)
        arguments: list[str] = []
        for answer in answers:
            model_id = answer.model_id or ""
            for row_id, value in zip(answer.ids, answer.values, strict=True):
                arguments += [id_text(row_id), "prediction", value_text(value), model_id]
        for refusal in refusals:
            refused = refusal.prediction
            text = "" if refused is None else value_text(refused)
            arguments += [refusal.row_id, "reason", refusal.reason, text]
        return bad if not arguments or self._store(arguments) else None

    def _store(self, arguments: list[str]) -> bool:
        """Tries until Redis has them. Returns False on a stop before that: then they come again."""
        has_warned = False
        while not self._run.stop.is_set():
            try:
                self._check_policy()
                counts = self._script(args=[*self._fixed, now_in_ms(), *arguments])
            except (RedisError, OSError) as error:
                if not has_warned:
                    log.warning("answers wait until Redis can be used: %s", error)
                has_warned = True
                self._run.sleep(RETRY_SECONDS)
                continue
            for outcome, count in zip(OUTCOMES, counts, strict=True):
                self._counters.answers.labels(outcome).inc(count)
                self._run.count(outcome, count)
            return True
        return False

    def _check_policy(self) -> None:
        if time.monotonic() >= self._next_check:
            look(self._redis)
            self._next_check = time.monotonic() + POLL_SECONDS
