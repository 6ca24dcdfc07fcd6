"""The comparison of a candidate with the live model: right, and not to be fooled by looking on."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison import ALPHA, FEWEST_ROWS, MOST_PAIRS, Comparison, Comparisons, margin
from follower import Follower
from log_rows import Column, Rows, ShadowRows, header, parse
from pipeline.files import METRIC_LOG_COLUMNS, METRIC_LOG_SHADOW_COLUMNS
from pipeline.run import Run
from plotter import Plotter
from support import PATIENCE_SECONDS

HEADER = ",".join(METRIC_LOG_SHADOW_COLUMNS) + "\n"
ERRORS = st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), min_size=30, max_size=80)
PAIR = ("ridge-7f3a9c2b41de", "41c0d86a9e55")

GOOD_LINES = [
    b"a,151,112.75,38.25,ridge-7f3a9c2b41de,41c0d86a9e55,40",
    b"a,151,112.75,38.25,,,0",
    b"a,1,2,1,NA,nan,1",
    b"a,1,2,1,007,1e3,1",
    b'a,1,2,1,",\xff,1',
    b"a,1e308,-1e308,inf,a,b,inf",
    b"a,1,2,1," + b"m" * 64 + b",b,1\r",
]
BAD_LINES = [
    b"",
    b"a,1,2,1",
    b"a,1,2,1,a,b",
    b"a,1,2,1,a,b,",
    b"a,1,2,1,a,b,nan",
    b"a,1,2,1,a,b,-1",
    b"a,1,2,1,a,b,1,9",
    b"a,1,2,,a,b,1",
    b"a,inf,2,inf,a,b,1",
    b"a,1,2,1," + b"m" * 65 + b",b,1",
    HEADER.encode().rstrip(),
]


def compared(candidate: Any, live: Any) -> Comparison:
    comparison = Comparison()
    comparison.add(np.array(candidate, np.float64), np.array(live, np.float64))
    return comparison


def lines(*errors: tuple[float, float], pair: tuple[str, str] = PAIR) -> str:
    return "".join(f"a,0,{own},{own},{pair[0]},{pair[1]},{live}\n" for own, live in errors)


def shown(plotter: Plotter) -> Any:
    assert plotter.catch_up(seconds=PATIENCE_SECONDS)
    assert plotter.view()["shadow"] == plotter.numbers()["shadow"]
    return plotter.view()["shadow"]


@given(ERRORS, st.lists(st.integers(0, 80)))
def test_it_agrees_with_numpy_however_the_rows_come(
    errors: list[tuple[float, float]], cuts: list[int]
) -> None:
    comparison = Comparison()
    both = np.array(errors)
    for piece in np.split(both, sorted(cuts)):
        comparison.add(*piece.T)
    differences = both[:, 0] - both[:, 1]
    assert comparison.rows == len(errors)
    assert comparison.mae() == pytest.approx(both.mean(axis=0))
    assert comparison.rmse() == pytest.approx(np.sqrt((both**2).mean(axis=0)))
    mean, low, high = comparison.difference() or (math.nan,) * 3
    half = differences.std() * margin(len(errors))
    assert (mean, low, high) == pytest.approx(
        (differences.mean(), differences.mean() - half, differences.mean() + half), abs=1e-6
    )


def test_of_two_equal_models_none_is_told_to_be_better_by_looking_on() -> None:
    """Each stream is watched at every row; the ordinary interval shows what that does."""
    streams, rows = 400, 2000
    generator = np.random.default_rng(7)
    patients = generator.normal(0, 20, 89)
    differences = (patients - patients.mean())[generator.integers(0, 89, (streams, rows))]
    looks = np.arange(FEWEST_ROWS, rows + 1)
    counts = np.arange(1, rows + 1)
    means = differences.cumsum(axis=1) / counts
    spreads = np.sqrt((differences**2).cumsum(axis=1) / counts - means**2)
    distances = (np.abs(means) / np.maximum(spreads, 1e-9))[:, looks - 1]  # of the mean from zero

    ever_left_out = (distances > [margin(int(row)) for row in looks]).any(axis=1).mean()
    ever_left_out_by_ordinary = (distances > 1.96 / np.sqrt(looks)).any(axis=1).mean()
    print(
        "zero ever left out:", ever_left_out, "by an ordinary interval:", ever_left_out_by_ordinary
    )
    noise = 2 * math.sqrt(ALPHA * (1 - ALPHA) / streams)
    assert ever_left_out <= ALPHA + noise
    assert ever_left_out_by_ordinary > 0.15


def test_the_interval_is_narrow_enough_to_be_of_use() -> None:
    """Where it is narrowest, it is half as wide again as an interval that is looked at once."""
    assert margin(500) < 1.6 * 1.96 / math.sqrt(500)
    assert [margin(30), margin(500), margin(10_000)] == pytest.approx(
        [0.812, 0.136, 0.033], abs=1e-3
    )


@pytest.mark.parametrize(
    ("gain", "verdict"), [(10, "better"), (-10, "worse"), (0.01, "equal"), (-0.01, "equal")]
)
def test_a_clear_difference_is_told(gain: float, verdict: str) -> None:
    live = np.linspace(20, 80, 200)
    noise = np.where(np.arange(200) % 2, 1.0, -1.0) * abs(gain)
    comparison = compared(live - gain + noise, live)
    assert comparison.verdict() == verdict
    difference = comparison.difference()
    assert difference is not None
    assert difference.low < difference.mean < difference.high
    assert difference.mean == pytest.approx(-gain)


def test_what_is_not_sure_is_not_told() -> None:
    live = np.linspace(20, 80, 200)
    comparison = compared(live - 1 + np.where(np.arange(200) % 2, 20, -20), live)
    assert comparison.verdict() == "unclear"
    few = compared([0.0] * (FEWEST_ROWS - 1), [100.0] * (FEWEST_ROWS - 1))
    assert (few.verdict(), few.difference()) == ("too few rows", None)


@pytest.mark.parametrize("absurd", [(1e300, 1.0), (1.0, math.inf), (1000.1, 1000.1)])
def test_an_absurd_row_is_counted_and_changes_nothing(absurd: tuple[float, float]) -> None:
    live: Column = np.linspace(20, 80, 40)
    plain, other = compared(live - 3, live), compared(live - 3, live)
    other.add(np.array([absurd[0]]), np.array([absurd[1]]))
    assert (other.rows, other.beyond) == (40, 1)
    assert (other.mae(), other.rmse(), other.difference()) == (
        plain.mae(), plain.rmse(), plain.difference(),
    )  # fmt: skip


def test_a_log_is_read_by_the_columns_that_metric_writes() -> None:
    assert header(Rows).decode() == ",".join(METRIC_LOG_COLUMNS)
    assert header(ShadowRows).decode() == ",".join(METRIC_LOG_SHADOW_COLUMNS)


@given(st.lists(st.sampled_from(GOOD_LINES + BAD_LINES)))
def test_bad_lines_spoil_no_others(chosen: list[bytes]) -> None:
    rows, unreadable = parse(b"".join(line + b"\n" for line in chosen), ShadowRows)
    good = [line.split(b",") for line in chosen if line in GOOD_LINES]
    assert rows.live_absolute_error.tolist() == [float(line[6]) for line in good]
    assert rows.model_id.tolist() == [line[4].decode() for line in good]
    assert rows.live_model_id.tolist() == [line[5].decode(errors="replace") for line in good]
    assert [line[:-1] for line in unreadable] == [line for line in chosen if line in BAD_LINES]


def test_another_pair_begins_anew_and_a_late_row_of_the_one_before_costs_nothing(
    tmp_path: Path,
) -> None:
    plotter = Plotter(tmp_path, Run("plot"))
    log = tmp_path / "metric_log_shadow.csv"
    assert shown(plotter) is None
    log.write_text(HEADER)
    assert shown(plotter) is None
    after = ("svr-0123456789ab", PAIR[0])
    for text, pair, rows in (
        (lines(*[(10, 20)] * 40), PAIR, 40),
        (lines((30, 10), (30, 12), pair=after), after, 2),
        (lines((10, 20)), PAIR, 41),
        (lines((30, 14), pair=after), after, 3),
    ):
        with log.open("a") as file:
            file.write(text)
        shadow = shown(plotter)
        assert (shadow["candidate"]["model_id"], shadow["live"]["model_id"]) == pair
        assert shadow["rows"] == rows
    assert shadow["candidate"]["mae"] == 30
    assert shadow["live"]["mae"] == pytest.approx(12)


def test_pairs_without_end_do_not_fill_the_memory() -> None:
    comparisons = Comparisons()
    for number in range(3):
        names = [f"m{number}-{n}" for n in range(1000)]
        text = "".join(lines((1, 2), pair=(name, "live")) for name in names)
        rows, _ = parse(text.encode(), ShadowRows)
        comparisons.add(rows)
    assert comparisons.latest() is not None
    assert len(vars(comparisons)["_pairs"]) == MOST_PAIRS


def test_a_log_taken_away_or_replaced_is_begun_anew(tmp_path: Path) -> None:
    plotter = Plotter(tmp_path, Run("plot"))
    log, other = tmp_path / "metric_log_shadow.csv", tmp_path / "other.csv"
    log.write_text(HEADER + lines(*[(10, 20)] * 40) + "torn by hand\n")
    shadow = shown(plotter)
    assert (shadow["rows"], shadow["unreadable"], shadow["verdict"]) == (40, 1, "better")
    other.write_text(HEADER + lines((1e300, 20)))
    other.replace(log)
    shadow = shown(plotter)
    assert (shadow["rows"], shadow["beyond"], shadow["unreadable"]) == (0, 1, 0)
    assert (shadow["candidate"]["mae"], shadow["difference"]) == (None, None)
    before = plotter.version
    log.unlink()
    assert shown(plotter) is None
    assert plotter.version != before, "the page is told"


def test_the_candidates_rows_are_read_while_there_are_no_others(tmp_path: Path) -> None:
    log = tmp_path / "metric_log_shadow.csv"
    log.write_text(HEADER + lines((1, 2)))
    reader = Follower(log, ShadowRows)
    rows = reader.read()
    assert rows is not None
    assert [column.tolist() for column in rows] == [[0], [1], [1], [PAIR[0]], [PAIR[1]], [2]]
    plotter = Plotter(tmp_path, Run("plot"))
    assert shown(plotter)["rows"] == 1
    assert plotter.numbers()["rows"] == 0
    assert not plotter.has_news, "the picture is of the live model's errors"
