"""The page of plot, from this machine: it answers, and shows what becomes of the services."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from compose.stack import SERVICES, Stack, wait_for
from support.waiting import PATIENCE_SECONDS

QUEUES = {"features", "y_true", "y_pred", "dead_letters"}


@pytest.fixture(scope="module", autouse=True)
def _up(stack: Stack) -> Iterator[None]:
    stack.configure()
    stack.up()
    stack.wait_for_rows(5)
    yield
    stack.compose("up", "-d")  # whatever a test left stopped


def get(stack: Stack, path: str) -> tuple[str, bytes]:
    """The type and the body of an answer of 200."""
    with urllib.request.urlopen(stack.page + path, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200
        return answer.headers.get_content_type(), answer.read()


def answers(stack: Stack) -> bool:
    try:
        return get(stack, "health")[0] == "application/json"
    except OSError:  # not yet
        return False


def summary(stack: Stack) -> Any:
    return json.loads(get(stack, "api/summary")[1])


def depth(stack: Stack) -> int:
    """What waits in the queue `features`, as the page shows it."""
    queue = stack.pipeline()["queues"]["features"]
    return int(queue["ready"] + queue["unacked"])


def test_it_answers_at_its_port(stack: Stack) -> None:
    kind, body = get(stack, "")
    assert kind == "text/html"
    assert b"<html" in body
    kind, body = get(stack, "health")
    assert kind == "application/json"
    assert json.loads(body)


def test_it_counts_the_rows_that_come(stack: Stack) -> None:
    rows = summary(stack)["rows"]
    wait_for(lambda: summary(stack)["rows"] >= rows + 10, "10 rows more")
    assert summary(stack)["rows"] <= len(stack.rows())


def test_it_sees_the_broker_as_user_plot(stack: Stack) -> None:
    url = "MANAGEMENT_URL=http://plot:plot@rabbitmq:15672/%2F"
    assert url in stack.containers()["plot"]["Config"]["Env"]
    stack.wait_until_the_page_sees_the_broker()
    shown = wait_for(
        lambda: (found := stack.pipeline())["queues"].keys() >= QUEUES and found, "the queues"
    )
    assert all(queue["ready"] + queue["unacked"] >= 0 for queue in shown["queues"].values())
    running = {name: {"state": "running", "copies": 1} for name in SERVICES}
    wait_for(lambda: stack.pipeline()["services"] == running, "all services running")


def test_a_stopped_model_is_shown_and_so_is_what_waits_for_it(stack: Stack) -> None:
    stack.compose("stop", "model")
    stopped = {"state": "stopped", "copies": 0}
    wait_for(lambda: stack.pipeline()["services"]["model"] == stopped, "model stopped")
    before = depth(stack)
    wait_for(lambda: depth(stack) >= before + 20, "a growing queue")

    stack.compose("start", "model")
    running = {"state": "running", "copies": 1}
    wait_for(lambda: stack.pipeline()["services"]["model"] == running, "model running")
    wait_for(lambda: depth(stack) < 10, "an empty queue")


def test_a_stopped_broker_is_shown_and_the_rows_stay(stack: Stack) -> None:
    stack.compose("stop", "rabbitmq")
    wait_for(lambda: not stack.pipeline()["broker"]["reachable"], "no broker")
    assert stack.pipeline()["broker"]["note"]
    assert summary(stack)["rows"] > 0
    stack.up()
    stack.wait_until_the_page_sees_the_broker()


def test_it_takes_nothing(stack: Stack) -> None:
    for path in ("", "api/summary", "events"):
        request = urllib.request.Request(stack.page + path, data=b"{}", method="POST")
        with pytest.raises(urllib.error.HTTPError, match="405"):
            urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)


def test_it_is_there_again_after_a_restart(stack: Stack) -> None:
    stack.compose("restart", "plot")
    wait_for(lambda: answers(stack), "an answer")
    wait_for(lambda: summary(stack)["rows"] > 0, "the rows of before")
    stack.wait_until_the_page_sees_the_broker()
