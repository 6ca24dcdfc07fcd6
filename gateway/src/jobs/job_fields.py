"""Makes a job of the fields that Redis holds."""

from collections.abc import Mapping

import msgspec

from pipeline.clock import time_of
from pipeline.ids import path_of
from pipeline.messages import Label, Prediction, number_text
from pipeline.table.wire import most_probable
from schemas.jobs import Job, Status

# Of a job, as read.lua returns them.
FIELDS = (
    *("created", "confirmed", "completed", "prediction", "reason"),
    *("model", "warnings", "asked", "dataset", "label"),
)

_label: msgspec.json.Decoder[Label] = msgspec.json.Decoder(float | str)
_prediction: msgspec.json.Decoder[Prediction] = msgspec.json.Decoder(float | str | dict[str, float])


def job_of(job_id: str, fields: Mapping[str, str | None], classes: list[str]) -> Job | None:
    """Returns the job with these of the FIELDS; None without the time when it was written.

    Of probabilities the most probable class is the prediction; `classes` has those of the schema,
    or is empty where that is gone.
    """
    if (created := fields.get("created")) is None:
        return None
    confirmed, completed = fields.get("confirmed"), fields.get("completed")
    prediction, label, warnings = map(fields.get, ("prediction", "label", "warnings"))
    y_pred = None if prediction is None else _prediction.decode(prediction)
    y_true = None if label is None else _label.decode(label)
    by_class = y_pred if isinstance(y_pred, dict) else None
    error = None if y_pred is None or y_true is None else error_of(y_pred, y_true)
    return Job.model_construct(
        job_id=job_id,
        status=_status(confirmed, completed, prediction),
        prediction=_told(y_pred, classes),
        probabilities=by_class,
        model_id=fields.get("model") or None,
        asked_model=fields.get("asked"),
        reason=fields.get("reason"),
        warnings=msgspec.json.decode(warnings) if warnings else [],
        created_at=time_of(int(created)),
        confirmed_at=None if confirmed is None else time_of(int(confirmed)),
        completed_at=None if completed is None else time_of(int(completed)),
        label=y_true,
        absolute_error=error,
        location=path_of("/job", job_id),
    )


def value_text(value: Prediction) -> str:
    """Returns a label or a prediction as it is kept: JSON, the same for the same value.

    >>> value_text(151.0), value_text("setosa"), value_text({"b": 0.5, "a": 0.5})
    ('151', '"setosa"', '{"a":0.5,"b":0.5}')
    """
    if isinstance(value, float):
        return number_text(value)
    return msgspec.json.encode(value, order="sorted").decode()


def label_of(text: str) -> Label:
    """Returns the label that was kept as this text."""
    return _label.decode(text)


def error_of(prediction: Prediction, label: Label) -> float:
    """Returns the absolute error; of classes 1 less the probability of the label.

    >>> error_of(150.0, 151.0), error_of({"a": 0.25, "b": 0.75}, "a"), error_of("a", "a")
    (1.0, 0.75, 0.0)
    """
    if isinstance(prediction, float) and isinstance(label, float):
        return abs(label - prediction)
    by_class = prediction if isinstance(prediction, dict) else {prediction: 1.0}
    return 1.0 - by_class.get(str(label), 0.0)


def _told(prediction: Prediction | None, classes: list[str]) -> Label | None:
    """Returns the prediction itself, and of probabilities the most probable class."""
    if isinstance(prediction, dict):
        return most_probable(prediction, classes or [*prediction])
    return prediction


def warnings_text(warnings: list[str]) -> str:
    """Returns warnings as JSON, or an empty text for none."""
    return msgspec.json.encode(warnings).decode() if warnings else ""


def _status(confirmed: str | None, completed: str | None, prediction: str | None) -> Status:
    if completed is not None:
        return "failed" if prediction is None else "completed"
    return "pending" if confirmed is None else "processing"
