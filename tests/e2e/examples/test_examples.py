"""examples/: each from `dataset init` to the picture, with the same figures everywhere.

The page's are those of the CSV, and the CSV has what scikit-learn gives for the stored model.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.metrics import accuracy_score, mean_absolute_error, root_mean_squared_error

from pipeline.model_store.skops_model import TRUSTED_TYPES
from pipeline.table.data_sets import load
from pipeline.table.matrix import matrix
from support.rows import row_count
from support.runner import Runner
from support.service import ROOT, environment
from support.waiting import eventually

ROWS = 300
EXAMPLES = ROOT / "examples"
PNG = b"\x89PNG"


def init(runner: Runner, csv_file: Path, name: str, target: str) -> str:
    """Runs `dataset init`, with nobody to answer it; what it says."""
    arguments = ["dataset", "init", csv_file, "--name", name, "--target", target]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        env=environment(datasets_dir=runner.root / "datasets"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(runner: Runner, name: str) -> tuple[dict[str, Any], pd.DataFrame, Any]:
    """Streams rows to the picture; what the page tells, the CSV, and the model, which is live."""
    runner.start(dataset=name, stream_rate=0, stream_count=ROWS, plot_interval=0.2)
    logs = runner.logs_dir / name
    eventually(lambda: row_count(logs) == ROWS, "the rows")
    eventually(lambda: json.loads(runner.get("api/summary"))["rows"] == ROWS, "them on the page")
    eventually((logs / "error_distribution.png").exists, "the picture")
    assert runner.get("error_distribution.png").startswith(PNG)
    summary = json.loads(runner.get("api/summary"))
    assert not summary["dead_letters"]
    runner.press_ctrl_c()
    (model,) = (runner.root / "models" / "models").glob("*/model.skops")
    return (
        summary,
        pd.read_csv(logs / "metric_log.csv", dtype={"id": str}),
        skops.io.load(model, trusted=TRUSTED_TYPES),
    )


def holdout(runner: Runner, name: str) -> tuple[Any, list[Any]]:
    """The rows that are held out, as the model takes them, and their labels."""
    schema, rows = load(name, runner.root / "datasets")
    values, labels = rows.holdout()
    return matrix(values, schema.columns), labels


def check_numbers(
    runner: Runner, name: str, summary: dict[str, Any], log: pd.DataFrame, model: Any
) -> None:
    """Page = CSV = scikit-learn, for a target of numbers."""
    error = (log["y_true"] - log["y_pred"]).abs()
    assert log["absolute_error"].to_numpy() == pytest.approx(error)
    assert summary["mae"] == pytest.approx(mean_absolute_error(log["y_true"], log["y_pred"]))
    assert summary["rmse"] == pytest.approx(root_mean_squared_error(log["y_true"], log["y_pred"]))
    assert summary["median"] == pytest.approx(error.median(), rel=0.01)
    features, labels = holdout(runner, name)
    told = set(zip(log["y_true"], log["y_pred"].round(6), strict=True))
    assert told <= set(zip(labels, model.predict(features).round(6).tolist(), strict=True))


def test_houses(runner: Runner) -> None:
    said = init(runner, EXAMPLES / "houses" / "houses.csv", "houses", "price")
    assert "sold" in said
    summary, log, model = run(runner, "houses")
    check_numbers(runner, "houses", summary, log, model)
    assert "300 distinct ids, MAE " in runner.output
    assert summary["mae"] < log["y_true"].sub(log["y_true"].median()).abs().mean() / 3


def test_iris(runner: Runner, tmp_path: Path) -> None:
    flowers = tmp_path / "iris.csv"
    with flowers.open("w") as file:
        subprocess.run(
            [sys.executable, EXAMPLES / "iris" / "make_rows.py"], stdout=file, check=True
        )
    init(runner, flowers, "flowers", "species")
    summary, log, model = run(runner, "flowers")
    right = accuracy_score(log["y_true"], log["y_pred"])
    assert summary["accuracy"] == pytest.approx(right)
    assert summary["mae"] == pytest.approx(log["absolute_error"].mean())
    assert summary["log_loss"] == pytest.approx(-np.log1p(-log["absolute_error"]).mean())
    features, labels = holdout(runner, "flowers")
    proba = model.predict_proba(features)
    errors = 1 - proba[range(len(labels)), np.searchsorted(model.classes_, labels)]
    told = set(zip(log["y_true"], log["y_pred"], log["absolute_error"].round(6), strict=True))
    assert told <= set(
        zip(labels, model.predict(features).tolist(), errors.round(6).tolist(), strict=True)
    )
    assert f"distinct ids, accuracy {100 * right:.1f} %" in runner.output


def test_reviews(runner: Runner) -> None:
    init(runner, EXAMPLES / "reviews" / "reviews.csv", "reviews", "score")
    summary, log, model = run(runner, "reviews")
    check_numbers(runner, "reviews", summary, log, model)
    bad = "The soup was terrible, and the waiters were awful. Never again."
    good = "A wonderful place, the breakfast was excellent. I will come again."
    assert bad not in (table := (EXAMPLES / "reviews" / "reviews.csv").read_text())
    assert good not in table
    scores = model.predict(np.array([[bad], [good]], dtype=object))
    assert scores[0] < -0.5 < 0.5 < scores[1]
