"""The live page for tests: rows as metric writes them, and what plot answers to a plain client."""

import http.client
import json
import time
from collections.abc import Collection
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from half import Half
from ledger import Ledger
from pipeline.queues import Y_PRED, Y_TRUE
from support.pages import page_address
from support.service import Service
from support.waiting import PATIENCE_SECONDS

NOTHING_THERE = "http://guest:guest@127.0.0.1:1/%2F"


def write(
    ledger: Ledger,
    *pairs: tuple[str, float, float],
    halves: Collection[str] = (Y_TRUE, Y_PRED),
) -> None:
    """Ids with label and prediction, or one of the `halves` only, as metric writes them."""
    now = int(time.time() * 1000)
    received = [
        half
        for row_id, y_true, y_pred in pairs
        for half in (
            Half(row_id, Y_TRUE, y_true, now, now - 5),
            Half(row_id, Y_PRED, y_pred, now, now - 2, now - 6),
        )
        if half.queue in halves
    ]
    ledger.take(received, now)


def connect(plot: Service) -> http.client.HTTPConnection:
    parts = urlsplit(page_address(plot))
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE_SECONDS)


def ask(
    plot: Service, path: str, method: str = "GET"
) -> tuple[int, http.client.HTTPMessage, bytes]:
    with closing(connect(plot)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def get(plot: Service, path: str) -> Any:
    status, _, body = ask(plot, path)
    assert status == 200, body
    return json.loads(body)
