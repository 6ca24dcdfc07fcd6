"""A data set made with Docker alone, switched to and back, with messages waiting and jobs open."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compose.asking import PATIENT, ask, ended, train
from compose.stack import Stack, Tap, as_root, wait_for
from support.rows import row_count
from support.tables import HOUSES, houses, write_data_set

ROWS = 20  # that come, or wait, before the next step


@pytest.fixture(scope="module", autouse=True)
def _with_houses(stack: Stack, table: Path) -> Iterator[None]:
    stack.clear()
    in_datasets(stack, "chown 12345:54321 /datasets")
    init(stack, table)
    assert owners(stack) == {"12345:54321"}
    yield
    stack.clear()
    in_datasets(stack, f"chown -R {os.getuid()}:{os.getgid()} /datasets")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("table"), houses())


def in_datasets(stack: Stack, script: str) -> str:
    return as_root(script, f"--volume={stack.folder / 'datasets'}:/datasets")


def init(stack: Stack, table: Path) -> None:
    """Makes the data set houses, as somebody would who has no Python."""
    start = ("docker", "compose", "run", "--rm", "-T", "--no-deps", "pipeline", "dataset", "init")
    with table.open("rb") as rows:
        done = subprocess.run(
            [*start, "-", "--name", HOUSES.name, "--target", HOUSES.target.name],
            cwd=stack.folder, env=stack.environment, stdin=rows, capture_output=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr


def owners(stack: Stack) -> set[str]:
    """Those of the data set's folder and files."""
    return {*in_datasets(stack, f"find /datasets/{HOUSES.name} -exec stat -c %u:%g {{}} +").split()}


def switch_to(stack: Stack, data_set: str) -> Tap:
    """Switches as somebody would, by `up`; taps the rows from the first one on."""
    stack.configure(COMPOSE_PROFILES="serving", STREAM_RATE=20, DATASET=data_set)
    stack.up("rabbitmq")
    tap = Tap(stack, "features", vhost="%2F" if data_set == "diabetes" else data_set)
    stack.up()
    return tap


def stop_model_until_rows_wait(stack: Stack, vhost: str) -> None:
    stack.compose("stop", "model")
    wait_for(lambda: stack.queue_depths(vhost)["features"] > ROWS, "rows that wait")


def wait_until_all_are_rows(stack: Stack, taps: list[Tap], folder: str = "") -> set[str]:
    """Ends the stream; until each row that was published in it is in the file; their ids."""
    stack.compose("stop", "features")
    published = set[str]().union(*(tap.ids("features") for tap in taps))
    wait_for(lambda: stack.rows(folder).keys() >= published, "the last rows")
    assert stack.rows(folder).keys() == published
    return published


def test_there_and_back_with_messages_waiting_and_jobs_open(stack: Stack) -> None:
    usual = switch_to(stack, "diabetes")
    stack.wait_for_rows(ROWS)
    stack.compose("stop", "trainer")
    stop_model_until_rows_wait(stack, "%2F")
    assert ask(f"{stack.gateway}predict", {"id": "open", "data": PATIENT})[0] == 202
    assert ask(f"{stack.gateway}label/open", {"value": 151.0})[0] == 202
    training = train(stack.gateway, "linear")

    other = switch_to(stack, HOUSES.name)
    wait_for(lambda: row_count(stack.logs / HOUSES.name) > ROWS, "rows of houses")
    wait_for((stack.logs / HOUSES.name / "error_distribution.png").exists, "their picture")
    assert stack.queue_depths("%2F")["features"] > ROWS
    assert ask(f"{stack.gateway}predict", {"data": PATIENT})[0] == 422
    status, job = ask(f"{stack.gateway}predict", {"data": [4, 98.5, "Bern", None]})
    assert status == 202
    assert 100_000 < ended(stack.gateway, job["job_id"])["prediction"] < 900_000
    assert ask(f"{stack.gateway}label/{job['job_id']}", {"value": 400_000})[0] == 202
    assert [ask(f"{stack.gateway}job/{each}")[0] for each in ("open", training["job_id"])] == [
        404,
        404,
    ]
    stop_model_until_rows_wait(stack, HOUSES.name)

    switch_to(stack, "diabetes")
    ended(stack.gateway, "open")
    ended(stack.gateway, training["job_id"])
    assert stack.queue_depths(HOUSES.name)["features"] > ROWS
    ids = wait_until_all_are_rows(stack, [usual])
    assert "open" in ids

    switch_to(stack, HOUSES.name)
    ids_of_houses = wait_until_all_are_rows(stack, [other], HOUSES.name)
    assert ids.isdisjoint(ids_of_houses)
    assert stack.rows().keys() == ids


def test_its_virtual_host_has_what_the_default_one_has(stack: Stack) -> None:
    rights: dict[str, dict[str, Any]] = {"/": {}, HOUSES.name: {}}
    for each in stack.manage("permissions"):
        if (host := each.pop("vhost")) in rights:
            rights[host][each["user"]] = each
    assert rights[HOUSES.name] == rights["/"]
    assert stack.queue_depths(HOUSES.name).keys() == stack.queue_depths("%2F").keys()
    with stack.connect(vhost=HOUSES.name) as connection:
        connection.channel().basic_publish("", "dead_letters", b"one")
    dropped = stack.compose("run", "--rm", "-T", "pipeline", "dead-letters", "drop", "--all")
    assert dropped == "1 dropped\n"


@pytest.mark.parametrize("name", ["live", "Houses", "a/b", ""])
def test_a_wrong_name_is_refused(stack: Stack, name: str) -> None:
    line = r"\nDATASET is not accepted: it must be 1 to 32 lower-case letters, .*\n"
    with pytest.raises(AssertionError, match=line):
        stack.compose("run", "--rm", "-T", "--no-deps", f"--env=DATASET={name}", "rabbitmq")


def test_with_the_overlay_for_courses_its_name_is_the_virtual_host(stack: Stack) -> None:
    stack.clear()
    stack.configure(
        COMPOSE_FILE="docker-compose.yml:docker-compose.course.yml", DATASET=HOUSES.name
    )
    stack.up("rabbitmq", "metric")
    for vhost in (HOUSES.name, "%2F"):
        stack.connect("guest", vhost=vhost).close()
    assert {queue["name"] for queue in stack.manage(f"queues/{HOUSES.name}", "guest")} >= {"y_true"}


def test_a_data_set_in_a_folder_of_root_is_root_s(stack: Stack, table: Path) -> None:
    in_datasets(stack, f"rm -r /datasets/{HOUSES.name}; chown 0:0 /datasets; chmod 755 /datasets")
    init(stack, table)
    assert owners(stack) == {"0:0"}
