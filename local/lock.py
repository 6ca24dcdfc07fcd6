"""Pins every dependency, transitive ones too, with hashes: requirements.in to requirements.txt."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
FORM = ["--python-version=3.11", "--generate-hashes", "--no-emit-index-url", "--no-header"]


def lock(part: str, *constraints: str) -> None:
    """Writes `part`/requirements.txt: what the part needs, and common with it."""
    sources = ["common/pyproject.toml", f"{part}/requirements.in"]
    target = ["--no-annotate", "--output-file", f"{part}/requirements.txt"]
    subprocess.run([*UV, *FORM, *sources, *constraints, *target], cwd=ROOT, check=True)


if __name__ == "__main__":
    lock("tests")  # has everything; the others take the same versions from it
    for part in ("features", "model", "metric", "plot", "local"):
        lock(part, "--constraint", "tests/requirements.txt")
