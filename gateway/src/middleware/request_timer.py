"""Measures how long requests take."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counters import Counters


class RequestTimer:
    """Middleware: counts each request under the route that it matched."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                labels = (scope["method"], route, str(message["status"]))
                self._counters.requests.labels(*labels).observe(time.perf_counter() - started)
            await send(message)

        await self._app(scope, receive, send_timed)
