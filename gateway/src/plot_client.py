"""Asks plot for the distribution of predictions, the errors of models, and the comparison."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway_errors import PlotAwayError
from schemas.comparison import ComparisonOut
from schemas.live_metrics import AllMeans
from schemas.pages import ClassPredictionsOut, PredictionsOut

PLOT_SECONDS = 1.0  # of waiting for plot's answer
FRESH_SECONDS = 1.0  # during which its answer is given to others, too

Distribution = PredictionsOut | ClassPredictionsOut

T = TypeVar("T")


class Summary(BaseModel):
    """The part of plot's numbers that is about a shadow model."""

    shadow: ComparisonOut | None


_distribution: TypeAdapter[Distribution] = TypeAdapter(Distribution)


class PlotClient:
    """Asks plot for each of its answers at most once in FRESH_SECONDS."""

    def __init__(self, plot_url: str) -> None:
        url = f"{plot_url.rstrip('/')}/api"
        self._predictions = _Answer(f"{url}/predictions", _distribution)
        self._models = _Answer(f"{url}/models", TypeAdapter(AllMeans))
        self._summary = _Answer(f"{url}/summary", TypeAdapter(Summary))
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keeps a client for plot while the gateway serves."""
        straight = httpx.AsyncHTTPTransport()  # bypasses any proxy
        async with httpx.AsyncClient(timeout=PLOT_SECONDS, transport=straight) as self._client:
            yield

    async def predictions(self) -> Distribution:
        """Returns the distribution. Raises PlotAwayError if plot does not answer as it should."""
        assert self._client is not None, "serving has begun"
        answer = await self._predictions.get(self._client)
        if answer is None:
            raise PlotAwayError("plot does not answer")
        return answer

    async def models(self) -> AllMeans:
        """Returns the errors of each model; none if plot does not answer as it should."""
        assert self._client is not None, "serving has begun"
        return await self._models.get(self._client) or AllMeans()

    async def comparison(self) -> ComparisonOut | None:
        """Returns the latest comparison of a shadow model; None if none has had rows.

        Raises PlotAwayError if plot does not answer as it should.
        """
        assert self._client is not None, "serving has begun"
        found = await self._summary.get(self._client)
        if found is None:
            raise PlotAwayError("plot does not answer")
        return found.shadow


class _Answer(Generic[T]):
    """One of plot's answers, and what it must be like."""

    def __init__(self, url: str, kind: TypeAdapter[T]) -> None:
        self._url = url
        self._kind = kind
        self._lock = asyncio.Lock()  # many who ask at once share one answer
        self._asked_at = -math.inf
        self._answer: T | None = None

    async def get(self, client: httpx.AsyncClient) -> T | None:
        """Returns the answer, of this moment or of FRESH_SECONDS ago; None if there is none."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= FRESH_SECONDS:
                self._answer = await self._ask(client)
                self._asked_at = time.monotonic()
        return self._answer

    async def _ask(self, client: httpx.AsyncClient) -> T | None:
        try:
            answer = await client.get(self._url)
            answer.raise_for_status()
            return self._kind.validate_json(answer.content)
        except (httpx.HTTPError, ValidationError):
            return None
