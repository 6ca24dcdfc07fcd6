"""Node, and the packages of tests/node: installed once, outside of what git sees."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from support.service import ROOT

SOURCE = ROOT / "tests/node"
ADVICE = "the tests of AsyncAPI need Node 18 or newer, and npm: apt-get install nodejs npm"
NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress")
INSTALL_SECONDS = 600


def node_folder() -> Path:
    """Returns a folder with the scripts and packages of tests/node; the first call installs them.

    Another state of tests/node has another folder. Parallel workers wait for the first of them.
    """
    if not _has_node():
        _install_node()
        assert _has_node(), ADVICE
    files = sorted(path for path in SOURCE.iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    folder = ROOT / ".local" / f"node-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            for path in files:
                shutil.copy(path, folder)
            done = subprocess.run(
                NPM, cwd=folder, capture_output=True, text=True, check=False,
                timeout=INSTALL_SECONDS,
            )  # fmt: skip
            assert done.returncode == 0, f"npm ci in {folder} failed:\n{done.stdout}{done.stderr}"
            (folder / "done").touch()
    return folder


def _has_node() -> bool:
    return all(map(shutil.which, ("node", "npm")))


def _install_node() -> None:
    assert shutil.which("apt-get"), ADVICE
    assert os.geteuid() == 0, ADVICE
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "nodejs", "npm"]):
        subprocess.run(["apt-get", *command], env=environment, check=False, timeout=600)
