import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.messages import DeadLetter
from pipeline.settings import BrokerSettings
from rabbitmq import PrivateRabbitMQ
from support.broker_client import opened
from support.dead_letters_command import HOSTILE, Command, ids
from support.desk import Desk
from support.processes import family
from support.runner import Runner
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS


@pytest.fixture
def environment(vhost: Vhost, rabbitmq: PrivateRabbitMQ) -> dict[str, str]:
    where = {"AMQP_URL": vhost.amqp_url, "BROKER_METRICS_URL": rabbitmq.metrics_url}
    return {**os.environ, **where, "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def command(environment: dict[str, str]) -> Command:
    """Runs the command to its end."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
        line = [sys.executable, "-m", "pipeline", "dead-letters", *arguments]
        done = subprocess.run(
            line,
            env=environment | settings,
            capture_output=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        print(*arguments, done.returncode, done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def letters(broker_settings: BrokerSettings, vhost: Vhost) -> list[str]:
    """Five letters in the queue, and their ids: three of features, one of y_true, one foreign."""
    bodies = [b'{"id":"a","body":1}', b"\x00\xff raw \n", HOSTILE, b'{"id":"d","body":4}', b"x"]
    queues = ["features", "features", "features", "y_true", "elsewhere"]
    with opened(broker_settings) as (broker, _):
        broker.dead_letter(
            [
                DeadLetter(body, f"reason {number}", queue)
                for number, (body, queue) in enumerate(zip(bodies, queues, strict=True))
            ]
        )
    return ids(vhost)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A copy of the checkout, and terminals in it."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """`make run` in a copy of the checkout."""
    runner = Runner(tmp_path)
    yield runner
    print(runner.output)
    if runner.process.poll() is None:
        for pid in family(runner.process.pid):
            os.kill(pid, signal.SIGKILL)
