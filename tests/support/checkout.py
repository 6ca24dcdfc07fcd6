"""A copy of this checkout, to change and run."""

import shutil
import subprocess
from pathlib import Path

from support.service import ROOT


def copy_checkout(folder: Path) -> None:
    """Copies what a clone with the present changes would hold."""
    command = ["git", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():  # not if it is deleted here, and that not committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
