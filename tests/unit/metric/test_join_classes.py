"""Classes in place of numbers: the rows, the files and the state, also with texts like numbers."""

import csv
import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss

from half import Half
from labels_log import LabelsLog
from ledger import Ledger
from metric import contradictions, to_halves
from pipeline.files import METRIC_STATE
from pipeline.messages import Message
from pipeline.table.data_sets import load
from pipeline.table.schema import Schema, Target
from scores import Scores, scores_of
from support.schemas import IRIS
from support.waiting import Clock

HEADER = "id,y_true,y_pred,absolute_error"
SHADOW_HEADER = f"{HEADER},model_id,live_model_id,live_absolute_error,half_brier,live_half_brier"


def letters(*classes: str) -> Scores:
    return scores_of(Schema("letters", "classification", Target("t", classes=[*classes]), []))


def opened(folder: Path, scores: Scores, **limits: Any) -> closing[Ledger]:
    return closing(Ledger(folder, 60, 1000, 1000, scores=scores, **limits))


def halves(scores: Scores, queue: str, values: dict[str, Any], model_id: str = "") -> list[Half]:
    message = Message([*values], [*values.values()], True, queue, model_id=model_id)
    return to_halves([message], 0, scores)


def lines(folder: Path, name: str = "metric_log.csv") -> list[str]:
    return (folder / name).read_text().splitlines()


def test_the_rows_of_iris_are_those_of_pandas_and_scikit_learn(tmp_path: Path) -> None:
    rows = load(IRIS.name, tmp_path).rows
    labels = np.array(rows.labels)
    model = LogisticRegression(C=0.1, max_iter=500).fit(rows.values, labels)
    found = model.predict_proba(rows.values)
    ids = [f"flower-{number}" for number in range(len(labels))]
    told = {
        row_id: dict(zip(model.classes_, p.tolist(), strict=True))
        for row_id, p in zip(ids, found, strict=True)
    }
    scores = scores_of(IRIS)
    with opened(tmp_path, scores) as ledger:
        ledger.take(halves(scores, "y_pred", told), 0)
        ledger.take(halves(scores, "y_true", dict(zip(ids, labels.tolist(), strict=True))), 0)
    log = pd.read_csv(tmp_path / "metric_log.csv").set_index("id").loc[ids]
    assert (log.y_true == labels).all()
    assert (log.y_pred == model.predict(rows.values)).all()
    assert accuracy_score(log.y_true, log.y_pred) == model.score(rows.values, labels)
    p_true = found[range(len(labels)), np.searchsorted(model.classes_, labels)]
    assert (log.absolute_error == 1 - p_true).all()
    with closing(sqlite3.connect(tmp_path / METRIC_STATE)) as database:
        state = pd.read_sql("SELECT * FROM joined", database)
    assert (state.set_index("id").loc[ids].absolute_error == log.absolute_error).all()
    assert state.half_brier.mean() == pytest.approx(
        brier_score_loss(labels, found, scale_by_half=True), abs=1e-12
    )


LIKE_NUMBERS = [
    "1",
    "1.0",
    "1e3",
    "007",
    "0x1F",
    "inf",
    "nan",
    "null",
    "-0",
    "9" * 20,
    "é",
]


@pytest.mark.parametrize("keeps_class", [True, False])
@pytest.mark.parametrize("stops", [True, False])
def test_a_class_that_looks_like_a_number_stays_a_text(
    tmp_path: Path, keeps_class: bool, stops: bool
) -> None:
    scores = letters(*LIKE_NUMBERS)
    told: dict[str, Any] = {
        f"of {name}": name if keeps_class else {name: 1.0} for name in LIKE_NUMBERS
    }
    labels = {f"of {name}": name for name in LIKE_NUMBERS}
    with opened(tmp_path, scores) as ledger:
        ledger.take(halves(scores, "y_true", labels), 0)
        if not stops:
            ledger.take(halves(scores, "y_pred", told), 0)
    with opened(tmp_path, scores) as ledger:
        ledger.take(halves(scores, "y_pred", told), 0)
        again = halves(scores, "y_true", labels) + halves(scores, "y_pred", told)
        assert ledger.take(again, 0).conflicts == []
        other = {**dict(zip(labels, [*LIKE_NUMBERS[1:], "1"], strict=True))}
        refused = ledger.take(halves(scores, "y_true", other), 0).conflicts
        assert refused == [*enumerate(LIKE_NUMBERS)]
    assert lines(tmp_path)[1:] == [f"of {name},{name},{name},0" for name in LIKE_NUMBERS]
    with closing(sqlite3.connect(tmp_path / METRIC_STATE)) as database:
        kept = database.execute("SELECT y_true, y_pred FROM joined ORDER BY seq").fetchall()
    assert kept == [(name, name) for name in LIKE_NUMBERS]


def test_texts_with_commas_and_quotes_are_quoted(tmp_path: Path) -> None:
    classes = ["a, b", 'say "no"', "c"]
    scores = letters(*classes)
    clock = Clock()
    with closing(Ledger(tmp_path, 5, 9, 9, scores=scores, monotonic=clock)) as ledger:
        ledger.take(halves(scores, "y_true", {"1": "a, b", "2": 'say "no"'}), 0)
        ledger.take(halves(scores, "y_pred", {"1": 'say "no"', "2": {"a, b": 0.5, "c": 0.5}}), 0)
        ledger.take(halves(scores, "y_pred", {"3": {"c": 0.75, "a, b": 0.25}, "4": "c"}), 0)
        ledger.take(halves(scores, "y_true", {"5": "a, b"}), 0)
        clock.seconds = 5
        ledger.take([], 0)
    assert lines(tmp_path) == [HEADER, '1,"a, b","say ""no""",1', '2,"say ""no""","a, b",1']
    with (tmp_path / "unmatched.csv").open(newline="") as file:
        left = [row[:3] for row in csv.reader(file)][1:]
    assert left == [
        ["3", "y_pred", '{"a, b":0.25,"c":0.75}'], ["4", "y_pred", "c"], ["5", "y_true", "a, b"],
    ]  # fmt: skip


def test_the_labels_log_has_classes_and_probabilities_as_they_came(tmp_path: Path) -> None:
    scores = letters("a, b", "c")
    log = LabelsLog(tmp_path)
    log.add(halves(scores, "y_true", {"1": "a, b"}))
    log.add(halves(scores, "y_pred", {"1": {"c": 0.75, "a, b": 0.25}, "2": "c"}))
    log.add(halves(scores, "y_pred_shadow", {"1": math.inf, "2": "c"}))
    assert [line.split("\t")[1:] for line in lines(tmp_path, "labels_log.txt")] == [
        ["y_true", "1", "a, b"], ["y_pred", "1", '{"a, b":0.25,"c":0.75}'], ["y_pred", "2", "c"],
        ["y_pred_shadow", "1", "inf"], ["y_pred_shadow", "2", "c"],
    ]  # fmt: skip


def test_a_contradiction_quotes_the_first_and_is_returned_as_it_came(tmp_path: Path) -> None:
    scores = letters("a", "b")
    with opened(tmp_path, scores) as ledger:
        ledger.take(halves(scores, "y_pred", {"1": {"a": 0.75, "b": 0.25}, "2": "b"}), 0)
        other = Message(["1", "2"], [{"b": 1.0}, {"a": 0.5, "b": 0.5}], True, "y_pred")
        letters_of = contradictions(
            [other], ledger.take(to_halves([other], 0, scores), 0).conflicts
        )
        assert [letter.reason for letter in letters_of] == [
            'this id was used before, with another prediction: {"a":0.75,"b":0.25}',
            "this id was used before, with another prediction: b",
        ]
        assert [json.loads(letter.body) for letter in letters_of] == [
            {"id": "1", "body": {"b": 1.0}}, {"id": "2", "body": {"a": 0.5, "b": 0.5}},
        ]  # fmt: skip
        ledger.take(halves(scores, "y_true", {"1": "a"}), 0)
    with opened(tmp_path, scores) as ledger:
        late: list[Message[Any]] = [
            Message(["1"], ["b"], queue="y_true"),
            Message(["1"], [{"a": 0.7, "b": 0.3}], queue="y_pred"),
            Message(["1"], [{"a": 0.7500001, "b": 0.2499999}], queue="y_pred"),
        ]
        found = ledger.take(to_halves(late, 0, scores), 0)
        assert [letter.reason for letter in contradictions(late, found.conflicts)] == [
            "this id already has another label: a",
            "this id was used before, with another prediction: a",
        ]
    assert lines(tmp_path)[1:] == ["1,a,a,0.25"]


def test_a_shadow_model_is_scored_beside_the_live_one(tmp_path: Path) -> None:
    scores = letters("a, b", "c", "d")

    def shadow(values: dict[str, Any], model_id: str = "forest-1") -> list[Half]:
        return halves(scores, "y_pred_shadow", values, model_id)

    live = {"1": {"a, b": 0.5, "c": 0.25, "d": 0.25}, "2": "c", "3": "d"}
    with opened(tmp_path, scores) as ledger:
        said = {"1": {"a, b": 1.0}, "2": {"c": 0.25, "d": 0.75}}
        ledger.take(shadow(said) + shadow({"1": "c"}, ""), 0)
        ledger.take(halves(scores, "y_pred", live, "live-1"), 0)
        found = ledger.take(halves(scores, "y_true", dict.fromkeys("123", "a, b")), 0)
        assert found.more_rows == {"shadow_joined": 3}
    with opened(tmp_path, scores) as ledger:  # the third is a row already
        ledger.take(shadow({"3": math.inf}), 0)
        repeated = shadow({**said, "3": math.inf}) + shadow({"1": "c"}, "")
        assert ledger.take(repeated, 0).conflicts == []
        assert ledger.take(shadow({"1": "c", "2": {"c": 0.25, "d": 0.75}}), 0).conflicts == [
            (0, ("a, b", "a, b", 0, 0))
        ]
        assert ledger.take(shadow({"3": "c"}), 0).conflicts == [(0, math.inf)]
    assert lines(tmp_path, "metric_log_shadow.csv") == [
        SHADOW_HEADER,
        '1,"a, b","a, b",0,forest-1,live-1,0.5,0,0.1875',
        '2,"a, b",d,1,forest-1,live-1,1,0.8125,1',
        '1,"a, b",c,1,,live-1,0.5,1,0.1875',
        '3,"a, b",,inf,forest-1,live-1,1,inf,1',
    ]


def test_a_shadow_row_that_outlives_its_row_is_compared_no_more(tmp_path: Path) -> None:
    scores = letters("a", "b")
    with closing(Ledger(tmp_path, 60, 1000, 2, scores=scores)) as ledger:
        both = halves(scores, "y_true", {"0": "a"}) + halves(scores, "y_pred", {"0": "a"})
        ledger.take(both + halves(scores, "y_pred_shadow", {"0": "a"}), 0)
        for row_id in "1234":
            ledger.take([Half(row_id, "y_true", "a", 0), Half(row_id, "y_pred", "a", 0)], 0)
        found = ledger.take(halves(scores, "y_pred_shadow", {"0": "b"}), 0)
        assert (found.conflicts, found.more_rows) == ([], {"shadow_joined": 0})
