"""examples/: the commands of each, from `dataset init` to the picture; then its figures.

The page's are those of the CSV, and the CSV has what scikit-learn gives for the stored model.
"""

import json
import re
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.metrics import accuracy_score, mean_absolute_error, root_mean_squared_error

from pipeline.model_store.skops_model import TRUSTED_TYPES
from pipeline.table.data_sets import load
from pipeline.table.matrix import matrix
from support.checkout import lend_venv
from support.desk import Desk
from support.documents import blocks_to_run, prose
from support.live_page import NOTHING_THERE
from support.pages import page_address
from support.rows import row_count
from support.service import ROOT, Service
from support.waiting import PATIENCE_SECONDS, eventually

EXAMPLES = ROOT / "examples"
BESIDE = re.compile(r"while\s+`(make run SERVING=1 DATASET=\w+)` runs")


class Outcome(NamedTuple):
    """The files that a run has left: its log, the live model, and the rows that are held out."""

    printed: str
    log: pd.DataFrame
    model: Any
    features: Any
    labels: list[Any]


def run(desk: Desk, example: str, name: str) -> Outcome:
    """Types the commands of the README that need no Docker, and compares what they print."""
    page, checkout = EXAMPLES / example / "README.md", desk.origin
    lend_venv(checkout)
    terminal, beside = desk.terminal(checkout), desk.terminal(checkout)
    logs, printed, wanted = checkout / "logs" / name, "", BESIDE.search(prose(page))
    for block in blocks_to_run(page, docker=False):
        if wanted and "ask predict" in block.text:
            beside.type(wanted[1])
            eventually(lambda: desk.is_gateway_up() and row_count(logs) > 0, "rows")
        terminal.run(block, lambda: True)
        printed += terminal.printed
    if wanted:
        beside.press_ctrl_c()
    (model,) = (checkout / "models" / "models").glob("*/model.skops")
    schema, rows = load(name, checkout / "datasets")
    values, labels = rows.holdout()
    return Outcome(
        printed,
        pd.read_csv(logs / "metric_log.csv", dtype={"id": str}),
        skops.io.load(model, trusted=TRUSTED_TYPES),
        matrix(values, schema.columns),
        labels,
    )


def summary(desk: Desk, name: str, tmp_path: Path) -> dict[str, Any]:
    """The figures that the live page tells of the rows, which plot reads from the log."""
    root = desk.origin
    assert (root / "logs" / name / "error_distribution.png").read_bytes().startswith(b"\x89PNG")
    plot = Service(
        "plot", tmp_path, dataset=name, datasets_dir=root / "datasets", logs_dir=root / "logs",
        management_url=NOTHING_THERE,
    )  # fmt: skip
    try:
        page = f"{page_address(plot)}api/summary"

        def look() -> dict[str, Any]:
            with urllib.request.urlopen(page, timeout=PATIENCE_SECONDS) as answer:
                told: dict[str, Any] = json.loads(answer.read())
            return told if told["rows"] == row_count(root / "logs" / name) else {}

        return eventually(look, "all rows on the page")
    finally:
        plot.stop()


def check_numbers(told: dict[str, Any], found: Outcome) -> None:
    """Page = CSV = scikit-learn, for a target of numbers."""
    y_true, y_pred = found.log["y_true"], found.log["y_pred"]
    assert told["mae"] == pytest.approx(mean_absolute_error(y_true, y_pred))
    assert told["rmse"] == pytest.approx(root_mean_squared_error(y_true, y_pred))
    assert told["median"] == pytest.approx((y_true - y_pred).abs().median(), rel=0.01)
    predicted = found.model.predict(found.features).round(6).tolist()
    assert set(zip(y_true, y_pred.round(6), strict=True)) <= set(
        zip(found.labels, predicted, strict=True)
    )


def test_houses(desk: Desk, tmp_path: Path) -> None:
    found = run(desk, "houses", "houses")
    told = summary(desk, "houses", tmp_path)
    check_numbers(told, found)
    y_true = found.log["y_true"]
    assert told["mae"] < (y_true - y_true.median()).abs().mean() / 3


def test_iris(desk: Desk, tmp_path: Path) -> None:
    found = run(desk, "iris", "flowers")
    told, log = summary(desk, "flowers", tmp_path), found.log
    right = accuracy_score(log["y_true"], log["y_pred"])
    assert told["accuracy"] == pytest.approx(right)
    assert f"distinct ids, accuracy {100 * right:.1f} %" in found.printed
    assert told["mae"] == pytest.approx(log["absolute_error"].mean())
    assert told["log_loss"] == pytest.approx(-np.log1p(-log["absolute_error"]).mean())
    places = np.searchsorted(found.model.classes_, found.labels)
    probabilities = found.model.predict_proba(found.features)[range(len(places)), places]
    predicted = found.model.predict(found.features).tolist()
    assert set(zip(log["y_true"], log["y_pred"], log["absolute_error"].round(6), strict=True)) <= (
        set(zip(found.labels, predicted, (1 - probabilities).round(6).tolist(), strict=True))
    )


def test_reviews(desk: Desk, tmp_path: Path) -> None:
    found = run(desk, "reviews", "reviews")
    check_numbers(summary(desk, "reviews", tmp_path), found)
    asked = re.findall(r'review="(.+?)"', (EXAMPLES / "reviews" / "README.md").read_text())
    table = (EXAMPLES / "reviews" / "reviews.csv").read_text()
    assert not any(review in table for review in asked)
    scores = [float(each) for each in re.findall(r"^prediction +(\S+)$", found.printed, re.M)]
    assert scores[0] < -0.5 < 0.5 < scores[1]
