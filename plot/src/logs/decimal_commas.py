"""Decides whether the commas in a log's numbers are decimal, or separate thousands."""

import io
import re
from collections.abc import Iterator

from logs.layout import Layout, shown

_DECIMAL = re.compile(r"\s*[+-]?\d*,\d*([eE][+-]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?\s*")


class Commas:
    """The meaning of the commas in a log's numbers: 0,5 has a decimal one, 1,234.5 has not.

    1,234 can be read either way: it is doubtful as long as all of them are like it.
    """

    def __init__(self) -> None:
        self._doubtful = ""  # the first such number
        self._is_known = False
        self.are_decimal = True

    def examine(self, lines: bytes, layout: Layout) -> None:
        """Examines further lines, until the meaning is known."""
        if not self._is_known and b"," in lines:
            for text in _numbers(lines, layout):
                self._take(text)
                if self._is_known:
                    break

    def problem(self) -> str:
        """Explains a doubt or an error, and says what to do about it."""
        if not self._doubtful:
            return ""
        number = shown(self._doubtful.encode())
        if not self.are_decimal:
            return f"commas separate thousands in its numbers, as in {number}: leave them out"
        return (
            f"the comma in {number} is read as a decimal comma, but may separate thousands: write "
            "numbers with decimal points and without thousands separators"
        )

    def _take(self, text: str) -> None:
        if not _THOUSANDS.fullmatch(text):
            if _DECIMAL.fullmatch(text):
                self._is_known, self._doubtful = True, ""
            return
        self._doubtful = self._doubtful or text
        if "." in text or text.count(",") > 1:
            self._is_known, self.are_decimal, self._doubtful = True, False, text


def _numbers(lines: bytes, layout: Layout) -> Iterator[str]:
    """Yields the numbers that contain a comma."""
    places = sorted(place for name, place in layout.places.items() if layout.is_number(name))
    for line in io.BytesIO(lines):
        texts = layout.cut(line) if b"," in line else []
        yield from (texts[place] for place in places if texts and "," in texts[place])
