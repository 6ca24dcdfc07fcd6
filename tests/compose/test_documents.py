"""The commands of the documents with Docker, one page after another as somebody would try them."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.stack import Stack, wait_for
from support.documents import EXAMPLES, GUIDES, blocks_to_run, prose, scripts
from support.rows import row_count_of_all
from support.service import ROOT
from support.terminal import Terminal

PAGES = [page for page in GUIDES if blocks_to_run(page, docker=True)]
ROWS = 3  # that have to come after each `up`


@pytest.fixture(scope="module", autouse=True)
def _begins_with_nothing(stack: Stack) -> Iterator[None]:
    stack.clear()
    yield
    stack.configure()
    stack.compose("build", "model")  # as it was: one page builds it otherwise


@pytest.fixture
def terminal(stack: Stack, tmp_path: Path) -> Iterator[Terminal]:
    stack.configure()
    for data_set in (stack.folder / "datasets").glob("*/"):
        shutil.rmtree(data_set)  # or the next page could not make one of that name
    terminal = Terminal(stack.folder, tmp_path / "desk", stack.environment, stack.usual_ports)
    yield terminal
    terminal.close()
    if re.search("COMPOSE_FILE|_PASSWORD", (stack.folder / ".env").read_text()):
        stack.clear()  # what no other page knows: more brokers, other passwords


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_commands_do_what_it_says(stack: Stack, terminal: Terminal, page: Path) -> None:
    for name, program in scripts(page).items():
        (stack.folder / name).write_text(program)
    # What the page takes for granted.
    if re.search(r"`COMPOSE_PROFILES=serving` in\s+`.env`", prose(page)):
        stack.configure(COMPOSE_PROFILES="serving")
    found = blocks_to_run(page, docker=True)
    if not found[0].text.startswith("docker compose up"):
        stack.up()
        stack.wait_for_rows(ROWS)
    if any("dead-letters list" in block.text for block in found):  # with none it ends with 1
        with stack.connect() as connection:
            connection.channel().basic_publish("", "y_true", b'{"id":"a-1","body":"151"}')
        wait_for(lambda: stack.queue_depths()["dead_letters"], "a dead letter")
    for block in found:
        rows = row_count_of_all(stack.logs)
        terminal.run(block, lambda: row_count_of_all(stack.logs) > rows + ROWS)  # noqa: B023 (at once)
        if "docker compose up" in block.text:
            stack.wait_until_healthy()
            stack.wait_for_rows(ROWS)


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.parent.name)
def test_an_example_does_what_it_says(stack: Stack, terminal: Terminal, page: Path) -> None:
    """All commands of one example; of the others those that are its own."""
    for block in blocks_to_run(page, docker=True):
        if page.parent.name == "reviews" or "dataset init" in block.text:
            terminal.run(block, lambda: True)
        if "serving" in block.text:
            stack.wait_until_healthy()
            wait_for((stack.logs / "reviews" / "error_distribution.png").exists, "the picture")
