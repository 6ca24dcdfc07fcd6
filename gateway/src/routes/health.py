"""The calls of those who watch the gateway: its health, and its metrics for Prometheus."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from pipeline.queues import FEATURES, FEATURES_BY_MODEL
from routes.state import State
from schemas.health import Health

router = APIRouter(tags=["gateway"])


@router.get(
    "/health",
    responses={503: {"model": Health, "description": "The broker or Redis is unavailable."}},
)
async def health(state: State) -> Response:
    """Returns whether the gateway accepts requests, and the problem if it does not."""
    broker, redis = state.broker.problem, await state.jobs.problem()
    found = Health(
        status="unavailable" if broker or redis else "ok",
        broker=broker or "ok",
        redis=redis or "ok",
        queue=state.broker.depth(FEATURES),
    )
    return JSONResponse(found.model_dump(), 200 if found.status == "ok" else 503)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(state: State) -> Response:
    """Returns the metrics for Prometheus."""
    state.counters.queue.set(state.broker.depth(FEATURES) or 0)
    state.counters.queue_by_model.set(state.broker.depth(FEATURES_BY_MODEL) or 0)
    return PlainTextResponse(state.counters.text())
