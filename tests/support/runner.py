"""`make run` in a copy of this checkout."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from servers import free_ports
from services import folders_of
from support.service import ROOT, environment
from support.waiting import PATIENCE_SECONDS, eventually


class Runner:
    """run.py in a copy of this checkout, so that a run in the checkout itself is not in the way."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "checkout"
        self.logs_dir = self.root / "logs"
        self._output = tmp_path / "output"
        for part in ("common", "local", "redis", *folders_of(ROOT)):
            ignore = shutil.ignore_patterns("*.skops", "__pycache__")
            shutil.copytree(ROOT / part, self.root / part, ignore=ignore)

    def start(self, *arguments: str, **settings: object) -> None:
        """Starts it, with ports of its own: several runs find the usual ones free at a time."""
        plot, gateway = free_ports(2)
        settings = {"plot_port": plot, "gateway_port": gateway} | settings
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, self.root / "local" / "run.py", *arguments],
                env=environment(**settings), stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def page(self) -> str:
        """Where the page is, as the run says."""
        found = eventually(lambda: re.search("^page: (.+)$", self.output, re.M), "the page")
        return str(found[1])

    def get(self, path: str) -> bytes:
        """The page's answer, once it listens: the run says before where it will be."""

        def look() -> bytes:
            try:
                with urllib.request.urlopen(
                    f"{self.page}{path}", timeout=PATIENCE_SECONDS
                ) as answer:
                    return bytes(answer.read())
            except OSError:
                return b""

        return eventually(look, f"an answer to /{path}")

    def wait(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def published(self) -> int:
        """The number of rows that features has published in this run, by its status file."""
        try:
            status = json.loads((self.root / ".local" / "status" / "features.json").read_bytes())
        except FileNotFoundError:
            return 0
        return int(status["counts"].get("rows", 0))

    def press_ctrl_c(self) -> None:
        """Ends the run in good order."""
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.wait() == 0, self.output

    def pid(self, service: str) -> int:
        return int((self.root / ".local" / "log" / f"{service}.pid").read_text().split()[0])


def ask(url: str, row: Any = None) -> Any:
    """The gateway's answer once it can give one; None until then."""
    headers = {"Content-Type": "application/json", "Prefer": "wait=10"}
    body = None if row is None else json.dumps(row).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers), timeout=PATIENCE_SECONDS
        ) as answer:
            return json.loads(answer.read())
    except OSError:
        return None
