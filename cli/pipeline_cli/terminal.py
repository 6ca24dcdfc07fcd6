"""Text for a terminal, made safe: messages may hold characters that a terminal would obey."""

import shutil
import sys
import textwrap
from collections.abc import Collection

LONGEST_REASON = 1000  # characters, the most that services write
MIN_COLUMNS = 40  # the least width for wrapped text


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


def wrapped(text: str, indent: int) -> str:
    """Returns the text, printable and whole; in a terminal it is wrapped below where it begins."""
    if not sys.stdout.isatty():
        return text
    width = max(MIN_COLUMNS, shutil.get_terminal_size().columns - indent)
    return f"\n{' ' * indent}".join(textwrap.wrap(text, width, break_on_hyphens=False))


def print_table(rows: Collection[tuple[str, ...]]) -> None:
    """Prints columns that are as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
