"""Requests as no client library would send them."""

import http.client
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from support.waiting import PATIENCE_SECONDS


class Answer(NamedTuple):
    """What came, until the server closed the connection or the answer had ended."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def send(address: str, *lines: str) -> Answer:
    """Sends these lines as the head of a request that has no body."""
    parts = urlsplit(address)
    place = (str(parts.hostname), parts.port or 80)
    head = "".join(f"{line}\r\n" for line in (*lines, "Connection: close", ""))
    with socket.create_connection(place, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode("latin-1"))
        answer = http.client.HTTPResponse(connection, method=lines[0].partition(" ")[0])
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())
