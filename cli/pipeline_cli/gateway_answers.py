"""The gateway's answers, as far as the commands use them."""

from typing import Literal

import msgspec

MAX_PROBLEMS = 5  # shown at once, of those in one request
ENDED = {"completed", "failed", "cancelled"}


class Job(msgspec.Struct, frozen=True, omit_defaults=False):
    """A row to predict, or what a training has in common with one; times are ISO 8601, UTC."""

    job_id: str
    status: Literal["pending", "processing", "completed", "failed", "cancelled"]
    prediction: float | str | None = None  # a number, or a class
    probabilities: dict[str, float] | None = None  # by class
    model_id: str | None = None
    asked_model: str | None = None  # if it was asked by its id
    reason: str | None = None  # why there is no prediction
    created_at: str | None = None
    confirmed_at: str | None = None
    completed_at: str | None = None
    label: float | str | None = None
    absolute_error: float | None = None
    warnings: list[str] = []  # about values unlike any that the model has seen

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class Training(msgspec.Struct, frozen=True, omit_defaults=False):
    """A model in the making; times are ISO 8601, UTC."""

    job_id: str
    model_id: str
    status: Literal["pending", "processing", "completed", "failed", "cancelled"]
    stages: list[str]  # all of them, in order
    stage: str | None = None  # the current one
    percent: float | None = None  # of that stage, if it can tell
    rmse: float | None = None
    mae: float | None = None
    baseline_mae: float | None = None  # of always telling the median
    accuracy: float | None = None
    majority_accuracy: float | None = None  # of always telling the most frequent class
    log_loss: float | None = None
    half_brier: float | None = None
    holdout_rows_seen: int | None = None  # hold-out rows among the training rows
    reason: str | None = None  # why there is no model
    warnings: list[str] = []  # why the model could not be promoted, or tried
    created_at: str | None = None
    completed_at: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class RandomRow(msgspec.Struct):
    """A row of the data set that no model has seen; its values are as measured."""

    values: dict[str, float | str | None]
    label: float | str


class Jobs(msgspec.Struct):
    """A job for each row, in their order."""

    jobs: list[Job]


class Promotion(msgspec.Struct):
    """The reason why a model would not be promoted, if there is one."""

    refusal: str | None


class LabelTaken(msgspec.Struct):
    """A label is on its way."""

    makes_row: bool = True  # False if the job asked a model by its id
    warnings: list[str] = []


class Problem(msgspec.Struct):
    """The part of a request that is wrong, and why."""

    loc: list[str | int]
    msg: str


class Refusal(msgspec.Struct):
    """The answer to a request that the gateway does not take."""

    detail: str | list[Problem]


def refusal_detail(content: bytes) -> str | None:
    """Returns what a gateway says about an error; None if the answer is not a gateway's.

    >>> refusal_detail(b'{"detail": [{"loc": ["body", "data", "bmi"], "msg": "Field required"}]}')
    'data.bmi: Field required'
    >>> refusal_detail(b'{"detail": "no such job"}'), refusal_detail(b"<html>")
    ('no such job', None)
    """
    try:
        detail = msgspec.json.decode(content, type=Refusal).detail
    except (msgspec.MsgspecError, UnicodeError):
        return None
    if isinstance(detail, str):
        return detail
    lines = [f"{_place(problem.loc)}: {problem.msg}" for problem in detail[:MAX_PROBLEMS]]
    if len(detail) > MAX_PROBLEMS:
        lines.append(f"and {len(detail) - MAX_PROBLEMS:,} more")
    return "; ".join(lines)


def _place(loc: list[str | int]) -> str:
    parts = loc[1:] if loc[:1] == ["body"] else loc
    return ".".join(map(str, parts)) or "the request"
