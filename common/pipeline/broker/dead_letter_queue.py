"""The queue of messages that no service could use: shown, replayed, or dropped."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from types import TracebackType
from typing import Any, Self

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker, UnroutableError
from pika.spec import BasicProperties

from pipeline.broker.batch import EXPIRED, is_expired
from pipeline.broker.nodes import address, connection_parameters, explain
from pipeline.broker.outgoing import message_properties
from pipeline.errors import BrokerError
from pipeline.queues import DEAD_LETTERS, FEATURES_BY_MODEL, STREAMS, edge
from pipeline.settings import BrokerSettings

# To find an acked letter, the broker goes through all that its channel holds: with 100,000 on
# one, dropping a third took more than nine minutes. A connection may be allowed few channels.
LETTERS_OF_CHANNEL, MAX_CHANNELS = 1000, 20
GIVE_BACK_SECONDS = 10.0  # waits no longer: others may have taken what we gave back
BLOCKED_SECONDS = 10.0  # a broker short of memory or disk takes nothing: give up then

_DROPPED = "rabbitmq_global_messages_dead_lettered_maxlen_total"
_METRICS_SECONDS = 5.0
_METRICS_BYTES = 16 * 2**20  # RabbitMQ gives about 80 KB


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as it lies in the queue. Anybody may have written its texts."""

    id: str
    queue: str  # the queue that it came from
    reason: str
    body: bytes
    properties: dict[str, Any]  # the properties that are set, except headers
    headers: dict[Any, Any]
    tag: int  # its number on its channel

    @property
    def can_be_replayed(self) -> bool:
        """True if it came from a queue whose exchange is known."""
        return self.queue in (*STREAMS, FEATURES_BY_MODEL)


class DeadLetters:
    """The dead letters of a broker, seen by one connection.

    Looking costs a round trip for each letter, about 5,000 a second, and the memory of one. The
    letters looked at are ours, hidden from everybody else, until the connection ends: then the
    broker puts those that are left back in their place. Raises BrokerError, and no error of the
    client library.
    """

    def __init__(self, settings: BrokerSettings) -> None:
        self._nodes = connection_parameters(settings, "dead-letters")
        for node in self._nodes:
            node.blocked_connection_timeout = BLOCKED_SECONDS

    def __enter__(self) -> Self:
        with self._explained():
            self._connection = pika.BlockingConnection(self._nodes)
            self._publishing = self._connection.channel()
            self._publishing.confirm_delivery()
            self._looking = [self._connection.channel()]
            self._held = 0  # letters looked at and not dropped
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, Exception):
            return  # Ctrl-C inside the client library, which cannot go on: our end is the goodbye
        try:
            with self._explained():
                if kind is None:
                    self._give_back()
                self._connection.close()
        except BrokerError:
            if kind is None:
                raise

    def _give_back(self) -> None:
        """Waits until the letters held are back: that takes a while, and others would miss them."""
        for channel in self._looking:
            channel.close()
        deadline = time.monotonic() + GIVE_BACK_SECONDS
        with self._connection.channel() as channel:
            while self._held > _ready(channel) and time.monotonic() < deadline:
                self._connection.sleep(0.05)

    def look(self) -> Iterator[Letter]:
        """Yields the letters that are there now, oldest first; not those that come meanwhile.

        Each can be replayed or dropped until the next one is asked for.
        """
        with self._explained():
            count = _ready(self._looking[-1])
        for number in range(count):
            with self._explained():
                if number % max(LETTERS_OF_CHANNEL, count // MAX_CHANNELS) == 0:
                    self._looking.append(self._connection.channel())
                method, properties, body = self._looking[-1].basic_get(DEAD_LETTERS)
            if method is None or properties is None or body is None:
                return  # somebody else has taken some
            self._held += 1
            yield _letter(int(method.delivery_tag or 0), properties, body)

    def replay(self, letter: Letter) -> None:
        """Publishes the body to its source queue again, and drops the letter once it is there.

        If this is killed in between, the letter stays, and may be replayed twice: the ids of its
        rows make that harmless.
        """
        exchange = edge(letter.queue)
        with self._explained():
            try:
                self._publishing.basic_publish(
                    exchange,
                    letter.queue,
                    letter.body,
                    _replayed(letter),
                    mandatory=True,
                )
            except UnroutableError as error:
                raise BrokerError(
                    f"no queue receives the messages of exchange {exchange}"
                ) from error
        self.drop(letter)

    def drop(self, letter: Letter) -> None:
        """Removes the letter for good."""
        with self._explained():
            self._looking[-1].basic_ack(letter.tag)
        self._held -= 1

    def drop_all(self) -> int:
        """Removes, unseen, all letters that nobody holds; returns how many."""
        with self._explained():
            return int(self._looking[-1].queue_purge(DEAD_LETTERS).method.message_count or 0)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        at = f"RabbitMQ at {' or '.join(map(address, self._nodes))}"
        try:
            yield
        except ChannelClosedByBroker as error:
            raise BrokerError(f"{at} refuses: {error.reply_text}") from error
        except (AMQPError, AMQPConnectorException, OSError) as error:
            raise BrokerError(
                f"no connection to {at} ({explain(error)}): is it running, and AMQP_URL right?"
            ) from error


def _replayed(letter: Letter) -> BasicProperties:
    """Returns the properties of a letter that is sent again: of a request by id, with its asker."""
    asked = letter.headers.get("ask_model")
    headers = {} if asked is None else {"ask_model": asked}
    properties = message_properties("dead-letters", letter.id, headers)
    if asked is not None:
        properties.reply_to = letter.properties.get("reply_to")
        properties.correlation_id = letter.properties.get("correlation_id")
    return properties


def _ready(channel: BlockingChannel) -> int:
    return int(channel.queue_declare(DEAD_LETTERS, passive=True).method.message_count or 0)


def dropped_letters(metrics_url: str) -> int:
    """Returns how many messages the broker says it has dropped from full queues, of any name.

    Raises BrokerError, with the reason, if it does not say.
    """
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(metrics_url, timeout=_METRICS_SECONDS) as answer:
            lines = answer.read(_METRICS_BYTES).decode().splitlines()
        # one line per queue type and kind of dead-lettering: NAME{LABELS} NUMBER
        numbers = [line.rpartition(" ")[2] for line in lines if line.startswith(_DROPPED + "{")]
        dropped = sum(int(float(number)) for number in numbers)
    except (OSError, HTTPException, ValueError) as error:
        raise BrokerError(f"{metrics_url}: {getattr(error, 'reason', error)}") from error
    if not numbers:
        raise BrokerError(f"{metrics_url}: there is no {_DROPPED}")
    return dropped


def _letter(tag: int, properties: BasicProperties, body: bytes) -> Letter:
    said = {name: value for name, value in vars(properties).items() if value is not None}
    headers = said.pop("headers", {})
    return Letter(
        id=_text(said.get("message_id", "")),
        queue=_text(headers.get("x-source-queue", headers.get("x-first-death-queue", ""))),
        reason=_text(headers.get("x-reason", EXPIRED if is_expired(properties) else "")),
        body=body,
        properties=said,
        headers=headers,
        tag=tag,
    )


def _text(value: Any) -> str:
    """Returns a value as text: the client returns bytes for text that is not UTF-8."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
