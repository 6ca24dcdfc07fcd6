"""A server of HTTP that answers as it is told, for clients of the gateway."""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.table import built_in
from pipeline.table.schema import Schema

Answer = tuple[int, Any, dict[str, str]] | bytes | None  # bytes: all of it; None: none at all


class Fake(ThreadingHTTPServer):
    """Gives the answers that it was told, in order, the last for ever; keeps what it was asked.

    Until it is told something, its answer is 404. Whoever asks for the schema is told `schema`, at
    any time, and this is not kept; if it is None, the next answer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.schema: Schema | None = built_in.default()
        self.answers: Iterator[Answer] = itertools.repeat(refusal(404))
        self.asked: list[tuple[str, dict[str, str], Any]] = []

    def tell(self, *answers: Answer) -> None:
        self.answers = itertools.chain(answers, itertools.repeat(answers[-1]))


class _Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_GET(self) -> None:
        if self.path == "/schema" and self.server.schema:
            self._send(200, self.server.schema.to_json(), {})
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((f"{self.command} {self.path}", headers, json.loads(body or "0")))
        answer = next(self.server.answers)
        if isinstance(answer, bytes):
            self.wfile.write(answer)
        elif answer is not None:
            self._send(*answer)

    do_POST = do_DELETE = do_GET  # noqa: N815  # as http.server wants it

    def _send(self, status: int, content: Any, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering() -> Iterator[Fake]:
    """One that runs."""
    with Fake() as fake:
        threading.Thread(target=fake.serve_forever, args=[0.01], daemon=True).start()
        yield fake
        fake.shutdown()


def refusal(status: int, detail: Any = "no", **headers: str) -> Answer:
    return status, {"detail": detail}, {n.replace("_", "-"): v for n, v in headers.items()}
