"""The rows that metric has written, read and checked."""

from pathlib import Path

import pandas as pd


def row_count(logs_dir: Path) -> int:
    """Whole rows in metric_log.csv."""
    try:
        return (logs_dir / "metric_log.csv").read_bytes().count(b"\n") - 1
    except FileNotFoundError:
        return 0


def row_count_of_all(logs_dir: Path) -> int:
    """Whole rows in the metric_log.csv of every data set."""
    return sum(map(row_count, [logs_dir, *logs_dir.glob("*/")]))


def read_rows(logs_dir: Path) -> pd.DataFrame:
    """metric_log.csv, checked: no id twice, and every error is that of its numbers."""
    # NaN and null are ids like any other.
    rows = pd.read_csv(logs_dir / "metric_log.csv", dtype={"id": str}, keep_default_na=False)
    assert list(rows.columns) == ["id", "y_true", "y_pred", "absolute_error"]
    assert rows["id"].is_unique
    assert (rows["absolute_error"] == (rows["y_true"] - rows["y_pred"]).abs()).all()
    return rows
