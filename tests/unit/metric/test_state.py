"""The state of earlier versions, and of another data set."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from half import Half
from ledger import Ledger
from pipeline.errors import SettingsError
from pipeline.files import METRIC_STATE
from pipeline.table.schema import Schema, Target
from scores import Scores, scores_of
from support.schemas import IRIS
from support.tables import HOUSES

NOON = 1_764_000_000_000

# As metric made them at b8cdb6c: metric/src/join.py, shadow.py and durable_csv.py there.
TABLES_OF_B8CDB6C = """
CREATE TABLE file (name TEXT PRIMARY KEY, length INTEGER, tail BLOB);
CREATE TABLE pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL,
    published_in_ms INTEGER,
    features_in_ms INTEGER,
    model_id TEXT
);
CREATE INDEX pending_received ON pending (received_in_ms);
CREATE TABLE joined (
    seq INTEGER PRIMARY KEY,  -- in the order of the CSV
    id TEXT NOT NULL UNIQUE,
    y_true REAL NOT NULL,
    y_pred REAL NOT NULL,
    joined_in_ms INTEGER NOT NULL,
    features_in_ms INTEGER,
    label_in_ms INTEGER,
    prediction_in_ms INTEGER,
    model_id TEXT
);
CREATE TABLE pending_counts (queue TEXT PRIMARY KEY, halves INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE shadow_pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,  -- empty where the prediction did not say it
    value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL,
    UNIQUE (id, model_id)
);
CREATE INDEX shadow_pending_received ON shadow_pending (received_in_ms);
CREATE TABLE shadow_joined (
    seq INTEGER PRIMARY KEY,  -- in the order of the CSV
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    UNIQUE (id, model_id)
);
"""

# What later versions have made of them: 3bb3e4c, metric/src/state_tables.py and shadow.py.
CHANGES_OF_3BB3E4C = """
CREATE TABLE file_end (
    name TEXT PRIMARY KEY, length INTEGER NOT NULL, checksum INTEGER NOT NULL
);
ALTER TABLE pending ADD COLUMN clock_in_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX pending_queue ON pending (queue);
DROP INDEX pending_received;
DROP INDEX shadow_pending_received;
ALTER TABLE shadow_pending ADD COLUMN clock_in_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE shadow_pending ADD COLUMN features_in_ms INTEGER;
ALTER TABLE shadow_joined ADD COLUMN value REAL;
ALTER TABLE shadow_joined ADD COLUMN features_in_ms INTEGER;
CREATE TABLE ttl_clock (one INTEGER PRIMARY KEY CHECK (one = 1), now_in_ms INTEGER NOT NULL);
INSERT INTO ttl_clock VALUES (1, 0);
PRAGMA user_version = 1;
"""

HEADER = "id,y_true,y_pred,absolute_error\n"
SHADOW_HEADER = HEADER[:-1] + ",model_id,live_model_id,live_absolute_error\n"
ROW, SHADOW_ROW = "old,151,150.5,0.5\n", "old,151,148,3,ridge-1,live,0.5\n"

HALVES = """
INSERT INTO joined VALUES (1, 'old', 151, 150.5, 5, 1, 2, 3, 'live');
INSERT INTO shadow_joined (id, model_id) VALUES ('old', 'ridge-1');
INSERT INTO pending (id, queue, value, received_in_ms, published_in_ms, features_in_ms, model_id)
    VALUES ('label', 'y_true', 100, 1, 2, NULL, NULL), ('said', 'y_pred', 90.25, 1, 7, 6, 'live');
INSERT INTO pending_counts VALUES ('y_true', 1), ('y_pred', 1);
INSERT INTO shadow_pending (id, model_id, value, received_in_ms)
    VALUES ('label', 'ridge-1', 101.5, 1), ('said', '', 9e999, 1);
"""


def leave(folder: Path, version: str) -> None:
    """What metric left when it was killed after the commit of a row, before it appended the row."""
    (folder / "metric_log.csv").write_text(HEADER)
    (folder / "metric_log_shadow.csv").write_text(SHADOW_HEADER + SHADOW_ROW[:7])
    with closing(sqlite3.connect(folder / METRIC_STATE)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        later = CHANGES_OF_3BB3E4C if version == "3bb3e4c" else ""
        database.executescript(TABLES_OF_B8CDB6C + later + HALVES)
        files = [
            ("metric_log.csv", len(HEADER), ROW.encode()),
            ("metric_log_shadow.csv", len(SHADOW_HEADER), SHADOW_ROW.encode()),
        ]
        database.executemany("INSERT INTO file VALUES (?, ?, ?)", files)
        database.commit()


@pytest.mark.parametrize("version", ["b8cdb6c", "3bb3e4c"])
def test_halves_of_an_earlier_version_are_joined(tmp_path: Path, version: str) -> None:
    leave(tmp_path, version)
    for _ in range(2):  # the second start finds all as it should be
        with closing(Ledger(tmp_path, 60, 1000, 1000)) as ledger:
            ledger.take(
                [
                    Half("said", "y_true", 91.0, NOON, NOON - 1),
                    Half("label", "y_pred", 99.0, NOON, NOON - 2, NOON - 3, "live"),
                    Half("old", "y_pred", 150.5001, NOON),
                ],
                NOON,
            )
            assert ledger.take([Half("old", "y_true", 7.0, NOON)], NOON).conflicts == [(0, 151)]
            assert set(ledger.pending.values()) == {0}
    assert (tmp_path / "metric_log.csv").read_text() == (
        HEADER + ROW + "said,91,90.25,0.75\nlabel,100,99,1\n"
    )
    assert (tmp_path / "metric_log_shadow.csv").read_text() == (
        SHADOW_HEADER
        + SHADOW_ROW
        + "label,100,101.5,1.5,ridge-1,live,1\nsaid,91,inf,inf,,live,0.75\n"
    )


def ours(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / METRIC_STATE)) as database:
        return database.execute("SELECT dataset, task FROM about").fetchall()


def tables(folder: Path) -> dict[str, str]:
    with closing(sqlite3.connect(folder / METRIC_STATE)) as database:
        found = database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return dict(found.fetchall())


@pytest.mark.parametrize("scores", [scores_of(), scores_of(IRIS), scores_of(HOUSES)])
def test_a_state_names_its_data_set(tmp_path: Path, scores: Scores) -> None:
    for _ in range(2):
        Ledger(tmp_path, 60, 9, 9, scores=scores).close()
        assert ours(tmp_path) == [(scores.schema.name, scores.schema.task)]


@pytest.mark.parametrize(
    ("first", "then", "sentence"),
    [
        (
            scores_of(IRIS), scores_of(HOUSES),
            "holds the rows of the data set 'iris' (classification), and DATASET is 'houses'"
            " (regression): set DATASET=iris, or another LOGS_DIR",
        ),
        (
            scores_of(IRIS), scores_of(),
            "holds the rows of the data set 'iris' (classification), and DATASET is 'diabetes'"
            " (regression): set DATASET=iris, or another LOGS_DIR",
        ),
        (
            scores_of(HOUSES),
            scores_of(Schema("houses", "classification", Target("t", classes=["a", "b"]), [])),
            "holds the rows of the data set 'houses' (regression), and DATASET is 'houses'"
            " (classification): move that folder away, or give the data set another name",
        ),
    ],
)  # fmt: skip
def test_the_state_of_another_data_set_is_left_alone(
    tmp_path: Path, first: Scores, then: Scores, sentence: str
) -> None:
    Ledger(tmp_path, 60, 9, 9, scores=first).close()
    before = tables(tmp_path)
    with pytest.raises(SettingsError) as refused:
        Ledger(tmp_path, 60, 9, 9, scores=then)
    assert str(refused.value) == f"{tmp_path} {sentence}"
    assert tables(tmp_path) == before
    Ledger(tmp_path, 60, 9, 9, scores=first).close()


@pytest.mark.parametrize("version", ["b8cdb6c", "3bb3e4c"])
def test_the_state_of_an_earlier_version_is_that_of_the_default(
    tmp_path: Path, version: str
) -> None:
    leave(tmp_path, version)
    before = tables(tmp_path)
    with pytest.raises(SettingsError, match="holds the rows of the data set 'diabetes'"):
        Ledger(tmp_path, 60, 9, 9, scores=scores_of(IRIS))
    assert tables(tmp_path) == before
    Ledger(tmp_path, 60, 9, 9).close()
    assert ours(tmp_path) == [("diabetes", "regression")]


def test_a_class_may_be_added_to_the_schema_and_none_removed(tmp_path: Path) -> None:
    def ledger(*classes: str) -> Ledger:
        letters = Schema("letters", "classification", Target("letter", classes=[*classes]), [])
        return Ledger(tmp_path, 60, 10, 10, scores=scores_of(letters))

    for classes in (("a", "b"), ("b", "c", "a")):
        ledger(*classes).close()
    with pytest.raises(SettingsError, match="may hold rows of the class 'b', which the schema"):
        ledger("a", "c")
