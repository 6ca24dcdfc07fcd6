"""An earlier version is left in the middle of its work; this one goes on and loses nothing."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from compose.asking import PATIENT, ask, ended
from compose.stack import SERVICES, SERVING, Stack, run, wait_for
from support.checkout import copy_checkout
from upgrade.earlier import BAD_LABEL, COMMIT, PASSWORD, WAITING, Left, check_out, leave


class Upgrade(NamedTuple):
    """The containers, now of the present version, and what the earlier one has left."""

    stack: Stack
    left: Left


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    """Upgraded as docs/use/run.md says it: `git pull`, and `docker compose up -d --build`."""
    folder = tmp_path_factory.mktemp("earlier")
    check_out(folder)
    stack = Stack(folder)
    try:
        left = leave(stack)
        pull(folder)
        stack.up("--build")
        yield Upgrade(stack, left)
    finally:
        stack.remove()


@pytest.fixture
def stack(upgrade: Upgrade) -> Stack:
    return upgrade.stack


@pytest.fixture
def left(upgrade: Upgrade) -> Left:
    return upgrade.left


def pull(folder: Path) -> None:
    """Replaces the files of the earlier version; those that git does not know stay as they are."""
    earlier = run("git", "ls-tree", "-r", "-z", "--name-only", COMMIT).split("\0")
    for name in filter(None, earlier):
        (folder / name).unlink()
    copy_checkout(folder)


def test_all_are_healthy_with_the_settings_of_before(stack: Stack) -> None:
    assert stack.health() == dict.fromkeys(("rabbitmq", *SERVICES, *SERVING), "healthy")
    stack.connect("metric", PASSWORD).close()


def test_a_job_keeps_its_answer_and_its_label_may_still_come(stack: Stack, left: Left) -> None:
    status, job = ask(f"{stack.gateway}job/answered-before")
    assert status == 200
    assert job.items() >= left.answered.items()
    assert ask(f"{stack.gateway}label/answered-before", {"value": 200})[0] == 202
    wait_for(lambda: "answered-before" in stack.rows(), "its row")
    assert stack.rows()["answered-before"] == (200, left.answered["prediction"])


def test_a_request_that_waited_in_the_queue_is_answered(stack: Stack, left: Left) -> None:
    assert ended(stack.gateway, "asked-before")["model_id"] == left.live


def test_each_row_that_was_published_before_becomes_one_row(stack: Stack, left: Left) -> None:
    """Those that waited in a queue, those that metric held, and those that were rows already."""
    wait_for(lambda: left.rows <= stack.rows().keys(), f"{len(left.rows)} rows")
    done = {line.partition(b",")[0].decode() for line in left.csv.splitlines()}
    print(f"\n{len(left.rows)} rows published before, {len(left.rows - done)} were not joined yet")
    assert len(left.rows - done) >= 2 * WAITING
    wait_for(lambda: stack.counts("plot").get("rows", 0) >= len(left.rows), "all in the picture")


def test_the_files_in_logs_are_gone_on_with(stack: Stack, left: Left) -> None:
    stack.wait_for_rows(10)
    for name, before in (
        ("metric_log.csv", left.csv),
        ("labels_log.txt", left.labels_log),
        ("metric_log_shadow.csv", left.shadow_log),
    ):
        now = (stack.logs / name).read_bytes()
        assert now.startswith(before), name
        assert len(now) > len(before) > 0, name


def test_the_same_model_answers_and_the_same_is_tried(stack: Stack, left: Left) -> None:
    models = ask(f"{stack.gateway}models")[1]
    assert (models["live"], models["shadow"]) == (left.live, left.shadow)
    request = {"id": "asked-after", "data": PATIENT}
    status, job = ask(f"{stack.gateway}predict", request, wait=20)
    assert (status, job["model_id"]) == (200, left.live)
    text = (stack.logs / "metric_log_shadow.csv").read_text()
    rows = list(csv.DictReader(text[: text.rindex("\n")].split("\n")))
    assert {(row["model_id"], row["live_model_id"]) for row in rows} == {(left.shadow, left.live)}


def test_a_training_that_waited_is_done(stack: Stack, left: Left) -> None:
    job = ended(stack.gateway, left.queued["job_id"])
    assert job["model_id"] == left.queued["model_id"]
    found = {model["model_id"] for model in ask(f"{stack.gateway}models")[1]["models"]}
    assert found >= {left.live, left.shadow, job["model_id"]}


def test_the_dead_letter_is_still_there(stack: Stack) -> None:
    listed = stack.compose("run", "--rm", "--build", "-T", "pipeline", "dead-letters", "list")
    assert "dead letters: 1\n" in listed
    assert "y_true" in listed, BAD_LABEL


def test_one_can_go_back_to_the_model_of_the_earlier_version(stack: Stack, left: Left) -> None:
    status, changed = ask(f"{stack.gateway}rollback", method="POST")
    assert status == 200, changed
    first = changed["change"]["live"]
    assert first not in {left.live, left.shadow, left.queued["model_id"]}
    request = {"id": "asked-last", "data": PATIENT}
    assert ask(f"{stack.gateway}predict", request, wait=20)[1]["model_id"] == first
