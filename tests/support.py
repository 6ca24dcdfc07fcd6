"""What tests need of the world outside: a virtual host, processes, and waiting with a deadline."""

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import pandas as pd
import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

ROOT = Path(__file__).parents[1]

PREFIXES = (
    "AMQP_",
    "BROKER_",
    "CORS_",
    "GATEWAY_",
    "JOB_",
    "LABEL_",
    "LIVE_",
    "LOG",
    "MANAGEMENT_",
    "MAX_",
    "MODEL_",
    "PLOT_",
    "QUEUE_",
    "REDIS_",
    "REMEMBER_",
    "SSL_",
    "STREAM_",
    "TRAIN",
    "UNMATCHED_",
)

PATIENCE_SECONDS = 120.0  # where nothing is measured: for a machine with much else to do
STOP_SECONDS = 10.0  # within which a service ends that is asked to

T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Waits until `look` gives something true, and returns it; fails naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    """Kind and data of each event as it comes."""
    kind = ""
    for line in answer:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def page_address(plot: "Service") -> str:
    """Where the page of a plot is, as soon as it is there."""
    found: list[str] = eventually(lambda: re.findall(r"page at (\S+)", plot.log()), "the page")
    return found[-1]


def next_event(page: str, kind: str) -> Any:
    """What the next server-sent event of this kind tells, of the page at this URL."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with urllib.request.urlopen(f"{page}events", timeout=PATIENCE_SECONDS) as answer:
        for found, data in events(answer):
            assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: an event {kind}"
            if found == kind:
                return data
    raise AssertionError(f"the stream ended without an event {kind}")


class Clock:
    """A clock that stands still until it is set, in seconds."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Vhost:
    """A virtual host made for one test, seen with a plain client and the management API."""

    def __init__(self, amqp_url: str, management_url: str) -> None:
        self.name = f"test-{uuid.uuid4().hex[:12]}"
        self._parts = urlsplit(amqp_url)
        self._management_url = management_url
        self.amqp_url: Any = self.url_for("guest", "guest")
        self.management_url = management_url.replace("//", "//guest:guest@") + self.name
        self.manage("PUT", f"vhosts/{self.name}")
        self.permit("guest")

    def url_for(self, user: str, password: str) -> str:
        host, port = self._parts.hostname, self._parts.port
        return f"amqp://{user}:{password}@{host}:{port}/{self.name}"

    def permit(self, user: str, configure: str = ".*", write: str = ".*", read: str = ".*") -> None:
        rights = {"configure": configure, "write": write, "read": read}
        self.manage("PUT", f"permissions/{self.name}/{user}", rights)

    def delete(self) -> None:
        self.manage("DELETE", f"vhosts/{self.name}")

    def manage(self, method: str, path: str, body: Any = None) -> Any:
        """One call of RabbitMQ's management API."""
        request = urllib.request.Request(
            f"{self._management_url.rstrip('/')}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": "Basic " + base64.b64encode(b"guest:guest").decode(),
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read() or b"null")

    def close_connections(self) -> int:
        """Has the broker close all connections of this virtual host; how many it did."""
        closed = 0
        for connection in self.manage("GET", f"vhosts/{self.name}/connections"):
            with contextlib.suppress(urllib.error.HTTPError):  # gone by itself: the list is old
                self.manage("DELETE", f"connections/{quote(connection['name'], safe='')}")
                closed += 1
        return closed

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            yield connection.channel()

    def put(self, queue: str, body: bytes, **properties: Any) -> None:
        """Publishes as anybody may: by the default exchange."""
        with self.channel() as channel:
            channel.confirm_delivery()
            channel.basic_publish("", queue, body, pika.BasicProperties(**properties))

    def get(self, queue: str) -> tuple[Any, bytes] | None:
        """The properties and body of the next message, if there is one."""
        with self.channel() as channel:
            _, properties, body = channel.basic_get(queue, auto_ack=True)
        return None if properties is None or body is None else (properties, body)

    def wait_for(self, queue: str) -> tuple[Any, bytes]:
        return eventually(lambda: self.get(queue), f"a message in {queue}")

    def consumers(self, queue: str) -> int:
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.consumer_count)

    def depth(self, queue: str) -> int:
        """Messages ready in the queue; -1 if there is no such queue."""
        try:
            with self.channel() as channel:
                return int(channel.queue_declare(queue, passive=True).method.message_count)
        except ChannelClosedByBroker:
            return -1


class Service:
    """One of the services as a process, with its log and status in a folder.

    `runner` is a script that is to run it, with its arguments.
    """

    def __init__(
        self, name: str, folder: Path, runner: Sequence[str | Path] = (), **settings: object
    ) -> None:
        self.name = name
        self.status_file = folder / f"{name}.status.json"
        self.log_file = folder / f"{name}.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(PREFIXES)}
        environment["PLOT_PORT"] = "0"  # any that is free: several run at a time
        environment |= {key.upper(): str(value) for key, value in settings.items()}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *runner, ROOT / name / "src" / f"{name}.py"],
                env=environment | {"STATUS_FILE": str(self.status_file)},
                cwd=folder,
                stderr=log,
            )

    def peak_memory(self) -> int:
        """The most memory it has had at one time until now, in bytes (VmHWM)."""
        return self._memory("VmHWM")

    def memory(self) -> int:
        """The memory that it has now, in bytes (VmRSS)."""
        return self._memory("VmRSS")

    def log(self) -> str:
        return self.log_file.read_text()

    def _memory(self, kind: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.findall(rf"^{kind}:\s+(\d+) kB$", status, re.MULTILINE)
        return int(found[0]) * 1024 if found else 0  # none while it ends

    def is_up(self) -> bool:
        """Whether it has written its status: all is imported, and what it needs is there."""
        try:
            return bool(json.loads(self.status_file.read_bytes())["pid"] == self.process.pid)
        except FileNotFoundError:
            return False

    def counts(self) -> dict[str, float]:
        try:
            counts: dict[str, float] = json.loads(self.status_file.read_bytes())["counts"]
        except FileNotFoundError:
            return {}
        return counts

    def wait(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def stop(self, seconds: float = PATIENCE_SECONDS) -> int:
        """SIGTERM; the exit status, which has to come within so many seconds."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)


def row_count(logs_dir: Path) -> int:
    """Whole rows in metric_log.csv."""
    try:
        return (logs_dir / "metric_log.csv").read_bytes().count(b"\n") - 1
    except FileNotFoundError:
        return 0


def read_rows(logs_dir: Path) -> pd.DataFrame:
    """metric_log.csv, checked: no id twice, and every error is that of its numbers."""
    rows = pd.read_csv(logs_dir / "metric_log.csv", dtype={"id": str})
    assert list(rows.columns) == ["id", "y_true", "y_pred", "absolute_error"]
    assert rows["id"].is_unique
    assert (rows["absolute_error"] == (rows["y_true"] - rows["y_pred"]).abs()).all()
    return rows
