"""The gateway's pages for people: the form, the API description, and the data for them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.staticfiles import StaticFiles

from jobs.patients import random_patient
from schemas.columns import COLUMNS
from schemas.predictions import MEASURED, Problem

STATIC = Path(__file__).parents[1] / "static"
PACKAGES: list[str | tuple[str, str]] = [
    ("pipeline", "static"),
    ("plotly", "package_data"),
    ("fastapi_offline", "static"),
]
PLOT_SECONDS = 1.0  # of waiting for plot's answer
FRESH_SECONDS = 1.0  # during which its answer is given to others, too


class ColumnOut(BaseModel):
    """One of a patient's ten values: its meaning, and its range in the data set."""

    name: str = Field(examples=["bmi"])
    title: str = Field(examples=["Body mass index"])
    unit: str = Field(description="empty where there is none", examples=["kg/m²"])
    least: float = Field(examples=[18])
    most: float = Field(examples=[42.2])
    step: float = Field(description="its precision in the data set", examples=[0.1])
    lowest: float = Field(description="what is below it cannot be, and is refused", examples=[5])
    highest: float = Field(description="the same of what is above", examples=[250])
    meaning: str = Field(examples=["Weight / height²."])


class PatientOut(BaseModel):
    """A patient whom the model has not seen."""

    values: dict[str, float] = Field(description="in clinical units", examples=[MEASURED])
    label: float = Field(description="disease progression after one year", examples=[151])


class PredictionsOut(BaseModel):
    """The histogram of the predictions in metric_log.csv."""

    model_config = ConfigDict(allow_inf_nan=False)

    edges: list[float] = Field(
        description="of the bars, in points: one more than counts; none without rows",
        examples=[[100, 110, 120, 130]],
    )
    counts: list[int] = Field(examples=[[4, 0, 7]])
    rows: int = Field(description="all rows of the log", examples=[12])
    beyond: int = Field(0, description="rows so far out that they are in no bar", examples=[1])


class LinksOut(BaseModel):
    """Links to other pages."""

    live_page: str = Field(examples=["http://localhost:8080/"])


class Plot:
    """Asks plot for the histogram of the predictions, at most once in FRESH_SECONDS."""

    def __init__(self, plot_url: str) -> None:
        self._url = f"{plot_url.rstrip('/')}/api/predictions"
        self._client: httpx.AsyncClient | None = None
        self._lock = asyncio.Lock()  # many who ask at once share one answer
        self._asked_at = -math.inf
        self._answer: PredictionsOut | None = None

    @asynccontextmanager
    async def connected(self, _: FastAPI) -> AsyncIterator[None]:
        """Keeps a client for plot while the gateway serves."""
        straight = httpx.AsyncHTTPTransport()  # bypasses any proxy
        async with httpx.AsyncClient(timeout=PLOT_SECONDS, transport=straight) as self._client:
            yield

    async def predictions(self) -> PredictionsOut:
        """Returns the histogram. Raises HTTPException if plot does not answer as it should."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= FRESH_SECONDS:
                self._answer = await self._ask()
                self._asked_at = time.monotonic()
        if self._answer is None:
            raise HTTPException(503, "plot does not answer", {"Retry-After": "1"})
        return self._answer

    async def _ask(self) -> PredictionsOut | None:
        assert self._client is not None, "serving has begun"
        try:
            answer = await self._client.get(self._url)
            answer.raise_for_status()
            return PredictionsOut.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError):
            return None


def pages(plot_url: str, live_page_url: str) -> APIRouter:
    """Returns the routes that need no key: none of them reveals a job."""
    plot = Plot(plot_url)
    router = APIRouter(lifespan=plot.connected, tags=["form"])
    router.mount("/static", StaticFiles(directory=STATIC, packages=PACKAGES))

    @router.get("/", include_in_schema=False)
    async def form() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @router.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html")

    @router.get("/links", summary="Where else to look")
    async def links() -> LinksOut:
        return LinksOut(live_page=live_page_url)

    @router.get("/columns", summary="What is asked of a patient: the ten columns in order")
    async def columns() -> list[ColumnOut]:
        return [ColumnOut(**column._asdict()) for column in COLUMNS]

    @router.get("/patients/random", summary="A patient to try, and what became of them")
    async def patient() -> PatientOut:
        values, label = random_patient()
        return PatientOut(values=values, label=label)

    @router.get(
        "/predictions",
        summary="How all predictions are distributed",
        responses={503: {"model": Problem, "description": "plot is away."}},
    )
    async def predictions() -> PredictionsOut:
        return await plot.predictions()

    return router
