"""A virtual host made for one test, seen with a plain client and the management API."""

import base64
import contextlib
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from support.waiting import PATIENCE_SECONDS, eventually


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
