"""The documents of this repository, as a reader sees them."""

import re
from pathlib import Path

from support.service import ROOT

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def prose(document: Path) -> str:
    """Returns the text without its code blocks, where `#` is no heading and brackets no link."""
    return re.sub(r"^ *```.*?^ *```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
