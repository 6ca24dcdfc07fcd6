"""The calls of the gateway, and their answers."""

import sys
from collections.abc import Callable
from shlex import quote
from typing import Any, Literal, TypeVar
from urllib.parse import quote as url_quote
from urllib.request import Request

import msgspec
from pydantic import AnyHttpUrl, Field

from pipeline.ids import path_of
from pipeline.messages import new_id
from pipeline.settings import PageSettings
from pipeline_cli.gateway_http import BusyError, GatewayError, Http

TIMEOUT_SECONDS = 10.0  # of silence, in addition to what the gateway is asked to wait
SILENCE_SECONDS = 60.0  # between two events: the gateway sends signs of life

ENDED = {"completed", "failed", "cancelled"}

T = TypeVar("T")


class AskSettings(PageSettings):
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

    def curl(self, path: str) -> str:
        """Returns the command for a POST to the gateway, in a form to copy."""
        url = (self.shown_url or str(self.gateway_url)).rstrip("/")
        key = '-H "X-API-Key: $GATEWAY_API_KEY" ' if self.gateway_api_key else ""
        return f"curl -X POST {key}{quote(f'{url}/{path}')}"


class Job(msgspec.Struct, frozen=True, omit_defaults=False):
    """A row to predict, or what a training has in common with one; times are ISO 8601, UTC."""

    job_id: str
    status: Literal["pending", "processing", "completed", "failed", "cancelled"]
    prediction: float | None = None
    model_id: str | None = None
    reason: str | None = None  # why there is no prediction
    created_at: str | None = None
    confirmed_at: str | None = None
    completed_at: str | None = None
    label: float | None = None
    absolute_error: float | None = None
    warnings: list[str] = []  # about values unlike any that the model has seen

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class Training(msgspec.Struct, frozen=True, omit_defaults=False):
    """A model in the making; times are ISO 8601, UTC."""

    job_id: str
    model_id: str
    status: Literal["pending", "processing", "completed", "failed", "cancelled"]
    stages: list[str]  # all of them, in order
    stage: str | None = None  # the current one
    percent: float | None = None  # of that stage, if it can tell
    rmse: float | None = None
    mae: float | None = None
    holdout_rows_seen: int | None = None  # hold-out rows among the training rows
    reason: str | None = None  # why there is no model
    created_at: str | None = None
    completed_at: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class Patient(msgspec.Struct):
    """A row of the data set that the model has not seen; its values are as measured."""

    values: dict[str, float]
    label: float


class Column(msgspec.Struct):
    """The description of one of the ten columns."""

    name: str
    title: str
    unit: str


class _Jobs(msgspec.Struct):
    jobs: list[Job]


class _Promotion(msgspec.Struct):
    refusal: str | None


class _LabelTaken(msgspec.Struct):
    warnings: list[str] = []


class Gateway:
    """The calls. Each raises GatewayError, and is repeated while the gateway is busy."""

    def __init__(self, settings: AskSettings, say: Callable[[str], None]) -> None:
        self._http = Http(str(settings.gateway_url), settings.gateway_api_key, say)

    def predict(self, rows: list[Any], units: str, ids: list[str], wait_seconds: int) -> list[Job]:
        """Asks for a prediction of each row; returns their jobs in order.

        `ids` has one id per row, or is empty. However often the request has to be sent, a row gets
        one job, as its key tells that it is the same.
        """
        one = len(rows) == 1
        body = {"data": rows[0] if one else rows, "units": units}
        if ids:
            body["id"] = ids[0] if one else ids
        headers = {"Idempotency_Key": new_id()}
        if wait_seconds:
            headers["Prefer"] = f"wait={wait_seconds}"
        request = self._http.request("predict", body, **headers)
        content = self._send(request, wait_seconds)
        return [self._decoded(content, Job)] if one else self._decoded(content, _Jobs).jobs

    def label(self, job_id: str, value: float) -> list[str]:
        """Tells the label of a job. Returns the gateway's warnings."""
        request = self._http.request(path_of("label", job_id), {"value": value})
        return self._decoded(self._send(request), _LabelTaken).warnings

    def job(self, job_id: str) -> Job:
        return self._get(path_of("job", job_id), Job)

    def train(self, request: dict[str, Any]) -> Training:
        """Asks for a training; however often the request has to be sent, it is one training."""
        sent = self._http.request("train", request, Idempotency_Key=new_id())
        return self._decoded(self._send(sent), Training)

    def training(self, job_id: str) -> Training:
        return self._get(path_of("job", job_id), Training)

    def refusal(self, model_id: str) -> str | None:
        """Returns why the model would not be promoted; None if it would."""
        return self._get(f"models/{url_quote(model_id, safe='')}/promote", _Promotion).refusal

    def cancel(self, job_id: str) -> Training:
        sent = self._http.request(path_of("job", job_id, "/cancel"), {})
        return self._decoded(self._send(sent), Training)

    def random_patient(self) -> Patient:
        return self._get("patients/random", Patient)

    def columns(self) -> list[Column]:
        return self._get("columns", list[Column])

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Returns whether everything is there, and the state of each part."""
        request = self._http.request("health")
        status, content = self._http.answer(request, TIMEOUT_SECONDS, fine=(503,))
        return status == 200, self._decoded(content, dict[str, Any])

    def follow(self, job_id: str, show: Callable[[Job], None]) -> None:
        """Calls `show` with each state of a job as it comes, until the last."""
        request = self._http.request(path_of("job", job_id, "/events"))
        self._http.patiently(lambda: self._follow(request, show))

    def _follow(self, request: Request, show: Callable[[Job], None]) -> None:
        kind = b""
        for line in self._http.lines(request, SILENCE_SECONDS):
            name, _, value = line.partition(b":")
            if name == b"event":
                kind = value.strip()
            if kind == b"expired":
                raise GatewayError("the job has expired: the gateway keeps one for a time only")
            if name == b"data" and kind == b"job":
                job = self._decoded(value, Job)
                show(job)
                if job.has_ended:
                    return
        raise BusyError(f"{self._http.url} has ended the stream before the job's end")

    def _get(self, path: str, kind: type[T]) -> T:
        return self._decoded(self._send(self._http.request(path)), kind)

    def _send(self, request: Request, wait_seconds: int = 0) -> bytes:
        timeout = TIMEOUT_SECONDS + wait_seconds
        return self._http.patiently(lambda: self._http.answer(request, timeout))[1]

    def _decoded(self, content: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise GatewayError(
                f"{self._http.url} answers, but not as a gateway does: {error}; "
                "is GATEWAY_URL right?"
            ) from error
