"""What a service does with what it cannot use: settings, model files, no broker."""

import pickle
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from support.service import Service
from support.waiting import eventually

Start = Callable[..., Service]


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
