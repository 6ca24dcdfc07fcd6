"""Text for a terminal, also of messages, which may hold what a terminal would obey."""

import shutil
import sys
import textwrap
from collections.abc import Collection

LONGEST_REASON = 1000  # characters, as the services write them
MIN_COLUMNS = 40  # for a text that is wrapped


def printable(text: str) -> str:
    r"""The text without what a terminal would obey: control characters, marks of direction.

    >>> print(printable("\x1b[2Jµ\u202e\n"))
    \x1b[2Jµ\u202e\n
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def cell(text: str, width: int) -> str:
    """The text, printable, and cut to a width."""
    safe = printable(text[: width + 1])
    return safe if len(safe) <= width else safe[: width - 1] + "…"


def wrapped(text: str, indent: int) -> str:
    """A printable text that begins at a column: whole, and in a terminal wrapped below itself."""
    if not sys.stdout.isatty():
        return text
    width = max(MIN_COLUMNS, shutil.get_terminal_size().columns - indent)
    return f"\n{' ' * indent}".join(textwrap.wrap(text, width, break_on_hyphens=False))


def print_table(rows: Collection[tuple[str, ...]]) -> None:
    """Columns as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
