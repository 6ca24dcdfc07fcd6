"""The documents of this repository, as a reader sees them: prose, commands, their output."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from support.service import ROOT

EXAMPLES = sorted(ROOT.glob("examples/*/README.md"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *EXAMPLES]
GUIDES = [ROOT / "README.md", ROOT / "docs/tour.md", *sorted(ROOT.glob("docs/use/*.md"))]

RUN_BY_CI = ("make test", "make bench")  # by `.ci/run` itself, where `bench` is brief
FENCE = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+) -->\n)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$"
    r"(?:\n\n^```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
WITHOUT_DOCKER = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:make|\.venv/bin/\w+) ", re.MULTILINE)
UNTIL_CTRL_C = re.compile(r"(?:make run|tail -f \S+|python my_model\.py)$")
BAR = re.compile("[█━]")  # drawn in a terminal only


@dataclass(frozen=True)
class Block:
    """A block of commands, the lines that the page says they print, and why it is not run."""

    text: str
    output: tuple[str, ...]
    not_run: str | None

    @property
    def is_run_by_ci(self) -> bool:
        return self.text.strip() in RUN_BY_CI

    @property
    def is_without_docker(self) -> bool:
        return "docker" not in self.text and bool(WITHOUT_DOCKER.search(self.text))

    @property
    def ends_with_ctrl_c(self) -> bool:
        return bool(UNTIL_CTRL_C.search(self.text.strip()))


def prose(document: Path) -> str:
    """Returns the text without its code blocks, where `#` is no heading and brackets no link."""
    return re.sub(r"^ *```.*?^ *```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)


def blocks(document: Path) -> list[Block]:
    """Returns the blocks of commands, in order."""
    return [
        Block(found["text"], tuple((found["output"] or "").splitlines()), found["reason"])
        for found in FENCE.finditer(document.read_text())
        if found["language"] == "sh"
    ]


def scripts(document: Path) -> dict[str, str]:
    """Returns the programs that a page shows, by the names it gives them: As `my_model.py`:"""
    program = r"As `(\S+)`:\n\n```(?:python|js)\n(.*?)^```$"
    return dict(re.findall(program, document.read_text(), re.M | re.S))


def blocks_to_run(document: Path, *, docker: bool) -> list[Block]:
    """Returns the blocks for a reader with Docker, or those for one without: each block is one's.

    Commands that are for both, such as curl, belong to the one without, if the page has one.
    """
    found = blocks(document)
    has_both = any(block.is_without_docker for block in found if not block.is_run_by_ci)
    return [
        block
        for block in found
        if not block.not_run
        and not block.is_run_by_ci
        and docker == ("docker" in block.text or not has_both)
    ]


def form(line: str) -> str:
    """Returns the line without what differs from run to run: numbers, ids, the values of an object.

    >>> form("1000 rows published,  their MAE 47.74")
    '# rows published, their MAE #'
    >>> form('{"rows":5716,"last":{"id":"a"}}')
    "['rows', 'last']"
    """
    if line.startswith("{"):
        return str([*json.loads(line)])
    return re.sub(r"\s+", " ", re.sub(r"[\w.:+-]*\d[\w.:+-]*", "#", line)).strip()


def missing(shown: tuple[str, ...], printed: str) -> str:
    """Returns the first line that a page shows, and that was not printed there; empty if none.

    Where a line ends is not compared: commands wrap theirs to the terminal, or not at all.

    >>> missing(("a 1", "b 2"), "a 3  more\\nb 4")
    ''
    >>> missing(("b 2", "a 1"), "a 3\\nb 4")
    'a 1'
    """
    text, at = " ".join(map(form, printed.splitlines())), 0
    for line in shown:
        if not BAR.search(line):
            at = text.find(form(line), at)
            if at < 0:
                return line
    return ""
