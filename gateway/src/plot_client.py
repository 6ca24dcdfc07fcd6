"""Asks plot for the distribution of all predictions, and for its comparison of a shadow model."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway_errors import PlotAwayError
from schemas.models import ComparisonOut
from schemas.pages import ClassPredictionsOut, PredictionsOut

PLOT_SECONDS = 1.0  # of waiting for plot's answer
FRESH_SECONDS = 1.0  # during which its answer is given to others, too

Distribution = PredictionsOut | ClassPredictionsOut

T = TypeVar("T")


class Summary(BaseModel):
    """The part of plot's numbers that is about a shadow model."""

    shadow: ComparisonOut | None


_answer: TypeAdapter[Distribution] = TypeAdapter(Distribution)
_summary = TypeAdapter(Summary)


class PlotClient:
    """Asks plot for the distribution of the predictions, at most once in FRESH_SECONDS."""

    def __init__(self, plot_url: str) -> None:
        self._url = f"{plot_url.rstrip('/')}/api"
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
                self._answer = await self._ask("predictions", _answer)
                self._asked_at = time.monotonic()
        if self._answer is None:
            raise PlotAwayError("plot does not answer")
        return self._answer

    async def comparison(self) -> ComparisonOut | None:
        """Returns the latest comparison of a shadow model; None if none has had rows.

        Raises PlotAwayError if plot does not answer as it should.
        """
        found = await self._ask("summary", _summary)
        if found is None:
            raise PlotAwayError("plot does not answer")
        return found.shadow

    async def _ask(self, call: str, kind: TypeAdapter[T]) -> T | None:
        assert self._client is not None, "serving has begun"
        try:
            answer = await self._client.get(f"{self._url}/{call}")
            answer.raise_for_status()
            return kind.validate_json(answer.content)
        except (httpx.HTTPError, ValidationError):
            return None
