"""A Chromium for the tests: the system's, or the one that Playwright has installed."""

import os
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ADVICE = "the browser tests need Chromium: apt-get install chromium, or playwright install chromium"


def launch(playwright: Playwright) -> Browser:
    """Starts it. Where it is missing it is installed, if that is possible without asking."""
    found = _find()
    if found is None and not Path(playwright.chromium.executable_path).exists():
        _install()
        found = _find()
        assert found, ADVICE
    # Chromium refuses to run as root with its sandbox.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    return playwright.chromium.launch(executable_path=found, args=sandbox)


def _find() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _install() -> None:
    assert shutil.which("apt-get"), ADVICE
    assert os.geteuid() == 0, ADVICE
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", *command], env=environment, check=False, timeout=600)
