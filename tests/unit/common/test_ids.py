"""The one rule of what an id is, on the wire and in the files."""

import csv
import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_csv import DurableCsv
from half import Half
from labels_log import LabelsLog
from ledger import Ledger
from logs.metric_state import MetricState
from logs.rows import Rows
from logs.tail import LogTail
from pipeline.ids import ID_PATTERN, ID_SCHEMA, canonical, id_problem, path_of
from pipeline.messages import Id, Message, id_text, id_texts
from support.hostile_ids import REFUSED, TAKEN
from support.readers import VALUES
from support.waiting import Clock

IDS = [canonical(row_id) for row_id in TAKEN.values()]
QUEUES = ("y_true", "y_pred", "y_pred_shadow")
NEWEST = 1_700_000_000_000


@pytest.mark.parametrize("row_id", TAKEN.values(), ids=TAKEN)
def test_an_id_is_taken_and_answered_as_it_came(row_id: str) -> None:
    batches: list[list[Id]] = [[row_id], [row_id, "a"]]
    for ids in batches:
        message, errors = VALUES.decode(Message(ids, [1.0] * len(ids), len(ids) > 1).encode())
        assert (message and message.ids, errors) == (ids, [])
    assert id_problem(row_id) is None


@pytest.mark.parametrize(("row_id", "rule"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_id_is_refused_with_the_rule_that_it_breaks(row_id: str, rule: str) -> None:
    message, (error,) = VALUES.decode(json.dumps({"id": row_id, "body": 1}).encode())
    assert message is None
    assert rule in str(error)
    message, (error,) = VALUES.decode(json.dumps({"id": ["a", row_id], "body": [1, 2]}).encode())
    assert message == Message(["a"], [1.0], batched=True)
    assert rule in str(error)


@given(st.text("-=+@. /{}~aZ0,\n\u00e9", max_size=6) | st.text())
def test_pattern_and_sentence_say_the_same(text: str) -> None:
    assert bool(re.search(ID_PATTERN, text)) == (id_problem(text) is None)
    described = re.fullmatch(str(ID_SCHEMA["pattern"]).strip("^$"), text) is not None
    assert (described and 1 <= len(text) <= 128 and text not in {".", ".."}) == (
        id_problem(text) is None
    )


@pytest.mark.parametrize("row_id", TAKEN.values(), ids=TAKEN)
def test_an_id_is_found_again_in_the_path_of_a_call(row_id: str) -> None:
    for end in ("", "/events"):
        path = path_of("/job", row_id, end)
        assert path.isascii()
        assert " " not in path
        parts = urlsplit(path)
        if parts.query:
            assert (parts.path, parse_qs(parts.query)) == (f"/job{end}", {"id": [row_id]})
        else:
            assert unquote(parts.path) == f"/job/{row_id}{end}"
            assert parts.path.count("/") == 2 + bool(end)


def test_a_uuid_has_one_text_however_it_is_written() -> None:
    capitals = "018F4C2E-7B1A-7C3D-8E4F-0123456789AB"
    assert id_text(capitals) == id_text(capitals.lower()) == capitals.lower()
    assert id_texts(["a", capitals]) == ["a", capitals.lower()]
    assert id_texts([capitals, 5.0]) == [capitals.lower(), "5"]
    for other in ("{" + capitals + "}", capitals.replace("-", ""), capitals[:-1] + "G", "ABC"):
        assert id_text(other) == other


def halves(queue: str) -> list[Half]:
    model_id = None if queue == "y_true" else "ridge-1"
    return [Half(row_id, queue, 1.5, NEWEST, NEWEST, NEWEST, model_id) for row_id in IDS]


def columns(path: Path) -> list[tuple[str, ...]]:
    """Of a CSV file, without its header."""
    with path.open(newline="") as file:
        _, *rows = csv.reader(file, strict=True)
    return [*map(tuple, zip(*rows, strict=True))]


def test_every_file_has_the_ids_and_they_are_found_again(tmp_path: Path) -> None:
    clock = Clock()
    ledger = Ledger(tmp_path, 10, 1000, 1000, monotonic=clock)
    labels = LabelsLog(tmp_path)
    for queue in QUEUES:
        labels.add(halves(queue))
        ledger.take(halves(queue), NEWEST)
    alone = [Half(f"{row_id[:120]}:alone", "y_true", 1.0, NEWEST) for row_id in IDS]
    ledger.take(alone, NEWEST)
    clock.seconds = 20
    ledger.take([], NEWEST)
    ledger.close()

    assert columns(tmp_path / "metric_log.csv")[0] == tuple(IDS)
    assert columns(tmp_path / "metric_log_shadow.csv")[0] == tuple(IDS)
    assert columns(tmp_path / "unmatched.csv")[0] == tuple(half.id for half in alone)
    lines = (tmp_path / "labels_log.txt").read_text().splitlines()
    assert [line.split("\t")[1:3] for line in lines] == [
        [queue, row_id] for queue in QUEUES for row_id in IDS
    ]

    tail = LogTail(tmp_path / "metric_log.csv", Rows)
    rows = tail.read()
    assert rows is not None
    assert (len(rows.y_true), tail.problem()) == (len(IDS), None)
    last = tail.last_rows(100, tail.offset)
    assert [row.id for row in reversed(last)] == IDS
    state = MetricState(tmp_path / "metric_state.sqlite3")
    assert state.joined_in_ms([*TAKEN.values()]) == dict.fromkeys(TAKEN.values(), NEWEST)
    assert {state.trace(row_id).found for row_id in TAKEN.values()} == {"joined"}


def test_lines_that_a_crash_cut_off_are_made_good(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "state.sqlite3", isolation_level=None)
    whole = "id,value\n" + "".join(f"{row_id},1\n" for row_id in IDS)
    csv_file = DurableCsv(tmp_path / "log.csv", "id,value\n", database)
    csv_file.record(whole.partition("\n")[2])
    for cut in range(len("id,value\n"), len(whole), 7):
        os.close(csv_file._descriptor)  # as a kill does
        (tmp_path / "log.csv").write_text(whole[:cut])
        database.execute("UPDATE file SET length = 9, tail = ?", (whole[9:].encode(),))
        database.execute("DELETE FROM file_end")
        csv_file = DurableCsv(tmp_path / "log.csv", "id,value\n", database)
        assert (tmp_path / "log.csv").read_text() == whole
    assert csv_file.alterations == 0


def test_a_uuid_that_an_older_metric_kept_in_capitals_is_joined(tmp_path: Path) -> None:
    row_id, done = (f"{digit}18f4c2e-7b1a-7c3d-8e4f-0123456789ab" for digit in "12")
    ledger = Ledger(tmp_path, 10, 1000, 1000)
    ledger.take([Half(done, queue, 1.5, NEWEST) for queue in QUEUES[:2]], NEWEST)
    ledger.take([Half(row_id, "y_pred", 1.5, NEWEST)], NEWEST)
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "metric_state.sqlite3")) as database, database:
        for table in ("pending", "joined"):
            database.execute(f"UPDATE {table} SET id = UPPER(id)")
        database.execute("PRAGMA user_version = 0")
    ledger = Ledger(tmp_path, 10, 1000, 1000)
    again = [Half(row, "y_true", 1.5, NEWEST) for row in (row_id, done)]
    assert ledger.take(again, NEWEST).rows == 1
    ledger.close()
    assert columns(tmp_path / "metric_log.csv")[0] == (done, row_id)
