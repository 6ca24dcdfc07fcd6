"""Reads CSV files of any origin: finds the separator, and the names of the columns."""

import csv
from collections.abc import Collection, Iterator
from typing import NamedTuple, TextIO

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class Header(NamedTuple):
    """The names of a table's columns, each on one line, and the separator between them."""

    separator: str
    names: list[str]
    records: int  # records up to the header: blank lines and Excel's `sep=;` come before it

    def __str__(self) -> str:
        """Returns the names in the form of `--features`, and the separator in words."""
        if not self.names:
            return "none"
        if len(self.names) == 1:
            return f"{listed(self.names)} (without a comma, a semicolon or a tab)"
        return f"{listed(self.names)} (separated by {SEPARATORS[self.separator]})"

    @property
    def has_decimal_commas(self) -> bool:
        """True if a comma in a number stands for a point."""
        return self.separator != ","


def header(file: TextIO, wanted: Collection[str]) -> Header:
    """Returns the header, read with the separator that finds most of the wanted names.

    The file translates line ends (newline=None). Raises csv.Error and UnicodeDecodeError.
    """

    def found(read: Header) -> tuple[int, int]:
        return len({*wanted} & {*read.names}), len(read.names)

    headers: list[Header] = []
    for separator in SEPARATORS:
        try:
            headers.append(_header(file, separator))
        except csv.Error as error:  # then a whole line is one name, and too long
            failure = error
    if not headers:
        raise failure
    return max(headers, key=found)


def records(file: TextIO, separator: str) -> Iterator[list[str]]:
    """Yields all records of the file from its start, without spaces before a value."""
    file.seek(0)
    return csv.reader(file, delimiter=separator, skipinitialspace=True)


def one_line(name: str) -> str:
    """Returns a name without line breaks, and with single spaces.

    >>> one_line(" dose\\n(mg) ")
    'dose (mg)'
    """
    return " ".join(name.split())


def names_of(line: str) -> list[str]:
    """Splits names at commas; a name with a comma in it stands in quotes.

    >>> names_of('age, "dose, mg",bmi')
    ['age', 'dose, mg', 'bmi']
    """
    (names,) = csv.reader([line], skipinitialspace=True, strict=True)
    return [one_line(name) for name in names]


def listed(names: Collection[str]) -> str:
    """Joins names in the form that `names_of` reads.

    >>> listed(["age", "dose, mg"])
    'age, "dose, mg"'
    """
    return ", ".join(
        '"' + name.replace('"', '""') + '"' if {*name} & {",", '"'} else name for name in names
    )


def _header(file: TextIO, separator: str) -> Header:
    number = 0
    for number, record in enumerate(records(file, separator), 1):
        names = [one_line(name) for name in record]
        if any(names) and not _is_hint(names):
            return Header(separator, names, number)
    return Header(separator, [], number)


def _is_hint(names: list[str]) -> bool:
    """Returns True for `sep=;`, which Excel writes before the header, and reads."""
    return names[0].startswith("sep=") and len("".join(names)) <= len("sep=;")
