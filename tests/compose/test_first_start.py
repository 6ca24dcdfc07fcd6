"""`docker compose up -d` on a clean clone, with nothing set but the ports."""

import pytest

from compose.stack import SERVICES, Stack, run, wait_for
from support.waiting import eventually

KILLED = 137  # by the engine, after stop_grace_period
MODEL_FILES = ("model.skops", "model.skops.sha256", "model.json")


@pytest.fixture(scope="module", autouse=True)
def _started(stack: Stack) -> None:
    stack.clear()
    stack.configure()
    stack.up()


def test_plain_up_starts_the_five_and_no_more(stack: Stack) -> None:
    assert stack.containers().keys() == {"rabbitmq", *SERVICES}
    assert stack.health() == dict.fromkeys(("rabbitmq", *SERVICES), "healthy")


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
    expected.add(stack.folder / "common" / "sitecustomize.py")
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


def test_a_service_stops_when_asked_even_while_it_starts(stack: Stack) -> None:
    stack.compose("restart", "features", "model")
    stack.compose("stop", *SERVICES)
    assert KILLED not in exit_codes(stack)
    stack.up()
    stack.compose("stop", *SERVICES)
    assert exit_codes(stack) == [0, 0, 0, 0]


@pytest.mark.parametrize("number", ["INT", "TERM"])
def test_a_service_that_imports_what_ignores_exceptions_stops_when_asked(
    stack: Stack, number: str
) -> None:
    """What an import's own callback, or a `__del__`, does to a KeyboardInterrupt."""
    swallow = "while True:\n try: print('up', flush=True); time.sleep(60)\n except BaseException: 1"
    options = ("run", "--detach", "--no-deps", "--rm", "--entrypoint=python", "features", "-c")
    name = stack.compose(*options, f"import time\n{swallow}").strip()
    wait_for(lambda: "up" in run("docker", "logs", name), "the program")
    run("docker", "kill", f"--signal={number}", name)
    wait_for(lambda: not run("docker", "ps", "--quiet", f"--filter=name={name}"), "its end", 20)


def exit_codes(stack: Stack) -> list[int]:
    containers = stack.containers()
    return [containers[name]["State"]["ExitCode"] for name in SERVICES]
