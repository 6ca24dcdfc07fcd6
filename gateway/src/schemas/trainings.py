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
        description="The columns that the model takes, in order. One that is to answer here takes "
        "the ten of the data set, in its order.",
    )
    target: Column = Field(description="The column that it is to predict.")
    algorithm: Algorithm
    params: dict[ParamName, Param] = Field(
        {},
        max_length=MAX_PARAMS,
        description="Of scikit-learn's estimator; those that are not named are as it has them.",
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [TRAIN]})

    @field_validator("features")
    @classmethod
    def _each_once(cls, features: list[str]) -> list[str]:
        if len(set(features)) != len(features):
            raise ValueError("a column stands there twice")
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
        description="`pending`: no trainer has begun. `processing`: one is at it, or will try "
        "again after `reason`. `completed`: the model is in the store. `failed`, `cancelled`: "
        "there is none."
    )
    model_id: str = Field(description="What the model is called, once it is in the store.")
    stage: Stage | None = Field(None, description="What is being done; the last one in the end.")
    percent: float | None = Field(None, description="Of this stage, where it can tell.")
    stages: list[str] = Field(list(STAGES), description="All stages, in order.")
    rmse: float | None = Field(None, description="On rows that the model was not trained on.")
    mae: float | None = Field(None, description="On the same rows.")
    holdout_rows_seen: int | None = Field(None, description=HOLDOUT_ROWS_SEEN)
    reason: str | None = Field(None, description="Why it failed, or has to be tried again.")
    attempts: int = Field(0, description="How often a trainer has begun.")
    request: TrainRequest
    created_at: datetime
    completed_at: datetime | None = None
    location: str = Field(description="Where to ask for this job.")

    @property
    def has_ended(self) -> bool:
        """True if the training is final."""
        return self.status in {"completed", "failed", "cancelled"}
