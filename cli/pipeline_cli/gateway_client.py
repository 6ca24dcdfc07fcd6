"""The calls of the gateway, and their answers."""

import sys
from collections.abc import Callable
from shlex import quote
from typing import Any, TypeVar
from urllib.parse import quote as url_quote

import httpx
import msgspec
from httpx_sse import EventSource
from pydantic import AnyHttpUrl, Field

from pipeline.ids import path_of
from pipeline.messages import new_id
from pipeline.settings import Settings
from pipeline.table.schema import Schema
from pipeline_cli.gateway_answers import Job, Jobs, LabelTaken, Promotion, RandomRow, Training
from pipeline_cli.gateway_http import BusyError, GatewayError, Http
from pipeline_cli.row_input import Rows

TIMEOUT_SECONDS = 10.0  # of silence, in addition to what the gateway is asked to wait
CHECK_SECONDS = 30.0  # the gateway loads a model to check it, and gives up after 20
SILENCE_SECONDS = 60.0  # between two events: the gateway sends signs of life

T = TypeVar("T")


class AskSettings(Settings):
    """The gateway's address and key, and the names by which people call it and this command."""

    gateway_url: AnyHttpUrl = Field(
        AnyHttpUrl("http://localhost:8000"), description="a URL like http://localhost:8000"
    )
    gateway_api_key: str = Field(
        "", pattern="^[!-~]*$", description="the gateway's key: ASCII, without spaces"
    )
    shown_command: str = Field("", description="how a person starts `python -m pipeline`")

    @property
    def command(self) -> str:
        """The start of the next command, in a form to copy."""
        if self.shown_command:
            return self.shown_command
        url = f"GATEWAY_URL={quote(str(self.gateway_url))} "
        is_told = "gateway_url" in self.model_fields_set
        return f"{url if is_told else ''}{quote(sys.orig_argv[0])} -m pipeline"


def model_path(model_id: str, more: str = "") -> str:
    """Returns the path of a model, and of what there is below it.

    Raises GatewayError for an id that a URL would take for another path: no model has it.
    """
    if model_id in {"", ".", ".."} or "/" in model_id:
        raise GatewayError(f"there is no model {model_id!r}")
    return f"models/{url_quote(model_id, safe='')}{more}"


class Gateway:
    """The calls. Each raises GatewayError, and is repeated while the gateway is busy."""

    def __init__(self, settings: AskSettings, say: Callable[[str], None]) -> None:
        self._http = Http(str(settings.gateway_url), settings.gateway_api_key, say)

    def predict(
        self, rows: Rows, units: str | None, wait_seconds: int, model_id: str | None = None
    ) -> list[Job]:
        """Asks for a prediction of each row; returns their jobs in order.

        The live model is asked, or the stored one that `model_id` names. However often the request
        has to be sent, a row gets one job, as its key tells that it is the same.
        """
        one = len(rows.values) == 1
        body: dict[str, Any] = {"data": rows.values[0] if one else rows.values}
        if units:
            body["units"] = units
        if model_id is not None:
            body["model_id"] = model_id
        if rows.ids:
            body["id"] = rows.ids[0] if one else rows.ids
        headers = {"Idempotency-Key": new_id()}
        if wait_seconds:
            headers["Prefer"] = f"wait={wait_seconds}"
        request = self._request("predict", body, headers, TIMEOUT_SECONDS + wait_seconds)
        content = self._send(request)
        return [self.decoded(content, Job)] if one else self.decoded(content, Jobs).jobs

    def label(self, job_id: str, value: float | str) -> LabelTaken:
        """Sends the label of a job."""
        return self._post(path_of("label", job_id), {"value": value}, LabelTaken)

    def asked_model(self, job_id: str) -> str | None:
        """Returns the model that a job has asked by its id; None for the live one, or no job."""
        request = self._request(path_of("job", job_id))
        status, content = self._http.patiently(lambda: self._http.answer(request, fine=(404, 410)))
        return self.decoded(content, Job).asked_model if status == 200 else None

    def job(self, job_id: str) -> Job:
        return self._get(path_of("job", job_id), Job)

    def train(self, request: dict[str, Any]) -> Training:
        """Asks for a training; however often the request has to be sent, it is one training."""
        return self._post("train", request, Training, {"Idempotency-Key": new_id()})

    def training(self, job_id: str) -> Training:
        return self._get(path_of("job", job_id), Training)

    def refusal(self, model_id: str) -> str | None:
        """Returns why the model would not be promoted; None if it would."""
        return self._get(model_path(model_id, "/promote"), Promotion, CHECK_SECONDS).refusal

    def cancel(self, job_id: str) -> Training:
        return self._post(path_of("job", job_id, "/cancel"), {}, Training)

    def schema(self, model_id: str | None = None) -> Schema:
        """Returns what a row of the gateway's data set is, or one for the model of this id."""
        return self._get("schema" if model_id is None else model_path(model_id, "/schema"), Schema)

    def random_row(self) -> RandomRow:
        return self._get("rows/random", RandomRow)

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Returns whether everything is there, and the state of each part."""
        status, content = self._http.answer(self._request("health"), fine=(503,))
        return status == 200, self.decoded(content, dict[str, Any])

    def follow(self, job_id: str, show: Callable[[Job], None]) -> None:
        """Calls `show` with each state of a job as it comes, until the last."""
        request = self._request(path_of("job", job_id, "/events"), timeout=SILENCE_SECONDS)
        self._http.patiently(lambda: self._follow(request, show))

    def _follow(self, request: httpx.Request, show: Callable[[Job], None]) -> None:
        with self._http.opened(request) as answer:
            for event in EventSource(answer).iter_sse():
                if event.event == "expired":
                    raise GatewayError(
                        "the job has expired: the gateway forgets jobs after a while"
                    )
                if event.event == "job":
                    job = self.decoded(event.data, Job)
                    show(job)
                    if job.has_ended:
                        return
        raise BusyError(f"{self._http.url} ended the stream before the job had ended")

    def content(self, path: str) -> bytes:
        """Returns the answer to a GET as it is."""
        return self._send(self._request(path))

    def change(self, path: str, body: Any = None, method: str = "POST") -> bytes:
        """Makes a change of the models; however often it has to be sent, it is one change."""
        headers = {"Idempotency-Key": new_id()}
        return self._send(self._request(path, body, headers, CHECK_SECONDS, method))

    def decoded(self, content: bytes | str, kind: type[T]) -> T:
        """Reads an answer. Raises GatewayError if it is none of a gateway."""
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise GatewayError(
                f"{self._http.url} answers, but not as a gateway does: {error}; "
                "is GATEWAY_URL right?"
            ) from error

    def _get(self, path: str, kind: type[T], timeout: float | None = None) -> T:
        return self.decoded(self._send(self._request(path, timeout=timeout)), kind)

    def _post(
        self, path: str, body: Any, kind: type[T], headers: dict[str, str] | None = None
    ) -> T:
        return self.decoded(self._send(self._request(path, body, headers)), kind)

    def _request(
        self,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
        method: str = "",
    ) -> httpx.Request:
        return self._http.request(path, body, headers or {}, timeout or TIMEOUT_SECONDS, method)

    def _send(self, request: httpx.Request) -> bytes:
        return self._http.patiently(lambda: self._http.answer(request))[1]
