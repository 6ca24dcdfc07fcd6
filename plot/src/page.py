"""The live page: an HTTP server in a thread of its own, and what it pushes to its readers."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette

from feed import Feed
from management import Management
from pipeline.errors import PageError
from plotter import Plotter
from routes import Routes

log = logging.getLogger(__name__)

ROWS_SECONDS = 0.2  # between two looks for new rows, while there are readers
PIPELINE_SECONDS = 1.0
MOST_CONNECTIONS = 250
STOP_SECONDS = 3.0

# Scripts and styles are files of ours. The two hashes are of the style elements that Plotly makes
# itself, an empty one that it fills by script, and one for maps.
_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)
HEADERS = {
    "Cache-Control": "no-cache",  # to be asked for anew each time; what is the same is not sent
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    f"style-src 'self' {' '.join(_STYLES)}; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """Serves what a plotter knows, and what the broker says of itself.

    Only while there are readers is the broker asked, and a view of the rows made: once for all of
    them. Raises PageError where it cannot listen.
    """

    def __init__(self, host: str, port: int, plotter: Plotter, management: Management) -> None:
        self._socket = listen(host, port)
        name = f"[{host}]" if ":" in host else host
        self.address = f"http://{name}:{self._socket.getsockname()[1]}/"
        self._plotter = plotter
        self._management = management
        self._feed = Feed()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        routes = Routes(plotter, management, self._feed).all()
        self._server = uvicorn.Server(configuration(Starlette(routes=routes, lifespan=self._push)))
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)

    @property
    def is_watched(self) -> bool:
        """Whether anybody has the page open."""
        return self._feed.readers > 0

    def __enter__(self) -> Self:
        self._thread.start()
        log.info("page at %s", self.address)
        return self

    def __exit__(self, *_: object) -> None:
        """Lets all readers go."""
        self._server.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._feed.close)
        self._thread.join(STOP_SECONDS)

    def check(self) -> None:
        """Raises PageError if nothing is served any more."""
        if not self._thread.is_alive():
            raise PageError(f"the page has failed: {self._failure!r}") from self._failure

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as failure:  # of a thread: told by check()
            self._failure = failure

    @asynccontextmanager
    async def _push(self, _: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(push()) for push in (self._push_rows, self._push_pipeline)]
        for task in tasks:
            task.add_done_callback(self._give_up)
        yield
        for task in tasks:
            task.cancel()

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._failure = task.exception()
            self._server.should_exit = True

    async def _push_rows(self) -> None:
        """The view of the rows whenever there are more, and at once to the first reader."""
        pushed = None
        while True:
            await self._feed.watched.wait()
            if self._plotter.version != pushed or self._feed.lacks("rows"):
                pushed = self._plotter.version
                self._feed.put("rows", await asyncio.to_thread(self._plotter.view))
            await asyncio.sleep(ROWS_SECONDS)

    async def _push_pipeline(self) -> None:
        """Every second; every other one while a broker that does not answer is waited for."""
        while True:
            await self._feed.watched.wait()
            state = await asyncio.to_thread(pipeline, self._plotter, self._management)
            self._feed.put("pipeline", state)
            await asyncio.sleep(PIPELINE_SECONDS)


def pipeline(plotter: Plotter, management: Management) -> dict[str, Any]:
    """What happens between the services just now."""
    look = management.look()
    return {
        "now_in_ms": int(time.time() * 1000),
        "rows_per_second": plotter.rows_per_second(),
        "pending": plotter.pending(),
        "broker": {"reachable": look.reachable, "note": look.note},
        "queues": look.queues,
        "services": look.services,
    }


def configuration(app: Starlette) -> uvicorn.Config:
    """How it is served: with a policy for browsers, within limits, and without a log of its own."""
    app.router.redirect_slashes = False  # to a host that the asker names
    return uvicorn.Config(
        app,
        headers=list(HEADERS.items()),
        server_header=False,
        access_log=False,
        log_config=None,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any that is free. Raises PageError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:  # UnicodeError: of what is no name
        reason = getattr(error, "strerror", None) or error
        raise PageError(
            f"PLOT_HOST={host} PLOT_PORT={port}: cannot listen there: {reason}; "
            "PLOT_PORT=0 takes any free port"
        ) from error
