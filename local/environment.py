"""Makes the virtual environment .venv: `python3 local/environment.py REQUIREMENTS`.

It runs on whatever Python there is, before anything is installed; so it uses only syntax that an
old one understands, to be able to say that it is old.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
# Other places where a user makes pip install things: not meant for this environment.
ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")


def problem() -> str:
    """Returns what this Python lacks, and what to do about it; an empty text if nothing."""
    version = "{}.{}".format(*sys.version_info)
    if sys.version_info < (3, 11):  # noqa: UP036 (an old Python must be told)
        return (
            f"Python 3.11 or newer is needed, and {sys.executable} is {version}. "
            "If there is another, name it: make run PYTHON=python3.13"
        )
    if importlib.util.find_spec("ensurepip") is None:
        return (
            "Python's venv module is missing. On Debian and Ubuntu: "
            f"sudo apt-get install python{version}-venv"
        )
    return ""


def make(requirements: str) -> None:
    python = VENV / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    print("setting up .venv (a minute or so, once)", flush=True)
    if not is_usable():
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    run([*pip, "--require-hashes", "-r", requirements])
    run([*pip, "--no-deps", "--editable", "common", "--editable", "cli"])


def is_usable() -> bool:
    """Returns True if .venv was made here, and works: it does not survive a move, or its Python."""
    pip = VENV / "bin" / "pip"
    if VENV.is_symlink():
        return True  # the user's own, not to be cleared
    made_here = pip.exists() and f"{VENV}/bin/python" in pip.read_text("utf-8", "replace")
    return made_here and os.access(str(VENV / "bin" / "python"), os.X_OK)


def run(command: "list[str]") -> None:
    """Runs a command; if it fails, ends the program with a line below the command's own output."""
    env = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    env["PIP_USER"] = "0"
    status = subprocess.call(command, cwd=str(ROOT), env=env)
    if status:
        sys.exit(f".venv could not be made: {' '.join(command)} ended with status {status}")


if __name__ == "__main__":
    if problem():
        sys.exit(problem())
    make(sys.argv[1])
