"""What has arrived from each queue and waits to be taken, and how a batch is drawn from it."""

from collections import deque
from dataclasses import dataclass, field

from pipeline.broker.batch import Delivery
from pipeline.broker.prefetch import MAX_INBOX_BYTES, Prefetch

# Bodies in one batch, about. A row can be as short as 4 bytes: this bounds the rows, and so the
# memory that their work takes and the time until a service can stop.
BATCH_BYTES = 256 * 2**10


@dataclass(slots=True)
class Inbox:
    """What has arrived from one queue, and is not yet taken."""

    deliveries: deque[Delivery] = field(default_factory=deque)
    size: int = 0  # bytes of their bodies
    consumer_tags: list[str] = field(default_factory=list)
    prefetch: Prefetch = field(default_factory=Prefetch)  # of all its consumers together
    awaited: int = 0  # answers of the broker on its channel
    backlog: int | None = None  # messages of those that waited at the start, and are not yet taken
    depth: int | None = None  # messages in the queue at the last look

    @property
    def wants_consumer(self) -> bool:
        return not self.consumer_tags and not self.deliveries

    @property
    def is_too_full(self) -> bool:
        """Whether messages came that are far larger than those before, and may be given back.

        Not while an answer is awaited: the client would hold back the cancels, but not give back
        the messages, so that the broker sent them to the other consumers, again and again.
        """
        too_large = self.size >= MAX_INBOX_BYTES and self.prefetch.messages > 1
        return too_large and not self.awaited

    def put(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.size += len(delivery.body)

    def take(self) -> Delivery:
        """The oldest."""
        delivery = self.deliveries.popleft()
        self.size -= len(delivery.body)
        self.backlog = max(0, self.backlog - 1) if self.backlog is not None else None
        return delivery

    def note_depth(self, depth: int) -> None:
        """Notes how many messages wait in the queue.

        Where others take of it too, as many as there were may never come. What the broker has sent
        before it found the queue empty is here by the second time.
        """
        if self.backlog is None:
            self.backlog = depth
        elif depth == self.depth == 0:
            self.backlog = min(self.backlog, len(self.deliveries))
        self.depth = depth

    def clear(self) -> None:
        self.deliveries.clear()
        self.consumer_tags.clear()
        self.size, self.prefetch = 0, Prefetch()
        self.awaited, self.backlog, self.depth = 0, None, None


def any_has(inboxes: list[Inbox]) -> bool:
    """Whether something waits in one of them."""
    return any(inbox.deliveries for inbox in inboxes)


def all_have(inboxes: list[Inbox]) -> bool:
    """Whether something waits in each of them."""
    return all(inbox.deliveries for inbox in inboxes)


def draw(inboxes: list[Inbox], able: list[Inbox], beside: list[Inbox]) -> list[Delivery]:
    """One of each in turn; where all had some, and one is empty, on from those able alone.

    Those beside have a turn in any case.
    """
    taken: list[Delivery] = []
    size, together, turns = 0, all_have(inboxes), inboxes + beside
    while size < BATCH_BYTES and any_has(turns):
        for inbox in turns:
            if inbox.deliveries:
                taken.append(inbox.take())
                size += len(taken[-1].body)
        if together and not all_have(inboxes):
            turns = able + beside
    return taken
