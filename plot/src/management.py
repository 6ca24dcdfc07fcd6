"""What the broker says of its queues and of who is connected, by its management API."""

import logging
import math
import threading
import time
import urllib.request
from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

import msgspec

from delivery_limits import COLUMNS, delivery_limits, warning
from queue_figures import STREAMS, Queue, by_stream

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5  # between two looks
TIMEOUT_SECONDS = 2.0  # of silence, within one
STALE_SECONDS = 5.0  # a look that is older says nothing
MOST_BYTES = 1 << 22  # of an answer

RISKED = (*STREAMS, "answers", "y_pred_shadow")  # those that we consume, or keep

QUEUES = (
    "queues/{}?columns=name,messages_ready,messages_unacknowledged,"
    f"message_stats.publish_details.rate,message_stats.deliver_get_details.rate,{COLUMNS}"
)
CONSUMERS = "consumers/{}?columns=queue.name,channel_details.name"
CONNECTIONS = "vhosts/{}/connections?columns=user_provided_name"
OVERVIEW = "overview?columns=rabbitmq_version"

RunState = Literal["running", "stopped", "unknown"]


class Copies(msgspec.Struct):
    """Whether a service is there, and how many of it."""

    state: RunState = "unknown"
    copies: int = 0


class Look(msgspec.Struct):
    """The broker at a moment. Queues are missing that it does not have."""

    reachable: bool
    note: str  # which version it is, or why it is not reachable
    queues: dict[str, Queue] = {}
    services: dict[str, Copies] = {}
    warnings: list[str] = []  # queues that may lose messages, and why


class _Connection(msgspec.Struct):
    user_provided_name: str = ""


class _Overview(msgspec.Struct):
    rabbitmq_version: str


class Management:
    """One virtual host, seen through any of the `urls`, each http://user:password@host:port/vhost.

    It is asked in a thread of its own, at the start, for what is to be warned of, and while
    somebody wants to know: whatever the server at the other end does, nobody waits longer than they
    have patience, and nothing is raised.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = deque(urls)  # the one to ask is the first
        # Straight to the broker, whatever proxy the environment has for the world outside.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        self._changed = threading.Condition()
        self._is_wanted = True
        self._latest = SILENT
        self._looked_at = -math.inf
        threading.Thread(target=self._keep_looking, name="management", daemon=True).start()

    def look(self, patience_seconds: float = 1.0) -> Look:
        """How things are; where the answer takes longer than there is patience, how they were."""
        with self._changed:
            self._is_wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._age() < PAUSE_SECONDS, patience_seconds)
            return self._latest if self._age() < STALE_SECONDS else SILENT

    def _age(self) -> float:
        return time.monotonic() - self._looked_at

    def _keep_looking(self) -> None:
        reachable = True
        warned: set[str] = set()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_wanted)
                self._is_wanted = False
            look = self._look()
            if look.reachable != reachable:
                state = "reachable again" if look.reachable else "not reachable"
                log.warning("the broker's management API is %s: %s", state, look.note)
            reachable = look.reachable
            for text in look.warnings:
                if text not in warned:
                    log.warning("%s", text)
                    warned.add(text)
            with self._changed:
                self._latest, self._looked_at = look, time.monotonic()
                self._changed.notify_all()
            time.sleep(PAUSE_SECONDS)

    def _look(self) -> Look:
        notes = []
        for _ in range(len(self._urls)):
            try:
                return self._ask()
            except Exception as error:  # whatever a server may answer: it is not one of ours
                reason = getattr(error, "reason", None) or error
                notes.append(f"{urlsplit(self._urls[0]).hostname}: {reason}")
                self._urls.rotate(-1)
        return Look(reachable=False, note="; ".join(notes), services=services({}, []))

    def _ask(self) -> Look:
        url = urlsplit(self._urls[0])
        vhost = quote(unquote(url.path[1:]) or "/", safe="")
        listed = self._get(QUEUES.format(vhost))
        queues = by_stream(listed, self._get(CONSUMERS.format(vhost)))
        connections = msgspec.json.decode(
            self._get(CONNECTIONS.format(vhost)), type=list[_Connection]
        )
        version = msgspec.json.decode(self._get(OVERVIEW), type=_Overview).rabbitmq_version
        names = [connection.user_provided_name for connection in connections]
        limits = delivery_limits(listed, version)
        warnings = [warning(name, limits[name]) for name in RISKED if name in limits]
        return Look(True, f"RabbitMQ {version}", queues, services(queues, names), warnings)

    def _get(self, path: str) -> bytes:
        url = urlsplit(self._urls[0])
        host = f"[{url.hostname}]" if ":" in str(url.hostname) else url.hostname
        port = f":{url.port}" if url.port else ""
        login = f"{unquote(url.username or '')}:{unquote(url.password or '')}".encode()
        request = urllib.request.Request(
            f"{url.scheme}://{host}{port}/api/{path}",
            headers={"Authorization": f"Basic {b64encode(login).decode()}"},
        )
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read(MOST_BYTES)
        return content


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The password is for nobody else."""

    def redirect_request(self, *_: object) -> None:
        return None


def services(queues: dict[str, Queue], connections: Sequence[str]) -> dict[str, Copies]:
    """Who is there, by what it does: so a service of one's own counts as much as one of ours.

    A service is there that consumes its queues; `features`, which consumes none, if a connection
    bears its name, or if rows arrive.
    """
    found = {"plot": Copies("running", 1)}
    for service, inputs in (("model", ("features",)), ("metric", ("y_true", "y_pred"))):
        known = [queues[name].consumers for name in inputs if name in queues]
        found[service] = _copies(min(known, default=0)) if queues else Copies()
    rows = queues["features"].in_per_second if "features" in queues else 0.0
    named = sum(name.startswith("features:") for name in connections)
    found["features"] = _copies(max(named, int(rows > 0))) if queues else Copies()
    return found


def _copies(number: int) -> Copies:
    return Copies("running" if number else "stopped", number)


SILENT = Look(False, "it does not answer", services=services({}, []))
