"""Labels and predictions in any order, late and repeated, through restarts and crashes."""

import csv
import math
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from half import Half, Pair
from ledger import Ledger
from pipeline.files import METRIC_STATE
from pipeline.table.schema import Schema, Target
from scores import Scores, scores_of
from ttl_clock import MAX_STEP_IN_MS

Arrival = tuple[str, str, Any, str | None]  # id, queue, value, and of which model
Scored = tuple[Any, Any, float, float]  # label, prediction, absolute error, and half Brier score

TTL_MS = 10_000
Waiting = tuple[Half, int]  # and since when, on the TTL clock
FILES = ("metric_log.csv", "unmatched.csv", "metric_log_shadow.csv")


@dataclass(frozen=True)
class Task:
    """The difference between numbers and classes: the values, and what a row says of two."""

    scores: Scores
    labels: list[Any]
    predictions: list[Any]
    score: Callable[[Any, Any], Scored]
    read: Callable[[str], Any]  # a value as it is in a file

    def half(self, row_id: str, queue: str, value: Any, now_in_ms: int, model: str | None) -> Half:
        (kept,) = self.scores.kept([value])
        return Half(row_id, queue, kept, now_in_ms, model_id=model)


def score_of_numbers(y_true: float, y_pred: float) -> Scored:
    return y_true, y_pred, abs(y_true - y_pred), 0


CLASSES = ["a, b", 'say "no"', "1e3"]


def score_of_classes(y_true: str, value: Any) -> Scored:
    if value == math.inf:
        return y_true, "", math.inf, math.inf
    told = msgspec.json.decode(value) if value.startswith("{") else {value: 1}
    p = [told.get(name, 0) for name in CLASSES]
    y = [name == y_true for name in CLASSES]
    half_brier = sum((a - b) ** 2 for a, b in zip(p, y, strict=True)) / 2
    return y_true, CLASSES[p.index(max(p))], 1 - told.get(y_true, 0), half_brier


NUMBERS = [0.0, 1.5, -1e300]
TASKS = {
    "regression": Task(scores_of(), NUMBERS, NUMBERS, score_of_numbers, float),
    "classification": Task(
        scores_of(Schema("letters", "classification", Target("t", classes=CLASSES), [])),
        CLASSES,
        ["a, b", {"1e3": 0.5, "a, b": 0.5}, {'say "no"': 0.25, "a, b": 0.0625, "1e3": 0.6875}],
        score_of_classes,
        str,
    ),
}


@dataclass
class PlainJoin:
    """What the join is to do, in dictionaries."""

    task: Task
    waiting: dict[str, Waiting] = field(default_factory=dict)
    joined: dict[str, Pair] = field(default_factory=dict)
    unmatched: list[tuple[str, str, Any]] = field(default_factory=list)
    shadow_waiting: dict[tuple[str, str], Waiting] = field(default_factory=dict)
    shadow_joined: dict[tuple[str, str], Any] = field(default_factory=dict)
    clock: int = 0
    last_in_ms: int = 0

    def take(self, halves: list[Half], now_in_ms: int, shadow_halves: list[Half]) -> list[int]:
        """The indexes of those in conflict with an earlier one."""
        self.clock += min(now_in_ms - self.last_in_ms, MAX_STEP_IN_MS)
        self.last_in_ms = now_in_ms
        conflicts = []
        for index, half in enumerate(halves):
            first = self._add(half)
            if first != half.value:
                conflicts.append(index)
        self._add_shadow(shadow_halves)
        for waiting in (self.waiting, self.shadow_waiting):
            self._expire(waiting)
        return conflicts

    def _expire(self, waiting: dict[Any, Waiting]) -> None:
        for key, (half, since) in list(waiting.items()):
            if since <= self.clock - TTL_MS:
                del waiting[key]
                self.unmatched.append((half.id, half.queue, half.value))

    def _add_shadow(self, halves: list[Half]) -> None:
        for half in halves:
            key = (half.id, half.model_id or "")
            if key not in self.shadow_joined:
                self.shadow_waiting.setdefault(key, (half, self.clock))
        for key in [key for key in self.shadow_waiting if key[0] in self.joined]:
            self.shadow_joined[key] = self.shadow_waiting.pop(key)[0].value

    def _add(self, half: Half) -> Any:
        """The value that counts for this half of its id."""
        if half.id not in self.joined:
            other, _ = self.waiting.setdefault(half.id, (half, self.clock))
            if other.queue == half.queue:
                return other.value
            del self.waiting[half.id]
            pair = (half, other) if half.queue == "y_true" else (other, half)
            self.joined[half.id] = pair
        return self.joined[half.id][half.queue == "y_pred"].value

    def rows(self) -> dict[str, list[Any]]:
        """The rows that metric_log.csv is to have."""
        return {
            row_id: [*self.task.score(label.value, prediction.value)[:3]]
            for row_id, (label, prediction) in self.joined.items()
        }

    def shadow_rows(self) -> list[list[Any]]:
        """What metric_log_shadow.csv is to have."""
        rows = []
        for (row_id, model_id), value in self.shadow_joined.items():
            label, live = self.joined[row_id]
            *said, brier = self.task.score(label.value, value)
            _, _, live_error, live_brier = self.task.score(label.value, live.value)
            briers = [brier, live_brier] if self.task.scores.COLUMNS else []
            rows.append([row_id, *said, model_id, live.model_id or "", live_error, *briers])
        return rows

    def model_scores(self) -> dict[tuple[str, str], list[float]]:
        """The errors of each model: rows, rows without a prediction, and the task's two sums."""
        rows = [("live", half.model_id or "", half) for _, half in self.joined.values()]
        for (row_id, model), value in self.shadow_joined.items():
            rows.append(("shadow", model, Half(row_id, "y_pred_shadow", value, 0)))
        found: dict[tuple[str, str], list[float]] = {}
        for role, model, half in rows:
            sums = found.setdefault((role, model), [0, 0, 0, 0])
            if half.value == math.inf:
                sums[1] += 1
                continue
            label, said, error, brier = self.task.score(self.joined[half.id][0].value, half.value)
            more = (label == said, brier) if self.task.scores.COLUMNS else (error, error * error)
            sums[:] = sums[0] + 1, sums[1], sums[2] + more[0], sums[3] + more[1]
        return found


class Metric:
    """A ledger that may be stopped, and may be killed while it appends to its files."""

    def __init__(self, folder: Path, task: Task) -> None:
        self._lives, self._root, self._now_in_ms, self._task = 0, folder, 0, task
        self._open(folder / "0")

    def _open(self, folder: Path) -> None:
        self.folder = folder
        self._ledger = Ledger(
            folder, TTL_MS / 1000, 1000, 1000,
            scores=self._task.scores, monotonic=lambda: self._now_in_ms / 1000,
        )  # fmt: skip
        self._synced = {name: self._size(name) for name in FILES}

    def _size(self, name: str) -> int:
        path = self.folder / name  # begun with its first prediction, and not with a row
        header = len(",".join(self._task.scores.SHADOW_LOG)) + 1
        return path.stat().st_size if path.exists() else header

    def take(self, halves: list[Half], now_in_ms: int, shadow_halves: list[Half]) -> list[int]:
        self._now_in_ms = now_in_ms
        sizes = {name: self._size(name) for name in FILES}
        conflicts = self._ledger.take(halves + shadow_halves, now_in_ms).conflicts
        self._synced |= {name: size for name, size in sizes.items() if size < self._size(name)}
        return [index for index, _ in conflicts if index < len(halves)]

    def stop(self, now_in_ms: int) -> None:
        """Stops, and starts again now."""
        self._now_in_ms = now_in_ms
        self._ledger.close()
        self._open(self.folder)

    def kill(self, parts_written: tuple[float, float, float], now_in_ms: int) -> None:
        """Goes on in a copy, in which only a part of the last append has reached each file."""
        self._now_in_ms = now_in_ms
        self._lives += 1
        folder = self._root / str(self._lives)
        shutil.copytree(self.folder, folder)
        self._ledger.close()
        for name, part in zip(FILES, parts_written, strict=True):
            start, end = self._synced[name], self._size(name)
            if not (folder / name).exists():
                continue
            with (folder / name).open("r+b") as file:
                file.truncate(start + int(part * (end - start)))
        with closing(sqlite3.connect(folder / METRIC_STATE)) as database, database:
            database.execute("DELETE FROM file_end")  # noted after the append
        self._open(folder)

    def rows(self) -> dict[str, list[Any]]:
        lines = self._lines("metric_log.csv")
        rows = {row_id: self._read(*values) for row_id, *values in lines}
        assert len(rows) == len(lines), "an id twice"
        return rows

    def shadow_rows(self) -> list[list[Any]]:
        return [
            [row_id, *self._read(y_true, y_pred, error), model_id, live_model, *map(float, others)]
            for row_id, y_true, y_pred, error, model_id, live_model, *others in self._lines(
                "metric_log_shadow.csv"
            )
        ]

    def model_scores(self) -> dict[tuple[str, str], list[float]]:
        with closing(sqlite3.connect(self.folder / METRIC_STATE)) as database:
            found = database.execute("SELECT * FROM model_scores").fetchall()
        return {(role, model): sums for role, model, *sums, _ in found}

    def unmatched(self) -> list[tuple[str, str, Any]]:
        lines = self._lines("unmatched.csv")
        return [(row_id, queue, self._told(value)) for row_id, queue, value, _ in lines]

    def _read(self, y_true: str, y_pred: str, error: str) -> list[Any]:
        return [self._task.read(y_true), self._task.read(y_pred), float(error)]

    def _told(self, value: str) -> Any:
        return math.inf if value == "inf" else self._task.read(value)

    def _lines(self, name: str) -> list[list[str]]:
        path = self.folder / name
        if not path.exists():
            return []
        with path.open(newline="") as file:
            return [*csv.reader(file)][1:]


PART = st.floats(0, 1)
IDS = st.sampled_from(["a", "b", "5", "e-1"])
MODELS = st.sampled_from([None, "ridge-1", "ridge-2"])


def steps_of(task: Task) -> st.SearchStrategy[list[Any]]:
    """Batches of arrivals, times that pass, stops, and kills with a part of each file written."""
    values = {
        "y_true": task.labels,
        "y_pred": task.predictions,
        "y_pred_shadow": [*task.predictions, math.inf],
    }
    arrivals = [
        st.tuples(IDS, st.just(queue), st.sampled_from(said), MODELS)
        for queue, said in values.items()
    ]
    take = st.lists(st.one_of(arrivals), max_size=8)
    times = st.sampled_from([1, TTL_MS // 2, TTL_MS])
    step = st.one_of(take, take, times, st.just("stop"), st.tuples(PART, PART, PART))
    return st.lists(step, max_size=25)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
@settings(max_examples=75)
@given(data=st.data())
def test_it_is_the_plain_join_through_repeats_expiry_restarts_and_torn_files(
    task: Task, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    metric, plain = Metric(tmp_path_factory.mktemp("logs"), task), PlainJoin(task)
    now_in_ms = 0
    taken: list[Arrival] = []
    for step in data.draw(steps_of(task)):
        if isinstance(step, int):
            now_in_ms += step
            continue
        if step == "stop":
            metric.stop(now_in_ms)
            plain.last_in_ms = now_in_ms
        elif isinstance(step, tuple):
            metric.kill(step, now_in_ms)  # what was not acknowledged comes again
            plain.last_in_ms = now_in_ms
        elif isinstance(step, list):
            taken = step
        arrived = [
            task.half(row_id, queue, value, now_in_ms, model)
            for row_id, queue, value, model in taken
        ]
        halves = [half for half in arrived if half.queue != "y_pred_shadow"]
        shadow = [half for half in arrived if half.queue == "y_pred_shadow"]
        assert metric.take(halves, now_in_ms, shadow) == plain.take(halves, now_in_ms, shadow)
        assert metric.rows() == plain.rows()
        assert metric.shadow_rows() == plain.shadow_rows()
        assert metric.unmatched() == plain.unmatched
        sums = plain.model_scores()
        assert metric.model_scores() == {key: pytest.approx(sums[key]) for key in sums}
