"""What a service does with what it cannot use: messages, settings, model files, no broker."""

import pickle
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from support import Service, Vhost, eventually, row_count

Start = Callable[..., Service]

ROW = b'{"id":"good","body":[0,0,0,0,0,0,0,0,0,0]}'


@pytest.mark.parametrize(
    ("service", "queue", "bad", "reason"),
    [
        ("model", "features", b"not JSON", "malformed"),
        ("model", "features", b'{"id":"a","body":[1,2]}', "length >= 10"),
        ("model", "features", b'{"id":"a","body":[1e308,1e308,1e308,0,0,0,0,0,0,0]}', "row"),
        ("metric", "y_true", b'{"id":"a","body":"151"}', "Expected `float`, got `str`"),
        ("metric", "y_pred", b"\x80\x04\x95pickle", "malformed"),
    ],
)
def test_a_bad_message_is_dead_lettered_and_the_service_goes_on(
    start: Start, vhost: Vhost, tmp_path: Path, service: str, queue: str, bad: bytes, reason: str
) -> None:
    running = start(service)
    eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
    vhost.put(queue, bad)
    vhost.put(queue, ROW if queue == "features" else b'{"id":"good","body":1}')
    properties, body = vhost.wait_for("dead_letters")
    if reason != "row":
        assert (body, properties.headers["x-source-queue"]) == (bad, queue)
        assert reason in properties.headers["x-reason"]
    if service == "model":
        assert b'"id":"good"' in vhost.wait_for("y_pred")[1]
    else:
        other = "y_pred" if queue == "y_true" else "y_true"
        vhost.put(other, b'{"id":"good","body":2}')
        eventually(lambda: row_count(tmp_path) == 1, "the good row")
    assert running.stop() == 0
    assert vhost.depth(queue) == 0


def test_a_different_label_for_an_id_is_dead_lettered(start: Start, vhost: Vhost) -> None:
    start("metric")
    eventually(lambda: vhost.depth("y_true") >= 0, "the queues")
    for body in (b'{"id": 5, "body": 1}', b'{"id": 5.0, "body": 1.0}', b'{"id": "5", "body": 2}'):
        vhost.put("y_true", body)
    properties, body = vhost.wait_for("dead_letters")
    assert body == b'{"id": "5", "body": 2}'
    assert properties.headers["x-reason"] == "this id already has another label: 1"


@pytest.mark.parametrize(
    ("service", "setting", "value"),
    [
        ("features", "stream_rate", "fast"),
        ("model", "amqp_url", "localhost"),
        ("metric", "max_pending", "0"),
        ("plot", "plot_interval", "-1"),
        ("features", "log_level", "LOUD"),
        ("features", "amqp_url", "amqp://host/?heartbeat=often"),
    ],
)
def test_a_wrong_setting_stops_the_service_with_one_line(
    start: Start, service: str, setting: str, value: str
) -> None:
    stopped = start(service, **{setting: value})
    assert stopped.wait() == 2
    (line,) = stopped.log().splitlines()
    assert setting.upper() in line
    assert "is not accepted" in line


def test_a_missing_model_and_a_pickle_end_model_with_one_line(start: Start, tmp_path: Path) -> None:
    missing = start("model", model_path=tmp_path / "none.skops")
    assert missing.wait() == 1
    assert len(missing.log().splitlines()) == 1
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({}))
    foreign = start("model", model_path=tmp_path / "model.pkl")
    assert foreign.wait() == 1
    assert "is a pickle" in foreign.log().splitlines()[-1]


@pytest.mark.parametrize("service", ["features", "model"])
def test_without_a_broker_a_service_keeps_trying_and_ends_when_asked(
    start: Start, service: str
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        running = start(service, amqp_url=f"amqp://guest:guest@127.0.0.1:{port}/%2F")
        eventually(lambda: running.log().count("next try in") >= 2, "two tries")
        assert not running.status_file.exists(), "without its broker it is not well"
        assert running.stop() == 0
