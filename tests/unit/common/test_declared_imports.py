"""common/pyproject.toml declares, with one version, every package that common/pipeline imports."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from support.service import ROOT

PROJECT = tomllib.loads((ROOT / "common/pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
# What a part needs besides the core. The wings need theirs; every other module does with the core.
NEEDS = {
    "dataset.py": ["dataset"],
    "model_store": ["model-store"],
    "model_store/onnx_export.py": ["model-store", "onnx"],
    "model_store/onnx_model.py": ["model-store", "onnx"],
    "redis_policy.py": ["redis"],
    "table": ["dataset"],
    "model_store/loaded_check.py": ["model-store"],
    "training.py": ["training"],
    "web": ["web"],
}
PACKAGE = ROOT / "common/pipeline"
OURS = {"pipeline", "pipeline_cli"}  # the latter only if it is installed
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
DISTRIBUTIONS = packages_distributions()


def pins(requirements: list[str]) -> dict[str, str]:
    """Returns the version of each package, which has one and no other."""
    return dict(requirement.split("==") for requirement in requirements)


def imported(module: str) -> set[str]:
    """Returns the distributions that a module imports, at its top or in a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - OURS
    return {DISTRIBUTIONS[top][0].lower().replace("_", "-") for top in tops}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_is_declared(module: str) -> None:
    extras = NEEDS.get(module) or NEEDS.get(module.partition("/")[0], [])
    declared = {*pins(PROJECT["dependencies"])}.union(*(pins(EXTRAS[extra]) for extra in extras))
    assert imported(module) <= declared


def test_nothing_is_declared_that_no_module_imports() -> None:
    declared = {*pins(PROJECT["dependencies"])}.union(*map(pins, EXTRAS.values()))
    assert declared == set().union(*map(imported, MODULES))


def test_the_versions_are_those_that_are_installed() -> None:
    locked = dict(
        re.findall(r"^([\w.-]+)==(\S+)", Path(ROOT / "tests/requirements.txt").read_text(), re.M)
    )
    for requirements in (PROJECT["dependencies"], *EXTRAS.values()):
        for name, version in pins(requirements).items():
            assert locked[name] == version, name
