"""Schemas of the calls about models: the records of the model store, described."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, Field

from pipeline.model_store.records import REPORT_SECONDS, Change, Model, Replica
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

FRESH = timedelta(seconds=3 * REPORT_SECONDS)  # a process silent for longer is gone
STORED: dict[str, Any] = {
    "model_id": "ridge-7f3a9c2b41de",
    "dataset_id": "diabetes",
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
    "state": "stored",
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
    state: Literal["live", "shadow", "stored"] = Field(
        description="`live`: it answers. `shadow`: it predicts the same rows for comparison."
    )

    @classmethod
    def of(cls, model: Model, last: Change | None) -> Self:
        """Describes a stored model; its role follows from the last change."""
        states = {last.shadow: "shadow", last.live: "live"} if last else {}
        return cls(**to_builtins(model), state=states.get(model.model_id, "stored"))


class ModelsOut(BaseModel):
    """All models, the oldest first."""

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


class DifferenceOut(BaseModel):
    """The shadow model's mean score less the live one's, with a confidence interval."""

    mean: float
    low: float = Field(description="With `high` the 95 % confidence interval.")
    high: float


class ComparedOut(BaseModel):
    """One of the two models that are compared."""

    model_id: str


class ComparisonOut(BaseModel):
    """The comparison of a shadow model with the live one, as plot's page shows it."""

    rows: int = Field(description="Rows that both have predicted.", examples=[812])
    rows_needed: int = Field(description="Without so many there is no verdict.", examples=[100])
    failed: int = Field(description="Rows that the shadow model could not predict.", examples=[0])
    candidate: ComparedOut = Field(description="The shadow model.")
    live: ComparedOut
    difference: DifferenceOut | None = Field(
        description="Of the absolute errors, or of classes the half Brier scores: negative if the "
        "shadow model is better. null while there are too few rows."
    )
    verdict: Literal["failing", "too few rows", "better", "worse", "equal", "unclear"]


class ShadowOut(BaseModel):
    """The latest comparison of a shadow model with the live one."""

    comparison: ComparisonOut | None = Field(description="null if no shadow model has had rows.")


class ChangeOut(BaseModel):
    """A change: the model that answers from then on, and the shadow model."""

    number: int = Field(examples=[2])
    action: Literal["start", "promote", "rollback", "shadow", "unshadow"]
    live: str = Field(examples=["ridge-7f3a9c2b41de"])
    shadow: str | None = Field(examples=[None])
    forced: bool
    takes_back: int | None = Field(
        description="The number of the promotion that a rollback undoes.", examples=[None]
    )
    default: str | None = Field(
        description="For a start: the model of MODEL_PATH, to which the last rollback returns.",
        examples=[None],
    )
    at: datetime

    @classmethod
    def of(cls, change: Change) -> Self:
        """Describes a change."""
        return cls(**to_builtins(change))


class ReplicaOut(BaseModel):
    """A report of one process of `model` about itself."""

    name: str = Field(examples=["model-1"])
    change: int = Field(description="The last change that it knows.", examples=[2])
    live: str = Field(
        description="The model that it answers with.", examples=["ridge-7f3a9c2b41de"]
    )
    shadow: str | None = Field(examples=[None])
    problem: str | None = Field(description="Why it has not applied the change.")
    at: datetime


class Changed(BaseModel):
    """A change, and which processes of `model` have applied it after at most two seconds."""

    change: ChangeOut
    replicas: list[ReplicaOut]


class ChangesOut(BaseModel):
    """All changes, the latest first, and what the processes of `model` answer with."""

    changes: list[ChangeOut]
    replicas: list[ReplicaOut]


def fresh(replicas: list[Replica]) -> list[ReplicaOut]:
    """Returns the reports of the processes that still run."""
    reports = [ReplicaOut(**to_builtins(replica)) for replica in replicas]
    return [report for report in reports if datetime.now(UTC) - report.at < FRESH]
