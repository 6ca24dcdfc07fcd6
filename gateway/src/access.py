"""Who may ask for jobs, trainings and models."""

import secrets
from typing import Annotated, Any

from fastapi import Depends, HTTPException
from fastapi.security import APIKeyHeader

from gateway_settings import GatewaySettings


def needs_key(settings: GatewaySettings) -> list[Any]:
    """What a router depends on whose calls ask for GATEWAY_API_KEY, if there is one."""
    wanted = settings.gateway_api_key.get_secret_value().encode()
    asks = APIKeyHeader(name="X-API-Key", auto_error=False)

    async def check(key: Annotated[str | None, Depends(asks)]) -> None:
        given = (key or "").encode("latin-1")  # the bytes as they came
        if not secrets.compare_digest(given, wanted):
            raise HTTPException(401, "the header X-API-Key is missing, or not the right key")

    return [Depends(check)] if wanted else []
