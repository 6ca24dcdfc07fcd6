"""Schemas of the calls: requests, which are checked, and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Header
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from pipeline.messages import FEATURE_COUNT
from schemas.job_ids import JobIdInBody

MOST_ROWS = 1000
MOST_NAMES = 50  # in an object
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

HOLDOUT_ROWS_SEEN = (
    "How many of the 89 rows of the hold-out, by which a promotion is judged, were in its training "
    "data; null where that is not known."
)

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def key_header(description: str) -> Any:
    """Returns the header Idempotency-Key of a call: printable ASCII, as HTTP's headers are."""
    return Header(
        alias="Idempotency-Key", max_length=255, pattern="^[ -~]*$", description=description
    )


Row = Annotated[list[Number], Field(min_length=FEATURE_COUNT, max_length=FEATURE_COUNT)]


class Strict(BaseModel):
    """A part of a request: it refuses unknown names."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_a_heap(cls, value: Any) -> Any:
        """Refuses too many names: each unknown one is an error, and a megabyte holds many."""
        if isinstance(value, dict) and len(value) > MOST_NAMES:
            raise ValueError(f"an object of {len(value):,} names is none that is known here")
        return value


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
    """A request has more rows than one may have."""


def form_of(data: Any) -> str:
    """Returns which of the four forms a request's data has, or means to have, by its first element.

    Raises TooMuchError, before each of its rows is looked at.
    """
    if isinstance(data, list) and len(data) > MOST_ROWS:
        raise TooMuchError(f"a list of {len(data):,} is too long, the most is {MOST_ROWS:,}")
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
        f"names; or a list of either, for up to {MOST_ROWS:,} patients."
    )
    units: Literal["scaled", "raw"] = Field(
        "scaled",
        description="`scaled`: as scikit-learn's load_diabetes() gives them. `raw`: as they were "
        "measured, age in years, sex 1 or 2, BMI in kg/m² and so on; see /columns. A value that "
        "cannot be in these units is refused; one that can, but is outside what the data set has, "
        "is answered with a warning.",
    )
    id: Ids | None = Field(
        None,
        description="An id of your own for the patient, a text or a number, or a list of as many "
        "as there are patients. Without, there is a new one. The job of the number 5 is that of "
        'the text "5".',
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": EXAMPLES})


DONE: Any = {
    "job_id": "patient-7",
    "status": "completed",
    "prediction": 208.93459624646934,
    "model_id": "83f54457c2f9",
    "reason": None,
    "warnings": [],
    "created_at": "2026-11-22T11:37:13.696000Z",
    "confirmed_at": "2026-11-22T11:37:13.717000Z",
    "completed_at": "2026-11-22T11:37:13.734000Z",
    "label": 151.0,
    "absolute_error": 57.93459624646934,
    "location": "/job/patient-7",
}

Status = Literal["pending", "processing", "completed", "failed"]


class Job(BaseModel):
    """A question to the model, and its answer once that is there.

    Values are in points of disease progression.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [DONE]})

    job_id: str
    status: Status = Field(
        description="`pending`: noted, and not yet confirmed by the broker. `processing`: the "
        "broker has it, the model answers when its turn comes. `completed`, `failed`: it has. A "
        "`completed` job fails where its id turns out to be that of another row."
    )
    prediction: float | None = None
    model_id: str | None = Field(None, description="The first digits of the model file's SHA-256.")
    reason: str | None = Field(None, description="Why there is no prediction, or none that counts.")
    warnings: list[str] = Field(
        [], description="Of each value that is outside what the data set has: a sentence."
    )
    created_at: datetime
    confirmed_at: datetime | None = None
    completed_at: datetime | None = None
    label: float | None = Field(None, description="The true value, once it has been told.")
    absolute_error: float | None = None
    location: str = Field(description="Where to ask for this job.")

    @property
    def has_ended(self) -> bool:
        """True if the job is final."""
        return self.status in {"completed", "failed"}


class Jobs(BaseModel):
    """One job for each patient, in their order."""

    jobs: list[Job]


class Label(Strict):
    """The true value for a job."""

    value: Number = Field(
        description="Disease progression one year after baseline; in the data set 25 to 346. Any "
        "other is taken, too, with a warning: the id may be of a service with another target.",
        examples=[151.0],
    )


class LabelTaken(BaseModel):
    """The true value is on its way to be joined with the prediction of this id."""

    job_id: str = Field(examples=["patient-7"])
    label: float = Field(examples=[151.0])
    warnings: list[str] = Field([], description="If it is outside what the data set has.")


class Health(BaseModel):
    """The state of the gateway: whether it takes requests, and which part is missing if not."""

    status: Literal["ok", "unavailable"]
    broker: str = Field(description="`ok`, or what is wrong.", examples=["ok"])
    redis: str = Field(description="`ok`, or what is wrong.", examples=["ok"])
    queue: int | None = Field(description="Messages that wait for the model.", examples=[0])


class Problem(BaseModel):
    """An explanation of what went wrong, in a sentence."""

    detail: str
