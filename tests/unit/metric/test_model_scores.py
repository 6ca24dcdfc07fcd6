"""The errors of each model that metric keeps, from numbers of any size and models of any name."""

import logging
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import remembered_rows
from half import Half
from ledger import Ledger
from model_scores import MAX_MODELS, OTHERS
from pipeline.files import METRIC_STATE
from pipeline.table.schema import Schema, Target
from scores import Scores, scores_of

NOON = 1_764_000_000_000
LETTERS = scores_of(Schema("letters", "classification", Target("t", classes=["a", "b"]), []))

Table = dict[tuple[str, str], tuple[Any, ...]]


def table(folder: Path) -> Table:
    with closing(sqlite3.connect(folder / METRIC_STATE)) as database:
        found = database.execute("SELECT * FROM model_scores").fetchall()
    return {(role, model): (*numbers,) for role, model, *numbers in found}


def row(row_id: str, y_true: Any, y_pred: Any, model_id: str | None) -> list[Half]:
    said = Half(row_id, "y_pred", y_pred, NOON, model_id=model_id)
    return [Half(row_id, "y_true", y_true, NOON), said]


def said_by_shadow(row_id: str, value: Any, model_id: str | None) -> Half:
    return Half(row_id, "y_pred_shadow", value, NOON, model_id=model_id)


def take(ledger: Ledger, halves: list[Half], now_in_ms: int = NOON) -> None:
    """Shadow predictions come last."""
    ledger.take(sorted(halves, key=lambda half: half.queue == "y_pred_shadow"), now_in_ms)


def numbers(folder: Path, remember: int = 100) -> Ledger:
    return Ledger(folder, 60, 5000, remember)


def test_each_row_counts_once_under_the_model_that_predicted_it(tmp_path: Path) -> None:
    for _ in range(2):  # the second time all of it is repeated, after a restart
        with closing(numbers(tmp_path)) as ledger:
            take(ledger, row("1", 100.0, 101.0, "ridge") + row("2", 100.0, 97.0, "ridge"), NOON)
            take(ledger, row("3", 100.0, 110.0, "other") + row("4", 100.0, 104.0, None), NOON + 1)
            take(ledger, row("5", 100.0, 105.0, "ridge"), NOON + 2)
            take(ledger, [said_by_shadow("1", 102.0, "forest")], NOON + 3)
            take(ledger, [said_by_shadow("2", math.inf, "forest")], NOON + 4)
    assert table(tmp_path) == {
        ("live", "ridge"): (3, 0, 9.0, 35.0, NOON + 2),
        ("live", "other"): (1, 0, 10.0, 100.0, NOON + 1),
        ("live", ""): (1, 0, 4.0, 16.0, NOON + 1),
        ("shadow", "forest"): (1, 1, 2.0, 4.0, NOON + 4),
    }


def test_rows_that_are_forgotten_stay_counted(tmp_path: Path) -> None:
    with closing(numbers(tmp_path, remember=1)) as ledger:
        for number in range(20):
            take(ledger, row(str(number), 100.0, 101.0, "ridge"))
    assert table(tmp_path) == {("live", "ridge"): (20, 0, 20.0, 20.0, NOON)}


@pytest.mark.parametrize(
    ("y_true", "y_pred", "sums"),
    [
        (0.0, 1e200, (1e200, math.inf)),
        (1e308, -1e308, (math.inf, math.inf)),
        (1e308, 1e308, (0.0, 0.0)),
        (5e-324, 0.0, (5e-324, 0.0)),
    ],
)
def test_an_error_of_any_size_is_added(
    tmp_path: Path, y_true: float, y_pred: float, sums: tuple[float, float]
) -> None:
    for first in ("a", "b"):  # and after a restart, too
        with closing(numbers(tmp_path)) as ledger:
            take(ledger, row(f"{first}1", y_true, y_pred, "ridge"))
            take(ledger, row(f"{first}2", y_true, y_pred, "ridge"))
            take(ledger, [said_by_shadow(f"{first}1", y_pred, "forest")])
    live, shadow = table(tmp_path)["live", "ridge"], table(tmp_path)["shadow", "forest"]
    assert live[:2] == (4, 0)
    assert live[2:4] == tuple(4 * each for each in sums)
    assert shadow[:4] == (2, 0, *(2 * each for each in sums))


def test_of_too_many_models_the_last_ones_share_a_name(tmp_path: Path) -> None:
    rows = MAX_MODELS + 50
    for _ in range(2):
        with closing(numbers(tmp_path, remember=5000)) as ledger:
            halves = [row(str(n), 1.0, 3.0, f"model-{n}") for n in range(rows)]
            take(ledger, [half for pair in halves for half in pair])
            take(ledger, [said_by_shadow(str(n), 4.0, f"model-{n}") for n in range(rows)])
    found = table(tmp_path)
    for role, error in (("live", 2.0), ("shadow", 3.0)):
        own = {model: sums for (each, model), sums in found.items() if each == role}
        assert len(own) == MAX_MODELS + 1
        assert sum(sums[0] for sums in own.values()) == rows
        assert own[OTHERS] == (50, 0, 50 * error, 50 * error**2, NOON)
    with closing(numbers(tmp_path, remember=5000)) as ledger:  # a known one keeps its own
        known = next(model for role, model in found if role == "live" and model != OTHERS)
        take(ledger, row("more", 1.0, 3.0, known) + row("new", 1.0, 3.0, "new"))
    assert table(tmp_path)["live", known][0] == 2
    assert table(tmp_path)["live", OTHERS][0] == 51


def fill_with_numbers(ledger: Ledger) -> None:
    for n in range(30):
        model = ("ridge", "forest", None)[n % 3]
        take(ledger, row(f"r{n}", float(n), 1.5 * n, model), NOON + n)
        shadow = [said_by_shadow(f"r{n}", math.inf if n == 7 else 2.0 * n, "mlp")]
        take(ledger, shadow, NOON + n)


def fill_with_classes(ledger: Ledger) -> None:
    for n in range(30):
        model = ("ridge", "forest", None)[n % 3]
        said = f'{{"a":{n / 32},"b":{1 - n / 32}}}'
        take(ledger, row(f"r{n}", "ab"[n % 2], said, model), NOON + n)
        take(ledger, [said_by_shadow(f"r{n}", math.inf if n == 7 else "a", "mlp")], NOON + n)


TASKS = [(scores_of(), fill_with_numbers), (LETTERS, fill_with_classes)]


@pytest.mark.parametrize("remember", [1000, 10])
@pytest.mark.parametrize(("scores", "fill"), TASKS, ids=["numbers", "classes"])
def test_a_state_without_the_table_gets_it_once_from_the_rows_that_it_remembers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    remember: int,
    scores: Scores,
    fill: Callable[[Ledger], None],
) -> None:
    monkeypatch.setattr(remembered_rows, "ROWS_AT_ONCE", 4)
    with closing(Ledger(tmp_path, 60, 1000, remember, scores=scores)) as ledger:
        fill(ledger)
    counted = table(tmp_path)
    assert sum(sums[0] + sums[1] for sums in counted.values()) == 60
    with closing(sqlite3.connect(tmp_path / METRIC_STATE)) as database:
        database.execute("DROP TABLE model_scores")
        database.commit()
    caplog.set_level(logging.INFO)
    for _ in range(2):
        Ledger(tmp_path, 60, 1000, remember, scores=scores).close()
    if remember == 1000:
        assert table(tmp_path) == {key: pytest.approx(counted[key]) for key in counted}
        assert caplog.text.count("over the 60 rows that are remembered") == 1
    else:
        assert caplog.text.count("over the 20 rows that are remembered") == 1
    assert "rows older than REMEMBER_IDS are left out" in caplog.text


def test_a_new_state_says_nothing_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    numbers(tmp_path).close()
    assert table(tmp_path) == {}
    assert "remembered" not in caplog.text


def test_the_sums_are_those_of_the_log(tmp_path: Path) -> None:
    with closing(numbers(tmp_path)) as ledger:
        fill_with_numbers(ledger)
    log, shadow = (pd.read_csv(tmp_path / f"metric_log{each}.csv") for each in ("", "_shadow"))
    found = table(tmp_path)
    errors = log["absolute_error"].groupby(log.index % 3)
    for number, model in enumerate(("ridge", "forest", "")):
        own = errors.get_group(number)
        expected = (len(own), 0, own.sum(), (own**2).sum())
        assert found["live", model][:4] == pytest.approx(expected)
    ours = shadow["absolute_error"]
    predicted = ours[ours != math.inf]
    expected = (len(predicted), 1, predicted.sum(), (predicted**2).sum())
    assert found["shadow", "mlp"][:4] == pytest.approx(expected)
