"""Schemas of the calls about trainings: requests, which are checked, and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.messages import FEATURE_NAMES
from pipeline.training import STAGES, Algorithm, Stage
from schemas.base import HOLDOUT_ROWS_SEEN, NAME_PATTERN, Number, Strict

MAX_COLUMNS = 100
MAX_PARAMS = 20
MAX_INT = 2**53  # larger ones are not the same number to every JSON reader

TRAIN: dict[str, Any] = {
    "dataset_id": "diabetes",
    "features": list(FEATURE_NAMES),
    "target": "target",
    "algorithm": "ridge",
    "params": {"alpha": 0.5},
}

Column = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", examples=["bmi"])
]
ParamName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
Param = (
    Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True, ge=-MAX_INT, le=MAX_INT)]
    | Number
    | Annotated[str, Field(max_length=64)]
    | None
)


class TrainRequest(Strict):
    """A training to do: the data, the columns, and the algorithm."""

    dataset_id: str = Field(
        pattern=NAME_PATTERN,
        description="`diabetes`, or a CSV file `datasets/{dataset_id}.csv` of the model store.",
    )
    features: list[Column] = Field(
        min_length=1,
        max_length=MAX_COLUMNS,
        json_schema_extra={"uniqueItems": True},
        description="The columns that the model takes, in order. Only a model of the data set's "
        "ten columns, in their order, can be promoted.",
    )
    target: Column = Field(description="The column to predict.")
    algorithm: Algorithm
    params: dict[ParamName, Param] = Field(
        {},
        max_length=MAX_PARAMS,
        description="Parameters of scikit-learn's estimator; the others keep its defaults.",
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [TRAIN]})

    @field_validator("features")
    @classmethod
    def _each_once(cls, features: list[str]) -> list[str]:
        if len(set(features)) != len(features):
            raise ValueError("a column occurs twice")
        return features

    @model_validator(mode="after")
    def _target_is_no_feature(self) -> Self:
        if self.target in self.features:
            raise ValueError(f"the target {self.target!r} is one of the features")
        return self


TRAINED: dict[str, Any] = {
    "job_id": "019abb60-8c59-7cc1-a0d5-3f1f6c6a2a52",
    "kind": "training",
    "status": "completed",
    "model_id": "ridge-7f3a9c2b41de",
    "stage": "store",
    "percent": 100.0,
    "stages": list(STAGES),
    "rmse": 52.97,
    "mae": 42.13,
    "holdout_rows_seen": 0,
    "reason": None,
    "attempts": 1,
    "request": TRAIN,
    "created_at": "2026-11-22T11:37:13.696000Z",
    "completed_at": "2026-11-22T11:37:14.021000Z",
    "location": "/job/019abb60-8c59-7cc1-a0d5-3f1f6c6a2a52",
}

TrainingStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]


class TrainingJob(BaseModel):
    """A training, and its current state."""

    model_config = ConfigDict(json_schema_extra={"examples": [TRAINED]})

    job_id: str
    kind: Literal["training"] = "training"
    status: TrainingStatus = Field(
        description="`pending`: no trainer has begun. `processing`: a trainer works on it, or will "
        "retry after `reason`. `completed`: the model is in the store. `failed`, `cancelled`: "
        "there is no model."
    )
    model_id: str = Field(description="The id of the model in the store.")
    stage: Stage | None = Field(None, description="The current stage, or the last one.")
    percent: float | None = Field(None, description="Progress of this stage, if known.")
    stages: list[str] = Field(list(STAGES), description="All stages, in order.")
    rmse: float | None = Field(None, description="Error on rows that the model was not trained on.")
    mae: float | None = Field(None, description="On the same rows.")
    holdout_rows_seen: int | None = Field(None, description=HOLDOUT_ROWS_SEEN)
    reason: str | None = Field(None, description="Why it failed, or is retried.")
    attempts: int = Field(0, description="How many times a trainer has begun.")
    request: TrainRequest
    created_at: datetime
    completed_at: datetime | None = None
    location: str = Field(description="The path of this job.")

    @property
    def has_ended(self) -> bool:
        """True if the training is final."""
        return self.status in {"completed", "failed", "cancelled"}
