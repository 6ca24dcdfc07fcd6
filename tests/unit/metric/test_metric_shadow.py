"""The rows of shadow candidates, and the model of each row."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import permutations
from pathlib import Path

import pytest
from msgspec import structs

import bounded_tables
from half import Half
from ledger import Ledger
from metric import contradictions, to_halves
from pipeline.messages import Message
from scores import scores_of
from support.waiting import Clock

HEADER = "id,y_true,y_pred,absolute_error,model_id,live_model_id,live_absolute_error"


def label(row_id: str, value: float = 151, received_in_ms: int = 0) -> Half:
    return Half(row_id, "y_true", value, received_in_ms)


def prediction(row_id: str, value: float = 150.5, model_id: str | None = "live") -> Half:
    return Half(row_id, "y_pred", value, 0, model_id=model_id)


def tried(
    row_id: str, value: float = 148, model_id: str | None = "ridge-1", received_in_ms: int = 0
) -> Half:
    return Half(row_id, "y_pred_shadow", value, received_in_ms, model_id=model_id)


def take(ledger: Ledger, *halves: Half) -> int:
    """How many rows of shadow candidates came of it."""
    ordinary = [half for half in halves if half.queue != "y_pred_shadow"]
    shadows = [half for half in halves if half.queue == "y_pred_shadow"]
    return ledger.take(ordinary + shadows, 0).more_rows["shadow_joined"]


def lines(folder: Path) -> list[str]:
    header, *rows = (folder / "metric_log_shadow.csv").read_text().splitlines()
    assert header == HEADER
    return rows


def unmatched(folder: Path) -> list[str]:
    return (folder / "unmatched.csv").read_text().splitlines()[1:]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        yield ledger


@pytest.mark.parametrize("order", list(permutations([label("a"), prediction("a"), tried("a")])))
def test_a_row_comes_of_the_three_in_any_order(
    ledger: Ledger, tmp_path: Path, order: tuple[Half, ...]
) -> None:
    assert [take(ledger, half) for half in order] == [0, 0, 1]
    assert lines(tmp_path) == ["a,151,148,3,ridge-1,live,0.5"]
    assert ledger.pending == {"y_true": 0, "y_pred": 0, "y_pred_shadow": 0}


def test_what_a_candidate_says_again_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    first = tried("a"), tried("a", 1), tried("a", 140, "ridge-2")
    assert take(ledger, *first) == 0
    assert take(ledger, tried("a", 2), label("a"), prediction("a")) == 2
    assert take(ledger, tried("a"), tried("a", 3, "ridge-2")) == 0
    assert lines(tmp_path) == ["a,151,148,3,ridge-1,live,0.5", "a,151,140,11,ridge-2,live,0.5"]


@pytest.mark.parametrize("is_row", [False, True])
def test_a_candidate_that_says_another_thing_of_other_features_is_refused(
    tmp_path: Path, is_row: bool
) -> None:
    def says(value: float, features_in_ms: int) -> Half:
        return structs.replace(tried("a", value), features_in_ms=features_in_ms)

    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        take(ledger, says(148, 5), *([label("a"), prediction("a")] if is_row else []))
    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        found = ledger.take([says(148.0001, 6), says(math.inf, 5), says(150, 6)], 0)
    assert found.conflicts == [(2, 148)], "that it fails once is no contradiction"
    (letter,) = contradictions(
        [Message(["a"], [value], queue="y_pred_shadow") for value in (148.0001, math.inf, 150)],
        found.conflicts,
    )
    assert letter.reason == "this id was used before, with another prediction: 148"


OLDER_SHADOW = """
CREATE TABLE shadow_pending (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, model_id TEXT NOT NULL, value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL, UNIQUE (id, model_id)
);
CREATE TABLE shadow_joined (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, model_id TEXT NOT NULL, UNIQUE (id, model_id)
);
INSERT INTO shadow_pending VALUES (1, 'waits', 'ridge-1', 148, 0);
INSERT INTO shadow_joined VALUES (1, 'old', 'ridge-1');
"""


def test_what_an_older_metric_has_kept_of_candidates_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "metric_state.sqlite3")) as database:
        database.executescript(OLDER_SHADOW)
    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        found = ledger.take(
            [label("waits"), prediction("waits"), tried("old", 9), tried("waits", 9)], 0
        )
    assert (found.more_rows, found.conflicts) == ({"shadow_joined": 1}, [(3, 148)])


def test_models_that_are_not_known_are_empty(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, label("a"), prediction("a", model_id=None), tried("a", model_id=None))
    assert lines(tmp_path) == ["a,151,148,3,,,0.5"]


def test_there_is_no_file_until_a_candidate_is_tried(tmp_path: Path) -> None:
    path = tmp_path / "metric_log_shadow.csv"
    for _ in range(2):
        with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
            take(ledger, label("a"), prediction("a"))
        assert not path.exists()
    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        take(ledger, tried("b"))
    assert path.read_text() == HEADER + "\n"


def test_the_file_taken_away_is_begun_anew(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, tried("a"))
    (tmp_path / "metric_log_shadow.csv").unlink()
    take(ledger, label("a"), prediction("a"))
    assert lines(tmp_path) == ["a,151,148,3,ridge-1,live,0.5"]
    assert ledger.alterations == 1


def test_the_file_taken_away_while_stopped_is_begun_anew(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        take(ledger, tried("a"), label("b"), prediction("b"), tried("b"))
    (tmp_path / "metric_log_shadow.csv").unlink()
    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        take(ledger, label("a"), prediction("a"))
    assert lines(tmp_path) == ["a,151,148,3,ridge-1,live,0.5"]


def test_what_waits_too_long_goes_to_unmatched(tmp_path: Path) -> None:
    clock = Clock()
    with closing(Ledger(tmp_path, 10, 1000, 1000, monotonic=clock)) as ledger:
        take(ledger, tried("a"), label("b"))
        clock.seconds = 5
        take(ledger, tried("b", 1.5, "ridge-2", 5000))
        clock.seconds = 10
        take(ledger)
        assert unmatched(tmp_path) == [
            "b,y_true,151,1970-01-01T00:00:00.000Z",
            "a,y_pred_shadow,148,1970-01-01T00:00:00.000Z",
        ]
        assert ledger.pending["y_pred_shadow"] == 1
        clock.seconds = 15
        take(ledger)
        assert unmatched(tmp_path)[2:] == ["b,y_pred_shadow,1.5,1970-01-01T00:00:05.000Z"]


def test_too_many_let_the_oldest_go_and_hold_nobody_up(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path, 60, 3, 1000)) as ledger:
        take(ledger, *(tried(str(number)) for number in range(5)))
        assert [line.split(",")[0] for line in unmatched(tmp_path)] == ["0", "1"]
        assert ledger.pending["y_pred_shadow"] == 3
        assert take(ledger, label("4"), prediction("4")) == 1


def test_far_too_many_leave_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
        take(ledger, *(tried(str(number)) for number in range(25)))
    monkeypatch.setattr(bounded_tables, "LET_GO_AT_ONCE", 10)
    with closing(Ledger(tmp_path, 60, 3, 1000)) as ledger:
        left = []
        for _ in range(4):
            take(ledger)
            left.append(ledger.pending["y_pred_shadow"])
    assert left == [15, 5, 3, 3]


def test_each_row_of_a_batch_has_its_own_also_where_fewer_ids_are_remembered(
    tmp_path: Path,
) -> None:
    batch = [each for i in range(1000) for each in (label(str(i)), prediction(str(i)))]
    with closing(Ledger(tmp_path, 60, 1000, 100)) as ledger:
        for times in range(3):  # it comes again
            written = take(ledger, *batch, *(tried(str(i)) for i in range(1000)))
            assert written == (0 if times else 1000)
    assert len(lines(tmp_path)) == 1000


def test_only_the_last_ids_stay_known(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path, 60, 1000, 2)) as ledger:
        for row_id in "abc":
            take(ledger, label(row_id), prediction(row_id), tried(row_id))
        assert take(ledger, tried("a"), tried("b"), tried("c")) == 0
        assert ledger.pending["y_pred_shadow"] == 1, "only the row of a is forgotten"
        assert len(lines(tmp_path)) == 3


@pytest.mark.parametrize(
    ("header", "noted"),
    [("ridge-7f3a9c2b41de", "ridge-7f3a9c2b41de"), (None, None), ("a,b\n", None), ("x" * 65, None)],
)
def test_only_a_name_of_a_model_is_noted(header: str | None, noted: str | None) -> None:
    message = Message(["a", "b"], [1.0, 2.0], True, "y_pred", model_id=header)
    assert [half.model_id for half in to_halves([message], 0, scores_of())] == [noted, noted]


def models(folder: Path, table: str) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(folder / "metric_state.sqlite3")) as database:
        return database.execute(f"SELECT id, model_id FROM {table} ORDER BY seq").fetchall()


def test_the_model_is_noted_with_each_row(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, prediction("a", model_id="first"))
    take(ledger, label("a"), label("b"), prediction("b", model_id="second"), prediction("c"))
    assert models(tmp_path, "joined") == [("a", "first"), ("b", "second")]
    assert models(tmp_path, "pending") == [("c", "live")]
    rows = (tmp_path / "metric_log.csv").read_text().splitlines()
    assert rows[1:] == ["a,151,150.5,0.5", "b,151,150.5,0.5"], "the CSV keeps its columns"


OLDER_STATE = """
CREATE TABLE pending (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, queue TEXT NOT NULL, value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL, published_in_ms INTEGER, features_in_ms INTEGER
);
CREATE INDEX pending_received ON pending (received_in_ms);
CREATE TABLE joined (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, y_true REAL NOT NULL, y_pred REAL NOT NULL,
    joined_in_ms INTEGER NOT NULL, features_in_ms INTEGER, label_in_ms INTEGER,
    prediction_in_ms INTEGER
);
CREATE TABLE pending_counts (queue TEXT PRIMARY KEY, halves INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO joined VALUES (1, 'old', 151, 150, 5, 1, 2, 3);
INSERT INTO pending VALUES (1, 'waits', 'y_pred', 150.5, 0, 7, 6);
"""


def test_the_state_of_an_older_metric_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "metric_state.sqlite3")) as database:
        database.executescript(OLDER_STATE)
    for row_id in ("new", "newer"):  # the second start finds all as it should be
        with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
            take(ledger, label("waits"), label(row_id), prediction(row_id))
            take(ledger, tried("old"))
    assert lines(tmp_path) == ["old,151,148,3,ridge-1,,1"]
    noted = [("old", None), ("waits", None), ("new", "live"), ("newer", "live")]
    assert models(tmp_path, "joined") == noted


def test_what_waits_in_the_state_of_an_older_metric_waits_for_its_time_anew(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "metric_state.sqlite3")) as database:
        database.executescript(OLDER_STATE)
        database.execute("UPDATE pending SET received_in_ms = 1790000000000")
        database.commit()
    clock = Clock()
    with closing(Ledger(tmp_path, 3, 1000, 1000, monotonic=clock)) as ledger:
        for clock.seconds in range(4):
            assert unmatched(tmp_path) == []
            ledger.take([], 1_790_000_009_000)
    assert unmatched(tmp_path) == ["waits,y_pred,150.5,2026-09-21T14:13:20.000Z"]
