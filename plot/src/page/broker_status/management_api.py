"""Asks RabbitMQ's management API over HTTP, and says in plain words why it does not answer."""

import socket
import urllib.request
from base64 import b64encode
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit

TIMEOUT_SECONDS = 2.0  # of silence
MAX_BYTES = 1 << 22  # of an answer


class BrokerApi:
    """The management API at one URL, http://user:password@host:port/vhost."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = str(parts.hostname)
        self.vhost = quote(unquote(parts.path[1:]) or "/", safe="")
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{parts.port}" if parts.port else ""
        self._root = f"{parts.scheme}://{host}{port}/api/"
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        self._headers = {"Authorization": f"Basic {b64encode(login).decode()}"}
        # Straight to the broker, whatever proxy the environment has for the world outside.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)

    def get(self, path: str) -> bytes:
        """Returns the body of an answer of 200. Raises any error that a server may cause."""
        request = urllib.request.Request(self._root + path, headers=self._headers)
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read(MAX_BYTES)
        return content

    def why(self, error: Exception) -> str:
        """Explains to people, in a sentence, an error raised by `get` or by reading its answer."""
        return f"{self.host} {_why(error)}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the password must not reach another server."""

    def redirect_request(self, *_: object) -> None:
        return None


_STATUSES = {
    401: "refuses user or password of MANAGEMENT_URL, or the tag monitoring is missing (401)",
    403: "does not allow it to the user of MANAGEMENT_URL (403)",
    404: "does not have the virtual host of MANAGEMENT_URL (404)",
}


def _why(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return _STATUSES.get(error.code, f"answers with status {error.code}")
    cause = getattr(error, "reason", error)  # urllib wraps what a socket raises
    if isinstance(cause, socket.gaierror):
        return "is not found: it is stopped, or MANAGEMENT_URL names another machine"
    if isinstance(cause, ConnectionRefusedError):
        return "refuses the connection: RabbitMQ is stopped, or still starting"
    if isinstance(cause, TimeoutError):
        return f"does not answer within {TIMEOUT_SECONDS:.0f} s"
    if isinstance(cause, OSError):
        return f"is not reachable: {cause.strerror or cause}"
    return "answers, but not as RabbitMQ's management API does"
