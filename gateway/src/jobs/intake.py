"""Turns a request into jobs, and into the message that asks for them."""

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel

from jobs.store import AskedModel, Known, NewJobs
from jobs.units import Units as Conversion
from pipeline.ids import MAX_ID_CHARACTERS, canonical
from pipeline.message_reader import MAX_BATCH_BYTES, MAX_ROW_BYTES
from pipeline.messages import Id, Message, id_text, new_id
from pipeline.table.schema import Schema
from redis_store import digest
from schemas.base import MisfitError, TooMuchError
from schemas.limits import Units
from schemas.ranges import ImpossibleError, Ranges
from schemas.row_types import is_plain

NUMBER_BYTES = 25  # of the longest number, with what separates it
VALUES = (float, str, type(None))  # a row of which is no list of rows
ENVELOPE_BYTES = MAX_ID_CHARACTERS + 20  # of a message with one row, beside its values

Row = list[Any]


class Intake(NamedTuple):
    """The rows of a request, as a message carries them, and whether it was a list.

    `own` holds the caller's ids by their texts: in a message a number stays a number.
    `ask_model` is the id of the model that is asked, None for the live one.
    """

    jobs: NewJobs
    own: dict[str, Id]
    rows: list[Row]
    is_list: bool
    ask_model: str | None = None

    def message(self, known: Sequence[Known]) -> Message[Row] | None:
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
        return Message(
            ids,
            rows,
            batched=self.is_list,
            correlation_id=correlation_id,
            ask_model=self.ask_model,
        )


class Intakes:
    """Reads requests by the schema of the data set, or of what the model takes that is asked."""

    def __init__(self, schema: Schema, ranges: Ranges, model_id: str = "") -> None:
        self._asked = AskedModel(model_id, schema.name) if model_id else None
        self._ranges = ranges
        self._conversion = Conversion(schema.columns)
        self._is_plain = is_plain(schema)
        numbers = NUMBER_BYTES * len(schema.columns) + ENVELOPE_BYTES
        self._row_bytes = numbers if self._is_plain else MAX_ROW_BYTES  # at most

    def read(self, request: Any, key: str) -> Intake:
        """Reads a request, of the type that request_type() returns.

        Raises MisfitError, or TooMuchError if no message could carry it.
        """
        data = request.data
        units: Units = getattr(request, "units", "scaled")
        is_list = isinstance(data, list) and not isinstance(data[0], VALUES)
        rows = [*map(_values, data)] if is_list else [_values(data)]
        own = _ids(request.id, len(rows), is_list)
        ids = list(own)
        try:
            warnings = self._ranges.warnings(rows, units)
        except ImpossibleError as error:
            place = ("data", error.row, error.name) if is_list else ("data", error.name)
            raise MisfitError(str(error), *place) from error
        if units == "raw":
            rows = self._scaled(rows)
        digests = self._digests(rows)
        if self._asked:  # the same row, asked of another model, is another question
            digests = [digest(f"{self._asked.model_id} {each}".encode()) for each in digests]
        whole = digest(repr((is_list, digests, list(map(canonical, ids)))).encode())
        jobs = NewJobs(ids or [new_id() for _ in rows], digests, warnings, whole, key, self._asked)
        if is_list and len(rows) * self._row_bytes > MAX_BATCH_BYTES:
            _check_size(Message([*jobs.ids], rows, batched=True))
        return Intake(jobs, own, rows, is_list, self._asked and self._asked.model_id)

    def _scaled(self, rows: list[Row]) -> list[Row]:
        try:
            return self._conversion.scaled(rows)
        except OverflowError as error:
            raise MisfitError(str(error), "data") from error

    def _digests(self, rows: list[Row]) -> list[str]:
        if self._is_plain:  # as earlier versions did it, whose jobs may still be there
            return [digest(array("d", row).tobytes()) for row in rows]
        contents = [*map(msgspec.json.encode, rows)]
        for index, content in enumerate(contents):
            if len(content) > MAX_ROW_BYTES - ENVELOPE_BYTES:
                raise TooMuchError(
                    f"row {index} takes {len(content):,} bytes in a message, and at most "
                    f"{MAX_ROW_BYTES - ENVELOPE_BYTES:,} fit: shorten its texts"
                )
        return [*map(digest, contents)]


def _values(row: list[Any] | tuple[Any, ...] | BaseModel) -> Row:
    """Returns the values of a row in the order of the columns, in which its fields are, too."""
    if type(row) is list:
        return row
    return [*row] if isinstance(row, tuple) else [*vars(row).values()]


def _check_size(message: Message[Row]) -> None:
    if (size := len(message.encode())) > MAX_BATCH_BYTES:
        raise TooMuchError(
            f"the rows take {size:,} bytes in a message, and at most {MAX_BATCH_BYTES:,} fit: "
            "send fewer at a time"
        )


def _ids(own: Id | Sequence[Id] | None, rows: int, is_list: bool) -> dict[str, Id]:
    """Returns the caller's own ids by their texts, in order; empty if it gave none."""
    if own is None:
        return {}
    if isinstance(own, list) != is_list:
        raise MisfitError("an id for one row, a list for a list of rows", "id")
    ids = [own] if isinstance(own, str | int | float) else own
    if len(ids) != rows:
        raise MisfitError(f"{len(ids)} ids for {rows} rows", "id")
    if len(set(map(id_text, ids))) != rows:
        raise MisfitError("an id occurs twice", "id")
    return {each if isinstance(each, str) else id_text(each): each for each in ids}
