"""The page is told of the rows in plain values, whatever is missing."""

import math
from pathlib import Path

import msgspec
import pytest

from logs.follower import Follower
from logs.rows import Rows
from page.narrator import LAST_ROWS, Narrator, Section
from stats.summary import Summary
from support.schemas import DIABETES

HEADER = "id,y_true,y_pred,absolute_error\n"


@pytest.fixture
def follower(tmp_path: Path) -> Follower[Rows, Summary]:
    return Follower(tmp_path / "metric_log.csv", Rows, Summary)


def write(follower: Follower[Rows, Summary], rows: int) -> None:
    lines = "".join(f"r{n},100,{100 + n},{n}\n" for n in range(rows))
    follower.path.write_text(HEADER + lines)
    follower.catch_up(math.inf)


def test_the_view_and_the_numbers_agree(follower: Follower[Rows, Summary]) -> None:
    narrator = Narrator(follower, [], DIABETES)
    write(follower, 30)
    view, numbers = narrator.view(), narrator.numbers()
    assert view["summary"] == numbers
    assert (numbers["rows"], numbers["mae"]) == (30, 14.5)
    assert [row["id"] for row in view["last_rows"]] == [f"r{29 - n}" for n in range(LAST_ROWS)]
    assert sum(view["histogram"]["counts"]) == 30
    assert msgspec.json.decode(msgspec.json.encode(view)) == view, "plain values"


def test_without_a_metric_its_state_is_not_known(follower: Follower[Rows, Summary]) -> None:
    narrator = Narrator(follower, [], DIABETES)
    assert narrator.flow() == {"rows_per_second": 0, "pending": None, "unmatched": None}
    assert narrator.model_id() is None
    write(follower, 1)
    assert narrator.numbers()["last_row_in_ms"] is None


def test_a_section_has_its_own_field_its_problem_and_its_news(
    follower: Follower[Rows, Summary], tmp_path: Path
) -> None:
    other = Follower(tmp_path / "other.csv", Rows, Summary)
    narrator = Narrator(follower, [Section("other", other, lambda: 42)], DIABETES)
    write(follower, 1)
    assert narrator.view()["reading"], "the section has not read its log yet"
    before = narrator.version
    (tmp_path / "other.csv").write_text(f"{HEADER}x\n")
    other.catch_up(math.inf)
    assert narrator.version != before
    view = narrator.view()
    assert (view["reading"], view["other"], narrator.numbers()["other"]) == (False, 42, 42)
    assert view["summary"]["problem"].startswith("other.csv: 1 line could not be read")
    assert view["summary"]["unreadable"] == 0
