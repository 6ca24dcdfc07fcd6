"""The tour names files and functions that are there, and says how long they are."""

import re
from collections.abc import Iterator
from pathlib import Path

from support.documents import prose
from support.service import ROOT

TOUR = ROOT / "docs" / "tour.md"
CODE = [path for folder in ROOT.glob("[a-z]*/") for path in folder.glob("**/*.py")]
SOURCE = "\n".join(path.read_text() for path in CODE)
SETTINGS = re.compile(r"[A-Z_]+")  # as the environment has them; the code in lower case
NAME = re.compile(r"`([A-Za-z_][\w./-]*)(?:\([^`]*\))?`")
ROW = re.compile(r"^\| \d* \| ((?:`[\w./]+`(?:, )?)+) \| (\d+) \| (.*) \|$", re.MULTILINE)


def has(source: str, name: str) -> bool:
    """Tells whether a name, or its last part, is a word of the source."""
    last = name.rpartition(".")[2]
    found = re.search(rf"\b{last}\b", source)
    return bool(found or (SETTINGS.fullmatch(last) and re.search(rf"\b{last.lower()}\b", source)))


def is_there(name: str) -> bool:
    if name.endswith(".py"):
        return any(path.as_posix().endswith(f"/{name}") for path in CODE)
    return (ROOT / name).exists() or has(SOURCE, name)


def rows() -> Iterator[tuple[list[Path], int, str]]:
    """Yields the files of each row of the reading list, their lines as told, and the remark."""
    for names, told, remark in ROW.findall(TOUR.read_text()):
        first, *others = (Path(name) for name in re.findall(r"`([^`]+)`", names))
        paths = [ROOT / first, *(ROOT / first.parent / other for other in others)]
        yield paths, int(told), remark


def test_the_tour_names_what_is_there() -> None:
    assert not [name for name in NAME.findall(prose(TOUR)) if not is_there(name)]


def test_each_name_in_the_reading_list_is_in_its_file() -> None:
    for paths, _, remark in rows():
        source = "\n".join(path.read_text() for path in paths)
        missing = [name for name in NAME.findall(remark) if not has(source, name)]
        assert not missing, f"{missing} not in {', '.join(path.name for path in paths)}"


def test_the_tour_says_about_how_long_each_file_is() -> None:
    for paths, told, _ in rows():
        lines = sum(len(path.read_text().splitlines()) for path in paths)
        assert abs(lines - told) <= 0.2 * lines, f"{[path.name for path in paths]}: {lines} lines"
    assert len([*rows()]) == len(re.findall(r"^\| \d* \| `[\w./]+\.py`", TOUR.read_text(), re.M))
