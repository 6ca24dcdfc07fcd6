"""Figures of classes are those of scikit-learn, whatever the names of the classes."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    precision_score,
    recall_score,
)

from logs.layout import Layout, own
from logs.parse import parse
from logs.rows import ClassRows
from logs.tail import LogTail
from stats.class_summary import MIN_PROBABILITY, ClassSummary
from support.schemas import AWKWARD, IRIS, LETTERS

HEADER = "id,y_true,y_pred,absolute_error"
CLASSES = tuple(AWKWARD.target.classes)
SPECIES = tuple(IRIS.target.classes)
LAYOUT = own(ClassRows._fields, CLASSES)

ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.floats(0, 1)), min_size=1, max_size=60
)
OTHERS = st.lists(st.sampled_from(["other", "", "0.00", "a", "A,B", " 0", "x" * 99]), max_size=5)


def written(rows: Sequence[tuple[object, ...]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def class_rows(*columns: object) -> ClassRows:
    y_true, y_pred, errors = map(np.asarray, columns)
    return ClassRows(y_true.astype(np.intp), y_pred.astype(np.intp), errors.astype(np.float64))


def summary_of(rows: ClassRows, classes: int) -> ClassSummary:
    summary = ClassSummary(classes)
    for part in np.array_split(np.arange(len(rows.y_true)), 3):  # as rows come: in parts
        summary.add(class_rows(*(column[part] for column in rows)))
    return summary


@given(ROWS, OTHERS)
def test_rows_are_read_fast_or_line_by_line_with_the_same_result(
    rows: list[tuple[int, int, float]], others: list[str]
) -> None:
    good = [("a", CLASSES[label], CLASSES[said], error) for label, said, error in rows]
    bad = [("b", text, CLASSES[0], 0.5) for text in others]
    at_once, none = parse(written(good), ClassRows, LAYOUT)
    by_line, unreadable = parse(written(good[:1] + bad + good[1:]), ClassRows, LAYOUT)
    assert none == []
    assert len(unreadable) == len(bad)
    for read in (at_once, by_line):
        assert [*zip(*(column.tolist() for column in read), strict=True)] == rows


BAD_LINES = [
    b"a,setosa,virginica",
    b"a,setosa,virginica,0.5,9",
    b"a,setosa,virginica,",
    b"a,setosa,virginica,nan",
    b"a,setosa,virginica,-0.1",
    b"a,setosa,virginica,1.0000001",
    b"a,setosa,,inf",
    b"a,tulip,setosa,0.5",
    b"a,1,0,0.5",
    b'a,"setosa,virginica,0.5',
    b"",
]


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_spoils_no_other(bad: bytes) -> None:
    good = b"a,setosa,virginica,0.75\nb,virginica,virginica,0.25\r\n"
    rows, unreadable = parse(good + bad + b"\n" + good, ClassRows, own(ClassRows._fields, SPECIES))
    assert rows.y_true.tolist() == [0, 2] * 2
    assert rows.absolute_error.tolist() == [0.75, 0.25] * 2
    assert unreadable == [bad + b"\n"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_log_of_a_spreadsheet_is_read(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "metric_log.csv"
    names = HEADER.split(",")
    rows = [("a", name, CLASSES[0], "0,25") for name in CLASSES]
    path.write_bytes(written([tuple(names), *rows], separator))
    tail = LogTail(path, ClassRows, CLASSES)
    read = tail.read()
    assert read is not None
    assert read.y_true.tolist() == [*range(len(CLASSES))]
    assert read.absolute_error.tolist() == [0.25] * len(CLASSES)
    assert [row.y_true for row in tail.last_rows(3, tail.offset)] == [*reversed(CLASSES[-3:])]
    assert tail.problem() is None


def test_a_log_without_errors_tells_which_rows_are_right() -> None:
    layout = Layout(",", 2, {"y_true": 0, "y_pred": 1}, classes=SPECIES)
    for lines in (b"setosa,setosa\nsetosa,virginica\n", b"setosa,setosa\nsetosa,virginica\nx,y\n"):
        rows, _ = parse(lines, ClassRows, layout)
        assert rows.absolute_error.tolist() == [0, 1]


def test_an_unknown_class_is_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "metric_log.csv"
    path.write_text(f"{HEADER}\na,setosa,setosa,0.1\nb,setosa,tulip,0.9\nc,setosa,setosa,2\n")
    tail = LogTail(path, ClassRows, SPECIES)
    rows = tail.read()
    assert rows is not None
    assert (len(rows.y_true), tail.unreadable) == (1, 2)
    problem = str(tail.problem())
    assert "2 lines could not be read" in problem
    assert "y_pred: 'tulip' is none of the classes setosa versicolor virginica" in problem
    with path.open("a") as file:
        file.write("d,versicolor,setosa,0.7")
    assert tail.read() is None, "its line has no end yet"
    with path.open("a") as file:
        file.write("5\n")
    rows = tail.read()
    assert rows is not None
    assert rows.absolute_error.tolist() == [0.75]
    assert [row.id for row in tail.last_rows(9, tail.offset)] == ["d", "a"]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0, 1)), min_size=1, max_size=80
    )
)
def test_each_figure_is_that_of_scikit_learn(drawn: list[tuple[int, int, float]]) -> None:
    rows = class_rows(*zip(*drawn, strict=True))
    summary, every = summary_of(rows, 4), [*range(4)]
    y_true, y_pred, errors = rows
    assert summary.rows == len(drawn)
    assert summary.accuracy == pytest.approx(accuracy_score(y_true, y_pred))
    expected = confusion_matrix(y_true, y_pred, labels=every)
    assert summary.confusion.tolist() == expected.tolist()
    figures = summary.by_class()
    for found, score, empty in (
        (figures.recall, recall_score, figures.rows == 0),
        (figures.precision, precision_score, figures.predicted == 0),
    ):
        wanted = score(y_true, y_pred, labels=every, average=None, zero_division=np.nan)
        assert found.tolist() == pytest.approx(wanted.tolist(), nan_ok=True)
        assert np.isnan(found).tolist() == empty.tolist()
    most, share = summary.baseline
    assert share == np.mean(y_true == most) == max(np.bincount(y_true)) / len(drawn)
    assert summary.mae == pytest.approx(errors.mean())
    assert summary.median == pytest.approx(float(np.median(errors)), rel=2e-3, abs=1e-12)
    losses = -np.log(np.clip(1 - errors, MIN_PROBABILITY, 1))
    only = bool(np.isin(errors, [0, 1]).all())
    assert summary.tells_classes_only == only
    assert summary.log_loss == pytest.approx(math.nan if only else losses.mean(), nan_ok=True)


def test_the_log_loss_of_probabilities_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(3)
    names = LETTERS.target.classes
    probabilities = random.dirichlet(np.full(26, 0.3), 5000)
    y_true = random.integers(0, 26, 5000)
    given_true = probabilities[np.arange(5000), y_true]
    rows = class_rows(y_true, probabilities.argmax(axis=1), 1 - given_true)
    summary = summary_of(rows, 26)
    # Below 1e-12 what is left of a probability in 1 - (1 - p) is rounding.
    expected = -np.log(np.maximum(given_true, MIN_PROBABILITY)).mean()
    assert summary.log_loss == pytest.approx(expected, rel=2e-3)
    clear = given_true > 1e-6
    part = summary_of(class_rows(*(column[clear] for column in rows)), 26)
    wanted = log_loss(y_true[clear], probabilities[clear], labels=range(26))
    assert part.log_loss == pytest.approx(wanted, rel=1e-9)
    assert len(names) == len(summary.by_class().recall)


def test_a_class_that_was_given_no_probability_counts_as_scikit_learn_counts_it() -> None:
    summary = summary_of(class_rows([0, 1, 1], [0, 1, 0], [0.25, 0.5, 1.0]), 2)
    expected = log_loss([0, 1, 1], [[0.75, 0.25], [0.5, 0.5], [1, 0]])
    assert summary.log_loss == pytest.approx(expected, rel=1e-12)


def test_no_rows_have_no_figures() -> None:
    summary = ClassSummary(3)
    figures = (summary.accuracy, summary.log_loss, summary.mae, summary.median)
    assert all(map(math.isnan, (*figures, summary.baseline[1], *summary.by_class().recall)))
    assert not summary.tells_classes_only


def test_a_log_of_many_blocks_agrees_with_pandas(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    path, count = tmp_path / "metric_log.csv", 120_000
    labels = random.integers(0, len(CLASSES), count)
    frame = pd.DataFrame(
        {
            "id": np.arange(count),
            "y_true": np.array(CLASSES)[labels],
            "y_pred": np.array(CLASSES)[(labels + random.integers(0, 2, count)) % len(CLASSES)],
            "absolute_error": random.random(count),
        }
    )
    frame.to_csv(path, index=False)
    tail, summary = LogTail(path, ClassRows, CLASSES), ClassSummary(len(CLASSES))
    while (rows := tail.read()) is not None:
        summary.add(rows)
    read = pd.read_csv(path, dtype={"y_true": str, "y_pred": str}, keep_default_na=False)
    crossed = pd.crosstab(read["y_true"], read["y_pred"]).reindex(index=CLASSES, columns=CLASSES)
    assert summary.confusion.tolist() == crossed.fillna(0).to_numpy().tolist()
    assert summary.accuracy == pytest.approx((read["y_true"] == read["y_pred"]).mean())
    assert summary.mae == pytest.approx(read["absolute_error"].mean())
    assert summary.errors.quantile(0.9) == pytest.approx(
        read["absolute_error"].quantile(0.9), rel=2e-3
    )
    assert tail.unreadable == 0
