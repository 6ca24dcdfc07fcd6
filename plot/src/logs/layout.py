"""The layout of a log: which column is where, read from the names in its header."""

import csv
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ID = "id"  # a log without it can be read, too
NAMES = ("model_id", "live_model_id")  # any text; all other columns but ID are numbers,
LABELS = ("y_true", "y_pred")  # or, of classes, texts
COMPUTED = "absolute_error"  # if it is missing, computed from y_true and y_pred
SEPARATORS = (",", ";", "\t")
MAX_SHOWN = 80  # characters of a line that is shown


class LayoutError(Exception):
    """A log has no readable header; the text says why, and what the header should be."""


class Layout(NamedTuple):
    """The way to split a line of a log: the place of each known column, out of `width` columns.

    With `has_decimal_commas`, a comma in a number stands for a point. With `classes`, labels and
    predictions are texts, each one of them.
    """

    separator: str
    width: int
    places: Mapping[str, int]
    has_decimal_commas: bool = False
    classes: tuple[str, ...] = ()

    def is_class(self, name: str) -> bool:
        """Returns True if the column of this name holds classes."""
        return bool(self.classes) and name in LABELS

    def is_number(self, name: str) -> bool:
        """Returns True if the column of this name holds numbers."""
        return name not in {ID, *NAMES} and not self.is_class(name)

    def cut(self, line: bytes) -> list[str]:
        """Returns the texts of a line's columns; none if there are too many or too few."""
        text = line.decode(errors="replace").rstrip("\r\n")
        return self._unquoted(text) or self._of_width(text.split(self.separator))

    def _unquoted(self, text: str) -> list[str]:
        """Splits a line quoted by RFC 4180; returns nothing if there are no quotes, or others."""
        if '"' not in text:
            return []
        try:
            (texts,) = csv.reader([text], delimiter=self.separator, strict=True)
        except csv.Error:
            return []
        return self._of_width(texts)

    def _of_width(self, texts: list[str]) -> list[str]:
        return texts if len(texts) == self.width else []


def own(fields: Sequence[str], classes: tuple[str, ...] = ()) -> Layout:
    """Returns the layout that our metric writes."""
    names = [ID, *fields]
    places = {name: place for place, name in enumerate(names)}
    return Layout(",", len(names), places, classes=classes)


def find(header: bytes, fields: Sequence[str], classes: tuple[str, ...] = ()) -> Layout:
    """Reads the layout from a header: known columns in any order, and columns of any other name.

    Raises LayoutError.
    """
    text = header.decode("utf-8-sig", errors="replace").strip("\r\n")
    found = max((_named(text, separator, fields) for separator in SEPARATORS), key=_known)
    missing = [name for name in fields if name not in found.places and name != COMPUTED]
    if missing:
        raise LayoutError(
            f"its first line is {shown(header)}, without {_listed(missing)}: a header names the "
            f"columns {_listed([ID, *fields])}, in any order, separated by a comma, a semicolon or "
            "a tab"
        )
    return found._replace(classes=classes)


def shown(line: bytes) -> str:
    """Returns a line in quotes, to be shown to people."""
    return repr(line.strip()[:MAX_SHOWN].decode(errors="replace"))


def _named(text: str, separator: str, fields: Sequence[str]) -> Layout:
    names = [name.strip(' "').lower() for name in text.split(separator)]
    wanted = {ID, *fields}
    # Of two columns with the same name, the first counts.
    places = {name: place for place, name in reversed([*enumerate(names)]) if name in wanted}
    return Layout(separator, len(names), places, has_decimal_commas=separator != ",")


def _known(layout: Layout) -> int:
    return len(layout.places)


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
