"""Who may ask a gateway without a key: by which names, and from which web pages."""

from collections.abc import Callable

import httpx
import pytest

from support.gateway_client import Gateway
from support.raw_http import send

StartGateway = Callable[..., Gateway]
PAGE = "https://course.example:3000"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,idempotency-key,prefer,x-api-key",
}

NAMES = ("localhost:8000", "LOCALHOST", "gateway:8000", "my_gateway", "10.0.0.7", "[::1]:8000",
         "[FE80::1]", "[fe80::1%eth0]:8000", "laptop.local", "ml.internal:80", "a.localhost", "",
         ":8000")  # fmt: skip
OTHER_NAMES = (
    "elsewhere.example", "ELSEWHERE.EXAMPLE:8000", "localhost.elsewhere.example",
    "elsewhere.example.", "127.0.0.1.elsewhere.example", "127.0.0.1.", "1.2.3.4.5",
    "elsewhere.local.example", "[::1",
    "localhost:80@elsewhere.example", "elsewhere.example@localhost", "elsewhere.example/@localhost",
    "localhost elsewhere.example", "localhost, elsewhere.example", "localhost#.elsewhere.example",
    "localhost:elsewhere.example", "elsewhere.example\\.localhost", "[elsewhere.example]",
    "élsewhere.localhost", "localhost:8000:8000",
)  # fmt: skip


@pytest.mark.parametrize("host", NAMES)
def test_without_a_key_it_answers_to_local_names(gateway: Gateway, host: str) -> None:
    assert send(gateway.address, "GET /health HTTP/1.1", f"Host: {host}").status == 200


@pytest.mark.parametrize("host", OTHER_NAMES)
def test_without_a_key_it_answers_to_no_other_name(gateway: Gateway, host: str) -> None:
    for line in ("GET / HTTP/1.1", "GET /health HTTP/1.0", "POST /rollback HTTP/1.1"):
        refused = send(gateway.address, line, f"Host: {host}")
        assert refused.status == 421, refused.body
        assert b"GATEWAY_API_KEY" in refused.body


ODD: dict[str, tuple[int, list[str]]] = {
    "no host": (200, ["GET /health HTTP/1.0"]),
    "two hosts": (421, ["GET /health HTTP/1.1", "Host: localhost", "Host: elsewhere.example"]),
    "two hosts, the last one local": (
        421, ["GET /health HTTP/1.1", "Host: elsewhere.example", "Host: localhost"]
    ),
    "a whole URL": (421, ["GET http://localhost/health HTTP/1.1", "Host: elsewhere.example"]),
    "a proxy's word for it": (
        421, ["GET /health HTTP/1.1", "Host: elsewhere.example", "X-Forwarded-Host: localhost",
              "Forwarded: host=localhost"],
    ),
    "a WebSocket": (
        421, ["GET /job/a/events HTTP/1.1", "Host: elsewhere.example", "Connection: Upgrade",
              "Upgrade: websocket", "Sec-WebSocket-Key: AAAA", "Sec-WebSocket-Version: 13"],
    ),
    "a WebSocket of a page": (
        403, ["GET /job/a/events HTTP/1.1", "Host: localhost", "Connection: Upgrade",
              "Upgrade: websocket", "Origin: http://elsewhere.example"],
    ),
    "events": (421, ["GET /job/a/events HTTP/1.1", "Host: elsewhere.example"]),
    "events of a page": (
        403, ["GET /job/a/events HTTP/1.1", "Host: localhost", "Origin: http://elsewhere.example"]
    ),
    "a page, and no host": (403, ["GET /health HTTP/1.0", "Origin: http://elsewhere.example"]),
    "no page, and no host": (403, ["GET /health HTTP/1.0", "Origin: http://"]),
}  # fmt: skip


@pytest.mark.parametrize(("status", "lines"), ODD.values(), ids=ODD)
def test_no_odd_request_gets_round_it(gateway: Gateway, status: int, lines: list[str]) -> None:
    assert send(gateway.address, *lines).status == status


OWN = [
    ("localhost:8000", "http://localhost:8000"),
    ("LocalHost:8000", "http://localhost:8000"),
    ("127.0.0.1:8000", "http://127.0.0.1:8000"),
    ("[::1]:8000", "http://[::1]:8000"),
    ("gateway", "http://gateway"),
    ("gateway:80", "http://gateway"),
    ("ml.internal", "https://ml.internal"),  # a proxy has added the TLS
    ("ml.internal:443", "https://ml.internal"),
    ("ml.internal:8443", "https://ml.internal:8443"),
]
FOREIGN = [
    ("localhost:8000", "https://elsewhere.example"),
    ("localhost:8000", "http://10.0.0.9"),
    ("localhost:8000", "http://[2001:db8::1]:8000"),
    ("localhost:8000", "http://printer.local"),
    ("localhost:8000", "http://host.docker.internal:8000"),
    ("localhost:8000", "http://intranet"),
    ("localhost:8000", "http://localhost"),
    ("localhost:8000", "http://localhost:3000"),
    ("localhost:8000", "http://127.0.0.1:8000"),
    ("localhost:8000", "http://localhost:8000.elsewhere.example"),
    ("localhost:8000", "http://elsewhere.example/http://localhost:8000"),
    ("localhost:8000", "http://elsewhere.example@localhost:8000"),
    ("localhost:8000", "ftp://localhost:8000"),
    ("localhost:8000", "chrome-extension://localhost:8000"),
    ("localhost:8000", "localhost:8000"),
    ("localhost:8000", "null"),
    ("localhost:8000", ""),
    ("localhost:8000", "http://localhost:8000, http://elsewhere.example"),
    ("null", "null"),
    ("", ""),
]


@pytest.mark.parametrize(("host", "origin"), OWN)
def test_without_a_key_its_own_pages_are_answered(gateway: Gateway, host: str, origin: str) -> None:
    lines = "GET /models HTTP/1.1", f"Host: {host}", f"Origin: {origin}"
    assert send(gateway.address, *lines).status == 200


@pytest.mark.parametrize(("host", "origin"), FOREIGN)
def test_without_a_key_no_page_elsewhere_is_answered(
    gateway: Gateway, host: str, origin: str
) -> None:
    for line in ("POST /rollback HTTP/1.1", "GET /models HTTP/1.0", "OPTIONS /predict HTTP/1.1"):
        refused = send(gateway.address, line, f"Host: {host}", f"Origin: {origin}")
        assert refused.status == 403, refused.body
        assert b"CORS_ORIGINS" in refused.body
        assert b"KEY" not in refused.body, "no key would help the page"
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_of_two_origins_both_count(gateway: Gateway) -> None:
    own, other = f"Origin: {gateway.address.rstrip('/')}", "Origin: http://elsewhere.example"
    host = f"Host: 127.0.0.1:{gateway.port}"
    for pair in ((own, other), (other, own)):
        assert send(gateway.address, "POST /rollback HTTP/1.1", host, *pair).status == 403


@pytest.mark.parametrize("key", ["", "s3cret"])
def test_a_page_that_is_named_may_ask(start_gateway: StartGateway, key: str) -> None:
    gateway = start_gateway(
        {"X-API-Key": key} if key else {},
        gateway_api_key=key,
        cors_origins=f"{PAGE.upper()}/, http://10.0.0.9:80",
    )

    def ask(path: str, *origins: str, **headers: str) -> httpx.Response:
        pairs = [*headers.items(), *(("Origin", origin) for origin in origins)]
        return gateway.http.get(path, headers=pairs)

    allowed = gateway.http.options("/predict", headers=PREFLIGHT | {"Origin": PAGE})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    for origin in (PAGE, "http://10.0.0.9"):
        for path, status in (("/job/a", 404), ("/health", 200)):
            answer = ask(path, origin)
            assert answer.status_code == status
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert "Location" in answer.headers["Access-Control-Expose-Headers"]
    other = "https://elsewhere.example"
    refused = gateway.http.options("/predict", headers=PREFLIGHT | {"Origin": other})
    assert refused.status_code == 400
    assert "Access-Control-Allow-Origin" not in refused.headers
    for origins in ([other], ["null"], [f"{PAGE}0"], [PAGE, other]):
        answer = ask("/job/a", *origins)
        assert answer.status_code == (404 if key else 403), "with a key its browser keeps it out"
        assert answer.headers.get("Access-Control-Allow-Origin") in {None, PAGE}
    assert ask("/job/a", Host="elsewhere.example").status_code == (404 if key else 421)
