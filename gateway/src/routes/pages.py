"""The gateway's pages for people: the form, the API description, and the data for them.

None of these calls needs the key: none reveals a job.
"""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from jobs.patients import random_patient
from routes.responses import OTHER, error
from routes.state import DEFAULT_ONLY, State
from schemas.columns import COLUMNS
from schemas.pages import ColumnOut, LinksOut, PatientOut, PredictionsOut

STATIC = Path(__file__).parents[1] / "static"
PACKAGES: list[str | tuple[str, str]] = [
    ("pipeline", "static"),
    ("plotly", "package_data"),
    ("fastapi_offline", "static"),
]

router = APIRouter(tags=["form"])
router.mount("/static", StaticFiles(directory=STATIC, packages=PACKAGES))


@router.get("/", include_in_schema=False)
async def form() -> FileResponse:
    return FileResponse(STATIC / "index.html")


@router.get("/docs", include_in_schema=False)
async def docs() -> FileResponse:
    return FileResponse(STATIC / "docs.html")


@router.get("/links", summary="Links to other pages")
async def links(state: State) -> LinksOut:
    return LinksOut(live_page=state.settings.live_page_url)


@router.get(
    "/columns",
    summary="List the ten columns in order",
    dependencies=DEFAULT_ONLY,
    responses=OTHER,
)
async def columns() -> list[ColumnOut]:
    return [ColumnOut(**column._asdict()) for column in COLUMNS]


@router.get(
    "/patients/random",
    summary="Get a random patient, with the true value",
    dependencies=DEFAULT_ONLY,
    responses=OTHER,
)
async def patient() -> PatientOut:
    values, label = random_patient()
    return PatientOut(values=values, label=label)


@router.get(
    "/predictions",
    summary="Get the distribution of all predictions",
    dependencies=DEFAULT_ONLY,
    responses={503: error("plot is unavailable."), **OTHER},
)
async def predictions(state: State) -> PredictionsOut:
    return await state.plot.predictions()
