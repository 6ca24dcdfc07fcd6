"""A body comes whole and in time, or not at all."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from middleware import body_limit
from middleware.body_limit import BodyLimit

MAX_BODY_BYTES, MAX_BODY_VALUES = 1000, 5
MANY = {"detail": "a body has at most 5 values, not 6"}
SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "path": "/predict", "headers": []}


def ask(parts: list[dict[str, Any]], **scope: Any) -> tuple[int, Any]:
    """Status and JSON of the answer to a body that comes in these parts, and then no more."""
    sent: list[Any] = []

    async def app(_: Any, receive: Any, send: Any) -> None:
        body = json.dumps(len((await receive())["body"])).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def receive() -> Any:
        if not parts:
            await asyncio.Event().wait()
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def call() -> None:
        await BodyLimit(app, MAX_BODY_BYTES, MAX_BODY_VALUES)(SCOPE | scope, receive, send)

    # In a thread: a test in a browser may have left its event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, call()).result()
    return sent[0]["status"], json.loads(sent[1]["body"])


def part(size: int, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": b" " * size, "more_body": more}


def test_a_body_in_parts_comes_whole() -> None:
    assert ask([part(5), part(0), part(7, more=False)]) == (200, 12)
    assert ask([part(MAX_BODY_BYTES - 1), part(1, more=False)]) == (200, MAX_BODY_BYTES)


def test_a_body_that_is_too_large_is_not_waited_for() -> None:
    assert ask([part(MAX_BODY_BYTES), part(1)])[0] == 413
    announced = [(b"content-length", b"%d" % (MAX_BODY_BYTES + 1))]
    assert ask([], headers=announced)[0] == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[[],[],[],[],[]]", 200),
        (b"[[],[],[],[],[],[]]", 413),
        (b'["a,b,c,d,e,f,g", ",,,,\\",,,,,"]', 200),
        (b'[",", 1, 2, 3, 4, 5]', 413),
    ],
)
def test_a_body_of_too_many_values_is_not_parsed(body: bytes, status: int) -> None:
    found, answer = ask([{"type": "http.request", "body": body, "more_body": False}])
    assert (found, answer) == (status, len(body) if status == 200 else MANY)


def test_a_body_that_comes_too_slowly_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "BODY_SECONDS", 0.01)
    status, answer = ask([part(5), part(5)])
    assert status == 408
    assert "within 0.01 s" in answer["detail"]
