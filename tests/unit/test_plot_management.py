"""What is made of the management API's answers; that it gives them is tested against a broker."""

import socket
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing, suppress

import pytest

from delivery_limits import delivery_limits
from management import (
    SILENT,
    TIMEOUT_SECONDS,
    Copies,
    Management,
    services,
)
from queue_figures import Queue, by_stream
from support import PATIENCE_SECONDS


def answer(name: str, *, ready: int = 0, rate: float = 0.0) -> str:
    return (
        f'{{"name": "{name}", "messages_ready": {ready}, "messages_unacknowledged": 1,'
        f' "message_stats": {{"publish_details": {{"rate": {rate}}}}}}}'
    )


def consumer(queue: str, channel: str) -> str:
    return f'{{"queue": {{"name": "{queue}"}}, "channel_details": {{"name": "{channel}"}}}}'


def queues_of(*answers: str, consumers: Sequence[str] = ()) -> dict[str, Queue]:
    return by_stream(f"[{','.join(answers)}]".encode(), f"[{','.join(consumers)}]".encode())


def test_queues_that_are_not_of_the_pipeline_are_left_out() -> None:
    found = queues_of(answer("features", ready=3, rate=5.0), answer("my-own"))
    assert found == {"features": Queue(3, 1, 5.0, 0.0)}


def test_who_has_several_consumers_on_a_channel_is_one() -> None:
    several = [consumer("features", f"10.0.0.1:{port} (1)") for port in (1, 1, 1, 2)]
    found = queues_of(
        answer("features"), consumers=[*several, consumer("y_true", "10.0.0.1:1 (1)")]
    )
    assert found["features"].consumers == 2


def test_a_queue_that_nothing_has_passed_yet_has_no_rates() -> None:
    assert queues_of('{"name": "y_pred"}') == {"y_pred": Queue()}


def test_labels_that_wait_to_be_late_are_taken_together() -> None:
    found = queues_of(answer("y_true.delay.1of4", ready=2), answer("y_true.delay.2of4", ready=5))
    assert found == {"y_true.delay": Queue(7, 2)}


def test_no_label_that_waits_is_no_queue() -> None:
    assert queues_of('{"name": "y_true.delay.1of4"}') == {}


@pytest.mark.parametrize(
    ("consumers", "state"),
    [((0, 0), ("stopped", 0)), ((1, 0), ("stopped", 0)), ((1, 1), ("running", 1))],
)
def test_metric_is_there_if_both_its_queues_are_consumed(
    consumers: tuple[int, int], state: tuple[str, int]
) -> None:
    y_true, y_pred = consumers
    queues = {"y_true": Queue(consumers=y_true), "y_pred": Queue(consumers=y_pred)}
    assert services(queues, [])["metric"] == Copies(*state)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "names", "state"),
    [
        (0.0, [], Copies("stopped", 0)),
        (0.0, ["features: publishing", "features: publishing", "model: publishing"],
         Copies("running", 2)),
        (5.0, [""], Copies("running", 1)),
    ],
)  # fmt: skip
def test_features_is_there_by_its_name_or_by_its_rows(
    rate: float, names: list[str], state: Copies
) -> None:
    assert services({"features": Queue(in_per_second=rate)}, names)["features"] == state


@pytest.mark.parametrize(
    ("version", "queue", "limit"),
    [
        ("4.0.5", '"type": "quorum", "arguments": {"x-queue-type": "quorum"}', 20),
        ("4.0.5", '"type": "quorum", "arguments": []', 20),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": -1}', None),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": 3}', 3),
        ("4.0.5", '"type": "quorum", "arguments": {"x-dead-letter-exchange": "x"}', None),
        ("4.0.5", '"type": "quorum", "effective_policy_definition": {"delivery-limit": 5}', 5),
        ("4.0.5", '"type": "quorum", "effective_policy_definition": {"delivery-limit": -1}', None),
        ("4.0.5", '"type": "quorum", "effective_policy_definition": {"dead-letter-exchange": "x"}',
         None),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": -1},'
         ' "effective_policy_definition": {"delivery-limit": 5}', 5),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": 3},'
         ' "effective_policy_definition": {"delivery-limit": 5}', 3),
        ("4.0.5", '"type": "classic"', None),
        ("3.10.8", '"type": "quorum"', None),
        ("3.10.8", '"type": "quorum", "arguments": {"x-delivery-limit": 3}', 3),
        ("3.10.8", '"type": "quorum", "arguments": {"x-delivery-limit": -1}', 0),
    ],
)  # fmt: skip
def test_a_queue_that_loses_messages_by_a_limit_is_found(
    version: str, queue: str, limit: int | None
) -> None:
    found = delivery_limits(f'[{{"name": "y_true", {queue}}}]'.encode(), version)
    assert found.get("y_true") == limit


class Server:
    """Something at a port that is no management API: each request gets the same answer."""

    def __init__(self, answer: bytes) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://guest:s%C3%A9cret@127.0.0.1:{self.port}/%2F"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.requests.append(connection.recv(65536))
                connection.sendall(self._answer)
                if self._answer:
                    connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def http(status: str, body: bytes = b"", header: str = "X-None: 1") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{header}\r\n\r\n"
    return head.encode() + body


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
        look = Management([server.url]).look(patience_seconds=PATIENCE_SECONDS)
    assert not look.reachable
    assert "cret" not in look.note


def test_the_password_is_given_to_nobody_else() -> None:
    with closing(Server(http("200 OK", b"[]"))) as other:
        elsewhere = f"Location: http://localhost:{other.port}/"
        with closing(Server(http("302 Found", header=elsewhere))) as server:
            look = Management([server.url]).look(patience_seconds=PATIENCE_SECONDS)
            assert b"Basic " + b64encode("guest:sécret".encode()) in server.requests[0]
    assert not look.reachable
    assert not other.requests


def test_nobody_waits_longer_than_they_have_patience() -> None:
    with closing(Server(b"")) as server:
        management = Management([server.url])
        begin = time.monotonic()
        first, *others = [management.look(patience_seconds=0.1) for _ in range(5)]
        assert time.monotonic() - begin < 5 * TIMEOUT_SECONDS / 2, "not for each look to end"
    assert first == SILENT
    assert not any(look.reachable for look in others)


def test_without_an_answer_only_plot_is_known_to_be_there() -> None:
    look = Management(["http://guest:secret@127.0.0.1:1/%2F"]).look()
    assert not look.reachable
    assert "secret" not in look.note
    states = {name: copies.state for name, copies in look.services.items()}
    assert states == {
        "features": "unknown", "model": "unknown", "metric": "unknown", "plot": "running",
    }  # fmt: skip
