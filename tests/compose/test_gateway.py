"""`docker compose --profile serving up -d`: requests over HTTP, answered whatever dies."""

import json
import re
from typing import Any

import pytest

from compose.asking import PATIENT, ask
from compose.stack import SERVICES, SERVING, Stack, wait_for
from servers import free_ports


@pytest.fixture(scope="module", autouse=True)
def _serving(stack: Stack) -> None:
    stack.clear()
    stack.configure(COMPOSE_PROFILES="serving")
    stack.up()


def job(stack: Stack, name: str) -> Any:
    """The job once it is completed; None until then, and while nobody answers."""
    try:
        status, found = ask(f"{stack.gateway}job/{name}")
    except OSError:
        return None
    return found if status == 200 and found["status"] == "completed" else None


def test_the_profile_adds_what_serves_requests(stack: Stack) -> None:
    assert stack.health() == dict.fromkeys(("rabbitmq", *SERVICES, *SERVING), "healthy")


def test_a_request_is_answered_and_with_its_label_becomes_a_row(stack: Stack) -> None:
    status, answer = ask(f"{stack.gateway}predict", {"id": "asked", "data": PATIENT}, wait=20)
    assert status == 200
    assert ask(f"{stack.gateway}label/asked", {"value": 151.0})[0] == 202
    wait_for(lambda: "asked" in stack.rows(), "its row")
    assert stack.rows()["asked"] == (151.0, answer["prediction"])


def test_it_can_be_asked_from_the_command_line(stack: Stack) -> None:
    said = stack.compose("run", "--rm", "-T", "pipeline", "ask", "random")
    (name,) = re.findall(r"^job id +(\S+)$", said, re.MULTILINE)
    found = job(stack, name)
    assert re.search(rf"^prediction +{found['prediction']:.6g}", said, re.MULTILINE)


@pytest.mark.parametrize("service", ["redis", "gateway", "rabbitmq"])
def test_what_was_accepted_is_answered_after_a_kill(stack: Stack, service: str) -> None:
    stack.compose("stop", "model")
    request = {"id": f"before-{service}", "data": PATIENT}
    assert ask(f"{stack.gateway}predict", request)[0] == 202
    stack.signal(service, "KILL")
    stack.compose("start", "model")
    wait_for(lambda: job(stack, f"before-{service}"), "its answer")
    stack.up()


def test_without_redis_the_gateway_says_so_and_the_others_go_on(stack: Stack) -> None:
    stack.compose("stop", "redis")
    status, health = ask(f"{stack.gateway}health")
    assert status == 503
    assert "redis" in json.dumps(health).lower()
    assert ask(f"{stack.gateway}predict", {"data": PATIENT})[0] == 503
    stack.wait_for_rows(10)

    stack.compose("start", "redis")
    wait_for(lambda: ask(f"{stack.gateway}health")[0] == 200, "redis is there again")
    assert job(stack, "before-redis")


def test_two_gateways_share_the_answers(stack: Stack) -> None:
    (first,) = free_ports(1)
    stack.configure(COMPOSE_PROFILES="serving", GATEWAY_PORT=f"{first}-{first + 9}")
    stack.up("--scale=gateway=2")
    ports = [
        binding[0]["HostPort"]
        for each in stack.replicas("gateway")
        for binding in each["NetworkSettings"]["Ports"].values()
    ]
    assert len(set(ports)) == 2
    for number in range(20):
        one, other = (f"http://127.0.0.1:{ports[n % 2]}/" for n in (number, number + 1))
        request = {"id": f"shared-{number}", "data": PATIENT}
        status, answer = ask(f"{one}predict", request, wait=20)
        assert status == 200
        assert ask(f"{other}job/shared-{number}")[1]["prediction"] == answer["prediction"]
