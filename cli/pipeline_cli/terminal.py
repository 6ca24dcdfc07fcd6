"""Text for a terminal, made safe: messages may hold characters that a terminal would obey."""

import sys

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

MAX_REASON_CHARACTERS = 1000  # the most that services write
MIN_COLUMNS = 40  # the least width for wrapped text
UNLIMITED_COLUMNS = 1_000_000  # nothing is wrapped for a program that reads it

# Made once: what is said while a bar is drawn comes above it.
stderr = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def printable(text: str) -> str:
    r"""The text without what a terminal would obey: control characters, marks of direction.

    >>> print(printable("\x1b[2Jµ\u202e\n"))
    \x1b[2Jµ\u202e\n
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def cell(text: str, width: int) -> str:
    """Returns the text, printable, and cut to a width."""
    safe = printable(text[: width + 1])
    return safe if len(safe) <= width else safe[: width - 1] + "…"


def say(text: str) -> None:
    """Prints a line to stderr."""
    stderr.print(printable(text))


def table() -> Table:
    """Makes a table without lines, two spaces between its columns."""
    return Table.grid(padding=(0, 2, 0, 0))


def indented(text: str, columns: int) -> Padding:
    """Makes a paragraph that is wrapped, in a terminal, below where it begins."""
    return Padding(Text(text), (0, 0, 0, columns), expand=False)


def width() -> int:
    """Returns how many columns stdout has: those of a terminal, or unlimited without one."""
    if not sys.stdout.isatty():
        return UNLIMITED_COLUMNS
    return max(MIN_COLUMNS, Console(file=sys.stdout).width)


def show(*paragraphs: RenderableType) -> None:
    """Prints to stdout: as wide as the terminal, or unwrapped where there is none."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    console.width = width()
    with console.capture() as capture:
        console.print(*paragraphs, sep="\n")
    for line in capture.get().splitlines():
        print(line.rstrip())
