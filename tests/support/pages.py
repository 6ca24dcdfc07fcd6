"""Server-sent events, as a reader of a page gets them."""

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from support.service import Service
from support.waiting import PATIENCE_SECONDS, eventually


def events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    """Kind and data of each event as it comes."""
    kind = ""
    for line in answer:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def page_address(plot: "Service") -> str:
    """Where the page of a plot is, as soon as it is there."""
    found: list[str] = eventually(lambda: re.findall(r"page at (\S+)", plot.log()), "the page")
    return found[-1]


def next_event(page: str, kind: str) -> Any:
    """Returns the data of the next server-sent event of this kind, of the page at this URL."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with urllib.request.urlopen(f"{page}events", timeout=PATIENCE_SECONDS) as answer:
        for found, data in events(answer):
            assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: an event {kind}"
            if found == kind:
                return data
    raise AssertionError(f"the stream ended without an event {kind}")
