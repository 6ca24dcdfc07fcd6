"""The services as processes, each with its log and status in a folder."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from services import entry_of
from support.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]

# All that a service gets of the environment of the tests, which may have settings of a service.
KEPT = ("PATH", "HOME", "USER", "TMPDIR", "LANG", "LC_", "PYTHON", "VIRTUAL_ENV")


def environment(**settings: object) -> dict[str, str]:
    """Returns a service's environment: these settings, and none that happens to be set here."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(KEPT) or name.lower().endswith("_proxy")
    }
    return kept | {name.upper(): str(value) for name, value in settings.items()}


class Service:
    """One of the services as a process, with its log and status in a folder.

    `runner` is a script that runs it, with its arguments; `root` is the checkout that it is of.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        runner: Sequence[str | Path] = (),
        root: Path = ROOT,
        **settings: object,
    ) -> None:
        self.name = name
        self.status_file = folder / f"{name}.status.json"
        self.log_file = folder / f"{name}.log"
        any_free_port = {"plot_port": 0}  # several run at a time
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *runner, root / entry_of(name)],
                env=environment(**any_free_port | settings, status_file=self.status_file),
                cwd=folder,
                stderr=log,
            )

    def peak_memory(self) -> int:
        """The most memory it has had at one time until now, in bytes (VmHWM)."""
        return self._memory("VmHWM")

    def memory(self) -> int:
        """The memory that it has now, in bytes (VmRSS)."""
        return self._memory("VmRSS")

    def log(self) -> str:
        return self.log_file.read_text()

    def _memory(self, kind: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.findall(rf"^{kind}:\s+(\d+) kB$", status, re.MULTILINE)
        return int(found[0]) * 1024 if found else 0  # none while it ends

    def is_up(self) -> bool:
        """Whether it has written its status: all is imported, and what it needs is there."""
        try:
            return bool(json.loads(self.status_file.read_bytes())["pid"] == self.process.pid)
        except FileNotFoundError:
            return False

    def counts(self) -> dict[str, float]:
        try:
            counts: dict[str, float] = json.loads(self.status_file.read_bytes())["counts"]
        except FileNotFoundError:
            return {}
        return counts

    def wait(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def stop(self, seconds: float = PATIENCE_SECONDS) -> int:
        """SIGTERM; the exit status, which has to come within so many seconds."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
