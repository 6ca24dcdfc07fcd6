"""Joins labels and predictions by id: each id that has both becomes one row of metric_log.csv."""

import re
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from pydantic import Field

from half import Half, value_texts
from labels_log import LabelsLog
from ledger import Ledger, Outcome
from pipeline import clock
from pipeline.broker import Broker
from pipeline.messages import DeadLetter, Message, id_texts
from pipeline.queues import Y_PRED, Y_TRUE
from pipeline.run import Run, run_service
from pipeline.settings import BrokerSettings, LogsSettings
from pipeline.table.readers import Readers
from scores import Scores, scores_of
from shadow_messages import OPTIONAL, USES, decode
from unmatched import UnmatchedLog

OTHER_LABEL = "this id already has another label"
USED_BEFORE = "this id was used before, with another prediction"
IDLE_SECONDS = 5.0  # halves expire even when no messages come
MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # of the names that models have


class MetricSettings(BrokerSettings, LogsSettings):
    unmatched_ttl: float = Field(
        7 * 86_400, gt=0, le=10**9, description="a number of seconds greater than 0, up to 10^9"
    )
    max_pending: int = Field(
        1_000_000, ge=1, le=10**12, description="a number of halves from 1 to 10^12"
    )
    remember_ids: int = Field(
        10_000_000, ge=1, le=10**12, description="a number of ids from 1 to 10^12"
    )
    unmatched_bytes: int = Field(
        2**30, ge=10**6, le=10**15, description="a number of bytes from 10^6 to 10^15"
    )


def to_halves(messages: list[Message[Any]], now_in_ms: int, scores: Scores) -> list[Half]:
    """Returns each row of the messages as a half."""
    halves: list[Half] = []
    for message in messages:
        halves += map(  # tens of thousands a second: no line of Python may run for each
            Half,
            id_texts(message.ids),
            repeat(message.queue),
            scores.kept(message.values),
            repeat(now_in_ms),
            repeat(message.timestamp_in_ms),
            repeat(message.features_timestamp_in_ms),
            repeat(model_id_of(message)),
        )
    return halves


def model_id_of(message: Message[Any]) -> str | None:
    """Returns the model that the sender names; None if its header is not the name of a model."""
    text = message.model_id or ""
    return text if MODEL_ID.fullmatch(text) else None


def contradictions(
    messages: Sequence[Message[Any]], conflicts: Sequence[tuple[int, Any]]
) -> list[DeadLetter]:
    """Returns the labels and predictions that differ from the first one with their id."""
    if not conflicts:
        return []
    origins = [(message, row) for message in messages for row in range(len(message.ids))]
    letters = []
    for index, first in conflicts:
        message, row = origins[index]
        rule = OTHER_LABEL if message.queue == Y_TRUE else USED_BEFORE
        letters.append(message.dead_letter(row, f"{rule}: {value_texts([first])[0]}"))
    return letters


def note(run: Run, ledger: Ledger, outcome: Outcome) -> None:
    """Adds the outcome of a batch to the status."""
    run.count("joined", outcome.rows)
    for name, rows in outcome.more_rows.items():
        run.count(name, rows)
    run.count("other_predictions", outcome.other_predictions)
    for each in outcome.unmatched:
        run.count(f"{each.reason}_{each.queue}", each.halves)
    run.gauges |= {f"pending_{queue}": count for queue, count in ledger.pending.items()}
    run.gauges["unmatched_dropped"] = ledger.unmatched_dropped
    run.gauges["files_changed"] = ledger.alterations


def main(settings: MetricSettings, run: Run) -> None:
    readers = Readers.of(settings)
    scores = scores_of(readers.schema)
    ledger = Ledger(
        settings.logs,
        settings.unmatched_ttl,
        settings.max_pending,
        settings.remember_ids,
        scores=scores,
        unmatched_bytes=settings.unmatched_bytes,
    )
    labels_log = LabelsLog(settings.logs)
    unmatched_log = UnmatchedLog()
    with Broker(settings, run, uses=USES) as broker:
        batches = broker.consume(
            Y_TRUE,
            Y_PRED,
            optional=OPTIONAL,
            dependent=ledger.one_sided,
            idle_seconds=IDLE_SECONDS,
        )
        for batch in batches:
            messages, bad = decode(batch, readers)
            now_in_ms = clock.now_in_ms()
            halves = to_halves(messages, now_in_ms, scores)
            labels_log.add(halves)
            outcome = ledger.take(halves, now_in_ms, caught_up=batch.caught_up)
            broker.dead_letter(bad + contradictions(messages, outcome.conflicts))
            # What is in the tables and files may be forgotten by the broker; what is dead-lettered
            # may be once the broker has it.
            batch.ack_when_confirmed()
            unmatched_log.add(outcome.unmatched)
            note(run, ledger, outcome)
    ledger.close()


if __name__ == "__main__":
    run_service("metric", MetricSettings, main)
