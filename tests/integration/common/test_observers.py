"""The length of a queue, and changes of the model store: learnt beside consuming."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.broker import Broker
from pipeline.run import Run
from pipeline.settings import BrokerSettings
from support.broker_client import labels, opened
from support.vhost import Vhost
from support.waiting import eventually


@contextmanager
def served(settings: BrokerSettings, prepare: Callable[[Broker], None]) -> Iterator[Broker]:
    """A broker that consumes `y_pred` in a thread, after `prepare`."""
    run = Run("observer")
    with Broker(settings, run, uses=["changes"]) as broker:
        prepare(broker)

        def consume() -> None:
            for batch in broker.consume("y_pred"):
                batch.ack()

        thread = threading.Thread(target=consume)
        thread.start()
        yield broker
        run.stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_the_depth_of_a_watched_queue_follows_it(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with served(broker_settings, lambda broker: broker.watch_depth("y_true")) as observer:
        eventually(lambda: observer.depth("y_true") == 0, "an empty queue")
        assert observer.depth("features") is None, "nobody watches it"
        with opened(broker_settings) as (broker, _):
            broker.publish("y_true", labels("a", "b", "c"))
        eventually(lambda: observer.depth("y_true") == 3, "three messages")
        eventually(vhost.close_connections, "connections to close")
        eventually(lambda: observer.depth("y_true") is None, "no connection")
        eventually(lambda: observer.depth("y_true") == 3, "the same on another connection")


def test_a_change_is_heard_and_so_is_each_new_connection(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    heard = threading.Semaphore(0)
    with served(broker_settings, lambda broker: broker.listen_for_changes(heard.release)) as broker:
        assert heard.acquire(timeout=10), "the first connection"
        broker.announce_change()
        assert heard.acquire(timeout=10), "the change"
        eventually(vhost.close_connections, "connections to close")
        assert heard.acquire(timeout=10), "the next connection"
