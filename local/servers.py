"""The common parts of private servers: free ports, and the wait until one answers."""

import random
import shlex
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from child_process import ChildProcess

START_SECONDS = 60.0

# Below the ports that systems give to outgoing connections (32768 and up, macOS 49152 and up): one
# of those can be taken while a server is down, even by a client that tries to reach it.
_PORTS = range(20_000, 32_000)


class ServerError(Exception):
    """A private server cannot be had; the text says why, and what to do."""


class PrivateServer(Protocol):
    """A server, RabbitMQ or Redis, that runs while it is entered."""

    title: str

    @property
    def exit_status(self) -> int | None:
        """Exit status; None while it runs, and before its first start."""

    def start(self) -> None:
        """Starts it, or restarts it with its data and at its port."""

    def stop(self) -> None:
        """Ends it in good order."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def free_ports(count: int) -> list[int]:
    """Returns `count` ports of 127.0.0.1 that nothing uses."""
    candidates = iter(random.sample(_PORTS, len(_PORTS)))
    return [next(filter(_is_free, candidates)) for _ in range(count)]


def reply(port: int, greeting: bytes) -> bytes:
    """Returns the first bytes of a server's reply to the greeting, on 127.0.0.1; empty if none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(greeting)
            return connection.recv(64)
    except OSError:
        return b""


def wait_until_ready(
    title: str, folder: Path, child: ChildProcess, is_ready: Callable[[], bool]
) -> None:
    """Waits until `is_ready`. Raises ServerError with the end of the log if that takes a minute."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if child.exit_status is not None or time.monotonic() > deadline:
            remove = f"rm -r {shlex.quote(str(folder))}"
            raise ServerError(
                f"{title} does not start; the end of {child.log}:\n{child.log_tail()}\n"
                f"If its data are of another version: {remove} is a clean start."
            )
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Returns True if there is a server at this port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
