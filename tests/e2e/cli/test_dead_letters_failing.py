"""`python -m pipeline dead-letters` with nothing there, nobody there, or used wrongly."""

import re
import subprocess
from collections.abc import Callable

import pytest

from pipeline.settings import BrokerSettings
from rabbitmq import PrivateRabbitMQ
from support.broker_client import labels, opened
from support.dead_letters_command import Command, ids, one_line
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]


@pytest.mark.parametrize("action", [["list"], ["replay", "--all"], ["drop", "--all"]])
def test_nothing_there_is_status_1(
    command: Command, broker_settings: BrokerSettings, action: list[str]
) -> None:
    missing = command(*action)
    assert missing.returncode == 1
    assert "no queue 'dead_letters'" in one_line(missing)
    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("a"))
        broker.flush()
    empty = command(*action)
    assert (empty.returncode, empty.stderr) == (1, b"")
    assert b"0" in empty.stdout.splitlines()[0]


def test_a_broker_that_is_away_or_refuses_is_one_line(
    command: Command, vhost: Vhost, letters: list[str]
) -> None:
    away = command("list", AMQP_URL="amqp://guest:guest@127.0.0.1:1/%2F")
    assert away.returncode == 1
    assert re.search(r"127\.0\.0\.1:1 .*refused.*AMQP_URL", one_line(away))
    wrong = command("list", AMQP_URL=vhost.url_for("guest", "wrong"))
    assert "ACCESS_REFUSED" in one_line(wrong)

    vhost.manage("PUT", f"users/{vhost.name}", {"password": "secret", "tags": ""})
    vhost.permit(vhost.name, configure="^$", write="^$", read="^dead_letters$")
    reader = {"AMQP_URL": vhost.url_for(vhost.name, "secret")}
    try:
        assert command("list", **reader).returncode == 0
        refused = command("replay", letters[0], **reader)
        vhost.permit(vhost.name, configure="^$", write="^$", read="^$")
        unread = command("list", **reader)
    finally:
        vhost.manage("DELETE", f"users/{vhost.name}")
    assert (refused.returncode, refused.stdout) == (1, b"0 replayed\n")
    assert "access to exchange 'edge.features'" in one_line(refused)
    assert "access to queue 'dead_letters'" in one_line(unread)
    eventually(lambda: ids(vhost) == letters, "all letters, in order")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["lose"],
        ["list", "--limit", "-1"],
        ["show"],
        ["replay"],
        ["drop", "--queue", "features"],
        ["drop", "--all", "an-id"],
        ["replay", "an-id", "--reason", "x"],
    ],
)
def test_wrong_usage_is_status_2(command: Command, arguments: list[str]) -> None:
    assert command(*arguments).returncode == 2


def test_wrong_settings_are_status_2(command: Command) -> None:
    done = command("list", BROKER_METRICS_URL="here")
    assert done.returncode == 2
    assert "BROKER_METRICS_URL='here' is not accepted" in one_line(done)


def dropped(done: subprocess.CompletedProcess[bytes]) -> str:
    (found,) = re.findall("because a queue was full: (.*)", done.stdout.decode())
    return str(found)


def test_list_tells_how_many_the_broker_has_dropped(
    command: Command, vhost: Vhost, letters: list[str]
) -> None:
    assert letters
    before = int(dropped(command("list")).replace(",", ""))
    with vhost.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare("small", arguments={"x-max-length": 5, "x-overflow": "drop-head"})
        for _ in range(12):
            channel.basic_publish("", "small", b"x")
    eventually(lambda: dropped(command("list")) == f"{before + 7:,}", "7 more")


def test_where_the_metrics_are_away_the_number_is_unknown(
    command: Command, rabbitmq: PrivateRabbitMQ, letters: list[str]
) -> None:
    for url, reason in (
        ("http://127.0.0.1:1/metrics", "refused"),
        (rabbitmq.management_url, "there is no rabbitmq_global"),
        (rabbitmq.amqp_url.replace("amqp:", "http:"), ""),
    ):
        done = command("list", BROKER_METRICS_URL=url)
        assert done.returncode == 0
        assert re.match(f"unknown \\(BROKER_METRICS_URL=.*{reason}", dropped(done))
        assert letters[0] in done.stdout.decode()
