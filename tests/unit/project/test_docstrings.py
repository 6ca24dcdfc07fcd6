"""Docstrings begin with a verb or a noun (PEP 257), so that they read as sentences."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/src"))
PARTS = ["common", "cli", "local", *SOURCES]
CLAUSES = (
    "As", "By", "For", "From", "How", "It", "Its", "Nor", "Not", "Of", "So", "That", "The same",
    "There", "Those", "To", "Until", "What", "When", "Where", "Whether", "Which", "Who",
    "Whoever", "Whose", "Why", "With",
)  # fmt: skip
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def clauses(source: str, name: str) -> Iterator[str]:
    """Yields the place and first line of each docstring that begins with one of CLAUSES."""
    beginnings = tuple(f"{clause}{end}" for clause in CLAUSES for end in " ,.:;\n")
    for node in ast.walk(ast.parse(source)):
        text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
        if text and text.startswith(beginnings):
            yield f"{name}:{getattr(node, 'lineno', 1)}: {text.splitlines()[0]}"


@pytest.mark.parametrize("part", PARTS)
def test_docstrings_begin_with_a_verb_or_a_noun(part: str) -> None:
    files = sorted((ROOT / part).rglob("*.py"))
    assert files, "the list of parts is out of date"
    found = [
        line
        for path in files
        for line in clauses(path.read_text("utf-8"), str(path.relative_to(ROOT)))
    ]
    assert not found, "\n".join(found)


def test_such_a_docstring_is_found() -> None:
    source = '"""Rows."""\ndef rate() -> float:\n    """Of a number of rows."""\n'
    assert [*clauses(source, "pace.py")] == ["pace.py:2: Of a number of rows."]
