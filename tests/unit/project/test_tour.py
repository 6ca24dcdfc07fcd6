"""The tour names files and functions that are there, and says how long they are."""

import re
from pathlib import Path

from support.documents import prose
from support.service import ROOT

TOUR = ROOT / "docs" / "tour.md"
CODE = [path for folder in ROOT.glob("[a-z]*/") for path in folder.glob("**/*.py")]
SOURCE = "\n".join(path.read_text() for path in CODE)


def is_there(name: str) -> bool:
    """Tells whether there is such a file, or such a word in the code; a setting in lower case."""
    if name.endswith(".py"):
        return any(path.as_posix().endswith(f"/{name}") for path in CODE)
    last = name.rpartition(".")[2]
    return (ROOT / name).exists() or bool(re.search(rf"\b{last}\b", SOURCE, re.IGNORECASE))


def test_the_tour_names_what_is_there() -> None:
    names = re.findall(r"`([A-Za-z_][\w./-]*)(?:\([^`]*\))?`", prose(TOUR))
    assert not [name for name in names if not is_there(name)]


def test_the_tour_says_about_how_long_each_file_is() -> None:
    rows = re.findall(
        r"^\| \d+ \| ((?:`[\w./]+`(?:, )?)+) \| (\d+) \|", TOUR.read_text(), re.MULTILINE
    )
    for names, told in rows:
        first, *others = (Path(name) for name in re.findall(r"`([^`]+)`", names))
        paths = [ROOT / first, *(ROOT / first.parent / other for other in others)]
        lines = sum(len(path.read_text().splitlines()) for path in paths)
        assert abs(lines - int(told)) <= 0.2 * lines, f"{names} has {lines} lines"
    assert len(rows) == len(re.findall(r"^\| \d+ \| `", TOUR.read_text(), re.MULTILINE))
