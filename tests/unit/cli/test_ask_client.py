"""`python -m pipeline ask` beside a server of HTTP that answers as it is told."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.ids import path_of
from pipeline.table import built_in
from support.fake_gateway import Answer, Fake, refusal
from support.hostile_ids import TAKEN
from support.waiting import PATIENCE_SECONDS, eventually

NAMES = built_in.default().names
VALUES = ["59", "2", "32.1", "101", "157", "93.2", "38", "4", "4.8598", "87"]
NUMBERS = [59.0, 2.0, 32.1, 101.0, 157.0, 93.2, 38.0, 4.0, 4.8598, 87.0]
CSV = ",".join(NAMES) + "\n" + ",".join(VALUES) + "\n"
DONE = {"job_id": "j-1", "status": "completed", "prediction": 161.8372, "model_id": "abc"}
PROCESSING = {"job_id": "j-1", "status": "processing", "location": "/job/j-1"}

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Those that it took between two tries, in no time."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture
def ask(command: Ask) -> Ask:
    """Runs it; exit status, stdout, stderr."""
    return partial(command, "ask")


def test_what_the_gateway_warns_of_is_shown(ask: Ask, gateway: Fake) -> None:
    warned = DONE | {"warnings": ["age is 93", "s6 is 180"]}
    gateway.tell((200, warned, {}), (202, {"warnings": ["-5 is taken"]}, {}))
    status, out, _ = ask("predict", *VALUES)
    assert (status, out.splitlines()[-2:]) == (
        0,
        ["warning         age is 93", "warning         s6 is 180"],
    )
    assert ask("label", "j-1", "-5") == (0, "the label of j-1 is -5\n", "-5 is taken\n")


@pytest.mark.parametrize("row_id", TAKEN.values(), ids=TAKEN)
def test_a_command_that_is_printed_can_be_given_to_a_shell(
    ask: Ask, gateway: Fake, row_id: str
) -> None:
    gateway.tell((202, PROCESSING | {"job_id": row_id}, {}), (200, DONE | {"job_id": row_id}, {}))
    _, _, said = ask("predict", *VALUES, "--id", row_id)
    printed = shlex.split(said)
    status, out, _ = ask(*printed[printed.index("job") : -1])  # without --follow
    assert (status, out.splitlines()[0]) == (0, f"job id          {row_id}")
    assert [call for call, _, _ in gateway.asked] == [
        "POST /predict",
        f"GET {path_of('/job', row_id)}",
    ]
    assert gateway.asked[0][2]["id"] == row_id


def test_ten_numbers_are_one_prediction(ask: Ask, gateway: Fake) -> None:
    gateway.tell((200, DONE, {}))
    status, out, err = ask("predict", *VALUES, "--id", "mine", "--wait", "7")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "job id          j-1",
        "status          completed",
        "prediction      161.837 points",
        "model id        abc",
    ]
    ((call, headers, body),) = gateway.asked
    assert call == "POST /predict"
    assert body == {"data": NUMBERS, "units": "raw", "id": "mine"}
    assert headers["prefer"] == "wait=7"
    assert headers["idempotency-key"]
    assert "x-api-key" not in headers


def test_a_stored_model_is_asked_with_the_columns_that_it_takes(
    ask: Ask, gateway: Fake, tmp_path: Path
) -> None:
    own = replace(built_in.default(), columns=built_in.default().columns[1:3])
    gateway.tell((200, own.to_json(), {}), (200, DONE, {}))
    assert ask("predict", "--model", "forest-1", "2", "32.1")[0] == 0
    (schema, _, _), (call, _, body) = gateway.asked
    assert (schema, call) == ("GET /models/forest-1/schema", "POST /predict")
    assert body == {"data": [2.0, 32.1], "units": "raw", "model_id": "forest-1"}
    file = tmp_path / "patients.csv"
    file.write_text(CSV + CSV.splitlines()[1])
    gateway.tell((200, own.to_json(), {}), (200, {"jobs": [DONE, DONE]}, {}))
    assert ask("predict", "--model", "forest-1", "--file", str(file))[0] == 0
    assert gateway.asked[-1][2]["data"] == [[2.0, 32.1]] * 2
    assert gateway.asked[-1][2]["model_id"] == "forest-1"


def test_a_model_that_is_not_there_is_the_gateways_sentence(ask: Ask, gateway: Fake) -> None:
    gateway.tell(refusal(404, "there is no model forest-1"))
    assert ask("predict", "--model", "forest-1", "2") == (1, "", "there is no model forest-1\n")


def test_names_in_any_order_and_the_key(
    ask: Ask, gateway: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_API_KEY", "secret")
    gateway.tell((202, PROCESSING, {}))
    pairs = [f"{name}={value}" for name, value in zip(NAMES, VALUES, strict=True)]
    status, out, err = ask("predict", *reversed(pairs), "--wait", "0", "--units", "scaled")
    assert (status, err) == (0, "")
    assert "processing" in out
    ((_, headers, body),) = gateway.asked
    assert body == {"data": NUMBERS, "units": "scaled"}
    assert headers["x-api-key"] == "secret"
    assert "prefer" not in headers


def test_small_negative_numbers_are_no_options(ask: Ask, gateway: Fake) -> None:
    gateway.tell((200, DONE, {}))
    assert ask("predict", "-4.4e-05", "-.5", "-1", *VALUES[3:], "--units", "scaled")[0] == 0
    assert gateway.asked[0][2]["data"][:3] == [-4.4e-05, -0.5, -1.0]


@pytest.mark.parametrize(
    ("arguments", "row_id"),
    [(["-hU1", "-5"], "-hU1"), (["--x=y", "-5"], "--x=y"), (["--", "--help", "-5"], "--help")],
)
def test_an_id_that_starts_with_a_dash_is_no_option(
    ask: Ask, gateway: Fake, arguments: list[str], row_id: str
) -> None:
    gateway.tell((202, {"warnings": []}, {}))
    assert ask("label", *arguments) == (0, f"the label of {row_id} is -5\n", "")
    assert gateway.asked[0][0] == f"POST {path_of('/label', row_id)}"
    status, out, _ = ask("job", "-hU1", "-h")
    assert (status, "--follow" in out, len(gateway.asked)) == (0, True, 1)


def test_a_file_goes_a_thousand_rows_at_a_time(ask: Ask, gateway: Fake, tmp_path: Path) -> None:
    lines = [f"r{number}, x ,{','.join(VALUES)}" for number in range(1001)]
    file = tmp_path / "patients.csv"
    file.write_text("﻿id,note," + ",".join(NAMES) + "\n" + "\n".join(lines))
    jobs = [DONE | {"job_id": f"r{number}"} for number in range(1001)]
    gateway.tell((200, {"jobs": jobs[:1000]}, {}), (200, jobs[1000], {}))
    status, out, err = ask("predict", "--file", str(file))
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 1002
    assert out.splitlines()[1].split() == ["r0", "completed", "161.837"]
    assert [len(body["id"]) for _, _, body in gateway.asked] == [1000, len("r1000")]
    assert gateway.asked[0][2]["data"][0] == NUMBERS
    assert len({headers["idempotency-key"] for _, headers, _ in gateway.asked}) == 2


@pytest.mark.parametrize(
    ("settings", "started"),
    [
        ({}, "GATEWAY_URL={url} {python} -m pipeline ask"),
        (
            {"SHOWN_COMMAND": "docker compose run --rm pipeline"},
            "docker compose run --rm pipeline ask",
        ),
    ],
)
def test_what_is_printed_to_be_copied_runs_where_it_is_read(
    ask: Ask, gateway: Fake, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], started: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    gateway.tell((202, PROCESSING, {}))
    _, _, err = ask("predict", *VALUES)
    call = started.format(url=f"{gateway.url}/", python=sys.orig_argv[0])
    assert err == f"not answered within 5 s: {call} job j-1 --follow\n"
    assert (
        f"\n  {settings.get('SHOWN_COMMAND', 'python -m pipeline')} ask random" in ask("--help")[1]
    )


@pytest.mark.parametrize(
    "content",
    [
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.translate({ord("."): ",", ord(","): ";"}),
        "sep=;\n" + CSV.replace(",", ";"),
        CSV.replace(",", ", "),
        CSV.replace("\n", "\r"),
        '"note,\nof mine",' + CSV.replace("\n", '\n"a, b",', 1),
    ],
)
def test_a_file_is_read_as_spreadsheets_write_it(
    ask: Ask, gateway: Fake, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "patient.csv"
    file.write_text(content, newline="")
    gateway.tell((200, DONE, {}))
    assert ask("predict", "--file", str(file))[0] == 0
    assert gateway.asked[0][2]["data"] == NUMBERS


def test_json_in_and_json_out(ask: Ask, gateway: Fake, tmp_path: Path) -> None:
    file = tmp_path / "rows"
    file.write_text(json.dumps([NUMBERS, NUMBERS]))
    gateway.tell((202, {"jobs": [DONE, PROCESSING]}, {}))
    status, out, err = ask("predict", "--file", str(file), "--json")
    assert status == 1  # one was waited for in vain
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["completed", "processing"]
    assert "job j-1 --follow" in err
    assert gateway.asked[0][2] == {"data": [NUMBERS, NUMBERS], "units": "raw"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict"], "give the values of a row (age sex bmi bp s1 s2 s3 s4 s5 s6), or --file"),
        (["predict", "1", "2"], "a row has 10 values (age sex bmi"),
        (["predict", *VALUES[1:], "x"], "s6: 'x' is not a number"),
        (["predict", *VALUES[1:], "1e999"], "s6: '1e999' is not a number"),
        (["predict", "age=59"], "these are missing: sex bmi"),
        (["predict", "age=59", "age=60"], "'age' is given twice"),
        (["predict", "height=59"], "there is no column 'height': a row has age sex bmi"),
        (["predict", *VALUES, "--wait", "31"], "less than or equal to 30"),
        (["predict", "--file", "/no/such/file"], "No such file or directory"),
        (["label", "x", "high"], "target: 'high' is not a number"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(
    ask: Ask, gateway: Fake, arguments: list[str], said: str
) -> None:
    status, out, err = ask(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert not [call for call, *_ in gateway.asked if call.startswith("POST")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "missing: age"),
        (b"age;sex;bmi;bp;s1;s2;s3;s4;s5;s6\n", "there are no rows"),
        (b"age;sex;bmi\n", "missing: bp s1 s2 s3 s4 s5 s6; it has age, sex, bmi (separated by sem"),
        (b"a" * 200_000, "not CSV: field larger"),
        (CSV.encode() + b"59,2\n", "line 3: 2 values, and the first line has 10 names"),
        (b"[1, 2", "not JSON"),
        (b"[]", "there are no rows"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read(ask: Ask, tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "rows"
    file.write_bytes(content)
    status, _, err = ask("predict", "--file", str(file))
    assert status == 2
    assert said in err


def test_a_busy_gateway_is_asked_again_with_the_same_key(
    ask: Ask, gateway: Fake, pauses: list[float]
) -> None:
    gateway.tell(
        refusal(429, "10,000 rows wait already", Retry_After="3"),
        refusal(503, "no broker"),
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        (200, DONE, {}),
    )
    status, out, err = ask("predict", *VALUES)
    assert (status, pauses) == (0, [3.0, 2.0, 4.0, 8.0])
    assert "161.837" in out
    assert "10,000 rows wait already; trying again in 3 s (1 of 4)" in err
    assert len(gateway.asked) == 5
    assert len({headers["idempotency-key"] for _, headers, _ in gateway.asked}) == 1


def test_there_is_an_end_to_trying(ask: Ask, gateway: Fake, pauses: list[float]) -> None:
    gateway.tell(refusal(503, "no broker", Retry_After="1"))
    status, out, err = ask("predict", *VALUES)
    assert (status, out, len(gateway.asked), len(pauses)) == (1, "", 5, 4)
    assert err.splitlines()[-1] == "no broker"
    gateway.tell(refusal(429, "far too much", Retry_After="3600"))
    assert ask("job", "x") == (1, "", "far too much\n")


@pytest.mark.parametrize(
    ("answer", "said", "expected"),
    [
        (refusal(401), "GATEWAY_API_KEY is not set", 2),
        (refusal(404, "no job x"), "no job x", 1),
        (refusal(409, "another label"), "another label", 1),
        (refusal(410, "it has expired"), "it has expired", 1),
        (refusal(413, "1 MiB at most"), "1 MiB at most", 1),
        (refusal(422, [{"loc": ["body", "data", "bmi"], "msg": "too large", "type": "x"}]),
         "data.bmi: too large", 1),
        (refusal(422, "\x1b[2Jboo"), "\\x1b[2Jboo", 1),
        ((302, b"", {"Location": "http://elsewhere/"}), "redirects to http://elsewhere/", 1),
        ((404, b"<html>", {}), "is GATEWAY_URL right?", 1),
        ((500, b"", {}), "answers 500", 1),
        ((200, b"<html>", {}), "not as a gateway does", 1),
        ((200, {"status": "completed"}, {}), "not as a gateway does", 1),
    ],
)  # fmt: skip
def test_what_the_gateway_refuses_is_told_in_words(
    ask: Ask, gateway: Fake, answer: Answer, said: str, expected: int
) -> None:
    gateway.tell(answer)
    status, out, err = ask("job", "a/b ?")
    assert (status, out) == (expected, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert [call for call, _, _ in gateway.asked] == ["GET /job?id=a%2Fb%20%3F"]


@pytest.mark.parametrize("content", [b"gar\x1bbage\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b""])
def test_what_is_no_http_is_given_up(
    ask: Ask, gateway: Fake, pauses: list[float], content: bytes
) -> None:
    gateway.tell(content)
    status, _, err = ask("job", "x")
    assert (status, len(pauses)) == (1, 4)
    assert f"{gateway.url} returned no complete answer" in err


def test_a_gateway_that_does_not_answer(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr("pipeline_cli.gateway_client.TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        status, _, err = ask("label", "x", "1")
    assert (status, len(pauses)) == (1, 4)
    assert "timed out" in err


def test_no_gateway(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")  # is not for this machine
    status, _, err = ask("health")
    assert status == 1
    assert "docker compose --profile serving up -d" in err
    for name, value in (("GATEWAY_URL", "localhost:8000"), ("GATEWAY_API_KEY", "a\nb")):
        monkeypatch.setenv(name, value)
        status, _, err = ask("health")
        assert status == 2
        assert name in err
        monkeypatch.delenv(name)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_one_sentence(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("GATEWAY_URL", "http://gateway.example")
    monkeypatch.setenv("http_proxy", proxy)
    status, _, err = ask("health")
    assert status == 2
    assert f"http_proxy={proxy} cannot be used" in err


def test_a_job_is_followed_over_a_broken_stream(
    ask: Ask, gateway: Fake, pauses: list[float]
) -> None:
    states = [f"event: job\ndata: {json.dumps(state)}\n\n".encode() for state in (PROCESSING, DONE)]
    stream = {"Content-Type": "text/event-stream"}
    gateway.tell((200, b": hello\n\n" + states[0], stream), (200, b"".join(states), stream))
    status, out, _ = ask("job", "j-1", "--follow")
    assert (status, pauses) == (0, [1.0])
    assert [line.split() for line in out.splitlines()] == [
        ["j-1", "processing"],
        ["j-1", "completed", "161.837"],
    ]
    gateway.tell((200, b"event: expired\ndata: {}\n\n", stream))
    status, _, err = ask("job", "j-1", "--follow")
    assert status == 1
    assert "expired" in err


def test_health(ask: Ask, gateway: Fake) -> None:
    gateway.tell((200, {"status": "ok", "broker": "ok", "redis": "ok", "queue": 12}, {}))
    status, out, _ = ask("health")
    assert status == 0
    assert out.splitlines()[-1] == "queue           12"
    gateway.tell((503, {"status": "down", "redis": "connection refused"}, {}))
    status, out, _ = ask("health")
    assert status == 1
    assert out.splitlines()[-1] == "redis           connection refused"


def test_ctrl_c_ends_it(gateway: Fake) -> None:
    gateway.tell(refusal(503, "no broker", Retry_After="30"))
    command = [sys.executable, "-m", "pipeline", "ask", "job", "x"]
    environment = os.environ | {"GATEWAY_URL": gateway.url}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as ask:
        eventually(lambda: gateway.asked, "the question")
        ask.send_signal(signal.SIGINT)
        assert ask.wait(PATIENCE_SECONDS) == 130
