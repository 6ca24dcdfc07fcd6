"""plot beside a `metric` that writes its log in its own way, as a course's does."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.live_page import NOTHING_THERE, get
from support.pages import page_address
from support.service import Service
from support.waiting import eventually

Start = Callable[..., Service]

# Reads what is there, adds a row, and writes all of it where it stands, again and again.
IN_PLACE = """
import sys
import pandas as pd
path, rows, options = sys.argv[1], int(sys.argv[2]), eval(sys.argv[3])
newest_first = options.pop("newest_first", False)
log = pd.DataFrame(columns=["id", "y_true", "y_pred", "absolute_error"])
for n in range(rows):
    log.loc[len(log)] = [f"r{n}", 100.0 + n, 107.64 + n, 7.64]
    (log[::-1] if newest_first else log).to_csv(path, **options)
"""

APPENDED = """
import sys
import pandas as pd
path, rows, options = sys.argv[1], int(sys.argv[2]), eval(sys.argv[3])
for n in range(rows):
    row = {"id": f"r{n}", "y_true": 100.0 + n, "y_pred": 107.64 + n, "absolute_error": 7.64}
    pd.DataFrame([row]).to_csv(path, mode="a", **options)
"""

ROWS = 70


@pytest.fixture
def plot(start: Start) -> Service:
    plot = start("plot", plot_interval=0.1, management_url=NOTHING_THERE)
    page_address(plot)
    return plot


def write(code: str, path: Path, options: dict[str, object], rows: int = ROWS) -> None:
    command = [sys.executable, "-c", code, str(path), str(rows), repr(options)]
    subprocess.run(command, check=True, timeout=120)


def summary_of(plot: Service, rows: int) -> Any:
    def look() -> Any:
        summary = get(plot, "/api/summary")
        return summary if summary["rows"] == rows else None

    return eventually(look, f"{rows} rows")


@pytest.mark.parametrize(
    "options",
    [
        {"index": False},
        {"index": True},
        {"index": False, "sep": ";"},
        {"sep": ";", "decimal": ","},
        {"index": False, "columns": ["y_pred", "y_true", "id"]},
        {"index": False, "newest_first": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("code", [IN_PLACE, APPENDED], ids=["in place", "appended"])
def test_every_row_is_counted_once(
    plot: Service, tmp_path: Path, code: str, options: dict[str, object]
) -> None:
    if code == APPENDED:
        options = {name: value for name, value in options.items() if name != "newest_first"}
    write(code, tmp_path / "metric_log.csv", options)
    summary = summary_of(plot, ROWS)
    assert summary["problem"] is None
    assert (summary["unreadable"], summary["bias"]) == (0, pytest.approx(7.64))
    eventually(lambda: plot.counts().get("rows") == ROWS, "the picture")


def test_what_is_wrong_is_said_until_it_is_mended(plot: Service, tmp_path: Path) -> None:
    path = tmp_path / "metric_log.csv"
    path.write_text("uuid,label,prediction\na,1,2\n")
    problem = eventually(lambda: get(plot, "/api/summary")["problem"], "the problem")
    assert "its first line is 'uuid,label,prediction', without y_true and y_pred" in problem
    path.write_text("y_pred,y_true\n2,1\nhalf,\n")
    problem = eventually(lambda: get(plot, "/api/summary")["rows"] == 1, "the row")
    assert "1 line could not be read" in get(plot, "/api/summary")["problem"]
    path.write_text("y_pred,y_true\n2,1\n4,1\n")
    summary_of(plot, 2)
    assert get(plot, "/api/summary")["problem"] is None


def test_a_log_moved_away_for_a_new_one_is_followed(plot: Service, tmp_path: Path) -> None:
    path = tmp_path / "metric_log.csv"
    header = "id,y_true,y_pred,absolute_error\n"
    path.write_text(header + "a,1,2,1\nb,1,2,1\n")
    summary_of(plot, 2)
    path.rename(tmp_path / "metric_log.1.csv")
    path.write_text(header + "c,1,4,3\n")
    assert summary_of(plot, 1)["mae"] == 3
