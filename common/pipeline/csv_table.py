"""How a CSV file of a person's own is read: its separator, and what its columns are called."""

import csv
from collections.abc import Collection, Iterator
from typing import NamedTuple, TextIO

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class Header(NamedTuple):
    """The names of a table's columns, each in one line, and what stands between them."""

    separator: str
    names: list[str]
    records: int  # that end with it: blank lines and Excel's `sep=;` come before

    def __str__(self) -> str:
        """The names as `--features` takes them, and the separator in words."""
        if not self.names:
            return "none"
        if len(self.names) == 1:
            return f"{listed(self.names)} (without a comma, a semicolon or a tab)"
        return f"{listed(self.names)} (separated by {SEPARATORS[self.separator]})"

    @property
    def has_decimal_commas(self) -> bool:
        """Whether a comma in a number stands for a point."""
        return self.separator != ","


def header(file: TextIO, wanted: Collection[str]) -> Header:
    """The header, read with the separator that finds the most of the names that are wanted.

    The file translates line ends (newline=None). Raises csv.Error and UnicodeDecodeError.
    """

    def found(read: Header) -> tuple[int, int]:
        return len({*wanted} & {*read.names}), len(read.names)

    headers: list[Header] = []
    for separator in SEPARATORS:
        try:
            headers.append(_header(file, separator))
        except csv.Error as error:  # a whole line is one name then, and too long
            failure = error
    if not headers:
        raise failure
    return max(headers, key=found)


def records(file: TextIO, separator: str) -> Iterator[list[str]]:
    """All records of the file from its start, without spaces before a value."""
    file.seek(0)
    return csv.reader(file, delimiter=separator, skipinitialspace=True)


def one_line(name: str) -> str:
    """A name without line breaks, and with single spaces.

    >>> one_line(" dose\\n(mg) ")
    'dose (mg)'
    """
    return " ".join(name.split())


def names_of(line: str) -> list[str]:
    """Names separated by commas; one that has a comma stands in quotes.

    >>> names_of('age, "dose, mg",bmi')
    ['age', 'dose, mg', 'bmi']
    """
    (names,) = csv.reader([line], skipinitialspace=True, strict=True)
    return [one_line(name) for name in names]


def listed(names: Collection[str]) -> str:
    """The names as `names_of` reads them.

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
    """Excel writes `sep=;` before the header, and reads it."""
    return names[0].startswith("sep=") and len("".join(names)) <= len("sep=;")
