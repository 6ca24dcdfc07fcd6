"""The description of the API: what FastAPI makes of the routes, and examples of this data set."""

from typing import Any

import msgspec
from fastapi import FastAPI

from pipeline.table.schema import Schema
from schemas import examples

COMPONENTS = "#/components/schemas/{name}"


def complete(app: FastAPI, schema: Schema) -> None:
    """Adds to the description what is the data set's: the answers' examples, and /schema's type."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        described = plain()
        if is_new:
            _complete(described, schema)
        return described

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(described: dict[str, Any], schema: Schema) -> None:
    parts = described["components"]["schemas"]
    job = examples.job(schema)
    parts["PredictRequest"]["examples"] = examples.requests(schema)
    parts["Job"]["examples"] = [job]
    parts["LabelTaken"]["properties"]["label"]["examples"] = [job["label"]]
    (ref,), own = msgspec.json.schema_components([Schema], ref_template=COMPONENTS)
    parts |= own
    answer = described["paths"]["/schema"]["get"]["responses"]["200"]
    answer["content"] = {"application/json": {"schema": ref}}
