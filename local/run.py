"""Runs the pipeline here, without Docker: `python local/run.py [--rows N]`, or `make run`."""

import argparse
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from child import Child
from display import Display, Place, for_stdout, short
from options import environment, is_free, page_port, patience, positive, stream_count
from rabbitmq import PrivateRabbitMQ, RabbitMQError, find_server, install
from session import LOOK_SECONDS, Goal, Session, StalledError
from supervisor import ServiceError, Supervisor, end_leftover_services

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
MODEL = ROOT / "model" / "model.skops"
MODEL_RECORD = MODEL.with_name("model.skops.sha256")


class AlreadyRunningError(Exception):
    """There is a run in this checkout already."""


class Interrupt:
    """Ctrl-C, SIGTERM, and the closing of the terminal: heeded where that suits.

    So no process is started without being taken note of, and no RabbitMQ stopped while it starts.
    """

    def __init__(self) -> None:
        self._is_asked_for = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self._is_asked_for = True

    def sleep(self, seconds: float) -> None:
        """Waits so long. Raises KeyboardInterrupt if the run is to end."""
        time.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Raises KeyboardInterrupt if the run is to end."""
        if self._is_asked_for:
            raise KeyboardInterrupt


def main() -> int:
    """Exit status: 0 all done, or asked to stop; 1 failed."""
    parser = argparse.ArgumentParser(description="Runs the pipeline without Docker.")
    parser.add_argument(
        "--rows", type=positive, default=0, help="end once so many rows are joined and drawn"
    )
    rows: int = parser.parse_args().rows
    try:
        with only_run(LOCAL):
            run(rows, Interrupt())
    except KeyboardInterrupt:
        return 0
    except (AlreadyRunningError, OSError, RabbitMQError, ServiceError, StalledError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(rows: int, interrupt: Interrupt) -> None:
    """Runs until `rows` rows are joined and drawn, with 0 until it is interrupted."""
    display, env = for_stdout(), environment(ROOT, rows)
    logs_dir = Path(env["LOGS_DIR"])
    end_leftover_services(LOCAL)  # while their broker lives: they end sooner with it
    with broker_for(env, display) as broker:
        interrupt.check()
        train_if_missing(env, display, interrupt)
        env["PLOT_PORT"] = page_port(env, is_free)
        supervisor = Supervisor(ROOT, LOCAL, env, stream_count(env), display.say)
        session = Session(supervisor, display, logs_dir / "metric_log.csv")
        goal = Goal(rows, session.lines_before, patience(env)) if rows else None
        try:
            supervisor.start()
            page = ("page", f"http://localhost:{env['PLOT_PORT']}/")
            display.open([page, *places(logs_dir, broker)])
            while not is_over(session, goal):
                keep_running(broker, display)
                interrupt.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            pass  # the usual end
        finally:
            display.close()
            display.say("stopping the services")
            supervisor.stop()
    display.say(session.summary())
    for what, where in places(logs_dir, broker=None):
        display.say(f"{what}: {where}")


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Raises AlreadyRunningError if another process is in here, with the same folder."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise AlreadyRunningError(
                f"the pipeline runs in this checkout already (process {lock.read()})"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def broker_for(env: dict[str, str], display: Display) -> Iterator[PrivateRabbitMQ | None]:
    """A broker of our own while it lasts, its URLs in `env`; none if `env` names one."""
    if "AMQP_URL" in env:
        yield None
        return
    if find_server() is None:
        install()
    display.say("starting RabbitMQ")
    with PrivateRabbitMQ(LOCAL / "rabbitmq") as broker:
        env |= {"AMQP_URL": broker.amqp_url, "MANAGEMENT_URL": broker.api_url}
        try:
            yield broker
        finally:
            display.say("stopping RabbitMQ (some seconds)")


def keep_running(broker: PrivateRabbitMQ | None, display: Display) -> None:
    """Starts our broker again if it has died."""
    if broker is not None and broker.exit_status is not None:
        display.say(f"RabbitMQ ended with status {broker.exit_status}: starting it again")
        broker.start()


def train_if_missing(env: dict[str, str], display: Display, interrupt: Interrupt) -> None:
    """Makes the default model, unless it is there or `env` names another."""
    if (MODEL.exists() and MODEL_RECORD.exists()) or "MODEL_PATH" in env:
        return
    display.say("training the model")
    train = Child("train", [sys.executable, ROOT / "model" / "src" / "train.py"], LOCAL, env)
    try:
        train.start()
        while train.exit_status is None:
            interrupt.sleep(0.05)
    finally:
        train.stop(seconds=5)
    if train.exit_status != 0:
        raise ServiceError(f"training failed; the end of {train.log}:\n{train.log_tail()}")
    display.say(train.log_tail(lines=1))


def is_over(session: Session, goal: Goal | None) -> bool:
    progress = session.look()
    return goal is not None and goal.is_reached(progress, time.monotonic())


def places(logs_dir: Path, broker: PrivateRabbitMQ | None) -> list[Place]:
    """Where a person finds what."""
    found = [
        ("errors", short(logs_dir / "metric_log.csv")),
        ("picture", short(logs_dir / "error_distribution.png")),
        ("service logs", short(LOCAL / "log")),
    ]
    if broker is not None:
        found += [
            ("RabbitMQ", f"{broker.management_url} (guest, guest)"),
            ("AMQP_URL", broker.amqp_url),
            (
                "dead letters",
                f"AMQP_URL={broker.amqp_url} BROKER_METRICS_URL={broker.metrics_url} "
                f"{short(Path(sys.executable))} -m pipeline dead-letters list",
            ),
        ]
    return found


if __name__ == "__main__":
    sys.exit(main())
