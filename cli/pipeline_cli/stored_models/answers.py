"""The gateway's answers about models, as far as the commands use them. Times are aware, UTC.

A field with a default may be missing in the answer of an earlier gateway.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec


class HoldOut(msgspec.Struct, frozen=True):
    """Errors on held-out rows: of numbers in the unit of the target, of classes from 0 to 1."""

    training_rows: int
    held_out_rows: int
    rmse: float | None = None
    mae: float | None = None
    baseline_mae: float | None = None  # of always telling the median
    accuracy: float | None = None
    majority_accuracy: float | None = None  # of always telling the most frequent class
    log_loss: float | None = None
    half_brier: float | None = None


class SoFar(msgspec.Struct, frozen=True):
    """Errors on all rows so far that had a label; units as in HoldOut."""

    rows: int
    mae: float | None = None
    rmse: float | None = None
    accuracy: float | None = None
    half_brier: float | None = None
    last_at: datetime | None = None


class StoredFile(msgspec.Struct, frozen=True):
    """A file of a model; its size is in bytes."""

    sha256: str
    size: int


class Model(msgspec.Struct, frozen=True):
    """A stored model, and its current role; `seconds` is the duration of its training."""

    model_id: str
    dataset_id: str
    features: list[str]
    target: str
    algorithm: str
    params: dict[str, Any]
    metrics: HoldOut | None
    holdout_rows_seen: int | None
    versions: dict[str, str]
    created_at: datetime
    seconds: float | None
    job_id: str | None
    notes: list[str]
    files: dict[str, StoredFile]
    state: Literal["live", "shadow", "stored"]
    data_set: str | None = None
    live_metrics: SoFar | None = None
    shadow_metrics: SoFar | None = None
    answered_at: datetime | None = None

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files.values())

    @property
    def so_far(self) -> SoFar | None:
        """Errors in the role that it has, or had."""
        if self.state == "shadow":
            return self.shadow_metrics
        return self.live_metrics or self.shadow_metrics


class Models(msgspec.Struct, frozen=True):
    """All models, the oldest first."""

    models: list[Model]


class Change(msgspec.Struct, frozen=True):
    """A change: the models that answer from then on."""

    number: int
    action: Literal["start", "promote", "rollback", "shadow", "unshadow"]
    live: str
    shadow: str | None
    forced: bool
    takes_back: int | None
    at: datetime


class Replica(msgspec.Struct, frozen=True):
    """A report of one process of `model`: what it answers with, and why not with another."""

    name: str
    change: int
    live: str
    shadow: str | None
    problem: str | None


class Changed(msgspec.Struct, frozen=True):
    """A change that was just made, and what the processes have made of it."""

    change: Change
    replicas: list[Replica]


class Changes(msgspec.Struct, frozen=True):
    """All changes, the latest first, and what the processes answer with."""

    changes: list[Change]
    replicas: list[Replica]


class Links(msgspec.Struct, frozen=True):
    """The addresses of other pages."""

    live_page: str
