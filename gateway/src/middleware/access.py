"""Access to jobs, trainings and models: the key, and the web pages that may ask."""

import secrets
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader
from starlette.middleware.cors import CORSMiddleware

from gateway_settings import GatewaySettings
from middleware.origins import OwnOrigin
from pipeline.web.local_hosts import LocalHosts

JSON_LENGTH = "Inference-Header-Content-Length"
SENT_HEADERS = ("Idempotency-Key", JSON_LENGTH, "Prefer", "X-API-Key")
READ_HEADERS = (JSON_LENGTH, "Location", "Preference-Applied", "Retry-After")


def needs_key(settings: GatewaySettings) -> list[Any]:
    """Returns the dependencies of routers whose calls ask for GATEWAY_API_KEY, if there is one."""
    expected = settings.gateway_api_key.get_secret_value().encode()
    asks = APIKeyHeader(name="X-API-Key", auto_error=False)

    async def check(key: Annotated[str | None, Depends(asks)]) -> None:
        given = (key or "").encode("latin-1")  # the bytes as they came
        if not secrets.compare_digest(given, expected):
            raise HTTPException(401, "the header X-API-Key is missing or wrong")

    return [Depends(check)] if expected else []


def keep_pages_out(app: FastAPI, settings: GatewaySettings) -> None:
    """Adds middleware that refuses all web pages but the gateway's own and those of CORS_ORIGINS.

    With a key nothing needs to be refused: a page that does not know it learns nothing.
    """
    allowed = [origin for origin in settings.cors_origins.split(",") if origin]
    if not settings.gateway_api_key.get_secret_value():
        app.add_middleware(OwnOrigin, allowed=allowed)
        advice = "by this name the gateway needs a key, see GATEWAY_API_KEY"
        app.add_middleware(LocalHosts, advice=advice)
    if allowed:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=allowed,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=SENT_HEADERS,
            expose_headers=READ_HEADERS,
            allow_private_network=True,  # a browser may also ask this before it calls localhost
        )
