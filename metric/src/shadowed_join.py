"""The join of labels and predictions, with that of the shadow model's predictions beside it.

The ledger uses it in place of Join: what it adds is in the same transactions, and its rows are in
metric_log_shadow.csv. The errors of each model are summed up here, as all rows pass here.
"""

import sqlite3
from pathlib import Path

from bounded_tables import Limits
from durable_csv import DurableCsv
from file_record import is_recorded
from half import Half, Pair
from join import Join, Joined
from model_scores import ModelScores
from pipeline.files import METRIC_LOG_SHADOW
from pipeline.queues import Y_PRED_SHADOW
from rotated_csv import RotatedCsv
from scores import Scores
from shadow import Shadow, ShadowRow


class ShadowedJoin(Join):
    """A Join that also takes shadow predictions; in a batch they come after all other halves.

    Its log is begun with the first prediction of a shadow model, and added to `files`.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        limits: Limits,
        scores: Scores,
        folder: Path,
        files: list[DurableCsv | RotatedCsv],
    ) -> None:
        self._path = folder / METRIC_LOG_SHADOW
        self._header = ",".join(scores.SHADOW_LOG) + "\n"
        self._files = files
        self._log: DurableCsv | None = None
        if self._path.exists() or is_recorded(METRIC_LOG_SHADOW, database):
            self._begin_log(database)
        self._shadow = Shadow(database, limits, scores)
        super().__init__(database, limits, scores)
        self._model_scores = ModelScores(database, scores)

    def prepare(self, halves: list[Half]) -> None:
        """Begins the log if it is needed now: that takes transactions of its own."""
        if self._log is None and halves and halves[-1].queue == Y_PRED_SHADOW:
            self._begin_log(self._database)

    def add(self, halves: list[Half], now_in_ms: int, clock_in_ms: int) -> Joined:
        """Adds the halves as Join does, and then the shadow predictions among them."""
        ordinary, shadows = _split(halves)
        joined = super().add(ordinary, now_in_ms, clock_in_ms)
        rows, conflicts = self._shadow.add(shadows, joined.rows, clock_in_ms)
        predicted = [(row.label, row.half) for row in rows]
        self._model_scores.add("live", joined.rows, now_in_ms)
        self._model_scores.add("shadow", predicted, now_in_ms)
        if self._log is not None:
            self._log.record(_lines(rows, predicted, self._scores))
        if rows:
            self._shadow.forget()
        return joined._replace(
            conflicts=joined.conflicts + [(len(ordinary) + i, first) for i, first in conflicts],
            more_rows={"shadow_joined": len(rows)},
        )

    def expire(self, clock_in_ms: int) -> list[Half]:
        """Removes and returns the halves and shadow predictions whose time is up."""
        return super().expire(clock_in_ms) + self._shadow.expire(clock_in_ms)

    def let_go(self) -> list[Half]:
        """Removes and returns the oldest halves, or shadow predictions, if there are too many."""
        return super().let_go() + self._shadow.let_go()

    def pending_by_queue(self) -> dict[str, int]:
        """Returns the number of pending halves of each queue, shadow predictions too."""
        return super().pending_by_queue() | self._shadow.pending_by_queue()

    def _begin_log(self, database: sqlite3.Connection) -> None:
        self._log = DurableCsv(self._path, self._header, database)
        self._files.append(self._log)


def _split(halves: list[Half]) -> tuple[list[Half], list[Half]]:
    """Splits off the shadow predictions. Where there are none, as usual, nothing is copied."""
    if not halves or halves[-1].queue != Y_PRED_SHADOW:
        return halves, []
    first = next(index for index, half in enumerate(halves) if half.queue == Y_PRED_SHADOW)
    return halves[:first], halves[first:]


def _lines(rows: list[ShadowRow], predicted: list[Pair], scores: Scores) -> str:
    """Returns the lines of the shadow log, made column by column."""
    y_true, y_pred, errors, *half_brier = scores.texts(predicted)
    _, _, live_errors, *live_half_brier = scores.texts([(row.label, row.live) for row in rows])
    ids = [row.half.id for row in rows]
    models = [row.half.model_id or "" for row in rows]
    live_models = [row.live.model_id or "" for row in rows]
    columns = [ids, y_true, y_pred, errors, models, live_models, live_errors]
    lines = zip(*columns, *half_brier, *live_half_brier, strict=True)
    return "".join([",".join(line) + "\n" for line in lines])
