"""Each block of commands in the guides is run, by the tests or by CI itself, or says why not."""

import re

from support.documents import EXAMPLES, GUIDES, RUN_BY_CI, blocks, blocks_to_run, scripts
from support.service import ROOT

MAX_NOT_RUN = 10
PAGES = [*GUIDES, *EXAMPLES]


def test_each_block_is_run_or_says_why_not() -> None:
    for page in PAGES:
        found = blocks(page)
        run = [*blocks_to_run(page, docker=True), *blocks_to_run(page, docker=False)]
        others = [block for block in found if block.not_run or block.is_run_by_ci]
        assert len(run) + len(others) == len(found), page
        assert len(found) == len(re.findall("^```sh$", page.read_text(), re.MULTILINE)), page


def test_few_are_not_run() -> None:
    reasons = [block.not_run for page in PAGES for block in blocks(page) if block.not_run]
    marks = [mark for page in PAGES for mark in re.findall("<!-- not run", page.read_text())]
    assert len(reasons) == len(marks) <= MAX_NOT_RUN


def test_blocks_are_commands_output_or_programs_that_are_tried() -> None:
    for page in PAGES:
        languages = re.findall(r"^ *```(\w+)$", page.read_text(), re.MULTILINE)
        assert {*languages} <= {"sh", "text", "python", "js"}, page
        programs = languages.count("python") + languages.count("js")
        assert programs == len(scripts(page)), page


def test_ci_runs_what_is_left_to_it() -> None:
    parts = re.findall(r"^part (.+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    for command in (*RUN_BY_CI, "make test-e2e", "make test-compose", "make docs"):
        assert any(part.startswith(command) for part in parts), command
