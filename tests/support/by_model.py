"""Requests to models by their ids, as the gateway makes them, and what comes back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from pipeline.broker import Broker
from pipeline.messages import Id, Message
from pipeline.queues import ANSWERS, FEATURES_BY_MODEL
from pipeline.settings import BrokerSettings
from support.broker_client import opened
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

HOUR_IN_MS = 3_600_000


class Told(NamedTuple):
    """An answer for one row: its prediction and who made it, or the reason why there is none."""

    value: Any
    model_id: str | None
    ask_model: str | None
    reason: str | None = None


class Asker:
    """Asks models by their ids, and collects what comes to the queue `answers`, by row."""

    def __init__(self, vhost: Vhost, broker: Broker) -> None:
        self._vhost = vhost
        self._broker = broker
        self.found: dict[str, list[Told]] = {}

    def ask(
        self,
        model_id: str | None,
        values: Sequence[Any],
        ids: Sequence[Id],
        expires_in_ms: int = HOUR_IN_MS,
        reply_to: str | None = ANSWERS,
    ) -> None:
        """One row is a message of one, several are a batch."""
        message = Message(
            [*ids], [*values], len(ids) > 1, correlation_id="asked", ask_model=model_id
        )
        self._broker.publish(FEATURES_BY_MODEL, [message], reply_to, expires_in_ms)

    def flush(self) -> None:
        """Returns once the broker has all that was asked."""
        self._broker.flush()

    def told(self, *ids: str, seconds: float = PATIENCE_SECONDS) -> list[Told]:
        """What was first told of these rows, once something was of each."""
        eventually(lambda: {*ids} <= {*self.collect()}, f"answers {ids}", seconds)
        return [self.found[row_id][0] for row_id in ids]

    def collect(self) -> dict[str, list[Told]]:
        """What was told of each row until now, in order."""
        with self._vhost.channel() as channel:
            while True:
                _, properties, body = channel.basic_get(ANSWERS, auto_ack=True)
                if properties is None or body is None:
                    return self.found
                self._note(properties.headers or {}, properties.correlation_id, body)

    def _note(self, headers: Any, correlation_id: str | None, body: bytes) -> None:
        assert correlation_id == "asked"
        message = json.loads(body)
        many = isinstance(message["id"], list)
        ids = message["id"] if many else [message["id"]]
        values = message["body"] if many else [message["body"]]
        reason = headers.get("x-reason", headers.get("x-first-death-reason"))
        for row_id, value in zip(ids, values, strict=True):
            told = Told(value, headers.get("model_id"), headers.get("ask_model"), reason)
            self.found.setdefault(row_id, []).append(told)


@contextmanager
def asking(vhost: Vhost) -> Iterator[Asker]:
    """Somebody who asks, as the gateway does; the queues are there."""
    settings = BrokerSettings(amqp_url=vhost.amqp_url)
    with opened(settings, uses=["answers", "by_model"]) as (broker, _):
        eventually(lambda: broker.connected, "the broker, and with it the queues")
        yield Asker(vhost, broker)
