"""HTTP with a gateway: errors are put into words, and promising requests are tried again."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse, IncompleteRead
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import msgspec

from pipeline.errors import PipelineError, SettingsError

TRIES = 5
LONGEST_PAUSE_SECONDS = 30.0
MOST_BYTES = 1 << 22  # of one answer
MOST_PROBLEMS = 5  # shown at once, of those in one request

_NOBODY = (ConnectionRefusedError, socket.gaierror, ssl.SSLError)

T = TypeVar("T")


class GatewayError(PipelineError):
    """The gateway is not there, or has refused a request."""


class BusyError(GatewayError):
    """The request may succeed later: after `seconds`, if the gateway has said so."""

    def __init__(self, text: str, seconds: float | None = None) -> None:
        super().__init__(text)
        self.seconds = seconds


class Http:
    """Requests to one gateway, with its key. Raises GatewayError; `say` is told of each wait."""

    def __init__(self, url: str, key: str, say: Callable[[str], None]) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._say = say
        self._was_there = False
        # A proxy that the environment has for the outside world does not reach this machine.
        straight = [ProxyHandler({})] if _is_here(urlsplit(url).hostname or "") else []
        self._opener = build_opener(_NoRedirect, *straight)

    def request(self, path: str, body: Any = None, **headers: str) -> Request:
        """Makes a GET, or with a body a POST of JSON; Idempotency_Key means Idempotency-Key."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["User-Agent"] = "pipeline-ask"
        if self._key:
            sent["X-API-Key"] = self._key
        if body is None:
            return Request(f"{self.url}/{path}", headers=sent)
        sent["Content-Type"] = "application/json"
        return Request(f"{self.url}/{path}", msgspec.json.encode(body), sent)

    def answer(
        self, request: Request, timeout: float, fine: tuple[int, ...] = ()
    ) -> tuple[int, bytes]:
        """Returns status and content of a success, or of an error whose status is in `fine`."""
        with self._opened(request, timeout, fine) as answer:
            return answer.status, self._told(lambda: _whole(answer))

    def lines(self, request: Request, timeout: float) -> Iterator[bytes]:
        """Yields the lines of an answer as they come."""
        with self._opened(request, timeout) as answer:
            while line := self._told(lambda: answer.readline(MOST_BYTES)):
                yield line.rstrip(b"\r\n")

    def _opened(self, request: Request, timeout: float, fine: tuple[int, ...] = ()) -> HTTPResponse:

        def open_it() -> HTTPResponse:
            try:
                return self._opener.open(request, timeout=timeout)  # type: ignore[no-any-return]
            except HTTPError as error:
                return error  # type: ignore[return-value]  # an answer as well

        answer = self._told(open_it)
        self._was_there = True
        if answer.status < 300 or answer.status in fine:
            return answer
        with answer:
            content = self._told(lambda: _whole(answer))
        raise self._refusal(answer, content)

    def patiently(self, attempt: Callable[[], T]) -> T:
        """Repeats the attempt as often as a person would, if that is promising."""
        for number in range(1, TRIES):
            try:
                return attempt()
            except BusyError as error:
                pause = float(2 ** (number - 1)) if error.seconds is None else error.seconds
                if pause > LONGEST_PAUSE_SECONDS:
                    raise
                self._say(f"{error}; trying again in {pause:g} s ({number} of {TRIES - 1})")
                time.sleep(pause)
        return attempt()

    def _told(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except (OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
            if isinstance(reason, _NOBODY) and not self._was_there:
                raise GatewayError(
                    f"no gateway at GATEWAY_URL={self.url} ({text}): `docker compose --profile "
                    "serving up -d` or `make run SERVING=1` starts one"
                ) from error
            self._was_there = True
            raise BusyError(f"{self.url} gave no whole answer ({text})") from error

    def _refusal(self, answer: HTTPResponse, content: bytes) -> PipelineError:
        """Returns the error that explains a refusal."""
        status, detail = answer.status, _detail(content)
        if status == 401:
            wrong = "is not the gateway's" if self._key else "is not set, and the gateway wants one"
            return SettingsError(f"GATEWAY_API_KEY {wrong}")
        if 300 <= status < 400:
            place = answer.headers.get("Location", "elsewhere")
            return GatewayError(f"{self.url} sends us to {place}: is GATEWAY_URL right?")
        if status in {429, 503}:
            return BusyError(detail or f"{self.url} is busy", _seconds(answer))
        if detail is None:
            return GatewayError(
                f"{self.url} answers {status} {answer.reason}, and not as a gateway does: "
                "is GATEWAY_URL right?"
            )
        return GatewayError(detail)


def _whole(answer: HTTPResponse) -> bytes:
    content = answer.read(MOST_BYTES)
    if answer.length and len(content) < MOST_BYTES:  # so many more bytes were announced
        raise IncompleteRead(content, answer.length)
    return content


class _Problem(msgspec.Struct):
    loc: list[str | int]
    msg: str


class _Refusal(msgspec.Struct):
    detail: str | list[_Problem]


def _detail(content: bytes) -> str | None:
    """Returns what a gateway says about an error; None if the answer is not a gateway's.

    >>> _detail(b'{"detail": [{"loc": ["body", "data", "bmi"], "msg": "Field required"}]}')
    'data.bmi: Field required'
    >>> _detail(b'{"detail": "no such job"}'), _detail(b"<html>")
    ('no such job', None)
    """
    try:
        detail = msgspec.json.decode(content, type=_Refusal).detail
    except (msgspec.MsgspecError, UnicodeError):
        return None
    if isinstance(detail, str):
        return detail
    lines = [f"{_place(problem.loc)}: {problem.msg}" for problem in detail[:MOST_PROBLEMS]]
    if len(detail) > MOST_PROBLEMS:
        lines.append(f"and {len(detail) - MOST_PROBLEMS:,} more")
    return "; ".join(lines)


def _place(loc: list[str | int]) -> str:
    parts = loc[1:] if loc[:1] == ["body"] else loc
    return ".".join(map(str, parts)) or "the request"


def _seconds(answer: HTTPResponse) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: the key must not reach another server."""

    def redirect_request(self, *_: object) -> None:
        return None


def _is_here(host: str) -> bool:
    """
    >>> _is_here("localhost"), _is_here("127.0.0.1"), _is_here("::1"), _is_here("gateway")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
