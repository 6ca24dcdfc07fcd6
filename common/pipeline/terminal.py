"""Text for a terminal, also of messages, which may hold what a terminal would obey."""

from collections.abc import Collection


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


def print_table(rows: Collection[tuple[str, ...]]) -> None:
    """Columns as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
