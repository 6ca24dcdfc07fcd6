"""Each id of the table goes once through HTTP, Redis, broker, model, metric and the commands."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pipeline.ids import canonical, path_of
from pipeline_cli import main
from support.gateway_client import MEASURED, SCALED, WAIT, Gateway, Serving
from support.hostile_ids import REFUSED, TAKEN
from support.vhost import Vhost
from support.waiting import eventually

IDS = [*TAKEN.values()]
CAPITALS = TAKEN["UUID in capitals"]

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def published(serving: Serving) -> Iterator[dict[str, tuple[Any, Any]]]:
    """The properties of the messages of each job, in `features` and in `y_pred`, by its id."""
    found: dict[str, list[tuple[Any, Any]]] = {"features": [], "y_pred": []}
    with serving.vhost.channel() as channel:
        for queue in found:
            channel.queue_declare(f"tap-{queue}", exclusive=True)
            channel.queue_bind(f"tap-{queue}", f"edge.{queue}")
        for row_id in IDS:
            answer = serving.gateway.predict(SCALED, id=row_id)
            assert (answer.status_code, answer.json()["job_id"]) == (202, row_id)
            assert answer.headers["Location"] == answer.json()["location"]
            assert serving.gateway.http.get(answer.headers["Location"]).json()["job_id"] == row_id
        for queue, messages in found.items():

            def take(queue: str = queue, messages: list[tuple[Any, Any]] = messages) -> bool:
                while (got := channel.basic_get(f"tap-{queue}", auto_ack=True))[2] is not None:
                    messages.append((json.loads(got[2])["id"], got[1]))
                return len(messages) >= len(IDS)

            eventually(take, f"all messages of {queue}")
        answers = dict(found["y_pred"])
        yield {row_id: (sent, answers[row_id]) for row_id, sent in found["features"]}


def test_messages_bear_it(published: dict[str, tuple[Any, Any]]) -> None:
    assert [*published] == IDS, "in the body it is as it came"
    for row_id, both in published.items():
        for properties in both:
            assert properties.message_id == canonical(row_id)
            assert properties.correlation_id == row_id


@pytest.mark.usefixtures("published")
def test_a_job_is_found_and_labelled_by_query_and_by_path(serving: Serving) -> None:
    http = serving.gateway.http
    for number, row_id in enumerate(IDS):
        by_query = http.get("/job", params={"id": row_id}).json()
        assert (by_query["job_id"], http.get(path_of("/job", row_id)).json()) == (row_id, by_query)
        stream = http.get("/job/events", params={"id": row_id}).text
        last = json.loads(stream.strip().rpartition("data: ")[2])
        assert (last["job_id"], last["status"]) == (row_id, "completed")
        cancelled = http.post("/job/cancel", params={"id": row_id})
        assert (cancelled.status_code, row_id in cancelled.json()["detail"]) == (409, True)
        path = "/label" if "/" in row_id or number % 2 else f"/label/{quote(row_id, safe='')}"
        query = {"id": row_id} if path == "/label" else None
        told = http.post(path, params=query, json={"value": number})
        assert (told.status_code, told.json()["job_id"]) == (202, row_id)
        assert http.get("/job", params={"id": row_id}).json()["label"] == number

    def logged() -> set[tuple[str, float]]:
        with (serving.logs_dir / "metric_log.csv").open(newline="") as file:
            return {(row["id"], float(row["y_true"])) for row in csv.DictReader(file, strict=True)}

    rows = {(canonical(row_id), float(number)) for number, row_id in enumerate(IDS)}
    eventually(lambda: rows <= logged(), "a row for each")
    again = serving.gateway.predict([SCALED] * len(IDS), WAIT, id=IDS)
    assert [job["job_id"] for job in again.json()["jobs"]] == IDS, "no new jobs"


@pytest.mark.usefixtures("published")
def test_a_uuid_is_one_id_however_it_is_written(serving: Serving) -> None:
    gateway = serving.gateway
    for row_id in (CAPITALS, CAPITALS.lower()):
        job = gateway.predict(SCALED, WAIT, id=row_id).json()
        assert (job["job_id"], gateway.job(row_id).json()["job_id"]) == (row_id, row_id)
        assert gateway.predict([*SCALED[:9], 0], id=row_id).status_code == 409
    told = {gateway.label(row_id, 7e3).status_code for row_id in (CAPITALS, CAPITALS.lower())}
    assert told <= {202, 409}
    assert gateway.label(CAPITALS.lower(), 1).status_code == 409
    twice = gateway.predict([SCALED] * 2, id=[CAPITALS, CAPITALS.lower()])
    assert (twice.status_code, "twice" in twice.text) == (422, True)


def test_a_number_is_the_id_that_is_its_text(gateway: Gateway) -> None:
    for number, text in ((1_700_000_000.25, "1700000000.25"), (-7, "-7"), (5.0, "5")):
        assert gateway.predict(SCALED, WAIT, id=number).json()["job_id"] == text
        assert gateway.job(text).json()["status"] == "completed"


@pytest.mark.parametrize(("row_id", "rule"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_id_is_refused_with_its_rule(gateway: Gateway, row_id: str, rule: str) -> None:
    for answer in (
        gateway.predict(SCALED, id=row_id),
        gateway.http.post("/label", params={"id": row_id}, json={"value": 1}),
        gateway.http.get("/job", params={"id": row_id}),
        gateway.http.get("/job/events", params={"id": row_id}),
        gateway.http.post("/job/cancel", params={"id": row_id}),
    ):
        assert answer.status_code == 422
        (problem,) = answer.json()["detail"]
        assert problem["loc"][-1] == "id"
        assert rule in problem["msg"]


def test_a_plus_that_became_a_space_is_explained(gateway: Gateway) -> None:
    answer = gateway.http.get("/job?id=2026-11-22T00:00:00+01:00")
    assert (answer.status_code, "%2B" in answer.json()["detail"]) == (404, True)


@pytest.fixture
def command(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """Runs `python -m pipeline` in this process; exit status, stdout, stderr."""
    monkeypatch.setenv("GATEWAY_URL", serving.gateway.address)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
        status = main.main()
        return status, *capfd.readouterr()

    return run


def test_ask_takes_it(command: Command, tmp_path: Path) -> None:
    own = [f"{row_id[:126]}c" for row_id in IDS]
    values = [str(value) for value in MEASURED.values()]
    for row_id in own[::2]:
        assert command("ask", "predict", *values, "--id", row_id, "--wait", "0")[0] == 0
    lines = [",".join(["id", *MEASURED]), *(",".join([row_id, *values]) for row_id in own)]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    _, table, _ = command("ask", "predict", "--file", str(tmp_path / "rows.csv"), "--wait", "30")
    for row_id, line in zip(own, table.splitlines()[1:], strict=True):
        assert line.startswith(f"{row_id}  ")
    for row_id in own:
        assert command("ask", "job", row_id)[1].startswith(f"job id          {row_id}\n")
        _, followed, _ = command("ask", "job", row_id, "--follow")
        assert followed.startswith(row_id)
        status, said, _ = command("ask", "label", row_id, "-1.5")
        assert (status, said) == (0, f"the label of {row_id} is -1.5\n")


def test_dead_letters_takes_it(
    command: Command, vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQP_URL", vhost.amqp_url)
    monkeypatch.setenv("BROKER_METRICS_URL", "http://127.0.0.1:1/")
    with vhost.channel() as channel:
        channel.exchange_declare("edge.y_true", "fanout", durable=True)
        for queue in ("dead_letters", "y_true"):
            channel.queue_declare(queue, durable=True)
        channel.queue_bind("y_true", "edge.y_true")
    for row_id in IDS:
        body = json.dumps({"id": row_id, "body": "x"}).encode()
        headers = {"x-source-queue": "y_true", "x-reason": f"reason of {row_id}"}
        vhost.put("dead_letters", body, message_id=row_id, headers=headers)
    _, listed, _ = command("dead-letters", "list", "--limit", "100")
    for row_id, line in zip(IDS, listed.splitlines()[-len(IDS) :], strict=True):
        assert line.startswith(f"{row_id}  ")
        assert f"reason of {row_id}  " in line
    for row_id in [row_id for row_id in IDS if row_id[0] in "-/{~."]:
        _, shown, _ = command("dead-letters", "show", row_id)
        assert f"message_id: {row_id}\n" in shown
        assert command("dead-letters", "list", "--reason", f"of {row_id}")[0] == 0
    assert command("dead-letters", "replay", *IDS[::2])[:2] == (0, f"{len(IDS[::2])} replayed\n")
    assert command("dead-letters", "drop", *IDS[1::2])[:2] == (0, f"{len(IDS[1::2])} dropped\n")
    assert (vhost.depth("dead_letters"), vhost.depth("y_true")) == (0, len(IDS[::2]))
