"""The HTTP routes of the live page."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from logs.metric_state import MetricStateError
from page.broker_status.monitor import BrokerMonitor
from page.event_stream import EventStream
from page.narrator import Narrator
from pipeline.health import STALE_AFTER_SECONDS
from pipeline.ids import MAX_ID_CHARACTERS

STATIC = Path(__file__).parent / "static"
SHARED: list[str | tuple[str, str]] = [("pipeline", "static"), ("plotly", "package_data")]
CHUNK_BYTES = 1 << 18


class Json(Response):
    """A JSON answer; a number that is not finite becomes null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class Routes:
    """The handlers, and their sources. Any method that does more than read is answered with 405."""

    def __init__(self, narrator: Narrator, monitor: BrokerMonitor, stream: EventStream) -> None:
        self._narrator = narrator
        self._monitor = monitor
        self._stream = stream

    def all(self) -> list[BaseRoute]:
        """Returns the routes: each path with its handler."""
        return [
            Route("/", self.page),
            Route("/events", self.events),
            Route("/api/summary", self.summary),
            Route("/api/predictions", self.predictions),
            Route("/api/models", self.models),
            Route("/api/trace", self.trace),
            Route("/error_distribution.png", self.picture),
            Route("/metric_log.csv", self.csv),
            Route("/health", self.health),
            Mount("/static", StaticFiles(directory=STATIC, packages=SHARED)),
        ]

    def page(self, _: Request) -> Response:
        about = msgspec.json.encode(self._narrator.about).decode().replace("<", r"\u003c")
        page = (STATIC / "index.html").read_text("utf-8")
        return HTMLResponse(page.replace("{{about}}", about))

    async def events(self, _: Request) -> Response:
        return StreamingResponse(self._stream.follow(), media_type="text/event-stream")

    def summary(self, _: Request) -> Response:
        letters = self._monitor.snapshot().queues.get("dead_letters")
        return Json(
            {
                **self._narrator.numbers(),
                **self._narrator.flow(),
                "dead_letters": letters and letters.known,
            }
        )

    def predictions(self, _: Request) -> Response:
        return Json(self._narrator.predictions())

    def models(self, _: Request) -> Response:
        try:
            return Json(self._narrator.models())
        except MetricStateError as error:
            return Json({"error": str(error)}, 503)

    def trace(self, request: Request) -> Response:
        row_id = request.query_params.get("id", "")
        if not 1 <= len(row_id) <= MAX_ID_CHARACTERS:  # any: the log may be somebody else's
            return Json({"error": f"an id has 1 to {MAX_ID_CHARACTERS} characters"}, 422)
        try:
            return Json(self._narrator.trace(row_id))
        except MetricStateError as error:
            return Json({"error": str(error)}, 503)

    def picture(self, _: Request) -> Response:
        try:
            # Read at once, as it may be replaced while it is sent.
            return Response(self._narrator.picture(), media_type="image/png")
        except FileNotFoundError:
            return Json({"error": "there is no picture yet: it comes with the first row"}, 404)

    def csv(self, _: Request) -> Response:
        try:
            file, length = self._narrator.csv()
        except FileNotFoundError:
            return Json({"error": "there is no metric_log.csv yet: metric creates it"}, 404)
        headers = {
            "Content-Length": str(length),
            "Content-Disposition": 'attachment; filename="metric_log.csv"',
        }
        return StreamingResponse(read(file, length), media_type="text/csv", headers=headers)

    async def health(self, _: Request) -> Response:
        seconds = time.monotonic() - self._narrator.polled_at
        is_well = seconds < STALE_AFTER_SECONDS
        status = "ok" if is_well else f"plot last checked for rows {seconds:.0f} s ago"
        return Json({"status": status}, 200 if is_well else 503)


def read(file: BinaryIO, length: int) -> Iterator[bytes]:
    """Yields `length` bytes from the start: a growing file may be longer than was announced."""
    offset = 0
    with file:
        while offset < length and (
            piece := os.pread(file.fileno(), min(length - offset, CHUNK_BYTES), offset)
        ):
            offset += len(piece)
            yield piece
