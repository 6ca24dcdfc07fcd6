"""Finds the services, and the doctests, for every test of this repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent

sys.path.extend(str(path) for path in sorted(ROOT.glob("*/src")))


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leaves out modules without a doctest, which need not be imported to find that out."""
    if collection_path.suffix != ".py" or collection_path.name.startswith("test_"):
        return None
    return ">>>" not in collection_path.read_text("utf-8") or None
