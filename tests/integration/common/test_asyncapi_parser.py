"""The description of the queues, read by AsyncAPI's official parser, which runs in Node."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.asyncapi.document import document, document_json
from pipeline.table.schema import Number, Schema, Target
from support.gateway_client import Gateway
from support.node import node_folder
from support.schemas import AWKWARD, DIABETES, IRIS
from support.tables import HOUSES
from support.waiting import PATIENCE_SECONDS

ODD = Schema("odd", "regression", Target("y"), [Number(f"a/{n}~") for n in range(50)])
SCHEMAS = (DIABETES, IRIS, HOUSES, AWKWARD, ODD)


@pytest.fixture(scope="module")
def node() -> Path:
    return node_folder()


def parse(node: Path, *paths: Path) -> list[dict[str, Any]]:
    """Returns, of each document, if it is valid, and all that the parser says about it."""
    command = ["node", *map(str, (node / "parse_asyncapi.js", *paths))]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_nothing_is_wrong_with_it_not_even_a_warning(node: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{schema.name}.json" for schema in SCHEMAS]
    for path, schema in zip(paths, SCHEMAS, strict=True):
        path.write_bytes(document_json(schema))
    assert parse(node, *paths) == [{"valid": True, "said": []}] * len(SCHEMAS)


def test_the_parser_finds_what_is_wrong(node: Path, tmp_path: Path) -> None:
    wrong: Any = document(DIABETES)
    wrong["operations"]["model.receives.features"]["channel"]["$ref"] += "x"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(wrong))
    (said,) = parse(node, path)
    assert not said["valid"]
    assert said["said"]


def test_command_and_gateway_give_the_same(gateway: Gateway, tmp_path: Path) -> None:
    answer = gateway.http.get("/asyncapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "DATASETS_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pipeline", "asyncapi"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout == document_json(DIABETES)
    assert answer.json() == json.loads(done.stdout)


def test_the_command_describes_any_data_set(tmp_path: Path) -> None:
    (tmp_path / "houses").mkdir()
    (tmp_path / "houses/schema.json").write_bytes(HOUSES.to_json())
    command = [sys.executable, "-m", "pipeline", "asyncapi"]
    for name, status in (("houses", 0), ("boats", 1)):
        environment = os.environ | {"DATASET": name, "DATASETS_DIR": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.returncode == status
        assert done.stdout == (b"" if status else document_json(HOUSES))
    assert b"there is no data set 'boats'" in done.stderr


def test_the_packages_are_pinned_without_an_address() -> None:
    lock = (Path(__file__).parents[2] / "node/package-lock.json").read_text()
    assert "://" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in each for name, each in packages.items() if name)
