"""The comparison of a candidate with the live model: right, and not to be fooled by looking on."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.rows import Column, Rows, ShadowRows, header, parse
from logs.tail import Follower
from pipeline.files import METRIC_LOG_COLUMNS, METRIC_LOG_SHADOW_COLUMNS
from pipeline.run import Run
from plotter import Plotter
from stats.betting import ALPHA, MIN_ROWS, MIN_SPAN
from stats.comparison import MAX_PAIRS, Comparison, Comparisons
from support.waiting import PATIENCE_SECONDS

HEADER = ",".join(METRIC_LOG_SHADOW_COLUMNS) + "\n"
ERRORS = st.lists(
    st.tuples(st.floats(0, 1000), st.floats(0, 1000)), min_size=MIN_ROWS, max_size=160
)
PAIR = ("ridge-7f3a9c2b41de", "41c0d86a9e55")

GOOD_LINES = [
    b"a,151,112.75,38.25,ridge-7f3a9c2b41de,41c0d86a9e55,40",
    b"a,151,112.75,38.25,,,0",
    b"a,1,2,1,NA,nan,1",
    b"a,1,2,1,007,1e3,1",
    b'a,1,2,1,",\xff,1',
    b"a,1e308,-1e308,inf,a,b,inf",
    b"a,1,inf,inf,a,b,1",
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
    b"a,1,inf,3,a,b,1",
    b"a,1,-inf,inf,a,b,1",
    b"a,1,2,1," + b"m" * 65 + b",b,1",
    HEADER.encode().rstrip(),
]


def shadow_rows(candidate: Any, live: Any, predictions: Any = None) -> ShadowRows:
    """Rows of these errors, of labels that are 0; infinite where the candidate gave no number."""
    own, other = np.array(candidate, np.float64), np.array(live, np.float64)
    said = own if predictions is None else np.array(predictions)
    name = np.full(len(own), "m", np.object_)
    return ShadowRows(np.zeros(len(own)), said, own, name, name, other)


def compared(candidate: Any, live: Any, predictions: Any = None) -> Comparison:
    comparison = Comparison()
    comparison.add(shadow_rows(candidate, live, predictions))
    return comparison


def lines(*errors: tuple[float, float], pair: tuple[str, str] = PAIR) -> str:
    return "".join(f"a,0,{own},{own},{pair[0]},{pair[1]},{live}\n" for own, live in errors)


def shown(plotter: Plotter) -> Any:
    assert plotter.catch_up(seconds=PATIENCE_SECONDS)
    assert plotter.view()["shadow"] == plotter.numbers()["shadow"]
    return plotter.view()["shadow"]


@given(ERRORS, st.lists(st.integers(0, 160)))
def test_it_agrees_with_numpy_and_itself_however_the_rows_come(
    errors: list[tuple[float, float]], cuts: list[int]
) -> None:
    both = np.array(errors)
    pieces, whole = Comparison(), compared(*both.T)
    for piece in np.split(both, sorted(cuts)):
        pieces.add(shadow_rows(*piece.T))
    assert pieces.rows == len(errors)
    assert pieces.mae() == pytest.approx(both.mean(axis=0))
    assert pieces.rmse() == pytest.approx(np.sqrt((both**2).mean(axis=0)))
    assert (pieces.bound, pieces.beyond) == (whole.bound, whole.beyond)
    difference = pieces.difference()
    assert difference == pytest.approx(whole.difference())
    assert (difference is None) == (both.max() <= MIN_SPAN)
    assert difference is None or difference.low <= difference.mean <= difference.high


def pair(name: str, random: np.random.Generator, rows: int) -> tuple[Column, Column]:
    """Errors of two models that are equally good on average, and seldom so on a row."""
    live = np.abs(random.normal(0, 58, rows)) + 20
    draws = {
        "normal": random.normal(0, 20, rows),
        "lognormal": 10 * (random.lognormal(0, 1, rows) - math.exp(0.5)),
        "one in twenty": np.where(random.random(rows) < 0.05, 190.0, -10.0),
        "one in a hundred": np.where(random.random(rows) < 0.01, 297.0, -3.0),
        "one patient of 89": np.where(random.integers(0, 89, rows) == 0, 264.0, -3.0),
    }
    return live + draws[name], live


@pytest.mark.parametrize(
    "name",
    ["normal", "lognormal", "one in twenty", "one in a hundred", "one patient of 89"],
)
@pytest.mark.parametrize("is_better", [False, True])
def test_of_two_equal_models_none_is_told_to_be_better_by_looking_on(
    name: str, is_better: bool
) -> None:
    """However skewed. The ordinary interval shows what looking on does."""
    streams, rows, step = 30, 3000, 100
    random = np.random.default_rng(7)
    left_out = left_out_by_ordinary = 0
    for _ in range(streams):
        worse, live = pair(name, random, rows)
        candidate, other = (live, worse) if is_better else (worse, live)
        differences = candidate - other
        comparison = Comparison()
        is_left_out = is_left_out_by_ordinary = False
        for start in range(0, rows, step):
            part = slice(start, start + step)
            comparison.add(shadow_rows(candidate[part], other[part]))
            interval = comparison.difference()
            is_left_out |= interval is not None and not interval.low <= 0 <= interval.high
            seen = differences[: part.stop]
            half = 1.96 * seen.std() / math.sqrt(len(seen))
            is_left_out_by_ordinary |= start >= MIN_ROWS and abs(seen.mean()) > half
        left_out += is_left_out
        left_out_by_ordinary += is_left_out_by_ordinary
    print("zero left out:", left_out, "by an ordinary interval:", left_out_by_ordinary)
    assert left_out <= streams * ALPHA + 2 * math.sqrt(streams * ALPHA * (1 - ALPHA))
    assert left_out_by_ordinary > streams * 0.15


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
@pytest.mark.parametrize(
    ("gain", "rows", "verdict"),
    [(10, 1000, "better"), (-10, 1000, "worse"), (0.001, 100_000, "equal"), (0, 100_000, "equal")],
)
def test_a_clear_difference_is_told_at_any_scale(
    scale: float, gain: float, rows: int, verdict: str
) -> None:
    live = np.linspace(20, 80, rows)
    noise = np.where(np.arange(rows) % 2, 1.0, -1.0) * abs(gain)
    comparison = compared((live - gain + noise) * scale, live * scale)
    assert comparison.verdict() == verdict
    difference = comparison.difference()
    assert difference is not None
    assert difference.low < difference.mean < difference.high
    assert difference.mean == pytest.approx(-gain * scale, abs=1e-9 * scale)


@pytest.mark.parametrize("rows", [MIN_ROWS, MIN_ROWS + 1, MIN_ROWS + 10])
def test_the_interval_is_never_without_width(rows: int) -> None:
    """Rows that are all the same so far say little of the next one."""
    comparison = compared(np.full(rows, 10.0), np.full(rows, 20.0))
    low, high = (comparison.difference() or (0, 0, 0))[1:]
    assert high - low > 20
    assert comparison.verdict() == "unclear"


def test_what_is_not_sure_is_not_told() -> None:
    live = np.linspace(20, 80, 200)
    comparison = compared(live - 1 + np.where(np.arange(200) % 2, 20, -20), live)
    assert comparison.verdict() == "unclear"
    few = compared([0.0] * (MIN_ROWS - 1), [100.0] * (MIN_ROWS - 1))
    assert (few.verdict(), few.difference()) == ("too few rows", None)
    perfect = compared([0.0] * 1000, [0.0] * 1000)
    assert (perfect.verdict(), perfect.difference()) == ("too few rows", None)


def test_a_candidate_far_off_on_some_rows_is_not_better() -> None:
    """By 5,000 points on every tenth row: the mean is 475 worse, and 27 better on the others."""
    live = np.full(4000, 60.0)
    candidate = np.where(np.arange(4000) % 10 == 9, 5060.0, 33.0)
    comparison = compared(candidate, live)
    assert comparison.difference() is not None
    assert comparison.mae() == pytest.approx((535.7, 60))
    assert comparison.verdict() == "worse"
    late = compared(np.sort(candidate), live)
    assert late.beyond == 400
    assert late.verdict() == "worse"


@pytest.mark.parametrize(("gain", "verdict"), [(10, "failing"), (0, "failing"), (-10, "worse")])
def test_a_candidate_that_gives_no_number_is_not_better(gain: float, verdict: str) -> None:
    live = np.linspace(20, 80, 3000)
    candidate = np.where(np.arange(3000) % 5 < 2, math.inf, live - gain)
    comparison = compared(candidate, live)
    assert (comparison.rows, comparison.failed) == (1800, 1200)
    assert comparison.mae() == pytest.approx((50 - gain, 50), abs=0.1)
    assert comparison.verdict() == verdict
    none = compared([math.inf] * 500, [20.0] * 500)
    assert (none.rows, none.failed, none.verdict()) == (0, 500, "failing")


@pytest.mark.parametrize("absurd", [(1e300, 1.0), (1.0, math.inf), (1.7e308, 1.7e308)])
@pytest.mark.parametrize("at", [0, 150])
def test_an_absurd_row_is_counted_like_any_other(at: int, absurd: tuple[float, float]) -> None:
    both = np.insert(np.tile([[17.0], [20.0]], 200), at, absurd, axis=1)
    comparison = compared(both[0], both[1], predictions=both[0])
    assert (comparison.rows, comparison.failed) == (201, 0)
    difference = comparison.difference()
    assert difference is not None
    assert all(map(math.isfinite, difference))
    assert comparison.verdict() != "worse"
    assert comparison.verdict() != "better" or absurd[1] > absurd[0]


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
    assert len(vars(comparisons)["_pairs"]) == MAX_PAIRS


def test_a_log_taken_away_or_replaced_is_begun_anew(tmp_path: Path) -> None:
    plotter = Plotter(tmp_path, Run("plot"))
    log, other = tmp_path / "metric_log_shadow.csv", tmp_path / "other.csv"
    log.write_text(HEADER + lines(*[(10, 20)] * 400) + "torn by hand\n")
    shadow = shown(plotter)
    assert (shadow["rows"], shadow["unreadable"], shadow["verdict"]) == (400, 1, "better")
    assert (shadow["bound"], shadow["beyond"]) == (40, 0)
    other.write_text(HEADER + "a,0,inf,inf,m,live,20\n")
    other.replace(log)
    shadow = shown(plotter)
    assert (shadow["rows"], shadow["failed"], shadow["unreadable"]) == (0, 1, 0)
    assert (shadow["candidate"]["mae"], shadow["difference"]) == (None, None)
    assert shadow["verdict"] == "failing"
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
