"""`docker compose --profile serving up -d`: a model is trained, tried, promoted, gone back on."""

import base64
import csv
import json
import re
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from compose.asking import PATIENT, ask, ended, train
from compose.stack import Stack, wait_for
from support.waiting import PATIENCE_SECONDS, eventually


@pytest.fixture(scope="module", autouse=True)
def _serving(stack: Stack) -> None:
    stack.configure(COMPOSE_PROFILES="serving", STREAM_RATE=20)
    stack.up("--scale=model=2")
    wait_for(lambda: len(ask(f"{stack.gateway}changes")[1]["replicas"]) == 2, "both replicas")


@pytest.fixture(scope="module")
def trained(stack: Stack) -> Any:
    """A training that has ended well."""
    return ended(stack.gateway, train(stack.gateway, "random_forest", n_estimators=20)["job_id"])


def state(stack: Stack) -> tuple[str, str | None]:
    """The model that answers, and the one that is tried."""
    models = ask(f"{stack.gateway}models")[1]
    return models["live"], models["shadow"]


def answering(stack: Stack) -> str:
    """The model that has answered a request."""
    status, job = ask(f"{stack.gateway}predict", {"data": PATIENT}, wait=20)
    assert status == 200, job
    return str(job["model_id"])


def test_a_promoted_model_answers_and_a_rollback_goes_back(stack: Stack, trained: Any) -> None:
    first, model_id = answering(stack), trained["model_id"]
    status, changed = ask(f"{stack.gateway}models/{model_id}/promote", {"force": True})
    assert status == 200, changed
    assert [replica["live"] for replica in changed["replicas"]] == [model_id] * 2
    assert state(stack) == (model_id, None)
    assert {answering(stack) for _ in range(4)} == {model_id}

    status, changed = ask(f"{stack.gateway}rollback", method="POST")
    assert status == 200, changed
    assert [replica["live"] for replica in changed["replicas"]] == [first] * 2
    assert {answering(stack) for _ in range(4)} == {first}
    stack.wait_for_rows(20)


def test_a_model_in_the_shadow_is_scored_on_the_same_rows(stack: Stack, trained: Any) -> None:
    first, model_id = answering(stack), trained["model_id"]
    status, changed = ask(f"{stack.gateway}models/{model_id}/shadow", method="POST")
    assert status == 200, changed
    assert state(stack) == (first, model_id)
    log = stack.logs / "metric_log_shadow.csv"
    wait_for(lambda: log.exists() and log.read_text().count("\n") > 20, "rows of both models")
    whole_lines = log.read_text().rpartition("\n")[0].split("\n")
    scored = {row["id"]: row for row in csv.DictReader(whole_lines)}
    rows = stack.rows()
    assert {(row["model_id"], row["live_model_id"]) for row in scored.values()} == {
        (model_id, first)
    }
    assert all(float(row["y_true"]) == rows[row_id][0] for row_id, row in scored.items())
    assert answering(stack) == first
    assert ask(f"{stack.gateway}shadow", method="DELETE")[0] == 200
    assert state(stack) == (first, None)


def test_it_can_be_done_from_the_command_line(stack: Stack) -> None:
    said = stack.compose("run", "--rm", "-T", "pipeline", "train", "--algorithm=linear")
    (model_id,) = re.findall(r"^model id +(\S+)$", said, re.MULTILINE)
    assert re.search(r"^status +completed$", said, re.MULTILINE)
    assert f"docker compose run --rm pipeline models promote {model_id}\n" in said
    listed = stack.compose("run", "--rm", "-T", "pipeline", "models", "list")
    assert re.search(rf"^ +{model_id} +linear +", listed, re.MULTILINE)


def test_a_training_whose_trainer_is_killed_is_done_once(stack: Stack) -> None:
    job_id = train(stack.gateway, "hist_gradient_boosting", max_iter=1000, max_leaf_nodes=100)[
        "job_id"
    ]

    def is_fitted() -> bool:
        return bool(ask(f"{stack.gateway}job/{job_id}")[1]["stage"] == "fit")

    eventually(is_fitted, "the middle of it")
    stack.signal("trainer", "KILL")
    job = ended(stack.gateway, job_id)
    assert job["attempts"] == 2
    models = ask(f"{stack.gateway}models")[1]["models"]
    assert [model["model_id"] for model in models].count(job["model_id"]) == 1
    stack.wait_until_healthy()


def flower(stack: Stack, path: str, login: str = "") -> Any:
    """What its API answers; urllib.error.HTTPError if that is refused."""
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    request = urllib.request.Request(f"{stack.flower}{path}", headers=headers if login else {})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("login", ["", "admin:wrong", "wrong:admin"])
@pytest.mark.parametrize("path", ["", "api/tasks", "api/workers"])
def test_flower_is_for_who_has_the_password(stack: Stack, path: str, login: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        flower(stack, path, login)


def waiting_trainings(stack: Stack) -> dict[str, int]:
    """Messages by queue, as the broker's statistics had them some seconds ago."""
    queues = flower(stack, "api/queues/length", "admin:admin")["active_queues"]
    return {queue["name"]: queue["messages"] for queue in queues}


def test_flower_shows_trainer_and_trainings(stack: Stack, trained: Any) -> None:
    tasks = flower(stack, "api/tasks", "admin:admin")
    assert tasks[trained["job_id"]]["state"] == "SUCCESS"
    # before a worker is asked: it may have started later than Flower
    wait_for(lambda: waiting_trainings(stack) == {"train": 0}, "an empty queue, as Flower sees it")

    def worker_queues() -> list[str] | None:
        """None as long as the worker has not answered: its answer has 1 s, and it may be busy."""
        (worker,) = flower(stack, "api/workers?refresh=1", "admin:admin").values()
        return [queue["name"] for queue in worker.get("active_queues", [])] or None

    assert wait_for(worker_queues, "an answer of the worker") == ["train"]


def test_who_connects_and_asks_for_nothing_is_let_go(stack: Stack) -> None:
    with ExitStack() as opened:
        clients = []
        for url in (stack.gateway, stack.page, stack.flower):
            place = (str(urlsplit(url).hostname), urlsplit(url).port)
            clients.append(opened.enter_context(socket.create_connection(place, PATIENCE_SECONDS)))
            clients[-1].sendall(b"GET / HTTP/1.1\r\n")
        assert [client.recv(1) for client in clients] == [b""] * 3
