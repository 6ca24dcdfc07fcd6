"""The commands of the documents that need no Docker, each page in a copy of its own."""

import re
from pathlib import Path

import pytest

from support.checkout import commit, lend_venv
from support.desk import Desk
from support.documents import GUIDES, blocks_to_run, prose
from support.rows import row_count_of_all
from support.service import ROOT
from support.waiting import eventually

PAGES = [page for page in GUIDES if blocks_to_run(page, docker=False)]
BESIDE = re.compile(r"while\s+`(make run SERVING=1)` runs")  # as pages say it


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
        eventually(lambda: desk.is_gateway_up() and row_count_of_all(logs) > 0, "it")
    for block in found:
        rows = row_count_of_all(logs)
        terminal.run(block, lambda: row_count_of_all(logs) > rows + 3)  # noqa: B023 (at once)
    if wanted:
        beside.press_ctrl_c()
