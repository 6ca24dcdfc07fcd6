"""`docker compose up -d` on a clean clone, with nothing set but the ports."""

import time

import pytest

from compose.stack import SERVICES, Stack, wait_for
from support import eventually

MODEL_FILES = ("model.skops", "model.skops.sha256", "model.json")


@pytest.fixture(scope="module", autouse=True)
def seconds_to_healthy(stack: Stack) -> float:
    stack.clear()
    stack.configure()
    start = time.monotonic()
    stack.up()
    return time.monotonic() - start


def test_all_are_healthy_within_a_minute(stack: Stack, seconds_to_healthy: float) -> None:
    assert stack.health() == dict.fromkeys(("rabbitmq", *SERVICES), "healthy")
    assert seconds_to_healthy < 60


def test_rows_and_a_picture_come(stack: Stack) -> None:
    picture = stack.logs / "error_distribution.png"
    stack.wait_for_rows(10)
    assert stack.rows()
    eventually(picture.exists, "the picture")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_the_service_and_what_it_shares(stack: Stack, service: str) -> None:
    folders = [stack.folder / "common" / "pipeline", stack.folder / service / "src"]
    expected = {path for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc"}
    expected |= set((stack.folder / service).glob("requirements*.txt"))
    if service == "model":
        expected |= {stack.folder / "model" / name for name in MODEL_FILES}
    found = stack.compose("exec", "-T", service, "find", "/app", "-type", "f").split()
    in_use = {name for name in found if not name.endswith(".cpython-313.pyc")}
    assert in_use == {f"/app/{path.relative_to(stack.folder)}" for path in expected}


def test_the_management_interface_answers(stack: Stack) -> None:
    queues = {"features", "y_true", "y_pred", "dead_letters"}
    wait_for(lambda: queues <= stack.queue_depths().keys(), "the queues")


def test_prometheus_is_told_of_the_broker(stack: Stack) -> None:
    assert "rabbitmq_build_info" in stack.metrics()


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    before = {name: each["Id"] for name, each in stack.containers().items()}
    stack.up()
    assert {name: each["Id"] for name, each in stack.containers().items()} == before


def test_a_service_stops_at_once_even_while_it_starts(stack: Stack) -> None:
    stack.compose("restart", "features", "model")
    start = time.monotonic()
    stack.compose("stop", *SERVICES)
    assert time.monotonic() - start < 10
    stack.up()
    stack.compose("stop", *SERVICES)
    codes = {name: each["State"]["ExitCode"] for name, each in stack.containers().items()}
    assert [codes[name] for name in SERVICES] == [0, 0, 0, 0]
