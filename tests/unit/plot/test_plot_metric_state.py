"""What plot reads of metric's state, as metric's own ledger writes it."""

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from half import Half
from ledger import Ledger
from logs.metric_state import MetricState, MetricStateError, Trace
from pipeline.files import METRIC_STATE
from scores import scores_of
from support.schemas import IRIS
from support.waiting import Clock

NOON = 1_790_000_000_000
LOCKED_SECONDS = 5.0  # that Python waits for a database in use before it gives up


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path, 60, 3, 2, monotonic=clock)
    yield ledger
    ledger.close()


@pytest.fixture
def state(tmp_path: Path) -> MetricState:
    return MetricState(tmp_path / METRIC_STATE)


def label(row_id: str) -> Half:
    return Half(row_id, "y_true", 151.0, NOON, NOON - 50)


def prediction(row_id: str) -> Half:
    return Half(row_id, "y_pred", 206.5, NOON, NOON - 20, NOON - 60)


def test_a_row_with_all_its_times(ledger: Ledger, state: MetricState) -> None:
    ledger.take([label("a"), prediction("a")], NOON + 5)
    assert state.trace("a") == Trace(
        "a", "joined", 151.0, 206.5, 55.5,
        features_in_ms=NOON - 60, label_in_ms=NOON - 50, prediction_in_ms=NOON - 20,
        joined_in_ms=NOON + 5,
    )  # fmt: skip
    assert state.joined_in_ms(["a", "b"]) == {"a": NOON + 5}


def test_the_model_that_answers_is_that_of_the_last_row(ledger: Ledger, state: MetricState) -> None:
    ledger.take([], NOON)
    assert state.model_id() is None
    for row_id, model_id in (("a", "first"), ("b", "second")):
        named = msgspec.structs.replace(prediction(row_id), model_id=model_id)
        ledger.take([label(row_id), named], NOON)
        assert state.model_id() == model_id


def test_the_model_that_predicted_is_told_where_metric_notes_it(tmp_path: Path) -> None:
    path = tmp_path / METRIC_STATE
    state = MetricState(path)
    columns = "id TEXT, y_true REAL, y_pred REAL, joined_in_ms INTEGER"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE TABLE joined ({columns})")
        database.execute("INSERT INTO joined VALUES ('a', 100, 142, 5)")
        database.commit()
        assert state.trace("a").model_id is None, "an older metric notes none"
        database.execute("ALTER TABLE joined ADD COLUMN model_id TEXT")
        database.execute("UPDATE joined SET model_id = 'ridge-7f3a9c2b41de'")
        database.commit()
    assert state.trace("a").model_id == "ridge-7f3a9c2b41de"


def named(half: Half, model_id: str, **more: Any) -> Half:
    return msgspec.structs.replace(half, model_id=model_id, **more)


def test_the_errors_of_each_model_are_means_of_its_rows(ledger: Ledger, state: MetricState) -> None:
    assert state.models() == {"live": {}, "shadow": {}}
    shadow = [
        named(prediction(row_id), "forest", queue="y_pred_shadow", value=value)
        for row_id, value in (("a", 150.0), ("b", 154.0), ("c", math.inf))
    ]
    halves = [label(each) for each in "abc"] + [
        named(prediction("a"), "ridge", value=152.0),
        named(prediction("b"), "ridge", value=158.0),
        named(prediction("c"), "huge", value=1e200),
    ]
    ledger.take(halves + shadow[:2], NOON + 5)
    ledger.take([*shadow[2:], named(shadow[2], "none")], NOON + 6)
    assert state.models() == {
        "live": {
            "ridge": {"rows": 2, "failed": 0, "mae": 4, "rmse": 5, "last_in_ms": NOON + 5},
            "huge": {
                "rows": 1, "failed": 0, "mae": 1e200, "rmse": math.inf, "last_in_ms": NOON + 5,
            },
        },
        "shadow": {
            "forest": {
                "rows": 2, "failed": 1, "mae": 2, "rmse": math.sqrt(5), "last_in_ms": NOON + 6,
            },
            "none": {"rows": 0, "failed": 1, "mae": None, "rmse": None, "last_in_ms": NOON + 6},
        },
    }  # fmt: skip


def test_of_classes_they_are_accuracy_and_half_brier(tmp_path: Path, state: MetricState) -> None:
    with closing(Ledger(tmp_path, 60, 10, 10, scores=scores_of(IRIS))) as ledger:
        for row_id, said in (("a", '{"setosa":0.75,"virginica":0.25}'), ("b", "virginica")):
            half = Half(row_id, "y_pred", said, NOON, model_id="logistic")
            ledger.take([Half(row_id, "y_true", "setosa", NOON), half], NOON)
    assert state.models()["live"] == {
        "logistic": {
            "rows": 2, "failed": 0, "accuracy": 0.5, "half_brier": (0.0625 + 1) / 2,
            "last_in_ms": NOON,
        }
    }  # fmt: skip


def test_a_state_of_an_older_metric_has_no_errors_of_models(
    ledger: Ledger, state: MetricState, tmp_path: Path
) -> None:
    ledger.take([label("a"), prediction("a")], NOON)
    with closing(sqlite3.connect(tmp_path / METRIC_STATE)) as database:
        database.execute("DROP TABLE model_scores")
        database.commit()
    assert state.models() == {"live": {}, "shadow": {}}


def test_a_half_that_waits(ledger: Ledger, state: MetricState) -> None:
    ledger.take([label("a"), prediction("b"), prediction("c")], NOON + 5)
    assert state.trace("a") == Trace(
        "a", "pending", y_true=151.0, label_in_ms=NOON - 50, received_in_ms=NOON
    )
    assert state.trace("b") == Trace(
        "b", "pending", y_pred=206.5, prediction_in_ms=NOON - 20, received_in_ms=NOON,
        features_in_ms=NOON - 60,
    )  # fmt: skip
    assert state.pending() == {"y_true": 1, "y_pred": 2}


def test_what_is_not_known(ledger: Ledger, state: MetricState) -> None:
    ledger.take([label("old"), prediction("old")], NOON)
    ledger.take([label("a"), prediction("a"), label("b"), prediction("b")], NOON)
    for row_id in ("never", "old", "' OR 1=1 --", "<b>"):
        assert state.trace(row_id) == Trace(row_id)


def test_counts_follow_halves_that_find_their_other_or_expire(
    ledger: Ledger, state: MetricState, clock: Clock
) -> None:
    assert state.pending() == {"y_true": 0, "y_pred": 0}
    ledger.take([label("a"), label("b")], NOON)
    assert state.pending() == {"y_true": 2, "y_pred": 0}
    ledger.take([prediction("a")], NOON)
    assert state.pending() == {"y_true": 1, "y_pred": 0}
    for clock.seconds in range(61):
        ledger.take([], NOON)
    assert state.pending() == {"y_true": 0, "y_pred": 0}


def test_what_has_left_without_its_other_half(
    ledger: Ledger, state: MetricState, clock: Clock
) -> None:
    nothing = {"let_go": {}, "expired": {}, "dropped": 0}
    assert state.unmatched() == nothing
    ledger.take([label(str(number)) for number in range(4)], NOON + 2)
    ledger.take([label("4"), label("5"), prediction("p")], NOON + 30)
    let_go = {"y_true": {"halves": 3, "youngest_in_ms": 2}}
    assert state.unmatched() == nothing | {"let_go": let_go}
    for clock.seconds in range(61):
        ledger.take([], NOON + 60_000)
    expired = {
        "y_true": {"halves": 3, "youngest_in_ms": 60_000},
        "y_pred": {"halves": 1, "youngest_in_ms": 60_000},
    }
    assert state.unmatched() == {"let_go": let_go, "expired": expired, "dropped": 0}


def test_counts_are_right_after_a_restart(tmp_path: Path, state: MetricState) -> None:
    for _ in range(2):
        ledger = Ledger(tmp_path, 60, 1000, 1000)
        ledger.take([label("a")], NOON)
        ledger.close()
        assert state.pending() == {"y_true": 1, "y_pred": 0}


def test_metric_writes_while_somebody_reads(
    ledger: Ledger, state: MetricState, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(f"file:{tmp_path / METRIC_STATE}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        assert not reader.execute("SELECT * FROM pending").fetchall()
        begin = time.monotonic()
        ledger.take([label("a")], NOON)
        assert time.monotonic() - begin < LOCKED_SECONDS, "it did not wait for the reader"
        assert not reader.execute("SELECT * FROM pending").fetchall(), "still what it was"
    assert state.trace("a").found == "pending"


def test_reading_the_state_of_a_metric_that_has_ended_leaves_its_files_alone(
    tmp_path: Path, state: MetricState
) -> None:
    ledger = Ledger(tmp_path, 60, 1000, 1000)
    ledger.take([label("a")], NOON)
    ledger.close()
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert state.trace("a").found == "pending"
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_without_metric_there_is_no_state_and_none_is_made(
    tmp_path: Path, state: MetricState
) -> None:
    with pytest.raises(MetricStateError, match=r"sqlite3, cannot be read: unable to open"):
        state.pending()
    assert not [*tmp_path.iterdir()]


def test_a_file_that_is_no_state_is_said_to_be_none(tmp_path: Path, state: MetricState) -> None:
    (tmp_path / METRIC_STATE).write_bytes(b"no database" * 1000)
    with pytest.raises(MetricStateError, match="file is not a database"):
        state.trace("a")
