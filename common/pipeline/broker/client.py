"""The broker as a service uses it: consume batches, publish, dead-letter, acknowledge."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from pipeline.broker.batch import Batch
from pipeline.broker.consumer import Consumer
from pipeline.broker.layout import TopologyParts
from pipeline.broker.observers import ChangeListener, DepthWatch
from pipeline.broker.outgoing import as_header, of_change, of_letter, of_message
from pipeline.broker.prefetch import MAX_PREFETCH
from pipeline.broker.publisher import Publisher
from pipeline.errors import StopError
from pipeline.messages import DeadLetter, Message
from pipeline.queues import DELAY_STEPS, DELAYED_LABELS, REPLIES, delay_queue, edge
from pipeline.run import Run
from pipeline.settings import BrokerSettings
from pipeline.throttled_log import LogThrottle

log = logging.getLogger(__name__)

GOODBYE_SECONDS = 6.0  # under the broker's memory alarm a polite end never completes


class Broker:
    """Two connections, one to publish and one to consume, kept for as long as the service runs.

    Under its memory alarm the broker stops reading from a connection that has published, acks
    included, so the two must not be one. No error of the client library is raised here; BrokerError
    means that a connection cannot be kept at all.
    """

    def __init__(self, settings: BrokerSettings, run: Run, *, uses: TopologyParts = ()) -> None:
        self._settings = settings
        self._run = run
        self._uses = uses
        self._publisher = Publisher(settings, run, uses)
        self._consumer: Consumer | None = None
        self._depths: dict[str, DepthWatch] = {}
        self._listeners: list[ChangeListener] = []
        self._next_warning = 0.0
        self._throttle = LogThrottle()

    def __enter__(self) -> Self:
        self._run.needs.append(lambda: self.connected)
        self._publisher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> bool:
        """Ends in good order, also after a StopError: un-acknowledged messages come again."""
        deadline = time.monotonic() + GOODBYE_SECONDS
        failed = kind not in (None, StopError)
        left = 0 if failed else self._publisher.flush(GOODBYE_SECONDS, despite_stop=True)
        if left:
            log.warning("leaving %d messages that the broker has not confirmed", left)
        connections = [each for each in (self._publisher, self._consumer) if each is not None]
        for each in connections:
            each.close()
        for each in connections:
            each.join(max(0.0, deadline - time.monotonic()))
        return kind is StopError

    def watch_depth(self, queue: str) -> None:
        """Makes depth() tell how many messages wait in a queue; before consume()."""
        self._depths[queue] = DepthWatch(queue)

    def depth(self, queue: str) -> int | None:
        """Returns how many messages waited in a watched queue a moment ago; None if unknown."""
        return self._depths[queue].depth if queue in self._depths else None

    def listen_for_changes(self, action: Callable[[], None]) -> None:
        """Has `action` called after each announce_change(); before consume().

        It is called in a thread of its own, and also on each connection, as a change may have been
        missed.
        """
        self._listeners.append(ChangeListener(action))

    def consume(
        self,
        *queues: str,
        optional: tuple[str, ...] = (),
        dependent: Callable[[], Collection[str]] = tuple,
        idle_seconds: float = float("inf"),
        max_prefetch: int = MAX_PREFETCH,
    ) -> Iterator[Batch]:
        """Yields batches of deliveries until the service is asked to stop.

        `dependent()` names the queues whose messages are useless without messages from another
        queue: they wait a moment, so that they come together. Messages of the `optional` queues
        come along, and no other message waits for one of them. A batch is empty after
        `idle_seconds` in which nothing came. At most `max_prefetch` messages of a queue are on
        their way, or taken and not acknowledged.
        """
        self._consumer = Consumer(
            self._settings,
            self._run,
            queues,
            optional=optional,
            observers=[*self._depths.values(), *self._listeners],
            uses=self._uses,
            max_prefetch=max_prefetch,
        )
        self._consumer.start()
        while not self._run.stop.is_set():
            deliveries, ack, acks = self._consumer.take(dependent(), idle_seconds)
            caught_up = self._consumer.caught_up
            if self._run.stop.is_set():
                return
            confirmed = self.when_confirmed
            yield Batch(deliveries, ack, partial(confirmed, ack), caught_up, acks, confirmed)

    def publish(
        self,
        queue: str,
        messages: Sequence[Message[Any]],
        reply_to: str | None = None,
        expires_in_ms: int | None = None,
    ) -> None:
        """Publishes to the edge of `queue`; returns before the broker has confirmed.

        `reply_to` names the queue for the answers; what nobody has taken after `expires_in_ms`
        leaves the queue. A message that is itself an answer bears, as its routing key, the name
        that its request gave: the exchange `replies`, which is bound to `edge.y_pred`, gives
        whoever asked a copy of the message that becomes the row.
        """
        outgoing = [
            of_message(self._run.service, edge(queue), message.reply_to or queue, message)
            for message in messages
        ]
        for message in outgoing:
            message.properties.reply_to = reply_to
            message.properties.expiration = None if expires_in_ms is None else str(expires_in_ms)
        self._publisher.publish(outgoing)

    def reply(self, answers: Sequence[Message[Any]]) -> None:
        """Publishes answers to whoever asked, and to nobody else; it may have gone."""
        self._publisher.publish(
            [
                of_message(
                    self._run.service, REPLIES, answer.reply_to or "", answer, mandatory=False
                )
                for answer in answers
            ]
        )

    def publish_delayed(
        self, labels: Sequence[Message[Any]], step: int, longest_in_ms: int
    ) -> None:
        """Publishes labels to reach `y_true` after `step` of DELAY_STEPS parts of the longest."""
        delayed = [
            of_message(self._run.service, DELAYED_LABELS, delay_queue(step), label)
            for label in labels
        ]
        for message in delayed:
            message.properties.expiration = str(longest_in_ms * step // DELAY_STEPS)
        self._publisher.publish(delayed)

    def announce_change(self) -> None:
        """Notifies every process of `model` that the model store has changed."""
        self._publisher.publish([of_change(self._run.service)])

    def dead_letter(self, letters: Sequence[DeadLetter]) -> None:
        """Puts unusable messages into `dead_letters`, each with its reason and source queue.

        Whoever asked for an answer gets a copy, as with an answer: see publish().
        """
        self._run.count("dead_lettered", len(letters))
        self._warn_of(letters)
        self._publisher.publish([of_letter(self._run.service, letter) for letter in letters])

    def _warn_of(self, letters: Sequence[DeadLetter]) -> None:
        """Logs the reasons: one a second at most, and each once a minute, as they may flood."""
        if not letters or time.monotonic() < self._next_warning:
            return
        if not self._throttle.count((letters[-1].queue, letters[-1].reason)):
            return
        self._next_warning = time.monotonic() + 1
        log.warning(
            "%d to dead_letters so far; the latest, from %s: %s",
            self._run.counts["dead_lettered"],
            letters[-1].queue,
            as_header(letters[-1].reason),
        )

    def when_confirmed(self, action: Callable[[], None]) -> None:
        """Calls `action`, from another thread, once all published so far is confirmed."""
        self._publisher.when_confirmed(action)

    def flush(self) -> None:
        """Waits until everything published is confirmed, or the service is asked to stop."""
        self._publisher.flush()

    @property
    def connected(self) -> bool:
        """True if every connection that is needed is there."""
        connections = (self._publisher, self._consumer)
        return all(each is None or each.connected for each in connections)

    @property
    def problem(self) -> str | None:
        """The reason why nothing can be published at the moment; None if it can."""
        if not self.connected:
            return "the broker is away"
        if self._publisher.is_blocked:
            return "the broker is short of memory or disk, and accepts no messages"
        return None
