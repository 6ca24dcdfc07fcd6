"""Messages that have arrived from each queue, and the drawing of a batch from them."""

import time
from collections import deque
from dataclasses import dataclass, field

from pipeline.broker.batch import Delivery
from pipeline.broker.prefetch import MAX_INBOX_BYTES, Prefetch

# Bodies in one batch, about. A row can be as short as 4 bytes: this bounds the rows, and so the
# memory that their work takes and the time until a service can stop.
BATCH_BYTES = 256 * 2**10
SPREAD_IN_MS = 1000  # largest difference in age of features that are taken in turn


@dataclass(slots=True)
class Inbox:
    """Messages that have arrived from one queue, and are not yet taken."""

    deliveries: deque[Delivery] = field(default_factory=deque)
    size: int = 0  # bytes of the bodies
    consumer_tags: list[str] = field(default_factory=list)
    prefetch: Prefetch = field(default_factory=Prefetch)  # of all its consumers together
    awaited: int = 0  # answers of the broker on its channel
    backlog: int | None = None  # messages known to have waited, and not yet taken
    depth: int | None = None  # messages in the queue at the last look

    @property
    def wants_consumer(self) -> bool:
        return not self.consumer_tags and not self.deliveries

    @property
    def is_behind(self) -> bool:
        """True if nothing is here, but more is known to wait in the queue."""
        return bool(self.backlog) and not self.deliveries

    @property
    def is_too_full(self) -> bool:
        """True if messages came that are far larger than earlier ones, and may be given back.

        Never while an answer is awaited: the client would hold back the cancels, but not the
        messages that it gives back, so the broker would send them to the other consumers, again and
        again.
        """
        too_large = self.size >= MAX_INBOX_BYTES
        return too_large and self.prefetch.messages > 1 and not self.awaited

    def put(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.size += len(delivery.body)

    def take(self) -> Delivery:
        """Removes and returns the oldest delivery."""
        delivery = self.deliveries.popleft()
        self.size -= len(delivery.body)
        if self.backlog:
            self.backlog -= 1
        return delivery

    def note_depth(self, depth: int) -> None:
        """Notes how many messages wait in the queue.

        So many have to be taken before later ones count. If others take from the queue, too, as
        many may never come: the messages that the broker sent before it found the queue empty are
        here by the second time.
        """
        if not self.backlog:
            self.backlog = depth and depth + len(self.deliveries)
        elif depth == self.depth == 0:
            self.backlog = min(self.backlog, len(self.deliveries))
        self.depth = depth

    def clear(self) -> None:
        self.deliveries.clear()
        self.consumer_tags.clear()
        self.size, self.prefetch = 0, Prefetch(most=self.prefetch.most)
        self.awaited, self.backlog, self.depth = 0, None, None


def any_filled(inboxes: list[Inbox]) -> bool:
    """Returns True if something waits in one of them."""
    return any(inbox.deliveries for inbox in inboxes)


def all_filled(inboxes: list[Inbox]) -> bool:
    """Returns True if something waits in each of them."""
    return all(inbox.deliveries for inbox in inboxes)


def any_behind(inboxes: list[Inbox]) -> bool:
    """Returns True if one of them is behind."""
    return any(inbox.is_behind for inbox in inboxes)


def draw(inboxes: list[Inbox], independent: list[Inbox], optional: list[Inbox]) -> list[Delivery]:
    """Takes one message of each inbox in turn, but leaves much younger features for later.

    So about as many halves wait in metric as if it had taken each message at once, however long the
    queues are and however many rows a message has.

    If all inboxes had some, and one is empty, the drawing goes on from the `independent` ones
    alone; not if more is on its way to the empty one. The `optional` ones have their turn in any
    case.
    """
    # In turn, because two halves drawn together are joined at once, and a half drawn alone is
    # stored until the other comes. Turns are not enough: where one queue has a longer backlog, or
    # more rows in a message, they would pair its old rows with the other's new ones. Hence the age.
    taken: list[Delivery] = []
    now_in_ms = time.time() * 1000
    size, together, turns = 0, all_filled(inboxes), inboxes + optional
    all_due = _are_of_one_time(turns, now_in_ms)
    while size < BATCH_BYTES and (filled := [each for each in turns if each.deliveries]):
        for inbox in filled if all_due else _due(filled, now_in_ms):
            taken.append(inbox.take())
            size += len(taken[-1].body)
        if together and not all_filled(inboxes):
            # One has run dry. The rest of the others would only be stored, so it stays here, where
            # it costs nothing; not that of the `independent` ones, whose other halves are pending
            # already. With more on its way all of it stays, so that it comes in turn again.
            if any_behind(inboxes):
                break
            turns = independent + optional
    return taken


def _are_of_one_time(inboxes: list[Inbox], now_in_ms: float) -> bool:
    """Returns True if all messages here are about equally old, as in a stream without a backlog.

    Only the first and the last of each inbox are compared: asking each message costs more than
    taking it.
    """
    ends = [each.deliveries[end] for each in inboxes if each.deliveries for end in (0, -1)]
    times = [_time_in_ms(delivery, now_in_ms) for delivery in ends]
    known = [time_in_ms for time_in_ms in times if time_in_ms]
    return not known or max(known) - min(known) <= SPREAD_IN_MS


def _due(inboxes: list[Inbox], now_in_ms: float) -> list[Inbox]:
    """Returns the inboxes whose next message is about as old as the oldest, or gives no time."""
    times = [_time_in_ms(inbox.deliveries[0], now_in_ms) for inbox in inboxes]
    last = min(filter(None, times), default=0) + SPREAD_IN_MS
    return [inbox for inbox, at in zip(inboxes, times, strict=True) if at <= last]


def _time_in_ms(delivery: Delivery, now_in_ms: float) -> int:
    """Returns when its features were published; 0 if it does not say, or gives a future time.

    A future time would hold its queue back.
    """
    time_in_ms = delivery.origin_in_ms or 0
    return time_in_ms if time_in_ms <= now_in_ms else 0
