"""A shadow model that tells classes is compared by half its Brier score."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from logs.follower import catch_up
from logs.layout import own
from logs.parse import parse
from logs.rows import header
from shadow_comparison.comparison import ClassComparison
from shadow_comparison.rows import ClassShadowRows
from shadow_comparison.section import shadow_section
from support.schemas import AWKWARD, IRIS
from support.waiting import PATIENCE_SECONDS

CLASSES = tuple(IRIS.target.classes)
HEADER = (
    "id,y_true,y_pred,absolute_error,model_id,live_model_id,live_absolute_error,"
    "half_brier,live_half_brier"
)
ROW = "a,setosa,virginica,0.75,forest,logistic,0.25,0.5,0.125\n"


def half_brier(probabilities: Any, y_true: Any) -> Any:
    truth = np.eye(probabilities.shape[1])[y_true]
    return ((probabilities - truth) ** 2).sum(axis=1) / 2


def shadow_rows(y_true: Any, shadow: Any, live: Any) -> ClassShadowRows:
    """Rows of these probabilities, each of shape (n, k)."""
    at, name = np.arange(len(y_true)), np.full(len(y_true), "m", np.object_)
    return ClassShadowRows(
        y_true, shadow.argmax(axis=1), 1 - shadow[at, y_true], name, name, 1 - live[at, y_true],
        half_brier(shadow, y_true), half_brier(live, y_true),
    )  # fmt: skip


def probabilities(random: np.random.Generator, rows: int, sharp: float) -> tuple[Any, Any]:
    """Classes drawn from probabilities, which so are calibrated."""
    found = random.dirichlet(np.full(3, sharp), rows)
    return (found.cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1), found


def compared(y_true: Any, shadow: Any, live: Any) -> ClassComparison:
    comparison = ClassComparison()
    for part in np.array_split(np.arange(len(y_true)), 7):
        comparison.add(shadow_rows(y_true[part], shadow[part], live[part]))
    return comparison


def test_the_score_is_that_of_scikit_learn_and_the_mean_error_that_of_the_log() -> None:
    y_true, live = probabilities(np.random.default_rng(1), 2000, 0.5)
    shadow = np.full_like(live, 1 / 3)
    comparison = compared(y_true, shadow, live)
    for found, told in zip(comparison.score(), (shadow, live), strict=True):
        assert found == pytest.approx(brier_score_loss(y_true, told, scale_by_half=True))
    errors = [1 - told[np.arange(2000), y_true].mean() for told in (shadow, live)]
    assert comparison.mean_error() == pytest.approx(errors)
    assert (comparison.rows, comparison.bound, comparison.beyond) == (2000, 1, 0)
    assert comparison.verdict() == "worse"


def test_sharpened_probabilities_are_not_better_though_their_mean_error_is() -> None:
    y_true, live = probabilities(np.random.default_rng(2), 20_000, 1.0)
    shadow = np.eye(3)[live.argmax(axis=1)]
    comparison = compared(y_true, shadow, live)
    assert comparison.mean_error()[0] < comparison.mean_error()[1]
    assert comparison.verdict() == "worse"
    assert comparison.tells_classes_only() == (True, False)


@pytest.mark.parametrize(("weight", "verdict"), [(0.002, "equal"), (0.5, "worse")])
def test_the_same_is_within_a_thousandth(weight: float, verdict: str) -> None:
    y_true, live = probabilities(np.random.default_rng(3), 100_000, 0.5)
    shadow = (1 - weight) * live + weight / 3
    assert compared(y_true, shadow, live).verdict() == verdict


def test_two_equal_models_are_seldom_told_apart() -> None:
    told_apart = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        y_true, found = probabilities(random, 2000, 0.5)
        swap = random.random(2000) < 0.5  # each is the other's equal on average
        noisy = random.dirichlet(np.ones(3), 2000) * 0.3 + found * 0.7
        one = np.where(swap[:, None], noisy, found)
        other = np.where(swap[:, None], found, noisy)
        comparison = ClassComparison()
        apart = False
        for part in np.array_split(np.arange(2000), 40):
            comparison.add(shadow_rows(y_true[part], one[part], other[part]))
            difference = comparison.difference()
            assert difference is not None
            apart |= not difference.low <= 0 <= difference.high
        told_apart += apart
    assert told_apart <= 40 * 0.05 + 2 * math.sqrt(40 * 0.05 * 0.95)


BAD = [
    "a,setosa,,inf,forest,logistic,0.25,0.5,0.125",
    "a,setosa,,0.5,forest,logistic,0.25,inf,0.125",
    "a,setosa,tulip,inf,forest,logistic,0.25,inf,0.125",
    "a,,setosa,0.5,forest,logistic,0.25,0.5,0.125",
    "a,setosa,setosa,0.5,forest,logistic,0.25,1.5,0.125",
    "a,setosa,setosa,0.5,forest,logistic,inf,0.5,0.125",
    "a,setosa,setosa,inf,forest,logistic,0.25,inf,0.125",
    "a,setosa,setosa,0.5,forest,logistic,0.25,0.5",
]


@pytest.mark.parametrize("bad", BAD)
def test_rows_that_say_nothing_clear_are_not_counted(bad: str) -> None:
    failed = "b,virginica,,inf,forest,logistic,0.25,inf,0.125\n"
    layout = own(ClassShadowRows._fields, CLASSES)
    for text in (ROW + failed, ROW + failed + bad + "\n"):
        rows, unreadable = parse(text.encode(), ClassShadowRows, layout)
        assert rows.answered().tolist() == [True, False]
        assert len(unreadable) == text.count("\n") - 2
        assert rows.live_half_brier.tolist() == [0.125, 0.125]


def test_the_section_of_classes(tmp_path: Path) -> None:
    assert header(ClassShadowRows).decode() == HEADER
    path, names = tmp_path / "metric_log_shadow.csv", AWKWARD.target.classes
    section = shadow_section(tmp_path, AWKWARD)
    random = np.random.default_rng(4)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for number in range(500):
        wrong = bool(random.random() < 0.2)
        y_true = number % len(names)
        said = names[(y_true + wrong) % len(names)]
        half = random.random() / 2
        row = [number, names[y_true], said, float(wrong), "tree", "live", half, float(wrong)]
        writer.writerow([*row, half**2])
    writer.writerow(["f", names[0], "", "inf", "tree", "live", 0.5, "inf", 0.25])
    path.write_text(f"{HEADER}\n{text.getvalue()}", newline="")
    assert catch_up([section.follower], PATIENCE_SECONDS)
    shown = section.tell()
    read = pd.read_csv(path, keep_default_na=False)[:-1]
    candidate, live = shown["candidate"], shown["live"]
    assert (shown["rows"], shown["failed"], shown["unreadable"]) == (500, 1, 0)
    for model, score, error in (
        (candidate, "half_brier", "absolute_error"),
        (live, "live_half_brier", "live_absolute_error"),
    ):
        assert model["half_brier"] == pytest.approx(read[score].mean())
        assert model["mae"] == pytest.approx(read[error].mean())
    assert (candidate["classes_only"], live["classes_only"]) == (True, False)
    difference = read["half_brier"].mean() - read["live_half_brier"].mean()
    assert shown["difference"]["mean"] == pytest.approx(difference)
    assert shown["verdict"] == ("worse" if shown["difference"]["low"] > 0 else "failing")


def test_a_shadow_model_that_failed_on_all_rows_has_no_figures(tmp_path: Path) -> None:
    section = shadow_section(tmp_path, IRIS)
    row = "f,setosa,,inf,tree,live,0.5,inf,0.25\n"
    (tmp_path / "metric_log_shadow.csv").write_text(f"{HEADER}\n{row}")
    assert catch_up([section.follower], PATIENCE_SECONDS)
    shown = section.tell()
    assert (shown["verdict"], shown["difference"], shown["failed"]) == ("failing", None, 1)
    assert shown["candidate"] == {
        "model_id": "tree", "half_brier": None, "mae": None, "classes_only": False,
    }  # fmt: skip
