"""How the management API is asked; that it answers so is tested against a broker."""

import json
import socket
import threading
import time
from base64 import b64encode
from contextlib import closing, suppress
from email.message import Message
from urllib.error import HTTPError, URLError

import pytest

from page.broker_status.management_api import TIMEOUT_SECONDS, BrokerApi
from page.broker_status.monitor import SILENT, BrokerMonitor
from page.broker_status.snapshot import BrokerSnapshot, ServiceState
from support.waiting import PATIENCE_SECONDS


class Server:
    """Something at a port: each request gets the same answer, or that to what it asks for."""

    def __init__(self, answer: bytes, **answers: bytes) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://guest:s%C3%A9cret@127.0.0.1:{self.port}/%2F"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.requests.append(request := connection.recv(65536))
                asked = [body for what, body in self._answers.items() if what.encode() in request]
                connection.sendall(answer := [*asked, self._answer][0])
                if answer:
                    connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def http(status: str, body: bytes = b"", header: str = "X-None: 1") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{header}\r\n\r\n"
    return head.encode() + body


GOOD = {
    "/connections": [{"user_provided_name": "features: publishing"}],
    "/consumers": [{"queue": {"name": "features"}, "channel_details": {"name": "c"}}],
    "/queues": [{"name": "features", "messages_ready": 3, "message_stats": {}}, {"name": "y_true"}],
    "/nodes": [{"name": "rabbit@a", "running": True}, {"name": "rabbit@b", "running": False}],
    "/overview": {"rabbitmq_version": "4.0.5"},
}


def snapshot_of(**answers: bytes) -> BrokerSnapshot:
    """What is made of a broker whose answers are GOOD but for these."""
    good = {path: http("200 OK", json.dumps(body).encode()) for path, body in GOOD.items()}
    with closing(Server(http("404 Not Found"), **(good | answers))) as server:
        return BrokerMonitor([server.url]).snapshot(patience_seconds=PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        # A client without a name: what RabbitMQ 3.10 and 4.0 make of `columns=user_provided_name`.
        ("/connections", "[]"),
        ("/connections", '{"user_provided_name": null}'),
        ("/connections", '{"user_provided_name": []}'),
        ("/connections", "null"),
        ("/consumers", "[]"),
        ("/consumers", '{"queue": [], "channel_details": []}'),
        ("/consumers", '{"queue": {"name": null}, "channel_details": {"name": 5}}'),
        ("/queues", "[]"),
        ("/queues", "{}"),
        ("/queues", '{"name": "y_pred", "messages_ready": null, "message_stats": []}'),
        ("/queues", '{"name": "y_pred", "messages_ready": "undefined"}'),
        ("/queues", '{"name": "y_pred", "message_stats": {"publish_details": []}}'),
        ("/queues", '{"name": "y_pred", "messages_details": [], "state": {"syncing": 5}}'),
        ("/queues", '{"name": "y_pred", "messages_details": {"samples": [null, {}, 5]}}'),
        ("/queues", '{"name": "y_pred", "type": "quorum", "arguments": [],'
                    ' "effective_policy_definition": null}'),
        ("/nodes", "[]"),
        ("/nodes", '{"name": null, "running": null, "partitions": null}'),
    ],
)  # fmt: skip
def test_an_item_that_tells_nothing_hides_nothing(path: str, more: str) -> None:
    body = json.dumps(GOOD[path])[:-1] + f", {more}]"
    snapshot = snapshot_of(**{path: http("200 OK", body.encode())})
    assert snapshot.reachable
    assert snapshot.note.startswith("RabbitMQ 4.0.5, ")
    assert snapshot.note.endswith("nodes running")
    assert (snapshot.queues["features"].ready, snapshot.queues["features"].consumers) == (3, 1)
    assert snapshot.services["model"] == snapshot.services["features"] == ServiceState("running", 1)
    assert "node rabbit@b is down" in snapshot.warnings


@pytest.mark.parametrize("answer", ["403 Forbidden", "500 Internal Server Error", "200 OK"])
@pytest.mark.parametrize("path", ["/connections", "/consumers", "/nodes", "/overview"])
def test_what_is_not_told_hides_nothing_else(path: str, answer: str) -> None:
    snapshot = snapshot_of(**{path: http(answer, b'"nonsense"')})
    assert snapshot.reachable
    assert (
        f"its {'version is' if path == '/overview' else path[1:] + ' are'} not known"
        in snapshot.note
    )
    assert snapshot.queues["features"].ready == 3
    state = "unknown" if path == "/consumers" else "running"
    assert snapshot.services["model"].state == state


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-3, "Temporary failure in name resolution"), "is not found"),
        (ConnectionRefusedError(111, "Connection refused"), "refuses the connection"),
        (TimeoutError("timed out"), "does not answer within 2 s"),
        (OSError(113, "No route to host"), "is not reachable: No route to host"),
        (ConnectionResetError(104, "Connection reset by peer"), "is not reachable: Connection"),
        (HTTPError("", 401, "", Message(), None), "refuses user or password of MANAGEMENT_URL, or"),
        (HTTPError("", 404, "", Message(), None), "does not have the virtual host"),
        (HTTPError("", 503, "", Message(), None), "answers with status 503"),
        (ValueError("a list was expected"), "answers, but not as RabbitMQ's"),
    ],
)
def test_why_it_does_not_answer_is_said_in_words(error: Exception, words: str) -> None:
    api = BrokerApi("http://plot:secret@rabbitmq:15672/%2F")
    for raised in (error, URLError(error)) if type(error) is not HTTPError else (error,):
        if isinstance(raised, URLError) and isinstance(error, ValueError):
            continue
        assert api.why(raised).startswith(f"rabbitmq {words}")
        assert "Errno" not in api.why(raised)


@pytest.mark.parametrize(
    "answer",
    [
        http("401 Unauthorized"),
        http("200 OK", b'[{"name":"\xff"}]'),
        http("200 OK", b'[{"name":"a","x":' + b"[" * 100_000),
        http("200 OK", b"[{"),
        http("200 OK", b"{}"),
        http("302 Found", header="Location: http://[::1"),
        b"nothing of the kind\r\n\r\n",
    ],
)
def test_whatever_is_answered_is_only_not_reachable(answer: bytes) -> None:
    with closing(Server(answer)) as server:
        snapshot = BrokerMonitor([server.url]).snapshot(patience_seconds=PATIENCE_SECONDS)
    assert not snapshot.reachable
    assert "cret" not in snapshot.note


def test_the_password_is_given_to_nobody_else() -> None:
    with closing(Server(http("200 OK", b"[]"))) as other:
        elsewhere = f"Location: http://localhost:{other.port}/"
        with closing(Server(http("302 Found", header=elsewhere))) as server:
            snapshot = BrokerMonitor([server.url]).snapshot(patience_seconds=PATIENCE_SECONDS)
            assert b"Basic " + b64encode("guest:sécret".encode()) in server.requests[0]
    assert not snapshot.reachable
    assert not other.requests


def test_nobody_waits_longer_than_they_have_patience() -> None:
    with closing(Server(b"")) as server:
        monitor = BrokerMonitor([server.url])
        begin = time.monotonic()
        first, *others = [monitor.snapshot(patience_seconds=0.1) for _ in range(5)]
        assert time.monotonic() - begin < 5 * TIMEOUT_SECONDS / 2, "not for each snapshot to end"
    assert first == SILENT
    assert not any(snapshot.reachable for snapshot in others)


def test_without_an_answer_only_plot_is_known_to_be_there() -> None:
    snapshot = BrokerMonitor(["http://guest:secret@127.0.0.1:1/%2F"]).snapshot(PATIENCE_SECONDS)
    assert not snapshot.reachable
    assert (
        snapshot.note == "127.0.0.1 refuses the connection: RabbitMQ is stopped, or still starting"
    )
    states = {name: copies.state for name, copies in snapshot.services.items()}
    assert states == {
        "features": "unknown", "model": "unknown", "metric": "unknown", "plot": "running",
    }  # fmt: skip
