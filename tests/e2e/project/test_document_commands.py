"""The commands of the documents that need no Docker, each page in a copy of its own."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import free_ports
from support.checkout import commit, copy_checkout, lend_venv
from support.documents import GUIDES, blocks_to_run, prose
from support.rows import row_count_of_all
from support.service import ROOT, environment
from support.terminal import Terminal
from support.waiting import eventually

PAGES = [page for page in GUIDES if blocks_to_run(page, docker=False)]
BESIDE = re.compile(r"while\s+`(make run SERVING=1)` runs")  # as pages say it


class Desk:
    """A copy of the checkout, and terminals in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.origin = folder / "ADDRESS-OF-THIS-REPOSITORY"  # as the README has it
        copy_checkout(self.origin)
        self.gateway, self.page = free_ports(2)
        self._terminals: list[Terminal] = []

    def terminal(self, where: Path) -> Terminal:
        """Opens one, with ports of its own."""
        settings = environment(
            gateway_port=self.gateway,
            plot_port=self.page,
            gateway_url=f"http://localhost:{self.gateway}",
            mlflow_tracking_uri=(self._folder / "mlflow").as_uri(),
            mlflow_allow_file_store="true",
        )
        desk = self._folder / f"desk-{len(self._terminals)}"
        terminal = Terminal(where, desk, settings, {8000: self.gateway, 8080: self.page})
        self._terminals.append(terminal)
        return terminal

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_commands_without_docker_do_what_it_says(
    desk: Desk, page: Path, tmp_path: Path
) -> None:
    found = blocks_to_run(page, docker=False)
    clones = found[0].text.startswith("git clone")
    checkout = tmp_path / "pipeline" if clones else desk.origin
    terminal = desk.terminal(tmp_path if clones else checkout)
    if clones:
        commit(desk.origin)
        terminal.run(found.pop(0), lambda: True)
    lend_venv(checkout)
    logs = checkout / "logs"
    beside = desk.terminal(checkout)
    if wanted := BESIDE.search(prose(page)):
        beside.type(wanted[1])
        eventually(lambda: is_up(desk.gateway) and row_count_of_all(logs) > 0, "it")
    for block in found:
        rows = row_count_of_all(logs)
        terminal.run(block, lambda: row_count_of_all(logs) > rows + 3)  # noqa: B023 (at once)
    if wanted:
        beside.press_ctrl_c()


def is_up(port: int) -> bool:
    url = f"http://localhost:{port}/health"
    return subprocess.run(["curl", "-sf", url], capture_output=True, check=False).returncode == 0
