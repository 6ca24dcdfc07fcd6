"""`python -m pipeline dead-letters`, as a process: look, replay, drop, and lose nothing."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import skops.io

import train
from pipeline.messages import DeadLetter
from pipeline.settings import BrokerSettings
from rabbitmq import PrivateRabbitMQ
from support.broker_client import opened
from support.dead_letters_command import HOSTILE, Command, ids
from support.rows import read_rows, row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

Start = Callable[..., Service]


def test_list_sums_up_and_shows_the_newest_and_changes_nothing(
    command: Command, vhost: Vhost, letters: list[str]
) -> None:
    done = command("list", "--limit", "2")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert lines[0] == "dead letters: 5"
    assert ["1", "y_true", "reason", "3"] in [line.split() for line in lines]
    assert [line.split()[0] for line in lines[-2:]] == letters[-2:]
    assert re.search(r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  elsewhere  reason 4  x$", lines[-1])
    assert ids(vhost) == letters


def test_it_is_about_the_virtual_host_of_the_data_set(
    command: Command, vhost: Vhost, letters: list[str], rabbitmq: PrivateRabbitMQ
) -> None:
    name = f"t-{vhost.name[-12:]}"
    rabbitmq.vhost(name)
    at = {"AMQP_URL": rabbitmq.amqp_url, "DATASET": name}
    with opened(BrokerSettings(amqp_url=rabbitmq.amqp_url, dataset=name)) as (broker, _):
        broker.dead_letter([DeadLetter(b"x", "a reason", "features")])
    done = command("list", **at)
    assert done.stdout.decode().splitlines()[0] == "dead letters: 1"
    assert command("drop", "--all", **at).stdout == b"1 dropped\n"
    assert ids(vhost) == letters
    rabbitmq.control("delete_vhost", name)


def test_list_shows_a_reason_whole_in_a_pipe_and_in_a_terminal(
    command: Command, environment: dict[str, str], vhost: Vhost, letters: list[str]
) -> None:
    reason = f"there is no 'body' beside 'id', 'X': {'a message is such and such, ' * 9}at its end"
    headers = {"x-source-queue": "y_true", "x-reason": reason}
    vhost.put("dead_letters", b'{"id":"a","X":1}', message_id="m-1", headers=headers)
    piped = command("list").stdout.decode().splitlines()
    assert sum(reason in line for line in piped) == 2, "among the kinds, and as a letter"

    screen, terminal = os.openpty()
    line = [sys.executable, "-m", "pipeline", "dead-letters", "list"]
    with subprocess.Popen(line, env=environment | {"COLUMNS": "72"}, stdout=terminal) as process:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # so it ends, once nobody holds the terminal
            while piece := os.read(screen, 4096):
                shown += piece
    os.close(screen)
    assert process.returncode == 0
    lines = shown.decode().splitlines()
    assert max(map(len, lines)) <= 72
    assert " ".join(shown.decode().split()).count(" ".join(reason.split())) == 2
    assert [line.split()[0] for line in lines if line[:1].isalnum()][-6:] == [*letters, "m-1"]


def test_list_takes_filters(command: Command, letters: list[str]) -> None:
    by_queue = command("list", "--queue", "features").stdout.decode()
    assert [letter_id for letter_id in letters if letter_id in by_queue] == letters[:3]
    both = command("list", "--queue", "features", "--reason", "on 1").stdout.decode()
    assert [letter_id for letter_id in letters if letter_id in both] == letters[1:2]
    assert command("list", "--reason", "no such").returncode == 1


def test_a_hostile_body_reaches_no_terminal(
    command: Command, vhost: Vhost, letters: list[str]
) -> None:
    vhost.put(
        "dead_letters",
        HOSTILE,
        message_id="\x1b[1mid",
        headers={"x-reason": HOSTILE.decode(errors="ignore"), "x-source-queue": "\x1b[2J" * 9999,
                 "\u202e\x1b": HOSTILE, "nested": {"\x07": ["\x1b"]}},
    )  # fmt: skip
    shown = command("list").stdout + command("show", letters[2]).stdout
    shown += command("show", "\x1b[1mid").stdout + command("show", "\x1b[3mno").stderr
    text = shown.decode()
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "\\x1b]0;pwned\\x07" in text
    assert "\\u202etxt.exe" in text
    assert len(text) < 150_000


def test_show_gives_all_of_a_letter_and_its_exact_bytes(
    command: Command, vhost: Vhost, letters: list[str]
) -> None:
    shown = command("show", letters[1]).stdout.decode()
    for line in (f"message_id: {letters[1]}", "app_id: tester", "  x-source-queue: features",
                 "  x-reason: reason 1", "body, 8 bytes:", "  \\x00\\xff raw "):  # fmt: skip
        assert line in shown.splitlines()
    for letter_id, body in ((letters[1], b"\x00\xff raw \n"), (letters[2], HOSTILE)):
        assert command("show", "--raw", letter_id).stdout == body
    assert command("show", str(uuid.uuid4())).returncode == 1
    assert ids(vhost) == letters


def test_rows_that_a_broken_model_refused_are_replayed_to_a_good_one(
    command: Command, start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    broken = train.train()
    broken[-1].coef_[:] = 1e308  # beyond what a number can be, for all rows but those near zero
    train.store(skops.io.dumps(broken), tmp_path / "broken.skops")
    start("metric")
    model = start("model", model_path=tmp_path / "broken.skops")
    eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
    for number in range(3):
        vhost.put("y_true", b'{"id":"%d","body":100}' % number)
        vhost.put("features", b'{"id":"%d","body":%s}' % (number, str([0.05] * 10).encode()))
    eventually(lambda: vhost.depth("dead_letters") == 3, "the letters")
    assert model.stop() == 0

    start("model")
    done = command("replay", "--all", "--queue", "features", "--reason", "not a finite number")
    assert (done.returncode, done.stdout) == (0, b"3 replayed\n")
    eventually(lambda: row_count(tmp_path) == 3, "the rows")
    assert set(read_rows(tmp_path)["id"]) == {"0", "1", "2"}
    assert vhost.depth("dead_letters") == 0


def test_replay_and_drop_take_what_is_named_and_leave_the_rest(
    command: Command, vhost: Vhost, letters: list[str]
) -> None:
    gone = str(uuid.uuid4())
    done = command("replay", letters[1], letters[4], gone)
    assert done.returncode == 1
    assert done.stdout.decode().splitlines() == [
        "1 replayed",
        "1 left: they came from none of features, y_true and y_pred",
    ]
    assert gone in done.stderr.decode()
    properties, body = vhost.wait_for("features")
    assert (body, properties.delivery_mode) == (b"\x00\xff raw \n", 2)
    assert "x-reason" not in properties.headers

    assert command("drop", letters[0]).stdout == b"1 dropped\n"
    assert ids(vhost) == letters[2:]
    assert command("drop", "--all", "--queue", "features").stdout == b"1 dropped\n"
    assert ids(vhost) == letters[3:]
    assert command("drop", "--all").stdout == b"2 dropped\n"
    assert ids(vhost) == []
    assert (vhost.depth("features"), vhost.depth("y_true")) == (0, 0)


def many_letters(settings: BrokerSettings, count: int) -> list[bytes]:
    bodies = [b"%d" % number for number in range(count)]
    with opened(settings) as (broker, _):
        for start in range(0, count, 500):
            chunk = bodies[start : start + 500]
            broker.dead_letter([DeadLetter(body, "x", "features") for body in chunk])
    return bodies


def taken(vhost: Vhost, queue: str) -> list[bytes]:
    found = []
    with vhost.channel() as channel:
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            found.append(bytes(got[2] or b""))
    return found


REPLAY_ALL = [sys.executable, "-m", "pipeline", "dead-letters", "replay", "--all"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_replay_that_is_killed_loses_nothing(
    environment: dict[str, str],
    broker_settings: BrokerSettings,
    vhost: Vhost,
    number: signal.Signals,
) -> None:
    bodies = many_letters(broker_settings, 3000)
    replaying = subprocess.Popen(REPLAY_ALL, env=environment)
    eventually(lambda: vhost.depth("features") > 50, "some to be replayed")
    replaying.send_signal(number)
    assert replaying.wait(PATIENCE_SECONDS) in {-signal.SIGKILL, 130}
    eventually(
        lambda: vhost.depth("features") + vhost.depth("dead_letters") >= 3000, "what was held"
    )
    replayed, left = taken(vhost, "features"), taken(vhost, "dead_letters")
    assert left, "it was done before it was killed"
    assert set(replayed) | set(left) == set(bodies)
    assert len(replayed) + len(left) <= 3001, "one may come twice"
    assert left == sorted(left, key=int)


def test_two_that_replay_at_once_lose_and_double_nothing(
    environment: dict[str, str], broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    bodies = many_letters(broker_settings, 600)
    both = [subprocess.Popen(REPLAY_ALL, env=environment) for _ in range(2)]
    assert 0 in {process.wait(PATIENCE_SECONDS) for process in both}
    assert sorted(taken(vhost, "features")) == sorted(bodies)
    assert vhost.depth("dead_letters") == 0
