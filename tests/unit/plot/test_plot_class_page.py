"""The page, the picture and the trace of other data sets than the default one."""

import io
import json
import math
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from artist import Artist
from errors_follower import ErrorsFollower, errors_follower
from logs.metric_state import MetricState
from logs.rows import ClassRows, Rows
from page.broker_status.monitor import BrokerMonitor
from page.event_stream import EventStream
from page.narrator import Narrator
from page.payloads import MAX_MATRIX_CLASSES, charts
from page.routes import Routes
from picture import _axis_label, _note, render
from pipeline.files import METRIC_LOG, METRIC_STATE
from pipeline.run import Run
from pipeline.table.schema import Schema, Target
from stats.class_summary import ClassSummary
from stats.scale import fit
from stats.summary import Summary
from support.live_page import NOTHING_THERE
from support.schemas import AWKWARD, DIABETES, IRIS, LETTERS
from support.tables import HOUSES

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LINES = [
    "a,setosa,setosa,0.125",
    "b,versicolor,virginica,0.75",
    "c,virginica,virginica,0.5",
    "d,virginica,virginica,0.125",
]


def follower_of(folder: Path, schema: Schema, lines: list[str]) -> ErrorsFollower:
    follower = errors_follower(folder / METRIC_LOG, schema.target.classes)
    follower.path.write_text("\n".join(["id,y_true,y_pred,absolute_error", *lines, ""]))
    assert follower.catch_up(math.inf)
    return follower


def of_numbers(errors: Any) -> Summary:
    summary, error = Summary(), np.asarray(errors, np.float64)
    summary.add(Rows(np.zeros_like(error), error, error))
    return summary


def of_classes(errors: list[float], classes: int = 3) -> ClassSummary:
    summary, zeros = ClassSummary(classes), np.zeros(len(errors), np.intp)
    summary.add(ClassRows(zeros, zeros, np.array(errors)))
    return summary


def test_the_page_is_told_of_classes_in_plain_values(tmp_path: Path) -> None:
    narrator = Narrator(follower_of(tmp_path, IRIS, LINES), [], IRIS)
    view = narrator.view()
    assert msgspec.json.decode(msgspec.json.encode(view)) == view
    assert view["summary"] == narrator.numbers()
    loss = -np.log([0.875, 0.25, 0.5, 0.875]).mean()
    assert view["summary"].pop("log_loss") == pytest.approx(loss)
    assert view["summary"] == {
        "rows": 4, "accuracy": 0.75, "baseline": {"class": 2, "accuracy": 0.5}, "mae": 0.375,
        "classes_only": False, "impossible": 0, "median": 0.3125, "p90": 0.675,
        "unreadable": 0, "problem": None, "last_row_in_ms": None,
    }  # fmt: skip
    assert view["confusion"] == [[1, 0, 0], [0, 0, 1], [0, 0, 2]]
    assert view["by_class"] == {
        "rows": [1, 1, 2], "predicted": [1, 0, 3], "recall": [1, 0, 1],
        "precision": [1, None, 2 / 3],
    }  # fmt: skip
    assert view["data_set"] == "iris"
    rows = [[row[name] for name in ("id", "y_true", "y_pred")] for row in view["last_rows"]]
    assert rows[1:3] == [["c", "virginica", "virginica"], ["b", "versicolor", "virginica"]]
    assert narrator.predictions() == {
        "classes": ["setosa", "versicolor", "virginica"], "counts": [1, 0, 3], "rows": 4,
    }  # fmt: skip


def test_of_very_many_classes_there_is_no_matrix() -> None:
    for classes, has_matrix in ((MAX_MATRIX_CLASSES, True), (MAX_MATRIX_CLASSES + 1, False)):
        shown = charts(of_classes([0.5], classes))
        assert (shown["confusion"] is not None) == has_matrix
        assert len(shown["by_class"]["recall"]) == classes


def test_a_model_that_tells_classes_only_has_no_log_loss(tmp_path: Path) -> None:
    lines = ["a,setosa,setosa,0", "b,setosa,virginica,1"]
    numbers = Narrator(follower_of(tmp_path, IRIS, lines), [], IRIS).numbers()
    assert (numbers["accuracy"], numbers["log_loss"]) == (0.5, None)
    assert (numbers["classes_only"], numbers["impossible"]) == (True, 1)


@pytest.mark.parametrize("schema", [DIABETES, HOUSES, IRIS, AWKWARD])
def test_the_page_is_served_with_the_words_of_its_data_set(schema: Schema, tmp_path: Path) -> None:
    schema = msgspec.structs.replace(schema, title="</script><b>Ünïcode")
    narrator = Narrator(follower_of(tmp_path, schema, []), [], schema)
    routes = Routes(narrator, BrokerMonitor([NOTHING_THERE]), EventStream())
    page = bytes(routes.page(None).body).decode()  # type: ignore[arg-type]
    start = '<script id="about" type="application/json">'
    text = page.partition(start)[2].partition("</script>")[0]
    about = json.loads(text)
    unit = {"diabetes": "points", "houses": "€"}.get(schema.name, "")
    assert (about["title"], about["unit"]) == (schema.title, unit)
    assert about["classes"] == schema.target.classes


@pytest.mark.parametrize("errors", [[], [0.0], [1.0], [0.0, 1.0] * 9, [0.05, 0.95, 0.999999]])
def test_the_bars_of_classes_hold_every_row(errors: list[float]) -> None:
    summary = of_classes(errors)
    scale = fit(summary)
    expected, _ = np.histogram(errors, scale.edges)
    assert scale.counts(summary.errors).tolist() == expected.tolist()
    assert (scale.limit, scale.bar_width) == (1, 0.05)
    with Image.open(io.BytesIO(render(summary, NOON, IRIS))) as image:
        image.load()
        assert image.size == (1200, 675)


def test_the_picture_names_what_is_predicted() -> None:
    summary = of_classes([0.25, 0.5])
    assert _note(summary, fit(summary), IRIS) == (
        "Iris flowers: accuracy 100.0 %; always setosa: 100.0 %"
    )
    assert _axis_label(IRIS, 0) == "error: 1 − probability given to the true Species"
    assert _axis_label(HOUSES, 0) == "absolute error of Price, in €"
    assert _axis_label(HOUSES, 9) == "absolute error of Price, in $10^{9}$ €"
    assert _axis_label(DIABETES, 9) == (
        "absolute error |y_true − y_pred|, in $10^{9}$ units of y_true"
    )
    few = of_numbers([1.0, 2.0])
    assert _note(few, fit(few), HOUSES) == "House prices"
    assert _note(few, fit(few), DIABETES) == ""


@pytest.mark.parametrize("text", ["$", "$$", "$\\frac{$", "%s_{^", "x" * 100, "{{about}}"])
@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e9])
def test_titles_and_units_of_any_text_and_scale_are_drawn(text: str, factor: float) -> None:
    houses = Schema("houses", "regression", Target("price", text, text), HOUSES.columns, text)
    iris = Schema("iris-2", "classification", Target("kind", text, classes=[text, "b"]), [], text)
    assert render(of_numbers(np.linspace(0, 90, 50) * factor), NOON, houses)
    assert render(of_classes([0.5], 2), NOON, iris)


def test_the_gauges_of_classes_have_the_accuracy(tmp_path: Path) -> None:
    run = Run("plot")
    Artist(follower_of(tmp_path, IRIS, LINES), run, 3600, IRIS).draw()
    assert run.gauges == {"rows": 4, "mae": 0.375, "accuracy": 0.75}


def test_the_trace_of_classes_has_their_error_and_score(tmp_path: Path) -> None:
    state = MetricState(tmp_path / METRIC_STATE)
    probabilities = {"a,b": 0.25, "0": 0.75}
    with closing(sqlite3.connect(tmp_path / METRIC_STATE)) as database:
        database.execute(
            "CREATE TABLE joined (id TEXT, y_true, y_pred, joined_in_ms INTEGER,"
            " absolute_error REAL, half_brier REAL)"
        )
        database.execute(
            "CREATE TABLE pending (id TEXT, queue TEXT, value, published_in_ms INTEGER,"
            " received_in_ms INTEGER)"
        )
        database.execute("INSERT INTO joined VALUES ('a', '0', '0.0', 5, 0.75, 0.5625)")
        database.execute("INSERT INTO joined VALUES ('n', 2.5, 4.0, 5, NULL, NULL)")
        halves = [
            ("p", "y_pred", json.dumps(probabilities)),
            ("c", "y_pred", "0.0"),
            ("t", "y_true", "0"),
        ]
        database.executemany("INSERT INTO pending VALUES (?, ?, ?, 1, 2)", halves)
        database.commit()
    joined = state.trace("a")
    assert (joined.y_true, joined.y_pred) == ("0", "0.0")
    assert (joined.absolute_error, joined.half_brier) == (0.75, 0.5625)
    assert state.trace("n").absolute_error == 1.5
    assert b"half_brier" not in msgspec.json.encode(state.trace("n"))
    assert state.trace("p").y_pred == probabilities
    assert (state.trace("c").y_pred, state.trace("t").y_true) == ("0.0", "0")


def test_letters_have_a_matrix_of_26(tmp_path: Path) -> None:
    names = LETTERS.target.classes
    lines = [f"{name},{name},{names[-1 - n]},1" for n, name in enumerate(names)]
    view = Narrator(follower_of(tmp_path, LETTERS, lines), [], LETTERS).view()
    assert np.array(view["confusion"]).tolist() == np.fliplr(np.eye(26)).tolist()
