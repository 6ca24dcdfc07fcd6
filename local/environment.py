"""Makes the virtual environment .venv: `python3 local/environment.py REQUIREMENTS`.

Runs on the Python that is there, before anything is installed; so it keeps to what an old one
understands, to be able to say that it is old.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


def problem() -> str:
    """What this Python lacks, and what to do about it; nothing if it lacks nothing."""
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
    if not (VENV / "bin" / "pip").exists():
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", str(VENV)])
    subprocess.check_call([*pip, "--require-hashes", "-r", requirements], cwd=ROOT)
    subprocess.check_call([*pip, "--no-deps", "--editable", "common"], cwd=ROOT)


if __name__ == "__main__":
    if problem():
        sys.exit(problem())
    make(sys.argv[1])
