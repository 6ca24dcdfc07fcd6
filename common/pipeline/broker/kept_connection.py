"""One lasting connection to the broker: opened, served by a thread of its own, and reopened."""

import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from pipeline.broker.buffered_writes import BufferedConnection
from pipeline.broker.layout import TopologyParts
from pipeline.broker.nodes import address, connection_parameters, explain
from pipeline.broker.topology import Topology
from pipeline.errors import BrokerError
from pipeline.run import Run
from pipeline.settings import BrokerSettings

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS = 0.5, 15.0
STABLE_SECONDS = 1.0  # a connection that lasted so long was good: back-off starts anew
CLOSE_SECONDS = 5.0  # for the broker to answer our goodbye; then we leave without it
WAIT_SLICE_SECONDS = 0.2


class KeptConnection(threading.Thread):
    """A connection that is kept.

    Subclasses define what happens once it is open (`_on_open`) and once it is gone (`_on_down`).
    Both, and every callback of pika, run in this thread. `changed` guards what the service's thread
    shares with it, and is notified of each change.
    """

    def __init__(
        self, name: str, settings: BrokerSettings, run: Run, uses: TopologyParts = ()
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.changed = threading.Condition()
        self.connected = False
        self._settings = settings
        self._service_run = run
        self._uses = uses
        nodes = connection_parameters(settings, f"{run.service}: {name}")
        # In random order: connections spread over the nodes, also those of a node that died.
        self._nodes = deque(random.sample(nodes, len(nodes)))  # the present one, then the next ones
        self._connection: pika.SelectConnection | None = None
        self._connection_lock = threading.Lock()
        self._closing = threading.Event()
        self._connected_at = 0.0
        self._reason = ""

    def run(self) -> None:
        """Keeps the connection until close() is called."""
        failed = 0  # failed nodes in a row
        try:
            while not self._closing.is_set():
                reason, held = self._serve()
                # One that is accepted and soon lost is a failure, too: a node that is starting or
                # stopping does so, and without back-off we would come again as fast as we can.
                failed = 1 if held > STABLE_SECONDS else failed + 1
                if not self._closing.is_set():
                    self._move_on(failed, reason)
        except BaseException as failure:  # else the thread would die silently, and the service hang
            self._service_run.failure = failure

    def call(self, action: Callable[[], None]) -> None:
        """Runs `action` in this thread, if there is a connection."""
        with self._connection_lock:
            if self._connection is not None:
                self._connection.ioloop.add_callback_threadsafe(action)

    def wait_until(
        self, condition: Callable[[], bool], seconds: float, despite_stop: bool = False
    ) -> bool:
        """Waits, holding `changed`, for `condition`; gives up after `seconds`, or on a stop.

        Raises BrokerError if the thread of any connection has died.
        """
        deadline = time.monotonic() + seconds
        while True:
            self._service_run.check()
            self._service_run.beat()
            if condition():
                return True
            stopping = self._service_run.stop.is_set() and not despite_stop
            left = deadline - time.monotonic()
            if stopping or left <= 0:
                return False
            self.changed.wait(min(left, WAIT_SLICE_SECONDS))

    def close(self) -> None:
        """Says goodbye after everything handed over before; join() waits for the answer."""
        self._closing.set()
        self.call(lambda: self._drop("closed by us"))

    def _on_open(self, connection: pika.SelectConnection) -> None:
        raise NotImplementedError

    def _on_down(self) -> None:
        raise NotImplementedError

    def _drop(self, reason: str) -> None:
        """Ends the present connection; the reason is what the log will say."""
        self._reason = self._reason or reason
        connection = self._connection
        if connection is None:
            return
        connection.ioloop.call_later(CLOSE_SECONDS, connection.ioloop.stop)
        if connection.is_open:
            connection.close()
        elif not connection.is_closing:
            connection.ioloop.stop()

    def _serve(self) -> tuple[str, float]:
        """Serves a new connection until it is gone; returns the reason, and its age in seconds."""
        self._reason, self._connected_at = "", math.inf
        try:
            with pika.BlockingConnection(self._nodes[0]) as connection:
                Topology(connection, self._settings).declare(self._uses)
            self._start_loop()
        except (AMQPError, AMQPConnectorException, OSError) as error:
            self._reason = self._reason or explain(error)
        except BrokerError as error:
            self._reason = str(error)
        return self._reason, time.monotonic() - self._connected_at

    def _start_loop(self) -> None:
        connection = BufferedConnection(
            self._nodes[0],
            on_open_callback=self._on_connected,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
        )
        with self._connection_lock:
            self._connection = connection
        try:
            connection.ioloop.start()
        finally:
            with self._connection_lock:
                self._connection = None
            with self.changed:
                self.connected = False
                self._on_down()
                self.changed.notify_all()
            connection.ioloop.close()

    def _on_connected(self, connection: pika.SelectConnection) -> None:
        if self._closing.is_set():
            self._drop("closed by us")
        else:
            self._on_open(connection)

    def _on_lost(self, connection: pika.SelectConnection, reason: BaseException) -> None:
        self._reason = self._reason or explain(reason)
        connection.ioloop.stop()

    def _move_on(self, failed: int, reason: str) -> None:
        """Goes to the next node: at once, or after a pause when each has failed since the last."""
        # The death of one node costs no pause: the next one is most likely well. Only when all have
        # failed is it the broker itself, and haste would add to its trouble. The pause is random,
        # as all services lost it in the same moment and would come back in the same moment.
        rounds, within_round = divmod(failed, len(self._nodes))
        longest = 0.0 if within_round else FIRST_DELAY_SECONDS * 2 ** min(rounds - 1, 10)
        delay = min(MAX_DELAY_SECONDS, longest) * random.uniform(0.5, 1)
        left = address(self._nodes[0])
        self._nodes.rotate(-1)
        when = f"{address(self._nodes[0])} at once" if within_round else f"in {delay:.1f} s"
        log.warning("%s: not connected to %s (%s); next try %s", self.name, left, reason, when)
        self._closing.wait(delay)

    def _up(self) -> None:
        """Notes that the connection is open and set up; for subclasses to call."""
        log.info("%s: connected to %s", self.name, address(self._nodes[0]))
        self._connected_at = time.monotonic()
        with self.changed:
            self.connected = True
            self.changed.notify_all()
