"""The gateway's pages for people: the form, the API description, and the data for them.

None of these calls needs the key: none reveals a job.
"""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from jobs.patients import random_patient
from routes.responses import error
from routes.state import State
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


@router.get("/links", summary="Where else to look")
async def links(state: State) -> LinksOut:
    return LinksOut(live_page=state.settings.live_page_url)


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
    responses={503: error("plot is away.")},
)
async def predictions(state: State) -> PredictionsOut:
    return await state.plot.predictions()
