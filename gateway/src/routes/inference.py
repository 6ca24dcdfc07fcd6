"""The calls of the Open Inference Protocol v2, for clients that speak it."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from asked.asked_model import Asked
from gateway_errors import UnknownModelError
from inference import answers, metadata
from inference.compression import MIN_BYTES, compressed, encoding_for
from inference.reading import read
from middleware.access import JSON_LENGTH
from routes.predictions import Key, Prefer
from routes.state import AppState, State
from routes.until_ended import MAX_WAIT_SECONDS, jobs_after, seconds_of
from schemas.inference import ANSWER, MODEL, REQUEST, ModelMetadata, ModelReadyOut

MODEL_PATH = "/v2/models/{name}"
VERSION_PATH = f"{MODEL_PATH}/versions/{{version}}"

HeaderLength = Annotated[
    str | None,
    Header(alias=JSON_LENGTH, description="How many bytes of the body are JSON."),
]
INFER: dict[str, Any] = {
    "summary": "Infer",
    "responses": ANSWER,
    "openapi_extra": REQUEST,
}

router = APIRouter(tags=["inference protocol"], responses=MODEL)


async def _asked(state: AppState, name: str, version: str | None) -> tuple[Asked, list[str]]:
    """Returns the model of this name, and its versions: the id that it stands for now.

    Raises UnknownModelError if that is not the version which is asked for.
    """
    asked = await state.asked.of(name)
    versions = [asked.model_id]
    if not asked.model_id:
        last = await state.threads.run(state.models.last_change)
        versions = [last.live] if last and last.live else []
    if version is not None and version not in versions:
        stands = f"its only version is {versions[0]}" if versions else "it has none yet"
        raise UnknownModelError(f"{name} has no version {version}: {stands}")
    return asked, versions


@router.get(VERSION_PATH, summary="Get a model's metadata")
async def version_metadata(name: str, version: str, state: State) -> ModelMetadata:
    """Returns the inputs and outputs of a model, whose only version is its id."""
    asked, versions = await _asked(state, name, version)
    return ModelMetadata(**metadata.metadata(name, versions, asked.schema))


@router.get(MODEL_PATH, summary="Get a model's metadata")
async def model_metadata(name: str, state: State) -> ModelMetadata:
    """Returns the inputs and outputs of `live`, `shadow`, or a model by its id."""
    asked, versions = await _asked(state, name, None)
    return ModelMetadata(**metadata.metadata(name, versions, asked.schema))


@router.get(f"{VERSION_PATH}/ready", summary="Tell whether a model can be asked")
async def version_ready(name: str, version: str, state: State) -> ModelReadyOut:
    """Returns that the gateway takes requests for this model."""
    return await _ready(state, name, version)


@router.get(f"{MODEL_PATH}/ready", summary="Tell whether a model can be asked")
async def model_ready(name: str, state: State) -> ModelReadyOut:
    """Returns that the gateway takes requests for this model."""
    return await _ready(state, name, None)


async def _ready(state: AppState, name: str, version: str | None) -> ModelReadyOut:
    await _asked(state, name, version)
    await state.check_ready()
    return ModelReadyOut(name=name, ready=True)


@router.post(f"{VERSION_PATH}/infer", **INFER)
async def version_infer(  # noqa: PLR0913, PLR0917 (all are FastAPI's)
    name: str,
    version: str,
    request: Request,
    state: State,
    idempotency_key: Key = "",
    prefer: Prefer = "",
    header_length: HeaderLength = None,
) -> Response:
    """Asks a model for up to 1,000 rows, and waits for the predictions."""
    asked, _ = await _asked(state, name, version)
    return await _infer(asked, name, request, state, idempotency_key, prefer, header_length)


@router.post(f"{MODEL_PATH}/infer", **INFER)
async def model_infer(  # noqa: PLR0913, PLR0917
    name: str,
    request: Request,
    state: State,
    idempotency_key: Key = "",
    prefer: Prefer = "",
    header_length: HeaderLength = None,
) -> Response:
    """Asks a model for up to 1,000 rows, and waits for the predictions."""
    asked = await state.asked.of(name)
    return await _infer(asked, name, request, state, idempotency_key, prefer, header_length)


async def _infer(  # noqa: PLR0913, PLR0917
    asked: Asked,
    name: str,
    request: Request,
    state: AppState,
    key: str,
    prefer: str,
    header_length: str | None,
) -> Response:
    state.submissions.check(asked.queue)  # first, so that a refused request costs little
    encoding = request.headers.get("Content-Encoding", "")
    asks = read(await request.body(), encoding, header_length, asked.schema)
    answers.check_wanted(asks.request, asked.schema)
    jobs = await state.submissions.submit(asked.checked(asks.body, key), asked.queue)
    seconds = min(asks.seconds, seconds_of(prefer) or MAX_WAIT_SECONDS)
    jobs = await jobs_after(jobs, seconds, request, state)
    answers.refuse_late(jobs, seconds)
    if not asks.is_partial:
        answers.refuse_failures(jobs)
    made = answers.answer(jobs, asks.request, asked.schema, name, is_partial=asks.is_partial)
    return _response(made, request.headers.get("Accept-Encoding", ""))


def _response(answer: answers.Answer, accepted: str) -> Response:
    headers, content = {}, answer.content
    if answer.json_bytes is not None:
        headers[JSON_LENGTH] = str(answer.json_bytes)
    if len(content) >= MIN_BYTES and (encoding := encoding_for(accepted)):
        content = compressed(content, encoding)
        headers["Content-Encoding"] = encoding
    is_json = answer.json_bytes is None
    kind = "application/json" if is_json else "application/octet-stream"
    return Response(content, headers=headers, media_type=kind)
