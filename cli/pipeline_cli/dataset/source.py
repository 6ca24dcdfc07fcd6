"""The bytes of a table, as UTF-8: read from a file or stdin, whatever a person gives."""

import codecs
import re
import shlex
import sys
from pathlib import Path

from pipeline.table.schema import SchemaError
from pipeline.table.table_size import MAX_TABLE_BYTES

MAX_FILE_BYTES = MAX_TABLE_BYTES // 2  # a text takes twice as much in memory, and more
STDIN = "-"
NO_TABLES = {  # what files begin with that are no text
    b"PK\x03\x04": ("an Excel or ZIP file", "save the table as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "save the table as CSV UTF-8"),
    b"PAR1": ("a Parquet file", "write it as CSV"),
    b"\x1f\x8b": ("a file packed by gzip", "unpack it with gunzip"),
    b"SQLite format 3": ("a SQLite database", "write the table as CSV"),
}


def read(file: str) -> bytes:
    """Returns the content of a file, or of stdin, as UTF-8 without a byte order mark.

    Raises SchemaError for what is too large, cannot be read, or is in another encoding.
    """
    place = place_of(file)
    try:
        if file == STDIN:
            content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # the latter for a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        there = "; a container does not see your files: there it is - with < FILE"
        more = there if isinstance(error, FileNotFoundError) else ""
        raise SchemaError(f"cannot read {place}: {reason}{more}") from error
    if len(content) > MAX_FILE_BYTES:
        raise SchemaError(
            f"{place} has more than {MAX_FILE_BYTES >> 20} MB, for which a service has no room: "
            "use fewer rows or columns"
        )
    return _as_utf8(content, place)


def place_of(file: str) -> str:
    """Returns the name of the file for sentences."""
    return "stdin" if file == STDIN else file


def _as_utf8(content: bytes, place: str) -> bytes:
    for start, (kind, cure) in NO_TABLES.items():
        if content.startswith(start):
            raise SchemaError(f"{place} is {kind}, and no CSV file: {cure}")
    if content[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise SchemaError(f"{place} is a web page, and no CSV file: download the file itself")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeError as error:
            at = getattr(error, "start", 0)
            raise SchemaError(
                f"{place} begins as UTF-16 and is none from byte {at} on: save it as UTF-8"
            ) from error
    content = content.removeprefix(codecs.BOM_UTF8)
    _refuse_nul(content, place)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise SchemaError(_other_encoding(content, error.start, place)) from error
    return content


def _refuse_nul(content: bytes, place: str) -> None:
    at = content.find(0)
    if at < 0:
        return
    if content[:1000].count(0) >= len(content[:1000]) // 3:
        raise SchemaError(
            f"{place} has a NUL at byte {at}, and looks like UTF-16 or UTF-32 without its mark: "
            "save it as UTF-8"
        )
    raise SchemaError(
        f"{place} has a NUL at byte {at}, in line {_line_of(content, at)}: it is damaged, or no "
        f"text; without them: tr -d '\\000' < {shlex.quote(place)} > clean.csv"
    )


def _other_encoding(content: bytes, at: int, place: str) -> str:
    number = _line_of(content, at)
    line = content[content.rfind(b"\n", 0, at) + 1 :].split(b"\n", 1)[0].strip()
    name, text = _guess(line)
    when = f", if {text[:30]!r} is how that line begins" if text else ""
    return (
        f"{place} is no UTF-8 from byte {at} on, in line {number}. Save it as UTF-8{when}: "
        f"in a spreadsheet as CSV UTF-8, or iconv -f {name or 'ENCODING'} -t utf-8 "
        f"{'FILE' if place == 'stdin' else shlex.quote(place)} > utf8.csv"
    )


def _guess(line: bytes) -> tuple[str, str]:
    """Returns the encoding that is the likeliest, and the line in it; ("", "") if none fits."""
    for name, is_likely in GUESSES.items():
        try:
            text = line.decode(name)
        except UnicodeDecodeError:
            continue
        if is_likely(line, text):
            return name, text
    return "", ""


def _is_japanese(line: bytes, _text: str) -> bool:
    """Returns True if many bytes begin what is frequent in Japanese, and rare in Cyrillic."""
    high = [byte for byte in line if byte > 0x7F]
    return 4 * sum(byte < 0xA0 for byte in high) > len(high)


def _is_cyrillic(_line: bytes, text: str) -> bool:
    """Returns True if Cyrillic letters make words of their own."""
    return bool(re.search("[Ѐ-ӿ]{2}", text)) and not re.search("[A-Za-z][Ѐ-ӿ]|[Ѐ-ӿ][A-Za-z]", text)


def _is_western(_line: bytes, text: str) -> bool:
    return all(char.isalpha() or char in "€–—„“”‘’…" for char in text if char >= "\u00c0")


GUESSES = {"shift_jis": _is_japanese, "cp1251": _is_cyrillic, "cp1252": _is_western}


def _line_of(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1
