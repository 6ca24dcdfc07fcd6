"""Runs the pipeline here, without Docker: `make run`, or `python local/run.py --help`."""

import argparse
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from child_process import ChildProcess
from display import Display, for_stdout, short
from options import environment, patience, positive
from pipeline.errors import PipelineError
from pipeline.settings import Settings
from pipeline.table.data_sets import load_schema
from run_progress import POLL_SECONDS, Goal, RunProgress, StalledError
from servers import ServerError
from services import services_of
from stores import end_leftover_redis, keep_running, stores_for
from supervisor import ServiceError, Supervisor, end_leftover_services
from urls import broker_urls, choose_ports, files, pages

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
MODEL = ROOT / "model" / "model.skops"
TRAIN = ROOT / "model" / "src" / "train.py"
MODEL_RECORD = MODEL.with_name("model.skops.sha256")


class AlreadyRunningError(Exception):
    """A run is already going on in this checkout."""


class Interrupt:
    """Ctrl-C, SIGTERM, and the closing of the terminal, heeded only at suitable moments.

    So no process is started without a record, and no RabbitMQ is stopped while it starts.
    """

    def __init__(self) -> None:
        self._is_asked_for = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self._is_asked_for = True

    def sleep(self, seconds: float) -> None:
        """Waits for `seconds`. Raises KeyboardInterrupt if the run is to end."""
        time.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Raises KeyboardInterrupt if the run is to end."""
        if self._is_asked_for:
            raise KeyboardInterrupt


def main() -> int:
    """Runs the command. Exit status: 0 all done, or asked to stop; 1 failed."""
    parser = argparse.ArgumentParser(description="Runs the pipeline without Docker.")
    parser.add_argument(
        "--rows", type=positive, default=0, help="stop once this many rows are joined and drawn"
    )
    parser.add_argument(
        "--serving",
        action="store_true",
        help="answer requests, train models: gateway, trainer, model-by-id",
    )
    arguments = parser.parse_args()
    try:
        with only_run(LOCAL):
            run(arguments.rows, arguments.serving, Interrupt())
    except KeyboardInterrupt:
        return 0
    except (
        AlreadyRunningError,
        OSError,
        PipelineError,
        ServerError,
        ServiceError,
        StalledError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(rows: int, serving: bool, interrupt: Interrupt) -> None:
    """Runs until `rows` rows are joined and drawn; with 0, until it is interrupted."""
    display, env = for_stdout(), environment(ROOT, rows)
    settings = Settings.from_environment()
    # Before anything is started: there may be no such data set, or its schema may be wrong.
    task = load_schema(settings.dataset, Path(env["DATASETS_DIR"])).task
    own_place = settings.own_place
    logs_dir = Path(env["LOGS_DIR"]) / own_place
    end_leftover_services(LOCAL)  # while their broker lives: they end faster with it
    end_leftover_redis(LOCAL)
    with stores_for(env, LOCAL, display, own_place, serving=serving) as stores:
        interrupt.check()
        if not own_place:  # of another data set `model` trains its own
            train_if_missing(env, display, interrupt)
        choose_ports(env, serving=serving)
        names = services_of(ROOT, serving=serving)
        supervisor = Supervisor(ROOT, LOCAL, env, display.say, names)
        progress = RunProgress(supervisor, display, logs_dir / "metric_log.csv", task)
        goal = Goal(rows, progress.lines_before, patience(env)) if rows else None
        try:
            supervisor.start()
            display.open(
                [
                    *pages(env, serving=serving),
                    *files(logs_dir, LOCAL),
                    *broker_urls(stores, own_place),
                ]
            )
            while not is_over(progress, goal):
                keep_running(stores, display)
                interrupt.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            pass  # the usual end
        finally:
            display.close()
            display.say("stopping the services")
            supervisor.stop()
    display.say(progress.summary())
    for what, where in files(logs_dir, LOCAL):
        display.say(f"{what}: {where}")


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Holds the folder. Raises AlreadyRunningError if another process does."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise AlreadyRunningError(
                f"the pipeline is already running in this checkout (process {lock.read()})"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def train_if_missing(env: dict[str, str], display: Display, interrupt: Interrupt) -> None:
    """Trains the default model, unless it is there or `env` names another."""
    if "MODEL_PATH" in env:
        return
    if MODEL.exists() and MODEL_RECORD.exists():
        if MODEL.stat().st_mtime < TRAIN.stat().st_mtime:
            display.say(f"{short(TRAIN)} has changed since: `make train` trains the model again")
        return
    display.say("training the model")
    train = ChildProcess("train", [sys.executable, TRAIN], LOCAL, env)
    try:
        train.start()
        while train.exit_status is None:
            interrupt.sleep(0.05)
    finally:
        train.stop(seconds=5)
    if train.exit_status != 0:
        raise ServiceError(f"training failed; the end of {train.log}:\n{train.log_tail()}")
    display.say(train.log_tail(lines=1))


def is_over(progress: RunProgress, goal: Goal | None) -> bool:
    now = progress.update()
    return goal is not None and goal.is_reached(now, time.monotonic())


if __name__ == "__main__":
    sys.exit(main())
