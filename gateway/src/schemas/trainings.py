"""Schemas of the calls about trainings: requests, which are checked, and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.table import built_in
from pipeline.table.schema import MAX_COLUMNS, MAX_TEXT
from pipeline.training import STAGES, Algorithm, Stage
from schemas.base import NAME_PATTERN, Number, Strict
from schemas.figures import (
    Accuracy,
    BaselineMae,
    HalfBrier,
    HoldoutRowsSeen,
    LogLoss,
    Mae,
    MajorityAccuracy,
    Rmse,
)

MAX_PARAMS = 20
MAX_INT = 2**53  # larger ones are not the same number to every JSON reader

TRAIN: dict[str, Any] = {
    "dataset_id": "diabetes",
    "features": built_in.default().names,
    "target": "target",
    "algorithm": "ridge",
    "params": {"alpha": 0.5},
}

Column = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", examples=["bmi"]),
]
ParamName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
Param = (
    Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True, ge=-MAX_INT, le=MAX_INT)]
    | Number
    | Annotated[str, Field(max_length=64)]
    | None
)


def _left_out() -> Any:
    """Stands for what a request leaves out; completion.py puts the default in its place."""
    return None


class TrainRequest(Strict):
    """A training to do: the data, the columns, and the algorithm; in answers it is complete."""

    dataset_id: str = Field(
        default_factory=_left_out,
        pattern=NAME_PATTERN,
        description="The name of a data set, by default that of DATASET: a built-in one, a folder "
        "of `datasets/`, or else a CSV file `datasets/{dataset_id}.csv` of the model store.",
    )
    features: list[Column] = Field(
        default_factory=_left_out,
        min_length=1,
        max_length=MAX_COLUMNS,
        json_schema_extra={"uniqueItems": True},
        description="The columns that the model takes, in any order; by default all.",
    )
    target: Column = Field(
        default_factory=_left_out,
        description="The column to predict, by default the data set's target.",
    )
    algorithm: Algorithm = Field(
        default_factory=_left_out,
        description="Of a number `linear`, `ridge` (the default), `random_forest` or "
        "`hist_gradient_boosting`; of classes `logistic` (the default) or one of the latter two.",
    )
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
    "baseline_mae": 64.35,
    "accuracy": None,
    "majority_accuracy": None,
    "log_loss": None,
    "half_brier": None,
    "holdout_rows_seen": 0,
    "reason": None,
    "warnings": [],
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
    rmse: Rmse = None
    mae: Mae = None
    baseline_mae: BaselineMae = None
    accuracy: Accuracy = None
    majority_accuracy: MajorityAccuracy = None
    log_loss: LogLoss = None
    half_brier: HalfBrier = None
    holdout_rows_seen: HoldoutRowsSeen = None
    reason: str | None = Field(None, description="Why it failed, or is retried.")
    warnings: list[str] = Field(
        [], description="Why the model could not be promoted or tried with this DATASET."
    )
    attempts: int = Field(0, description="How many times a trainer has begun.")
    request: TrainRequest
    created_at: datetime
    completed_at: datetime | None = None
    location: str = Field(description="The path of this job.")

    @property
    def has_ended(self) -> bool:
        """True if the training is final."""
        return self.status in {"completed", "failed", "cancelled"}
