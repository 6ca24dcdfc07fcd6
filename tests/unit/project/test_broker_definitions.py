"""rabbitmq/start.sh: the definitions that it makes for each data set, and the names it refuses."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.table.schema_file import RESERVED, name_problem
from support.service import ROOT

USERS = ("admin", "features", "model", "metric", "plot", "gateway", "trainer")
NAMES = (
    "diabetes",
    "houses",
    "h-2",
    "x" * 32,
    "x" * 33,
    "",
    "9a",
    "Houses",
    "a_b",
    "ä",
    "a/b",
    "-a",
)


class Start:
    """The script, with its files in another folder, and nothing to start in the end."""

    def __init__(self, folder: Path) -> None:
        self.definitions = folder / "definitions"
        self._folder = folder
        (folder / "docker-entrypoint.sh").write_text("#!/bin/sh\n")
        (folder / "docker-entrypoint.sh").chmod(0o755)

    def run(self, data_set: str, template: str = "definitions") -> subprocess.CompletedProcess[str]:
        script = (ROOT / "rabbitmq" / "start.sh").read_text()
        for theirs, ours in (
            (
                "=/etc/rabbitmq/definitions.template.json",
                ROOT / f"rabbitmq/{template}.template.json",
            ),
            ("=/tmp/definitions", self.definitions),
        ):
            assert theirs in script
            script = script.replace(theirs, f"={ours}")
        passwords = {f"{user.upper()}_PASSWORD": user for user in USERS}
        return subprocess.run(
            ["sh", "-c", script],
            env=passwords | {
                "DATASET": data_set, "QUEUE_TYPE": "quorum",
                "PATH": f"{self._folder}:{os.environ['PATH']}",
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def made(self) -> dict[str, Any]:
        return {path.stem: json.loads(path.read_text()) for path in self.definitions.iterdir()}


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path)


@pytest.mark.parametrize("name", [*NAMES, *sorted(RESERVED)])
def test_a_name_is_refused_where_the_services_refuse_it(start: Start, name: str) -> None:
    done = start.run(name)
    assert bool(done.returncode) == bool(name_problem(name))
    if done.returncode:
        assert done.stderr == (
            "DATASET is not accepted: it must be 1 to 32 lower-case letters, digits and hyphens, "
            f"a letter first, and not {', '.join(sorted(RESERVED))}\n"
        )


@pytest.mark.parametrize("template", ["definitions", "course"])
def test_another_data_set_has_all_that_the_default_one_has(start: Start, template: str) -> None:
    assert start.run("houses", template).returncode == 0
    made = start.made()
    assert made.keys() == {"diabetes", "houses"}
    text = json.dumps(made["diabetes"])
    assert '"vhost": "/"' in text
    in_its_place = text.replace('"vhost": "/"', '"vhost": "houses"').replace(
        '{"name": "/"}', '{"name": "houses"}'
    )
    assert json.loads(in_its_place) == made["houses"]
    assert "${" not in text
    assert [path.stat().st_mode & 0o77 for path in start.definitions.iterdir()] == [0, 0]


def test_after_a_switch_back_only_the_default_one_is_loaded(start: Start) -> None:
    for name in ("houses", "diabetes"):
        assert start.run(name).returncode == 0
    assert start.made().keys() == {"diabetes"}
