"""Turns a request into jobs, and into the message that asks for them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jobs.store import Known, NewJobs
from jobs.units import Units
from pipeline.ids import canonical
from pipeline.messages import Id, Message, id_text, new_id
from pipeline.table import built_in
from redis_store import digest
from schemas import ranges
from schemas.predictions import NamedRow, PredictRequest

NAMES = built_in.default().names
SEX = NAMES.index("sex")


class MisfitError(Exception):
    """A part of a request does not fit the rest; the text says why."""

    def __init__(self, text: str, *place: str | int) -> None:
        super().__init__(text)
        self.place = place


class Intake(NamedTuple):
    """The rows of a request, scaled as the model's features are, and whether it was a list.

    `own` holds the caller's ids by their texts: in a message a number stays a number.
    """

    jobs: NewJobs
    own: dict[str, Id]
    rows: list[list[float]]
    is_list: bool

    @classmethod
    def of(cls, request: PredictRequest, key: str) -> "Intake":
        """Reads a request. Raises MisfitError."""
        data = request.data
        is_list = isinstance(data, list) and not isinstance(data[0], float)
        rows = [_values(row) for row in (data if is_list else [data])]  # type: ignore[arg-type]
        own = _ids(request.id, len(rows), is_list)
        ids = list(own)
        if request.units == "raw":
            _check_sex(rows, is_list)
        try:
            warnings = ranges.warnings(rows, request.units)
        except ranges.ImpossibleError as error:
            place = ("data", error.row, error.name) if is_list else ("data", error.name)
            raise MisfitError(str(error), *place) from error
        if request.units == "raw":
            rows = Units(built_in.default().columns).scaled(rows)
        digests = [digest(np.array(row, dtype=np.float64).tobytes()) for row in rows]
        whole = digest(repr((is_list, digests, list(map(canonical, ids)))).encode())
        jobs = NewJobs(ids or [new_id() for _ in rows], digests, warnings, whole, key)
        return cls(jobs, own, rows, is_list)

    def message(self, known: Sequence[Known]) -> Message[list[float]] | None:
        """Returns the message for the jobs that the broker lacks; None if it has them all."""
        pending = [
            (job.job_id, row)
            for job, row in zip(known, self.rows, strict=True)
            if not job.is_confirmed
        ]
        if not pending:
            return None
        job_ids, rows = map(list, zip(*pending, strict=True))
        ids = [self.own.get(job_id, job_id) for job_id in job_ids]
        correlation_id = new_id() if self.is_list else job_ids[0]
        return Message(ids, rows, batched=self.is_list, correlation_id=correlation_id)


def _values(row: list[float] | NamedRow) -> list[float]:
    return row if isinstance(row, list) else [getattr(row, name) for name in NAMES]


def _check_sex(rows: list[list[float]], is_list: bool) -> None:
    """Checks the one column with two values: any other means a row scaled, or in another order."""
    for index, row in enumerate(rows):
        if row[SEX] not in {1, 2}:
            place = ("data", index, "sex") if is_list else ("data", "sex")
            text = f"as measured, it is 1 or 2, and not {row[SEX]:g}"
            question = '; did you mean "units": "scaled"?' if abs(row[SEX]) < 1 else ""
            raise MisfitError(text + question, *place)


def _ids(own: Id | Sequence[Id] | None, rows: int, is_list: bool) -> dict[str, Id]:
    """Returns the caller's own ids by their texts, in order; empty if it gave none."""
    if own is None:
        return {}
    if isinstance(own, list) != is_list:
        raise MisfitError("an id for one patient, a list for a list of patients", "id")
    ids = [own] if isinstance(own, str | int | float) else own
    if len(ids) != rows:
        raise MisfitError(f"{len(ids)} ids for {rows} patients", "id")
    if len(set(map(id_text, ids))) != rows:
        raise MisfitError("an id occurs twice", "id")
    return {each if isinstance(each, str) else id_text(each): each for each in ids}
