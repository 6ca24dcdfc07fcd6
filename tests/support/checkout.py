"""Copies of this checkout, to run in as somebody would who has just cloned it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.service import ROOT


def copy_checkout(folder: Path) -> None:
    """Makes what a clone with the present changes would hold."""
    command = ["git", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():  # not if it is deleted here, and that not committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def lend_venv(folder: Path) -> None:
    """Gives a copy the environment of these tests, as if its own `make` had just made it."""
    (folder / ".venv").symlink_to(sys.prefix)
    for path in (*folder.glob("*/requirements*.txt"), *folder.glob("*/pyproject.toml")):
        os.utime(path, (0, 0))  # or make would install the copy there


def commit(folder: Path) -> None:
    """Makes a repository of the copy, to clone."""
    author = ["-c", "user.name=reader", "-c", "user.email=reader@localhost"]
    for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
