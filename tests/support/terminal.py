"""A terminal at which a document's commands are typed, block after block."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from support.documents import Block, missing
from support.processes import family
from support.waiting import PATIENCE_SECONDS, eventually

SLOWER = 3  # a `sleep` of the text is meant for a machine with nothing else to do
BLOCK_SECONDS = 3 * PATIENCE_SECONDS  # a block may build an image


class Terminal:
    """A bash that goes on from block to block, and ends with the first command that fails.

    `ports` are those of this machine that stand for the usual ones in a document's URLs.
    """

    def __init__(
        self, folder: Path, desk: Path, environment: Mapping[str, str], ports: Mapping[int, int]
    ) -> None:
        self.folder = folder
        self._desk = desk
        desk.mkdir()
        self._environment = {
            **environment,
            "CURL_HOME": str(desk),
            "PATH": f"{desk}:{os.environ['PATH']}",
        }
        curl = ["silent", "show-error"]
        curl += [
            f"connect-to = localhost:{usual}:localhost:{port}" for usual, port in ports.items()
        ]
        (desk / ".curlrc").write_text("\n".join(curl))
        self._program("sleep", f"exec {shutil.which('sleep')} $(($1 * {SLOWER}))")
        amqp = "".join(f"s/:{usual}/:{port}/;" for usual, port in ports.items())
        self._program(
            "python", f'AMQP_URL=$(echo "$AMQP_URL" | sed "{amqp}") exec {sys.executable} "$@"'
        )
        self._count = 0
        self._bash = self._open()

    def _program(self, name: str, script: str) -> None:
        """Puts a program before those of the machine."""
        (self._desk / name).write_text(f"#!/bin/sh\n{script}\n")
        (self._desk / name).chmod(0o755)

    def _open(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-eo", "pipefail"], cwd=self.folder, env=self._environment,
            stdin=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def type(self, text: str) -> None:
        """Begins a block."""
        if self._bash.poll() is not None:  # Ctrl-C has ended it, too
            self._bash = self._open()
        self._count += 1
        script = self._desk / f"{self._count}"
        script.write_text(text)
        assert self._bash.stdin
        self._bash.stdin.write(f". {script} > {script}.out 2>&1 < /dev/null; touch {script}.done\n")
        self._bash.stdin.flush()

    @property
    def printed(self) -> str:
        """What the block has printed until now."""
        try:
            return (self._desk / f"{self._count}.out").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def is_over(self) -> bool:
        return (self._desk / f"{self._count}.done").exists() or self._bash.poll() is not None

    def wait(self) -> None:
        """Waits until the block is over, and all its commands have succeeded."""
        eventually(self.is_over, f"the end of:\n{self.printed}", BLOCK_SECONDS)
        assert (self._desk / f"{self._count}.done").exists(), self.printed

    def press_ctrl_c(self) -> None:
        os.killpg(self._bash.pid, signal.SIGINT)
        eventually(self.is_over, "the end by Ctrl-C")

    def run(self, block: Block, has_begun: Callable[[], bool]) -> None:
        """Runs a block, to its end or until it `has_begun`, and compares what it prints."""
        print(block.text)
        self.type(block.text)
        if block.ends_with_ctrl_c:
            eventually(lambda: has_begun() or self.is_over(), "rows", BLOCK_SECONDS)
            assert not self.is_over(), self.printed
            self.press_ctrl_c()
        else:
            self.wait()
        print(self.printed)
        told = re.sub(r"\bGATEWAY_URL=\S+ ", "", self.printed)  # said where it is not the usual one
        line = missing(block.output, told)
        assert not line, f"the page shows this line, or its order, and the command does not: {line}"

    def close(self) -> None:
        """Ends whatever still runs."""
        if self._bash.poll() is None:
            for pid in family(self._bash.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._bash.wait()
