"""What the gateway tells of itself, and what it asks of a request before it reads it."""

import json
import re
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from pipeline.messages import new_id
from support.gateway_client import JSON, SCALED, WAIT, Gateway
from support.service import ROOT, Service

MIB = 2**20
BODY = json.dumps({"data": SCALED}).encode()


def test_it_says_that_all_is_well(gateway: Gateway) -> None:
    health = gateway.http.get("/health").json()
    assert health == {"status": "ok", "broker": "ok", "redis": "ok", "queue": 0}


def test_prometheus_is_told_of_requests_jobs_labels_and_answers(gateway: Gateway) -> None:
    series = (
        "gateway_jobs_total",
        "gateway_labels_total",
        'gateway_request_seconds_count{method="POST",route="/predict",status="200"}',
        'gateway_request_seconds_count{method="GET",route="none",status="404"}',
    )
    before = [gateway.count(name) for name in series]
    job_id = gateway.predict([SCALED] * 3, WAIT).json()["jobs"][0]["job_id"]
    gateway.label(job_id, 5)
    gateway.http.get(f"/{new_id()}")
    after = [gateway.count(name) for name in series]
    assert [now - then for now, then in zip(after, before, strict=True)] == [3, 1, 1, 1]
    answer = gateway.http.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert re.search(r"^process_resident_memory_bytes \d", answer.text, re.M)
    assert job_id not in answer.text


def test_the_description_is_served_without_the_internet(gateway: Gateway) -> None:
    page = gateway.http.get("/docs")
    assert page.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert "//" not in address
        assert gateway.http.get(f"/{address.lstrip('/')}").status_code == 200
    paths = gateway.http.get("/openapi.json").json()["paths"]
    assert "security" not in paths["/predict"]["post"], "there is no key"
    assert {"/predict", "/job/{job_id}", "/job/{job_id}/events", "/label/{job_id}"} <= set(paths)
    assert {"/health", "/metrics", "/rows/random", "/schema", "/predictions"} <= set(paths)


def test_the_head_of_each_answer_can_be_had_alone(gateway: Gateway) -> None:
    job_id = gateway.predict(SCALED).json()["job_id"]
    paths = ("/", "/docs", "/health", "/metrics", "/openapi.json", "/asyncapi.json",
             "/static/form.js", "/schema", "/links", "/rows/random", "/predictions", "/models",
             "/models/a", "/changes",
             f"/job/{job_id}", "/job/a", "/job/a/events", "/nothing", "/predict")  # fmt: skip
    for path in paths:
        answers = [gateway.http.request(method, path) for method in ("HEAD", "GET")]
        assert answers[0].content == b""
        kinds = [(answer.status_code, answer.headers["Content-Type"]) for answer in answers]
        assert kinds[0] == kinds[1]
    head = gateway.http.head(f"/job/{job_id}/events")
    assert head.status_code == 200
    assert head.headers["Content-Type"].startswith("text/event-stream")


def test_pages_of_others_may_not_ask(gateway: Gateway) -> None:
    origin = {"Origin": "http://elsewhere.example"}
    wish = {"Access-Control-Request-Method": "POST"}
    answers = [
        gateway.http.post("/predict", content=BODY, headers=JSON | origin),
        gateway.http.get("/health", headers=origin),
        gateway.http.options("/predict", headers=origin | wish),
    ]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert [answer.status_code for answer in answers] == [403] * 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/predict", 405), ("DELETE", "/job/a", 405), ("POST", "/job/a", 405),
     ("GET", "/label/a", 405), ("POST", "/nothing", 404), ("GET", "/job/", 404),
     ("GET", "/job/a/", 404), ("GET", "/static/../app.py", 404),
     ("GET", "/static/%2e%2e/app.py", 404)],
)  # fmt: skip
def test_what_is_not_there_is_told(gateway: Gateway, method: str, path: str, status: int) -> None:
    assert (ROOT / "gateway" / "src" / "app.py").exists(), "it is there to be asked for"
    answer = gateway.http.request(method, path)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)


def test_a_body_of_more_than_a_mebibyte_is_refused(gateway: Gateway) -> None:
    body = BODY + b" " * (MIB - len(BODY))
    assert gateway.post("/predict", body).status_code == 202
    for path in ("/predict", f"/label/{new_id()}", "/nothing"):
        answer = gateway.post(path, body + b" ")
        assert answer.status_code == 413
        assert "1,048,576 bytes" in answer.json()["detail"]


def test_a_body_that_does_not_say_its_length_is_refused_too(gateway: Gateway) -> None:
    def parts(size: int) -> Iterator[bytes]:
        yield BODY
        yield b" " * (MIB - len(BODY) - 1)
        yield b" " * size

    assert gateway.http.post("/predict", content=parts(1), headers=JSON).status_code == 202
    answer = gateway.http.post("/predict", content=parts(2), headers=JSON)
    assert answer.status_code == 413


def test_a_body_whose_length_is_said_wrong_does_not_come_in(gateway: Gateway) -> None:
    for length in ("9" * 30, str(2 * MIB)):
        with socket.create_connection((gateway.http.base_url.host, gateway.port), 5) as client:
            client.sendall(
                f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {length}".encode()
            )
            client.sendall(b"\r\nContent-Type: application/json\r\n\r\n")
            assert re.match(rb"HTTP/1.1 4(00|13) ", client.recv(100)), length


def test_more_than_a_thousand_rows_are_refused(gateway: Gateway) -> None:
    answer = gateway.predict([[0] * 10] * 1001)
    assert answer.status_code == 413
    assert "1,001" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("prefer", "status"),
    [("wait=20", 200), ("respond-async, wait=20", 200), ('wait="20"', 200), ("WAIT = 20", 200),
     ("wait=soon", 202), ("wait=-5", 202), ("wait=0", 202), ("await=5", 202), ("ü", 202)],
)  # fmt: skip
def test_how_one_asks_to_wait(gateway: Gateway, prefer: str, status: int) -> None:
    answer = gateway.predict(SCALED, {b"Prefer": prefer.encode()})  # type: ignore[dict-item]
    assert answer.status_code == status
    assert ("Preference-Applied" in answer.headers) == (status == 200)


@pytest.mark.parametrize("key", ["a" * 256, "ü" * 200])
def test_a_key_for_repeats_that_is_too_long_is_refused(gateway: Gateway, key: str) -> None:
    answer = gateway.predict(SCALED, {b"Idempotency-Key": key.encode()})  # type: ignore[dict-item]
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["header", "Idempotency-Key"]


API_KEY = "a-k3y!"


def test_who_has_not_the_key_may_look_but_not_ask(start_gateway: Callable[..., Gateway]) -> None:
    gateway = start_gateway(gateway_api_key=API_KEY)
    for key in (None, b"", b"wrong", API_KEY.encode()[:-1], API_KEY.encode() * 2, b"\xff"):
        headers = {} if key is None else {b"X-API-Key": key}
        for method, path in (("POST", "/predict"), ("POST", "/label/a"), ("GET", "/job/a"),
                             ("GET", "/job/a/events")):  # fmt: skip
            answer = gateway.http.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert "X-API-Key" in answer.json()["detail"]
    for path in ("/", "/docs", "/openapi.json", "/asyncapi.json", "/health", "/metrics",
                 "/rows/random", "/schema", "/static/index.html"):  # fmt: skip
        assert gateway.http.get(path).status_code == 200
    gateway.http.headers = httpx.Headers({b"X-API-Key": API_KEY.encode()})
    job_id = gateway.predict(SCALED).json()["job_id"]
    assert gateway.job(job_id).status_code == 200
    assert gateway.label(job_id, 5).status_code == 202
    assert API_KEY not in gateway.service.log()
    description = gateway.http.get("/openapi.json").json()
    assert "security" in description["paths"]["/predict"]["post"]
    assert "security" not in description["paths"]["/health"]["get"]


def test_a_port_that_is_taken_is_one_clear_line(start: Callable[..., Service]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        service = start("gateway", gateway_port=port)
        assert service.wait() == 1
    last = service.log().splitlines()[-1]
    assert f"GATEWAY_HOST=127.0.0.1 GATEWAY_PORT={port}: cannot listen there: " in last
    assert "Traceback" not in service.log()
