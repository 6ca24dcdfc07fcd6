"""The errors of a model on the live rows so far: as plot tells them, and as the gateway does."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from pipeline.clock import time_of

EXAMPLE: dict[str, Any] = {
    "rows": 5716,
    "failed": 0,
    "mae": 47.36,
    "rmse": 58.6,
    "accuracy": None,
    "half_brier": None,
    "last_at": "2026-11-22T15:37:37.848000Z",
}

Rows = Annotated[int, Field(ge=0, description="The rows that the means are of.")]
Failed = Annotated[
    int, Field(ge=0, description="Further rows, for which the shadow model predicted nothing.")
]
LiveMae = Annotated[float | None, Field(ge=0, description="Mean absolute error; null for classes.")]
LiveRmse = Annotated[
    float | None,
    Field(ge=0, description="Root mean squared error; null for classes, or if it is too large."),
]
LiveAccuracy = Annotated[
    float | None, Field(ge=0, le=1, description="Share of right classes; null for numbers.")
]
LiveHalfBrier = Annotated[
    float | None, Field(ge=0, le=1, description="Mean half Brier score; null for numbers.")
]


class Means(BaseModel):
    """The mean errors of a model; those of a number in its unit."""

    model_config = ConfigDict(allow_inf_nan=False)

    rows: Rows
    failed: Failed
    mae: LiveMae = None
    rmse: LiveRmse = None
    accuracy: LiveAccuracy = None
    half_brier: LiveHalfBrier = None


class ModelMeans(Means):
    """The means as plot tells them."""

    last_in_ms: int = Field(ge=0, le=10**14)

    @property
    def last_at(self) -> datetime:
        """The time of the last row."""
        return time_of(self.last_in_ms)


class AllMeans(BaseModel):
    """The means of all models, by their ids, as plot tells them."""

    live: dict[str, ModelMeans] = {}
    shadow: dict[str, ModelMeans] = {}


class LiveMetrics(Means):
    """Errors over all rows so far, as `metric` counts them."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    last_at: datetime = Field(description="When the last of these rows was joined.")

    @classmethod
    def of(cls, means: ModelMeans | None) -> Self | None:
        """Describes the means of a model; None if it has no rows."""
        if means is None:
            return None
        return cls(**means.model_dump(exclude={"last_in_ms"}), last_at=means.last_at)
