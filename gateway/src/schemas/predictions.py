"""Schemas of a request for predictions: one patient or many, in four forms."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from pipeline.messages import FEATURE_COUNT
from schemas.base import Number, Strict
from schemas.job_ids import JobIdInBody

MAX_ROWS = 1000
SCALED = [0.0381, 0.0507, 0.0617, 0.0219, -0.0442, -0.0348, -0.0434, -0.0026, 0.0199, -0.0176]
MEASURED = {
    "age": 59, "sex": 2, "bmi": 32.1, "bp": 101, "s1": 157,
    "s2": 93.2, "s3": 38, "s4": 4, "s5": 4.8598, "s6": 87,
}  # fmt: skip
EXAMPLES: list[Any] = [
    {"data": MEASURED, "units": "raw"},
    {"data": SCALED},
    {"data": [SCALED, SCALED], "id": ["patient-7", "patient-8"]},
]  # the first patient of the data set, as measured and scaled

Row = Annotated[list[Number], Field(min_length=FEATURE_COUNT, max_length=FEATURE_COUNT)]


class NamedRow(Strict):
    """The ten values of a patient by the names of the data set's columns."""

    age: Number
    sex: Number
    bmi: Number
    bp: Number
    s1: Number
    s2: Number
    s3: Number
    s4: Number
    s5: Number
    s6: Number


FORMS = ("row", "named row", "rows", "named rows", "one id", "ids")


class TooMuchError(Exception):
    """A request has too many rows."""


def form_of(data: Any) -> str:
    """Returns which of the four forms a request's data has, or means to have, by its first element.

    Raises TooMuchError, before each of its rows is looked at.
    """
    if isinstance(data, list) and len(data) > MAX_ROWS:
        raise TooMuchError(f"a list has at most {MAX_ROWS:,} patients, not {len(data):,}")
    if isinstance(data, dict | NamedRow):
        return "named row"
    first = data[0] if isinstance(data, list) and data else None
    if isinstance(first, dict | NamedRow):
        return "named rows"
    return "rows" if isinstance(first, list) else "row"


Data = Annotated[
    Annotated[Row, Tag("row")]
    | Annotated[NamedRow, Tag("named row")]
    | Annotated[list[Row], Field(fail_fast=True), Tag("rows")]
    | Annotated[list[NamedRow], Field(fail_fast=True), Tag("named rows")],
    Discriminator(form_of),
]


Ids = Annotated[
    Annotated[JobIdInBody, Tag("one id")]
    | Annotated[list[JobIdInBody], Field(fail_fast=True), Tag("ids")],
    Discriminator(lambda ids: "ids" if isinstance(ids, list) else "one id"),
]


class PredictRequest(Strict):
    """One patient, or up to 1,000."""

    data: Data = Field(
        description="Ten numbers, in the order of the data set's columns; or an object with their "
        f"names; or a list of either, for up to {MAX_ROWS:,} patients."
    )
    units: Literal["scaled", "raw"] = Field(
        "scaled",
        description="`scaled`: as scikit-learn's load_diabetes() returns them. `raw`: as measured, "
        "age in years, sex 1 or 2, BMI in kg/m² and so on; see /columns. A value that is "
        "impossible in these units is refused. One outside the data set's range adds a warning.",
    )
    id: Ids | None = Field(
        None,
        description="An id of your own for the patient, a text or a number, or a list with one id "
        'for each patient. Default: a new id. The number 5 and the text "5" are the same id.',
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": EXAMPLES})
