"""Pins every dependency, transitive ones too, with hashes: requirements.in to requirements.txt."""

import subprocess
import sys
from pathlib import Path

from services import folders_of

ROOT = Path(__file__).resolve().parents[1]
UV = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
FORM = ["--python-version=3.11", "--generate-hashes", "--no-emit-index-url", "--no-header"]


def lock(part: str, *more: str, name: str = "requirements") -> None:
    """Writes `part`/`name`.txt: the requirements of the part, of common, and what `more` names."""
    _compile(f"{part}/{name}", "common/pyproject.toml", *more)


def _compile(name: str, *more: str) -> None:
    target = ["--no-annotate", "--output-file", f"{name}.txt"]
    subprocess.run([*UV, *FORM, f"{name}.in", *more, *target], cwd=ROOT, check=True)


if __name__ == "__main__":
    services = [f"{name}/requirements.in" for name in folders_of(ROOT)]
    lock("tests", *services)  # it has everything; the others take their versions from it
    same = ("--constraint", "tests/requirements.txt")
    lock("local", *services, *same)
    others = {path.parent.name for path in ROOT.glob("*/requirements.in")} - {"tests", "local"}
    for part in sorted(others):
        lock(part, *same)
    lock("model", *same, name="requirements-onnx")
    lock("trainer", *same, name="requirements-mlflow")
    for path in sorted(ROOT.glob("tests/e2e/clients/*.in")):  # each in an environment of its own
        _compile(str(path.relative_to(ROOT).with_suffix("")))
