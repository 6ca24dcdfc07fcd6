"""Takes labels: told for a job, published for the join, and shown by the job."""

from itertools import compress
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from counters import Counters
from gateway_errors import ConflictError
from jobs.label_rules import LabelRules, RulesByDataSet
from jobs.label_store import LabelStore
from jobs.outbox import Outbox
from pipeline.messages import Label, Message, number_text
from pipeline.queues import Y_TRUE
from schemas.base import placed
from schemas.labels import LabelTaken


class Labels:
    """The way of labels to the broker. One of a job that asked a model by its id ends in Redis."""

    def __init__(
        self, store: LabelStore, outbox: Outbox, counters: Counters, rules: RulesByDataSet
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._counters = counters
        self._rules = rules

    async def tell_one(self, job_id: str, value: Any) -> LabelTaken:
        """Takes the label of one job, as tell()."""
        return (await self._tell([job_id], [value], is_list=False))[0]

    async def tell(self, job_ids: list[str], values: list[Any]) -> list[LabelTaken]:
        """Takes the labels of some jobs, all or none; returns once the broker has them.

        Raises BrokerAwayError, JobStoreError, ConflictError if another one was sent before, and
        RequestValidationError for what is no label; SchemaError if the data set of the model that
        was asked is gone. Sending the same again is safe.
        """
        return await self._tell(job_ids, values, is_list=True)

    async def _tell(
        self, job_ids: list[str], values: list[Any], *, is_list: bool
    ) -> list[LabelTaken]:
        self._outbox.check()
        data_sets = await self._store.data_sets(job_ids)
        rules = [*map(self._rules.of, data_sets)]
        labels = [
            _checked(each, value, *([index] if is_list else []))
            for index, (each, value) in enumerate(zip(rules, values, strict=True))
        ]
        _refuse_others(job_ids, labels, await self._store.tell(job_ids, labels))
        makes_row = [not each for each in data_sets]
        await self._publish([*compress(job_ids, makes_row)], [*compress(labels, makes_row)])
        await self._store.confirm(job_ids, labels)
        return [
            LabelTaken(job_id=job_id, label=label, makes_row=has_row, warnings=each.warnings(label))
            for job_id, label, has_row, each in zip(job_ids, labels, makes_row, rules, strict=True)
        ]

    async def _publish(self, job_ids: list[str], labels: list[Label]) -> None:
        if job_ids:
            await self._outbox.send(Y_TRUE, Message([*job_ids], labels, batched=len(job_ids) > 1))
            self._counters.labels.inc(len(job_ids))


def _checked(rules: LabelRules, value: Any, *place: int) -> Label:
    try:
        return rules.checked(value)
    except ValidationError as error:
        raise RequestValidationError(placed(error, "value", *place)) from error


def _refuse_others(job_ids: list[str], labels: list[Label], firsts: list[Label]) -> None:
    for job_id, label, first in zip(job_ids, labels, firsts, strict=True):
        if first != label:
            shown = first if isinstance(first, str) else number_text(first)
            raise ConflictError(f"another true value was sent for {job_id} before: {shown}")
