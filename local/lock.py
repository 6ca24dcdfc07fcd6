"""Pins every dependency, transitive ones too, with hashes: requirements.in to requirements.txt."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
FORM = ["--python-version=3.11", "--generate-hashes", "--no-emit-index-url", "--no-header"]


def lock(part: str, *constraints: str, name: str = "requirements") -> None:
    """Writes `part`/`name`.txt: the requirements of the part, and of common."""
    sources = ["common/pyproject.toml", f"{part}/{name}.in"]
    target = ["--no-annotate", "--output-file", f"{part}/{name}.txt"]
    subprocess.run([*UV, *FORM, *sources, *constraints, *target], cwd=ROOT, check=True)


if __name__ == "__main__":
    lock("tests")  # it has everything; the others take their versions from it
    same = ("--constraint", "tests/requirements.txt")
    for part in ("features", "model", "metric", "plot", "gateway", "trainer", "flower", "local"):
        lock(part, *same)
    lock("docs", *same)  # what makes the site; no service
    lock("model", *same, name="requirements-onnx")
    lock("trainer", *same, name="requirements-mlflow")
