"""The system packages whose servers `make run` uses: finds and installs them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from servers import ServerError

# Runs as root. Debian starts a server on installation unless a policy-rc.d forbids it.
_APT_GET = """\
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update  # one source of many that fails is no reason to give up
apt-get install --yes --no-install-recommends "$1"
"""


@dataclass(frozen=True)
class Package:
    """One server: its name here and in package managers, and the alternatives to installing it."""

    title: str
    apt: str  # the name of the package, and of its server
    brew: str
    otherwise: str  # lines that begin with "- "
    before_path: str = ""  # folders to search before those of PATH
    after_path: str = "/opt/homebrew/bin:/opt/homebrew/sbin:/usr/local/bin:/usr/local/sbin"

    @property
    def server(self) -> Path:
        """The installed server, for an ordinary user to run. Raises ServerError without one."""
        found = self._find()
        if found is None:
            raise ServerError(f"{self.title} is not installed:\n{self.advice}")
        return found

    @property
    def advice(self) -> str:
        """The advice for a person who does not have it."""
        return (
            f"- install it: sudo apt-get install {self.apt} (Debian, Ubuntu), "
            f"brew install {self.brew} (macOS)\n{self.otherwise}"
        )

    def install_if_missing(self) -> None:
        """Makes sure that the server is there. Raises ServerError if that is not possible."""
        if self._find():
            return
        command = self._install_command()
        if not command:
            raise ServerError(
                f"{self.title} is not installed, and cannot be installed from here:\n{self.advice}"
            )
        print(f"installing {self.title} (a minute or two, once)", flush=True)
        status = subprocess.run(command, check=False).returncode
        if self._find() is None:
            raise ServerError(
                f"Installing {self.title} failed with status {status}:\n{self.advice}"
            )

    def _find(self) -> Path | None:
        path = [self.before_path, os.environ.get("PATH", os.defpath), self.after_path]
        found = shutil.which(self.apt, path=os.pathsep.join(filter(None, path)))
        return Path(found) if found else None

    def _install_command(self) -> list[str]:
        if sys.platform == "darwin":
            return ["brew", "install", self.brew] if shutil.which("brew") else []
        if not shutil.which("apt-get"):
            return []
        install = ["sh", "-c", _APT_GET, "sh", self.apt]
        if os.geteuid() == 0:
            return install
        ask = [] if sys.stdin.isatty() else ["--non-interactive"]
        return ["sudo", *ask, *install] if shutil.which("sudo") else []
