"""The names by which a service that asks for no key may be called."""

import re
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL_ENDINGS = (".localhost", ".local", ".internal")
_HOST = re.compile(r"(?P<name>[\w.-]*|\[[\da-f:.]+(%[\w.-]+)?\])(:\d*)?", re.ASCII | re.I)
SHOWN = 100  # characters of a name that are shown


class LocalHosts:
    """Middleware: answers only requests to an address or a local name.

    A foreign page can make its own name lead to this machine, and then ask us on behalf of the
    person who reads it (DNS rebinding). It cannot have a name without a dot. `advice` tells others
    what to do instead.
    """

    def __init__(self, app: ASGIApp, advice: str) -> None:
        self._app = app
        self._advice = advice

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        host = ", ".join(Headers(scope=scope).getlist("host"))  # of two headers none counts
        if is_local(host):
            await self._app(scope, receive, send)
            return
        text = f"{host[:SHOWN]!r} is neither an address nor a local name: {self._advice}"
        await JSONResponse({"detail": text}, 421)(scope, receive, send)


def is_local(host: str) -> bool:
    """Returns True if a Host header is a name that no foreign web page can have.

    >>> [is_local(host) for host in ("localhost:8000", "gateway", "127.0.0.1:80", "[::1%eth0]", "")]
    [True, True, True, True, True]
    >>> [is_local(host) for host in ("evil.example", "127.0.0.1.evil.example:8000", "[", "a b.c")]
    [False, False, False, False]
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].lower().strip("[]")
    return "." not in name or name.endswith(LOCAL_ENDINGS) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
