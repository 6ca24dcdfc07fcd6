"""Who may call the gateway, and by which names, as long as it asks for no key."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL_ENDINGS = (".localhost", ".local", ".internal")


class LocalHosts:
    """Middleware: answers those who call it by an address or a local name, and from no other page.

    A page elsewhere can have its own name lead to this machine, and then asks us in the name of the
    person who reads it (DNS rebinding). It cannot have a name without a dot. It can also call us by
    a name of ours, where no body needs to be JSON; but then the browser says whose page it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not is_local(headers.get("host", "")):
            text = "by this name it is reached with a key only: see GATEWAY_API_KEY"
            await JSONResponse({"detail": text}, 421)(scope, receive, send)
        elif not is_local_page(headers.get("origin")):
            text = "from a page elsewhere it is reached with a key only: see GATEWAY_API_KEY"
            await JSONResponse({"detail": text}, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_local(host: str) -> bool:
    """Whether a Host header names what no web page elsewhere is called.

    >>> [is_local(host) for host in ("localhost:8000", "gateway", "127.0.0.1:80", "[::1]", "")]
    [True, True, True, True, True]
    >>> [is_local(host) for host in ("evil.example", "127.0.0.1.evil.example:8000", "[", "a b.c")]
    [False, False, False, False]
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if "." not in name or name.endswith(LOCAL_ENDINGS):
        return not name.count(":") or _is_address(name)
    return _is_address(name)


def is_local_page(origin: str | None) -> bool:
    """Whether an Origin header, if there is one, is of a page from here.

    >>> [is_local_page(origin) for origin in (None, "http://localhost:8000", "http://127.0.0.1")]
    [True, True, True]
    >>> [is_local_page(origin) for origin in ("https://evil.example", "null", "")]
    [False, False, False]
    """
    if origin is None:
        return True
    _, there_is, host = origin.partition("://")
    return bool(there_is) and is_local(host)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
