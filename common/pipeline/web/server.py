"""Serves HTTP alongside a service's own loop: in a thread, with limits and browser rules."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import WebError
from pipeline.throttled_log import LogThrottleFilter
from pipeline.web.connections import affordable, bounded

log = logging.getLogger(__name__)

STOP_SECONDS = 3.0
LAST_ANSWERS_SECONDS = 2  # for the requests in hand when the end comes

# Scripts and styles are our own files. The two hashes are for style elements that Plotly makes
# itself, an empty one that it fills by script, and one for maps.
_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)
HEADERS = {
    "Cache-Control": "no-cache",  # a browser asks each time; unchanged content is not sent again
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    f"style-src 'self' {' '.join(_STYLES)}; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class WebServer:
    """Serves an application at `address`, in a thread of its own, while it is entered.

    `title` is its name in the log; `settings` is how its settings begin, such as PLOT for
    PLOT_PORT. `shown_url` is where people find it, if not at that address, as in a container.
    `let_go` is called in the server's thread when it ends, to end responses that have no end of
    their own. Raises WebError if it cannot listen.
    """

    def __init__(  # noqa: PLR0913
        self,
        app: Starlette,
        title: str,
        settings: str,
        listen_at: tuple[str, int],
        *,
        max_connections: int,
        let_go: Callable[[], None],
        shown_url: str = "",
    ) -> None:
        self._title = title
        self._socket = listen(settings, *listen_at)
        host, port = self._socket.getsockname()[:2]
        self.address = shown_url or address(host, port)
        self._let_go = let_go
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server = uvicorn.Server(configuration(app, affordable(max_connections)))
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        log.info("%s at %s", self._title, self.address)
        return self

    def __exit__(self, *_: object) -> None:
        """Answers the requests in hand, lets the other connections go, and ends."""
        self._server.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has already ended
                self._loop.call_soon_threadsafe(self._let_go)
        self._thread.join(STOP_SECONDS)

    def give_up(self, failure: BaseException | None) -> None:
        """Ends because something that it needs has failed; check() tells."""
        self._failure = failure
        self._server.should_exit = True

    def check(self) -> None:
        """Raises WebError if nothing is served any more."""
        if not self._thread.is_alive():
            raise WebError(f"the web server has stopped: {self._failure!r}") from self._failure

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
                self._loop = runner.get_loop()
                runner.run(self._server.serve(sockets=[self._socket]))
        except BaseException as failure:  # in a thread: check() reports it
            self._failure = failure


class LineEnds:
    """Middleware: ends JSON with a line feed, so that a terminal's prompt begins a new line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_json = False

        async def ended(message: Message) -> None:
            nonlocal is_json
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                is_json = "json" in headers.get("content-type", "")
                is_json = is_json and "content-encoding" not in headers  # or it would be damaged
                if is_json and "content-length" in headers:
                    headers["content-length"] = str(int(headers["content-length"]) + 1)
            elif is_json and not message.get("more_body"):
                message = {**message, "body": message.get("body", b"") + b"\n"}
            await send(message)

        await self._app(scope, receive, ended if scope["type"] == "http" else send)


class _AnsweredError(Exception):
    """Ends an answer whose head is sent, as nobody asked for the rest."""


class Head:
    """Middleware: answers HEAD with the head of what GET would get, even if that has no end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send(message)
            await send({"type": "http.response.body"})
            raise _AnsweredError

        try:
            await self._app({**scope, "method": "GET"}, receive, send_head)
        except* _AnsweredError:
            pass


def address(host: str, port: int) -> str:
    """Returns a URL to open: localhost in place of an address that stands for all of a machine's.

    >>> address("0.0.0.0", 8080), address("::1", 8080)
    ('http://localhost:8080/', 'http://[::1]:8080/')
    """
    if host in {"0.0.0.0", "::"}:
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def configuration(app: Starlette, max_connections: int) -> uvicorn.Config:
    """Returns the server's configuration: rules for browsers, limits, and no log of its own."""
    app.router.redirect_slashes = False  # it would redirect to a host that the client names
    logging.getLogger("uvicorn.error").addFilter(LogThrottleFilter())  # it warns at each request
    return uvicorn.Config(
        Head(LineEnds(app)),
        http=bounded(max_connections),
        headers=list(HEADERS.items()),
        server_header=False,
        access_log=False,
        log_config=None,
        ws="none",
        lifespan="on",  # nothing is served without the background tasks
        limit_concurrency=max_connections,
        timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
    )


def listen(settings: str, host: str, port: int) -> socket.socket:
    """Returns a listening socket; port 0 is any free one. Raises WebError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:  # UnicodeError: from an invalid name
        reason = getattr(error, "strerror", None) or error
        raise WebError(
            f"{settings}_HOST={host} {settings}_PORT={port}: cannot listen there: {reason}; "
            f"{settings}_PORT=0 takes any free port"
        ) from error
