"""The services as processes: started, kept running, and stopped in the pipeline's order."""

import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from child_process import ChildProcess, end_leftover
from options import stream_count
from service_counts import Progress, ServiceCounts
from services import entry_of

READY_SECONDS = 10.0
RESTART_SECONDS = 1.0
MAX_RESTARTS, RESTARTS_SECONDS = 5, 60.0
STOP_SECONDS = 15.0
WRONG_SETTINGS = 2  # the exit status


class ServiceError(Exception):
    """A service cannot be kept running; the text ends with the service's own last words."""


class Service:
    """One service: its process, its counts, and whether to start it again.

    It is done after `rows` published rows; 0 for a service that never is.
    """

    def __init__(
        self, name: str, root: Path, folder: Path, env: Mapping[str, str], rows: int
    ) -> None:
        self.name = name
        self._status_file = folder / "status" / f"{name}.json"
        self.child = ChildProcess(
            name,
            [sys.executable, root / entry_of(name)],
            folder / "log",
            {**env, "STATUS_FILE": str(self._status_file)},
        )
        self.counts = ServiceCounts(self._status_file)
        self.state = "running"
        self._rows = rows
        self._started_at = time.time()
        self._restart_at = 0.0
        self._restarts: deque[float] = deque(maxlen=MAX_RESTARTS)

    def start(self) -> None:
        self._status_file.unlink(missing_ok=True)
        self._run()

    def check(self) -> str | None:
        """Restarts the service if it has died. Returns the news, if there is any.

        Raises ServiceError if its settings are wrong, or if it keeps dying.
        """
        status = self.child.exit_status
        self.counts.read()
        if self.state == "restarting" and time.monotonic() >= self._restart_at:
            self._run()
        elif self.state in {"running", "not ready"}:
            return self._check_status() if status is None else self._handle_exit(status)
        return None

    def _check_status(self) -> str | None:
        """Checks that its status file says every second that it has all it needs."""
        silent = time.time() - max(self.counts.time, self._started_at)
        before, self.state = self.state, "not ready" if silent > READY_SECONDS else "running"
        if (before, self.state) == ("running", "not ready"):
            return f"{self.name} is not ready; last log line: {self.child.log_tail(lines=1)}"
        return None

    def _handle_exit(self, status: int) -> str:
        if self._rows and (status == 0 or self._rows_left() <= 0):
            self.state = "done"
            return f"{self.name} is done"
        if status == WRONG_SETTINGS:
            raise ServiceError(self.child.log_tail(lines=1))
        cause = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        now = time.monotonic()
        if len(self._restarts) == MAX_RESTARTS and now - self._restarts[0] < RESTARTS_SECONDS:
            raise ServiceError(
                f"{self.name} keeps ending with {cause}; the end of {self.child.log}:\n"
                + self.child.log_tail()
            )
        self._restarts.append(now)
        self._restart_at = now + RESTART_SECONDS
        self.state = "restarting"
        last_line = self.child.log_tail(lines=1)
        return f"{self.name} ended with {cause}, restarting it; last log line: {last_line}"

    def _run(self) -> None:
        if self._rows:
            self.child.env["STREAM_COUNT"] = str(self._rows_left())
        self.child.start()
        self._started_at = time.time()
        self.state = "running"

    def _rows_left(self) -> int:
        return self._rows - self.counts.total("rows")


def end_leftover_services(folder: Path) -> None:
    """Ends the services left behind by a run that was itself killed."""
    for pid_file in sorted(folder.glob("log/*.pid")):
        end_leftover(pid_file)


class Supervisor:
    """The services of these names together; events are told to `say`.

    `features` is done after as many rows as STREAM_COUNT in `env` says, if that is not 0.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        env: Mapping[str, str],
        say: Callable[[str], None],
        names: Sequence[str],
    ) -> None:
        for name in ("log", "status"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        rows = stream_count(env)
        self.services = {
            name: Service(name, root, folder, env, rows if name == "features" else 0)
            for name in names
        }
        self._say = say

    def start(self) -> None:
        for service in self.services.values():
            service.start()

    def check(self) -> None:
        """Restarts services that have died. Raises ServiceError if that is of no use."""
        for service in self.services.values():
            if news := service.check():
                self._say(news)

    def stop(self) -> None:
        for service in self.services.values():
            service.child.stop(STOP_SECONDS)

    def progress(self) -> Progress:
        """Returns how far the services are, by their status files."""
        for service in self.services.values():
            service.counts.read()
        counts = {name: service.counts for name, service in self.services.items()}
        return Progress.of(counts, all_published=self.services["features"].state == "done")

    @property
    def states(self) -> dict[str, str]:
        return {name: service.state for name, service in self.services.items()}
