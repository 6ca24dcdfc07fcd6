"""The section on a shadow model: from its first row until its log is gone."""

from pathlib import Path
from typing import Any

import pytest

from logs.follower import Follower, catch_up
from logs.rows import Rows
from logs.tail import LogTail
from page.narrator import Narrator
from pipeline.files import METRIC_LOG_SHADOW_COLUMNS
from shadow_comparison.rows import ShadowRows
from shadow_comparison.section import shadow_section
from stats.summary import Summary
from support.schemas import DIABETES
from support.waiting import PATIENCE_SECONDS

HEADER = ",".join(METRIC_LOG_SHADOW_COLUMNS) + "\n"
PAIR = ("ridge-7f3a9c2b41de", "41c0d86a9e55")


def lines(*errors: tuple[float, float], pair: tuple[str, str] = PAIR) -> str:
    return "".join(f"a,0,{own},{own},{pair[0]},{pair[1]},{live}\n" for own, live in errors)


class Plot:
    """The followers of a folder, and what the page is told of them."""

    def __init__(self, logs_dir: Path) -> None:
        errors, section = (
            Follower(logs_dir / "metric_log.csv", Rows, Summary),
            shadow_section(logs_dir, DIABETES),
        )
        self.narrator = Narrator(errors, [section], DIABETES)
        self._followers = [errors, section.follower]

    def shown(self) -> Any:
        assert catch_up(self._followers, PATIENCE_SECONDS)
        shown = self.narrator.view()["shadow"]
        assert shown == self.narrator.numbers()["shadow"]
        return shown


def test_another_pair_begins_anew_and_a_late_row_of_the_one_before_costs_nothing(
    tmp_path: Path,
) -> None:
    plot = Plot(tmp_path)
    log = tmp_path / "metric_log_shadow.csv"
    assert plot.shown() is None
    log.write_text(HEADER)
    assert plot.shown() is None
    after = ("svr-0123456789ab", PAIR[0])
    for text, pair, rows in (
        (lines(*[(10, 20)] * 40), PAIR, 40),
        (lines((30, 10), (30, 12), pair=after), after, 2),
        (lines((10, 20)), PAIR, 41),
        (lines((30, 14), pair=after), after, 3),
    ):
        with log.open("a") as file:
            file.write(text)
        shadow = plot.shown()
        assert (shadow["candidate"]["model_id"], shadow["live"]["model_id"]) == pair
        assert shadow["rows"] == rows
    assert shadow["candidate"]["mae"] == 30
    assert shadow["live"]["mae"] == pytest.approx(12)


def test_a_log_taken_away_or_replaced_is_begun_anew(tmp_path: Path) -> None:
    plot = Plot(tmp_path)
    log, other = tmp_path / "metric_log_shadow.csv", tmp_path / "other.csv"
    log.write_text(HEADER + lines(*[(10, 20)] * 400) + "torn by hand\n")
    shadow = plot.shown()
    assert (shadow["rows"], shadow["unreadable"], shadow["verdict"]) == (400, 1, "better")
    assert (shadow["bound"], shadow["beyond"]) == (40, 0)
    other.write_text(HEADER + "a,0,inf,inf,m,live,20\n")
    other.replace(log)
    shadow = plot.shown()
    assert (shadow["rows"], shadow["failed"], shadow["unreadable"]) == (0, 1, 0)
    assert (shadow["candidate"]["mae"], shadow["difference"]) == (None, None)
    assert shadow["verdict"] == "failing"
    before = plot.narrator.version
    log.unlink()
    assert plot.shown() is None
    assert plot.narrator.version != before, "the page is told"


def test_the_shadows_rows_are_read_while_there_are_no_others(tmp_path: Path) -> None:
    log = tmp_path / "metric_log_shadow.csv"
    log.write_text(HEADER + lines((1, 2)))
    reader = LogTail(log, ShadowRows)
    rows = reader.read()
    assert rows is not None
    assert [column.tolist() for column in rows] == [[0], [1], [1], [PAIR[0]], [PAIR[1]], [2]]
    plot = Plot(tmp_path)
    assert plot.shown()["rows"] == 1
    assert plot.narrator.numbers()["rows"] == 0
