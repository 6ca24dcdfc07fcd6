"""The gateway's pages for people: the form, the API description, and the data for them.

None of these calls needs the key: none reveals a job.
"""

import random
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from jobs.units import Units
from pipeline.asyncapi.document import document_json
from pipeline.table.schema import SchemaError
from routes.responses import error
from routes.state import State
from schemas.pages import ClassPredictionsOut, LinksOut, PredictionsOut, RowOut

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


SCHEMA: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The columns of a row, their types and ranges, and what is predicted.",
    }
}


@router.get("/schema", summary="Get the schema of the data set", responses=SCHEMA)
async def schema(state: State) -> Response:
    return Response(msgspec.json.encode(state.schema), media_type="application/json")


@router.get("/asyncapi.json", include_in_schema=False)  # as /openapi.json, which describes this API
async def asyncapi(state: State) -> Response:
    return Response(document_json(state.schema), media_type="application/json")


@router.get(
    "/rows/random",
    summary="Get a random row that no model was trained on, with its label",
    responses={
        500: error("The rows of the data set cannot be read."),
        503: error("They are not read yet: retry."),
    },
)
async def random_row(state: State) -> RowOut:
    """Returns a row as measured, where its columns are; what is missing is null."""
    rows, labels = await state.held_out.rows_in(state.threads)
    if not rows:
        raise SchemaError(f"no row of {state.schema.name} is held out: it has too few")
    index = random.randrange(len(labels))
    values = Units(state.schema.columns).measured(rows[index])
    names = state.schema.names
    given = [None if value == "" else value for value in values]
    return RowOut(values=dict(zip(names, given, strict=True)), label=labels[index])


@router.get(
    "/predictions",
    summary="Get the distribution of all predictions",
    responses={503: error("plot is unavailable.")},
)
async def predictions(state: State) -> PredictionsOut | ClassPredictionsOut:
    return await state.plot.predictions()
