"""Schemas of the changes of models, and of who has applied them."""

from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from msgspec import to_builtins
from pydantic import BaseModel, Field

from pipeline.model_store.records import REPORT_SECONDS, Change, Replica

FRESH = timedelta(seconds=3 * REPORT_SECONDS)  # a process silent for longer is gone


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
