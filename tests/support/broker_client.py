"""Our broker package as a service uses it, for the tests of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.broker import Batch, Broker
from pipeline.broker.layout import TopologyParts
from pipeline.messages import Message
from pipeline.run import Run
from pipeline.settings import BrokerSettings
from support.readers import VALUES


@contextmanager
def opened(settings: BrokerSettings, uses: TopologyParts = ()) -> Iterator[tuple[Broker, Run]]:
    run = Run("tester")
    with Broker(settings, run, uses=uses) as broker:
        yield broker, run


def labels(*ids: str) -> list[Message[float]]:
    return [Message([row_id], [1.5]) for row_id in ids]


@contextmanager
def consuming(
    settings: BrokerSettings, queue: str, handle: Callable[[Batch], None], **options: Any
) -> Iterator[None]:
    """Consumes in a thread, as a service does in its process, with `options` of consume()."""
    run = Run("consumer")

    def main() -> None:
        with Broker(settings, run) as broker:
            for batch in broker.consume(queue, **options):
                handle(batch)

    thread = threading.Thread(target=main)
    thread.start()
    try:
        yield
    finally:
        run.stop.set()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def collecting(settings: BrokerSettings, queue: str) -> Iterator[list[str]]:
    """The ids that arrive, acknowledged."""
    arrived: list[str] = []

    def handle(batch: Batch) -> None:
        messages, _ = batch.decode(VALUES)
        arrived.extend(str(row_id) for message in messages for row_id in message.ids)
        batch.ack()

    with consuming(settings, queue, handle):
        yield arrived
