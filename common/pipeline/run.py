"""The frame of a service: settings, logging, signals, a status file, and its exit status."""

import gc
import logging
import os
import signal
import sys
import threading
import time
from _thread import start_new_thread
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.atomic_file import replace_file
from pipeline.errors import PipelineError, SettingsError, StopError, ThreadError
from pipeline.health import Status
from pipeline.numbers import readable
from pipeline.settings import Settings
from pipeline.throttled_log import LogThrottle

log = logging.getLogger(__name__)

STATUS_INTERVAL_SECONDS = 1.0
PROGRESS_INTERVAL_SECONDS = 60.0

S = TypeVar("S", bound=Settings)


class Run:
    """One run of a service: the request to stop, and the counts so far."""

    def __init__(self, service: str, status_file: Path | None = None) -> None:
        self.service = service
        self.stop = threading.Event()
        self.counts: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}
        self.failure: BaseException | None = None  # from a thread that works for the service
        self.needs: list[Callable[[], bool]] = []  # conditions without which a service is not well
        self._status_file = status_file
        self._writing = threading.Lock()
        self._last_beat = 0.0
        self._throttle = LogThrottle()
        self._next_progress = time.monotonic() + PROGRESS_INTERVAL_SECONDS

    def check(self) -> None:
        """Raises ThreadError if a thread that works for the service has died."""
        if self.failure is not None:
            raise ThreadError(f"a thread of the service failed: {self.failure!r}") from self.failure

    def count(self, name: str, number: int) -> None:
        """Adds to one of the counts."""
        self.counts[name] += number

    def beat(self) -> None:
        """Records that the service's own loop is alive, and has all that it needs.

        A stale status file means that this is not so, or that the file cannot be written.
        """
        if time.monotonic() - self._last_beat < STATUS_INTERVAL_SECONDS:
            return
        self._last_beat = time.monotonic()
        if all(need() for need in self.needs):
            self.write_status()
        if self._last_beat >= self._next_progress:
            self._next_progress = self._last_beat + PROGRESS_INTERVAL_SECONDS
            log.info("%s", self.progress())

    def checkpoint(self) -> None:
        """Reports, between two steps of long work, that it goes on.

        Raises StopError once the service is asked to stop: work that can be done again is left.
        """
        self.check()
        self.beat()
        if self.stop.is_set():
            raise StopError

    def numbers(self) -> dict[str, float]:
        """Returns all counts and gauges, by name."""
        return {**self.counts, **self.gauges}

    def progress(self) -> str:
        """Returns the counts so far as a text for the log."""
        texts = [f"{name} {_shown(number)}" for name, number in self.numbers().items()]
        return ", ".join(texts) or "nothing yet"

    def write_status(self) -> None:
        """Writes the counts so far, replacing the earlier ones."""
        if self._status_file is None:
            return
        status = Status(self.service, os.getpid(), time.time(), self.numbers())
        try:
            with self._writing:
                replace_file(self._status_file, msgspec.json.encode(status))
        except OSError as error:
            if self._throttle.count(error.strerror):
                log.warning("cannot write STATUS_FILE=%s: %s", self._status_file, error.strerror)

    def sleep(self, seconds: float) -> None:
        """Waits for `seconds`, or until the service is asked to stop; keeps the status fresh."""
        deadline = time.monotonic() + seconds
        self.beat()
        while (left := deadline - time.monotonic()) > 0:
            if self.stop.wait(min(left, STATUS_INTERVAL_SECONDS)):
                return
            self.beat()

    def stop_on_signals(self) -> None:
        """Makes SIGTERM and Ctrl-C ask the service to stop, instead of ending it on the spot."""
        for number in (signal.SIGTERM, signal.SIGINT):
            # Event.set() takes a lock that the interrupted code may hold, so a thread does it.
            signal.signal(number, lambda *_: start_new_thread(self.stop.set, ()))


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else readable(number)


def run_service(service: str, settings_type: type[S], main: Callable[[S, Run], None]) -> None:
    """Runs `main` to its end. Exit status: 0 done or asked to stop, 1 failed, 2 wrong settings."""
    logging.basicConfig(
        stream=sys.stderr,
        format=f"%(asctime)s %(levelname)s {service}: %(message)s",
    )
    try:
        settings = settings_type.from_environment()
        logging.getLogger().setLevel(settings.log_level)
        run = Run(service, settings.status_file)
        run.stop_on_signals()
        gc.freeze()  # imports stay: looking for garbage in them took a tenth of the CPU
        main(settings, run)
        run.write_status()  # the final counts
    except SettingsError as error:
        log.error("%s", error)
        sys.exit(2)
    except PipelineError as error:
        log.error("%s", error)
        sys.exit(1)
    log.info("stopped: %s", run.progress())
