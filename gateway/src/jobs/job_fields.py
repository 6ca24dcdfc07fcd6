"""Makes a job of the fields that Redis holds."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from pipeline.ids import path_of
from schemas.jobs import Job, Status

FIELDS = 8  # of a job, as read.lua returns them


def job_of(job_id: str, fields: Sequence[str | None]) -> Job | None:
    """Returns the job with these fields, in the order of read.lua; None if they are empty."""
    created, confirmed, completed, prediction, reason, model, warnings, label = fields
    if created is None:
        return None
    y_pred, y_true = _number(prediction), _number(label)
    return Job.model_construct(
        job_id=job_id,
        status=_status(confirmed, completed, prediction),
        prediction=y_pred,
        model_id=model or None,
        reason=reason,
        warnings=msgspec.json.decode(warnings) if warnings else [],
        created_at=_time(created),
        confirmed_at=None if confirmed is None else _time(confirmed),
        completed_at=None if completed is None else _time(completed),
        label=y_true,
        absolute_error=None if y_pred is None or y_true is None else abs(y_true - y_pred),
        location=path_of("/job", job_id),
    )


def warnings_text(warnings: list[str]) -> str:
    """Returns warnings as JSON, or an empty text for none."""
    return msgspec.json.encode(warnings).decode() if warnings else ""


def _status(confirmed: str | None, completed: str | None, prediction: str | None) -> Status:
    if completed is not None:
        return "failed" if prediction is None else "completed"
    return "pending" if confirmed is None else "processing"


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _time(in_ms: str) -> datetime:
    return datetime.fromtimestamp(int(in_ms) / 1000, UTC)
