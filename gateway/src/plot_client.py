"""Asks plot for the distribution of all predictions."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from pydantic import TypeAdapter, ValidationError

from gateway_errors import PlotAwayError
from schemas.pages import ClassPredictionsOut, PredictionsOut

PLOT_SECONDS = 1.0  # of waiting for plot's answer
FRESH_SECONDS = 1.0  # during which its answer is given to others, too

Distribution = PredictionsOut | ClassPredictionsOut

_answer: TypeAdapter[Distribution] = TypeAdapter(Distribution)


class PlotClient:
    """Asks plot for the distribution of the predictions, at most once in FRESH_SECONDS."""

    def __init__(self, plot_url: str) -> None:
        self._url = f"{plot_url.rstrip('/')}/api/predictions"
        self._client: httpx.AsyncClient | None = None
        self._lock = asyncio.Lock()  # many who ask at once share one answer
        self._asked_at = -math.inf
        self._answer: Distribution | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keeps a client for plot while the gateway serves."""
        straight = httpx.AsyncHTTPTransport()  # bypasses any proxy
        async with httpx.AsyncClient(timeout=PLOT_SECONDS, transport=straight) as self._client:
            yield

    async def predictions(self) -> Distribution:
        """Returns the distribution. Raises PlotAwayError if plot does not answer as it should."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= FRESH_SECONDS:
                self._answer = await self._ask()
                self._asked_at = time.monotonic()
        if self._answer is None:
            raise PlotAwayError("plot does not answer")
        return self._answer

    async def _ask(self) -> Distribution | None:
        assert self._client is not None, "serving has begun"
        try:
            answer = await self._client.get(self._url)
            answer.raise_for_status()
            return _answer.validate_json(answer.content)
        except (httpx.HTTPError, ValidationError):
            return None
