"""HTTP with a gateway: errors are put into words, and promising requests are tried again."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx
import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from pipeline.errors import PipelineError, SettingsError
from pipeline_cli.gateway_answers import refusal_detail

TRIES = 5
MAX_PAUSE_SECONDS = 30.0
MAX_BYTES = 1 << 26  # of one answer: 1,000 rows may have a probability for each of 1,000 classes
NOBODY_THERE = (ConnectionRefusedError, socket.gaierror, ssl.SSLError)  # nor in a moment

T = TypeVar("T")


class GatewayError(PipelineError):
    """The gateway is not there, or has refused a request."""


class BusyError(GatewayError):
    """The request may succeed later: after `seconds`, if the gateway has said so."""

    def __init__(self, text: str, seconds: float | None = None) -> None:
        super().__init__(text)
        self.seconds = seconds


class Http:
    """Requests to one gateway, with its key. Raises GatewayError; reports each wait to `say`."""

    def __init__(self, url: str, key: str, say: Callable[[str], None]) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._say = say
        self._was_there = False
        # It follows no redirect: the key must not reach another server.
        self._client = httpx.Client(
            headers={"User-Agent": "pipeline-ask"} | ({"X-API-Key": key} if key else {}),
            proxy=_proxy(httpx.URL(url)),
            trust_env=False,
            verify=ssl.create_default_context(),  # the certificates that this machine trusts
        )

    def request(
        self, path: str, body: Any, headers: dict[str, str], timeout: float, method: str = ""
    ) -> httpx.Request:
        """Makes a GET, or with a body a POST of JSON, or what `method` says.

        `timeout` is in seconds of silence.
        """
        url = f"{self.url}/{path}"
        if body is None:
            return self._client.build_request(
                method or "GET", url, headers=headers, timeout=timeout
            )
        headers = {"Content-Type": "application/json"} | headers
        content = msgspec.json.encode(body)
        return self._client.build_request(
            method or "POST", url, content=content, headers=headers, timeout=timeout
        )

    def answer(self, request: httpx.Request, fine: tuple[int, ...] = ()) -> tuple[int, bytes]:
        """Returns status and content of a success, or of an error whose status is in `fine`."""
        with self.opened(request, fine) as answer:
            return answer.status_code, _content(answer)

    @contextmanager
    def opened(
        self, request: httpx.Request, fine: tuple[int, ...] = ()
    ) -> Iterator[httpx.Response]:
        """Yields an answer whose content is still to be read, as by `answer`."""
        with self._errors_in_words(), closing(self._client.send(request, stream=True)) as answer:
            self._was_there = True
            if answer.status_code >= 300 and answer.status_code not in fine:
                raise self._refusal(answer, _content(answer))
            yield answer

    def patiently(self, attempt: Callable[[], T]) -> T:
        """Repeats the attempt as often as a person would, if that is promising."""
        return Retrying(
            retry=retry_if_exception(_is_promising),
            stop=stop_after_attempt(TRIES),
            wait=_pause,
            before_sleep=self._say_why,
            reraise=True,
        )(attempt)

    def _say_why(self, state: RetryCallState) -> None:
        pause, number = _pause(state), state.attempt_number
        self._say(f"{_error(state)}; trying again in {pause:g} s ({number} of {TRIES - 1})")

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except httpx.RequestError as error:
            text = str(error) or type(error).__name__
            if isinstance(_cause(error), NOBODY_THERE) and not self._was_there:
                raise GatewayError(
                    f"no gateway at GATEWAY_URL={self.url} ({text}): `docker compose --profile "
                    "serving up -d` or `make run SERVING=1` starts one, which takes a while"
                ) from error
            self._was_there = True
            raise BusyError(f"{self.url} returned no complete answer ({text})") from error

    def _refusal(self, answer: httpx.Response, content: bytes) -> PipelineError:
        """Returns the error that explains a refusal."""
        status, detail = answer.status_code, refusal_detail(content)
        if status == 401:
            wrong = (
                "is not the gateway's" if self._key else "is not set, and the gateway requires one"
            )
            return SettingsError(f"GATEWAY_API_KEY {wrong}")
        if 300 <= status < 400:
            place = answer.headers.get("Location", "elsewhere")
            return GatewayError(f"{self.url} redirects to {place}: is GATEWAY_URL right?")
        if status in {429, 503}:
            return BusyError(detail or f"{self.url} is busy", _seconds(answer))
        if detail is None:
            return GatewayError(
                f"{self.url} answers {status} {answer.reason_phrase}, and not as a gateway does: "
                "is GATEWAY_URL right?"
            )
        return GatewayError(detail)


def _content(answer: httpx.Response) -> bytes:
    content = b""
    for part in answer.iter_bytes():
        content += part
        if len(content) >= MAX_BYTES:
            break
    return content


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _cause(error: BaseException) -> BaseException:
    """Returns the error that an error comes from: that of the operating system."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return error


def _is_promising(error: BaseException) -> bool:
    return isinstance(error, BusyError) and (error.seconds or 0) <= MAX_PAUSE_SECONDS


def _pause(state: RetryCallState) -> float:
    """Returns the seconds that the gateway has asked for; otherwise 1, 2, 4 and so on."""
    seconds = getattr(_error(state), "seconds", None)
    return float(2 ** (state.attempt_number - 1)) if seconds is None else float(seconds)


def _seconds(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None


def _proxy(url: httpx.URL) -> str | None:
    """Returns the environment's proxy for a URL; none for a URL of this machine."""
    if _is_here(url.host) or proxy_bypass(url.netloc.decode()):
        return None
    proxy = getproxies().get(url.scheme)
    if proxy is None or "://" not in proxy:
        return proxy and f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        raise SettingsError(f"{url.scheme}_proxy={proxy} cannot be used: only an http:// URL can")
    return proxy


def _is_here(host: str) -> bool:
    """
    >>> _is_here("localhost"), _is_here("127.0.0.1"), _is_here("::1"), _is_here("gateway")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
