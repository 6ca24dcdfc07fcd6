"""`python -m pipeline` at a terminal of its own, as wide as a person has it."""

import os
import pty
import subprocess
import sys

from support.waiting import PATIENCE_SECONDS


def run_at_terminal(
    *arguments: str, typed: str = "", columns: int = 80, **settings: str
) -> tuple[int, str]:
    """Runs it, with `typed` as what a person answers; returns exit status and what is shown."""
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        env=os.environ | {"COLUMNS": str(columns)} | settings,
        stdin=end, stdout=end, stderr=end, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(end)
        os.write(terminal, typed.encode())
        shown = b""
        try:
            while part := os.read(terminal, 1 << 16):
                shown += part
        except OSError:  # the other end is closed
            pass
        os.close(terminal)
        return process.wait(PATIENCE_SECONDS), shown.decode().replace("\r\n", "\n")
