"""A child process with a log to read and a pid file by which a later run can find it."""

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil


class ChildProcess:
    """A program that runs as a process of its own, and may be started again after its end.

    It is in a session of its own, so a Ctrl-C in the terminal does not reach it. Its output is in
    `folder/NAME.log`, from the first start of this object on; while it runs, `folder/NAME.pid`
    holds its pid.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.env = dict(env)
        self.log = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._command = [str(part) for part in command]
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def exit_status(self) -> int | None:
        """Exit status; None while it runs and before the first start; negative after a signal."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Starts the program, unless it runs; first ends one left behind by a killed run."""
        if self._process is None:
            end_leftover(self._pid_file)
        elif self.exit_status is None:
            return
        with self.log.open("ab" if self._process else "wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self.env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # Without the program itself: on macOS, Python shows another path than it was called by.
        arguments = " ".join(self._command[1:])
        self._pid_file.write_text(f"{self._process.pid} {arguments}")

    def stop(self, seconds: float) -> None:
        """Asks it to end (SIGTERM), and kills it if that takes longer than `seconds`."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kills it (SIGKILL); does nothing if it has already ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._pid_file.unlink(missing_ok=True)

    def log_tail(self, lines: int = 15) -> str:
        """Returns the last lines of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def end_leftover(pid_file: Path, seconds: float = 15) -> None:
    """Ends the process of a pid file, left behind by a run that was itself killed.

    A different program that has this number by now is left alone.
    """
    try:
        text, arguments = pid_file.read_text().split(" ", 1)
        pid = int(text)
    except (FileNotFoundError, ValueError):
        return
    with contextlib.suppress(psutil.Error):  # it has ended, or is somebody else's
        process = psutil.Process(pid)
        command = " ".join(process.cmdline())
        if f" {arguments} " in f"{command} ":  # Erlang 27 adds a "--"
            process.terminate()
            try:
                process.wait(seconds)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(seconds)
    pid_file.unlink()
