"""The schema of a request for predictions: one row or many, in four forms."""

import json
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, create_model, model_validator

from pipeline.message_reader import MAX_BATCH_BYTES, MAX_ROW_BYTES
from pipeline.table.schema import MAX_TEXT, Category, Column, Number, Schema
from pipeline.table.value_errors import listed
from schemas import examples
from schemas.base import NAME_PATTERN, MisfitError, Strict, TooMuchError
from schemas.job_ids import JobIdInBody
from schemas.row_types import row_types

MAX_ROWS = 1000
MIN_BODY_BYTES, MIN_BODY_VALUES = 2**20, 60_000
MAX_BODY_BYTES = 2 * MAX_BATCH_BYTES  # by names, rows are about twice as long as in a message
NUMBER_BYTES = 28  # of the longest number, with what separates it
FORMS = ("row", "named row", "rows", "named rows", "one id", "ids")

TAGS = ("live model", "model by id")  # of the two requests, in the places of errors
OURS = 'send {"data": [a row, …]}, each a list of values or an object by their names; see /schema'
# The names of rows in the requests of TensorFlow Serving, MLflow and others.
OF_OTHERS = (
    *("instances", "inputs", "dataframe_split", "dataframe_records", "ndarray", "rows"),
    *("row", "input", "features", "columns", "x", "X"),
)

UNITS = (
    "`raw`: numbers as measured, in the units of /schema. `scaled`: as a message carries them, "
    "`(measured - mean) / scale`. A value that is impossible in these units is refused. One "
    "outside the data set's range adds a warning."
)
ID = (
    "An id of your own for the row, a text or a number, or a list with one id for each row. "
    'Default: a new id. The number 5 and the text "5" are the same id.'
)


def form_of(data: Any) -> str:
    """Returns which of the four forms a request's data has, or means to have, by its first element.

    Raises TooMuchError, before each of its rows is looked at.
    """
    if isinstance(data, list) and len(data) > MAX_ROWS:
        raise TooMuchError(f"a list has at most {MAX_ROWS:,} rows, not {len(data):,}")
    if isinstance(data, dict):
        return "named row"
    first = data[0] if isinstance(data, list) and data else None
    if isinstance(first, dict):
        return "named rows"
    return "rows" if isinstance(first, list) else "row"


Ids = Annotated[
    Annotated[JobIdInBody, Tag("one id")]
    | Annotated[list[JobIdInBody], Field(fail_fast=True), Tag("ids")],
    Discriminator(lambda ids: "ids" if isinstance(ids, list) else "one id"),
]


class _WithoutUnits(Strict):
    """A request of a data set without measured columns."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_units(cls, value: Any) -> Any:
        if isinstance(value, dict) and "units" in value:
            text = 'no column of this data set has other units: leave "units" out'
            raise MisfitError(text, "units")
        return value


class AskModelRequest(Strict):
    """One row, or up to 1,000, for the model of this id.

    The rows are checked by the schema of what that model takes, which may be of another data set.
    """

    model_id: Annotated[str, Field(pattern=NAME_PATTERN)] = Field(
        description="The id of a stored model, or `live` or `shadow`. GET /models lists them.",
        examples=["ridge-7f3a9c2b41de"],
    )
    data: list[Any] | dict[str, Any] = Field(
        description="A row, or a list of rows, in the same forms. GET /models/{model_id}/schema "
        "has the columns that this model takes."
    )
    units: Literal["scaled", "raw"] = Field("scaled", description=UNITS)
    id: Ids | None = Field(None, description=ID)

    def request(self) -> dict[str, Any]:
        """Returns the request without the model, as it came."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"model_id"}}


def asking_type(schema: Schema) -> Any:
    """Returns the schema of a request to the live model, or to one by its id."""
    return Annotated[
        Annotated[request_type(schema), Tag(TAGS[0])] | Annotated[AskModelRequest, Tag(TAGS[1])],
        Discriminator(_tag_of),
    ]


def _tag_of(body: Any) -> str:
    """Returns which of the two a request is. Raises MisfitError for the forms of other gateways."""
    if isinstance(body, list):
        raise MisfitError(f"a list is no request: {OURS}")
    if not isinstance(body, dict):
        return TAGS[0]
    if "data" not in body and (others := [name for name in OF_OTHERS if name in body]):
        raise MisfitError(f'"{others[0]}" is not known here: {OURS}', others[0])
    return TAGS[1] if "model_id" in body else TAGS[0]


def request_type(schema: Schema) -> type[Strict]:
    """Returns the schema of a request for one row, or up to 1,000."""
    data = (
        f"The {len(schema.columns)} values of a row in the order of the columns "
        f"({listed(schema.names)}); or an object with their names; or a list of either, for up "
        f"to {MAX_ROWS:,} rows. See /schema."
    )
    fields: dict[str, Any] = {"data": (_data(schema), Field(description=data))}
    has_units = examples.has_units(schema.columns)
    if has_units:
        fields["units"] = (Literal["scaled", "raw"], Field("scaled", description=UNITS))
    fields["id"] = (Ids | None, Field(None, description=ID))
    base: type[Strict] = Strict if has_units else _WithoutUnits
    told = "One row, or up to 1,000."
    return create_model("PredictRequest", __base__=base, __doc__=told, **fields)


def max_body_bytes(schema: Schema) -> int:
    """Returns how long a body may be: 1,000 rows by names fit in, if a message can carry them."""
    needed = MAX_ROWS * sum(map(_bytes_of, schema.columns))
    return max(MIN_BODY_BYTES, min(needed, MAX_BODY_BYTES))


def max_body_values(schema: Schema) -> int:
    """Returns how many values a body may have: twice those of 1,000 rows with ids.

    So that of what is only a bit too long, a sentence about rows is told.
    """
    return max(MIN_BODY_VALUES, 2 * MAX_ROWS * (len(schema.columns) + 1))


def _data(schema: Schema) -> Any:
    row: Any
    named_row: Any
    row, named_row = row_types(schema)
    return Annotated[
        Annotated[row, Tag("row")]
        | Annotated[named_row, Tag("named row")]
        | Annotated[list[row], Field(fail_fast=True), Tag("rows")]
        | Annotated[list[named_row], Field(fail_fast=True), Tag("named rows")],
        Discriminator(form_of),
    ]


def _bytes_of(column: Column) -> int:
    """Returns how many bytes a value has in a body, with its name, if all letters are escaped."""
    if isinstance(column, Number):
        most = NUMBER_BYTES
    else:
        most = 6 * MAX_TEXT if isinstance(column, Category) else MAX_ROW_BYTES
    return len(json.dumps(column.name)) + most
