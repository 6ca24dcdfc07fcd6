"""Schemas of the calls about models: the records of the model store, described."""

from datetime import datetime
from typing import Any, Literal, Self

from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, Field

from pipeline.model_store.records import Change, Model
from pipeline.table import built_in
from schemas.base import Strict
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
from schemas.live_metrics import EXAMPLE, LiveMetrics

STORED: dict[str, Any] = {
    "model_id": "ridge-7f3a9c2b41de",
    "dataset_id": "diabetes",
    "data_set": "diabetes",
    "task": "regression",
    "features": built_in.default().names,
    "target": "target",
    "algorithm": "ridge",
    "params": {"alpha": 0.5},
    "metrics": {
        "rmse": 52.97,
        "mae": 42.13,
        "baseline_mae": 64.35,
        "training_rows": 353,
        "held_out_rows": 89,
    },
    "holdout_rows_seen": 0,
    "versions": {"python": "3.13.1", "scikit-learn": "1.9.1"},
    "created_at": "2026-11-22T11:37:14.021000Z",
    "seconds": 0.21,
    "job_id": "019abb60-8c59-7cc1-a0d5-3f1f6c6a2a52",
    "notes": [],
    "files": {"model.skops": {"sha256": "5a" * 32, "size": 4201}},
    "size": 4201,
    "state": "stored",
    "live_metrics": EXAMPLE,
    "shadow_metrics": None,
    "answered_at": "2026-11-22T15:37:37.848000Z",
}


class FileOut(BaseModel):
    """A file of a model."""

    sha256: str
    size: int = Field(description="in bytes")


class MetricsOut(BaseModel):
    """Errors on rows that the model was not trained on; those of a number in its unit."""

    rmse: Rmse
    mae: Mae
    baseline_mae: BaselineMae = None
    accuracy: Accuracy = None
    majority_accuracy: MajorityAccuracy = None
    log_loss: LogLoss = None
    half_brier: HalfBrier = None
    training_rows: int
    held_out_rows: int


class ModelOut(BaseModel):
    """A stored model, and its current role."""

    model_config = ConfigDict(json_schema_extra={"examples": [STORED]})

    model_id: str
    dataset_id: str
    data_set: str = Field(description="The data set whose rows it takes.")
    task: Literal["regression", "classification"] | None = Field(
        description="null if that data set is not here, and nobody has measured the model."
    )
    features: list[str] = Field(description="The columns that it takes, in order.")
    target: str
    algorithm: str
    params: dict[str, Any]
    metrics: MetricsOut | None = Field(description="null if nobody has measured them.")
    holdout_rows_seen: HoldoutRowsSeen
    versions: dict[str, str] = Field(
        description="Versions of Python and the libraries that trained it."
    )
    created_at: datetime
    seconds: float | None = Field(description="The duration of the training.")
    job_id: str | None = Field(description="The training's job; null for the first model.")
    notes: list[str]
    files: dict[str, FileOut]
    size: int = Field(description="Of all files, in bytes.")
    state: Literal["live", "shadow", "stored"] = Field(
        description="`live`: it answers. `shadow`: it predicts the same rows for comparison."
    )
    live_metrics: LiveMetrics | None = Field(
        description="As the live model; null without rows, or if plot does not answer."
    )
    shadow_metrics: LiveMetrics | None = Field(description="As the shadow model, likewise.")
    answered_at: datetime | None = Field(
        description="When it last answered, as far as gateway and metric know."
    )

    @classmethod
    def of(cls, model: Model, last: Change | None, **known: Any) -> Self:
        """Describes a stored model; its role follows from the last change."""
        states = {last.shadow: "shadow", last.live: "live"} if last else {}
        return cls(
            **to_builtins(model),
            size=sum(file.size for file in model.files.values()),
            state=states.get(model.model_id, "stored"),
            **known,
        )


class ModelsOut(BaseModel):
    """The models of all data sets, the oldest first."""

    live: str | None = Field(
        description="The live model, which answers.", examples=["83f54457c2f9"]
    )
    shadow: str | None = Field(description="The shadow model.", examples=[None])
    models: list[ModelOut]


class Promotion(Strict):
    """The options of a promotion."""

    force: bool = Field(
        False,
        strict=True,
        description="Promote the model even if its error on the hold-out is too high, or if it was "
        "trained on hold-out rows, so that its score there says nothing.",
    )


class PromotionOut(BaseModel):
    """The answer to whether a model would be promoted now."""

    refusal: str | None = Field(
        description="Why it would be refused (409); null if it would not.", examples=[None]
    )
    can_force: bool = Field(
        description="False if even `force` would not promote it: it cannot answer here, or is live."
    )
