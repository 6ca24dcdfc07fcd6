"""AMQP_URL=amqps://…: our services talk TLS to a broker that proves who it is, and to no other."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from pipeline.settings import BrokerSettings
from rabbitmq import PrivateRabbitMQ
from servers import free_ports
from support.broker_client import collecting, labels, opened
from support.waiting import eventually

CONFIG = """\
listeners.ssl.local = 127.0.0.1:{port}
ssl_options.certfile = {folder}/server.pem
ssl_options.keyfile = {folder}/server.pem
"""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def port(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where a broker speaks TLS, as `localhost` and under no other name."""
    folder = tmp_path_factory.mktemp("tls")
    (port,) = free_ports(1)
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        folder / "server.pem"
    )
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "tls.conf").write_text(CONFIG.format(port=port, folder=folder))
    with PrivateRabbitMQ(folder):
        yield port


def settings(host: str, port: int) -> BrokerSettings:
    url: Any = f"amqps://guest:guest@{host}:{port}/%2F"
    return BrokerSettings(amqp_url=url)


def trust(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/use/users-and-passwords.md says: SSL_CERT_FILE names the authority's certificate."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def test_messages_go_and_come_by_tls(
    authority: trustme.CA, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, tmp_path, monkeypatch)
    ours = settings("localhost", port)
    with opened(ours) as (broker, _), collecting(ours, "y_true") as arrived:
        broker.publish("y_true", labels("a", "b"))
        eventually(lambda: arrived == ["a", "b"], "both labels")


@pytest.mark.parametrize(
    ("known", "host", "reason"),
    [
        (False, "localhost", "unable to get local issuer certificate"),
        (True, "127.0.0.1", "certificate is not valid for '127.0.0.1'"),
    ],
    ids=["an unknown authority", "another name"],
)
def test_another_broker_is_refused_and_tried_again(
    authority: trustme.CA,
    port: int,
    known: bool,
    host: str,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    trust(authority if known else trustme.CA(), tmp_path, monkeypatch)
    with opened(settings(host, port)):
        eventually(lambda: caplog.text.count("next try in") >= 2, "a second try")
    lines = [line for line in caplog.messages if "not connected" in line]
    assert all(line.startswith(f"publishing: not connected to {host}:{port} (") for line in lines)
    assert all(reason in line for line in lines), lines
    assert "connected to" not in caplog.text.replace("not connected to", "")
