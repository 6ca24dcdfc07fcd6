"""The web pages that may ask the gateway as long as it asks for no key."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

DEFAULT_PORTS = {"http": ":80", "https": ":443"}
SHOWN = 100  # characters of an origin that are shown


class OwnOrigin:
    """Middleware: answers the gateway's own pages, and those of the `allowed` origins.

    A foreign page can call us by a local name, too, and a request without a body need not be JSON.
    But then the browser says whose page it is. A client that is no browser says nothing.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        for origin in headers.getlist("origin"):
            if origin not in self._allowed and not is_own(origin, host):
                text = (
                    f"a page of {origin[:SHOWN]!r} may not ask: CORS_ORIGINS lists those that may"
                )
                await JSONResponse({"detail": text}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_own(origin: str, host: str) -> bool:
    """Returns True if a page's origin is this host and port; a proxy may have added the TLS.

    >>> is_own("http://localhost:8000", "localhost:8000"), is_own("https://ml", "ml:443")
    (True, True)
    >>> is_own("http://localhost:3000", "localhost:8000"), is_own("null", "localhost")
    (False, False)
    """
    scheme, _, name = origin.lower().partition("://")
    port = DEFAULT_PORTS.get(scheme, "")
    return bool(port and name) and name.removesuffix(port) == host.lower().removesuffix(port)
