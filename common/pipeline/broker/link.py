"""One connection to the broker, kept: opened, served by a thread of its own, and opened again."""

import logging
import math
import random
import threading
import time
from collections.abc import Callable

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from pipeline.broker.connection import Connection
from pipeline.broker.topology import Topology
from pipeline.errors import BrokerError, SettingsError
from pipeline.run import Run
from pipeline.settings import BrokerSettings

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.5, 15.0
STABLE_SECONDS = 1.0  # a connection that held for so long was a good one: back-off starts anew
HANDSHAKE_SECONDS = 15.0  # for TCP, TLS and AMQP together
CLOSE_SECONDS = 5.0  # a broker that does not answer our goodbye is left without it
WAIT_SLICE_SECONDS = 0.2


class Link(threading.Thread):
    """Subclasses say what to do once the connection is open (`_on_open`) and gone (`_on_down`).

    Both, and every callback of pika, run in this thread. `changed` guards what the service's
    thread shares with it, and is notified whenever that changes.
    """

    def __init__(
        self, name: str, settings: BrokerSettings, run: Run, delays_labels: bool = False
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.changed = threading.Condition()
        self.connected = False
        self._settings = settings
        self._service_run = run
        self._delays_labels = delays_labels
        self._parameters = connection_parameters(settings, f"{run.service}: {name}")
        self._connection: pika.SelectConnection | None = None
        self._connection_lock = threading.Lock()
        self._closing = threading.Event()
        self._connected_at = 0.0
        self._reason = ""

    def run(self) -> None:
        """Keeps the connection until close() is called."""
        attempt = 0
        try:
            while not self._closing.is_set():
                reason, held = self._serve()
                attempt = 0 if held > STABLE_SECONDS else attempt + 1
                if not self._closing.is_set():
                    self._back_off(attempt, reason)
        except BaseException as failure:  # a silent thread would be a service that hangs
            self._service_run.failure = failure

    def call(self, action: Callable[[], None]) -> None:
        """Has this thread run `action`, if there is a connection."""
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
            if stopping or time.monotonic() >= deadline:
                return False
            self.changed.wait(WAIT_SLICE_SECONDS)

    def close(self) -> None:
        """Says goodbye, after all that was handed over before; join() waits for the answer."""
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
        """Opens a connection and serves it until it is gone: why it is, after how many seconds."""
        self._reason, self._connected_at = "", math.inf
        try:
            with pika.BlockingConnection(self._parameters) as connection:
                Topology(connection, self._settings).declare(delays=self._delays_labels)
            self._start_loop()
        except (AMQPError, AMQPConnectorException, OSError) as error:
            self._reason = self._reason or explain(error)
        except BrokerError as error:
            self._reason = str(error)
        return self._reason, time.monotonic() - self._connected_at

    def _start_loop(self) -> None:
        connection = Connection(
            self._parameters,
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

    def _back_off(self, attempt: int, reason: str) -> None:
        longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(attempt, 10))
        delay = random.uniform(longest / 2, longest)
        host, port = self._parameters.host, self._parameters.port
        log.warning(
            "%s: not connected to %s:%d (%s); next try in %.1f s",
            self.name,
            host,
            port,
            reason,
            delay,
        )
        self._closing.wait(delay)

    def _up(self) -> None:
        """For subclasses: the connection is open and set up."""
        log.info("%s: connected to %s:%d", self.name, self._parameters.host, self._parameters.port)
        self._connected_at = time.monotonic()
        with self.changed:
            self.connected = True
            self.changed.notify_all()


def connection_parameters(settings: BrokerSettings, name: str) -> pika.URLParameters:
    """AMQP_URL, with its options, for a connection that the broker is to list under `name`.

    Raises SettingsError where the client cannot use it.
    """
    try:
        parameters = pika.URLParameters(str(settings.amqp_url))
    except (TypeError, ValueError, SyntaxError) as error:
        raise SettingsError(f"AMQP_URL is not accepted: {error}") from error
    parameters.heartbeat = HEARTBEAT_SECONDS
    parameters.stack_timeout = HANDSHAKE_SECONDS
    parameters.client_properties = {"connection_name": name}
    return parameters


def explain(error: BaseException) -> str:
    """What a person needs of the client library's nested errors: the innermost one."""
    inner = error
    while True:
        causes = [*getattr(inner, "exceptions", []), getattr(inner, "exception", None), *inner.args]
        nested = [cause for cause in causes if isinstance(cause, BaseException)]
        if not nested:
            return str(inner) or type(inner).__name__
        inner = nested[-1]
