"""The documents' links lead somewhere, and the tour names files and functions that are there."""

import re
from pathlib import Path

import pytest

from support import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TOUR = (ROOT / "docs" / "tour.md").read_text()
CODE = [path for folder in ROOT.glob("[a-z]*/") for path in folder.glob("**/*.py")]
SOURCE = "\n".join(path.read_text() for path in CODE)


def without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Those that GitHub makes of the headings."""
    headings = re.findall(r"^#+ +(.*)$", without_code(document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(document.read_text())):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def is_there(name: str) -> bool:
    """Tells whether there is such a file, or such a word in the code; a setting in lower case."""
    if name.endswith(".py"):
        return any(path.as_posix().endswith(f"/{name}") for path in CODE)
    last = name.rpartition(".")[2]
    return (ROOT / name).exists() or bool(re.search(rf"\b{last}\b", SOURCE, re.IGNORECASE))


def test_the_tour_names_what_is_there() -> None:
    names = re.findall(r"`([A-Za-z_][\w./-]*)(?:\([^`]*\))?`", without_code(TOUR))
    assert not [name for name in names if not is_there(name)]


def test_the_tour_says_about_how_long_each_file_is() -> None:
    rows = re.findall(r"^\| \d+ \| ((?:`[\w./]+`(?:, )?)+) \| (\d+) \|", TOUR, re.MULTILINE)
    for names, told in rows:
        first, *others = (Path(name) for name in re.findall(r"`([^`]+)`", names))
        paths = [ROOT / first, *(ROOT / first.parent / other for other in others)]
        lines = sum(len(path.read_text().splitlines()) for path in paths)
        assert abs(lines - int(told)) <= 0.2 * lines, f"{names} has {lines} lines"
    assert len(rows) == len(re.findall(r"^\| \d+ \| `", TOUR, re.MULTILINE))
