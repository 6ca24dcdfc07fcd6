"""The calls of the Open Inference Protocol v2 about the server: its name, and its health."""

from fastapi import APIRouter, Request

from routes.state import State
from schemas.inference import SERVER, LiveOut, ReadyOut, ServerOut

router = APIRouter(tags=["inference protocol"], responses=SERVER)


@router.get("/v2", summary="Get the server's metadata")
async def server(request: Request) -> ServerOut:
    """Returns the name and version of the gateway, and the protocol's extensions it has."""
    version = request.app.version  # as /openapi.json has it
    return ServerOut(name="gateway", version=version, extensions=["binary_tensor_data"])


@router.get("/v2/health/live", summary="Tell whether the server answers")
async def live() -> LiveOut:
    """Returns that the gateway answers."""
    return LiveOut(live=True)


@router.get("/v2/health/ready", summary="Tell whether models can be asked")
async def ready(state: State) -> ReadyOut:
    """Returns that the gateway takes requests: broker and Redis are there."""
    await state.check_ready()
    return ReadyOut(ready=True)
