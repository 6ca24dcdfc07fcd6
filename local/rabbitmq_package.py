"""The system's RabbitMQ package: whether it is there, and getting it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Debian's rabbitmq-server in /usr/sbin refuses ordinary users, the one in /usr/lib does not.
_BEFORE_PATH, _AFTER_PATH = "/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin:/usr/local/sbin"

ADVICE = """\
- install it: sudo apt-get install rabbitmq-server (Debian, Ubuntu), brew install rabbitmq (macOS)
- or use a broker that is there: AMQP_URL=amqp://guest:guest@localhost:5672/%2F make run
- or run everything in containers: docker compose up -d"""

# Runs as root. Debian starts a node at installation unless a policy-rc.d forbids it.
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
apt-get install --yes --no-install-recommends rabbitmq-server
"""


class RabbitMQError(Exception):
    """There is no private node to be had; the text says why, and what to do."""


def find_server() -> Path | None:
    """The installed `rabbitmq-server` that an ordinary user may run, if there is one."""
    path = os.pathsep.join([_BEFORE_PATH, os.environ.get("PATH", os.defpath), _AFTER_PATH])
    found = shutil.which("rabbitmq-server", path=path)
    return Path(found) if found else None


def install() -> None:
    """Installs the system's RabbitMQ package. Raises RabbitMQError where that is not possible."""
    command = _install_command()
    if not command:
        raise RabbitMQError(f"RabbitMQ is not installed, and cannot be from here:\n{ADVICE}")
    print("installing RabbitMQ (a minute or two, once)", flush=True)
    status = subprocess.run(command, check=False).returncode
    if find_server() is None:
        raise RabbitMQError(f"Installing RabbitMQ failed with status {status}:\n{ADVICE}")


def _install_command() -> list[str]:
    if sys.platform == "darwin":
        return ["brew", "install", "rabbitmq"] if shutil.which("brew") else []
    if not shutil.which("apt-get"):
        return []
    if os.geteuid() == 0:
        return ["sh", "-c", _APT_GET]
    ask = [] if sys.stdin.isatty() else ["--non-interactive"]
    return ["sudo", *ask, "sh", "-c", _APT_GET] if shutil.which("sudo") else []
