"""The comparison of a shadow model with the live one: right, and not fooled by looking on."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.parse import parse
from logs.rows import Column, Rows, header
from pipeline.files import METRIC_LOG_COLUMNS, METRIC_LOG_SHADOW_COLUMNS
from shadow_comparison.comparison import MAX_PAIRS, Comparison, Comparisons
from shadow_comparison.confidence_sequence import ALPHA, MIN_ROWS, MIN_SPAN
from shadow_comparison.rows import ShadowRows

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


def shadow_rows(shadow: Any, live: Any, predictions: Any = None) -> ShadowRows:
    """Rows of these errors, of labels that are 0; infinite where the shadow gave no number."""
    own, other = np.array(shadow, np.float64), np.array(live, np.float64)
    said = own if predictions is None else np.array(predictions)
    name = np.full(len(own), "m", np.object_)
    return ShadowRows(np.zeros(len(own)), said, own, name, name, other)


def compared(shadow: Any, live: Any, predictions: Any = None) -> Comparison:
    comparison = Comparison()
    comparison.add(shadow_rows(shadow, live, predictions))
    return comparison


def lines(*errors: tuple[float, float], pair: tuple[str, str] = PAIR) -> str:
    return "".join(f"a,0,{own},{own},{pair[0]},{pair[1]},{live}\n" for own, live in errors)


@given(ERRORS, st.lists(st.integers(0, 160)))
def test_it_agrees_with_numpy_and_itself_however_the_rows_come(
    errors: list[tuple[float, float]], cuts: list[int]
) -> None:
    both = np.array(errors)
    pieces, whole = Comparison(), compared(*both.T)
    for piece in np.split(both, sorted(cuts)):
        pieces.add(shadow_rows(*piece.T))
    assert pieces.rows == len(errors)
    assert pieces.score() == pytest.approx(both.mean(axis=0))
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
        shadow, other = (live, worse) if is_better else (worse, live)
        differences = shadow - other
        comparison = Comparison()
        is_left_out = is_left_out_by_ordinary = False
        for start in range(0, rows, step):
            part = slice(start, start + step)
            comparison.add(shadow_rows(shadow[part], other[part]))
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


def test_a_shadow_model_far_off_on_some_rows_is_not_better() -> None:
    """By 5,000 points on every tenth row: the mean is 475 worse, and 27 better on the others."""
    live = np.full(4000, 60.0)
    shadow = np.where(np.arange(4000) % 10 == 9, 5060.0, 33.0)
    comparison = compared(shadow, live)
    assert comparison.difference() is not None
    assert comparison.score() == pytest.approx((535.7, 60))
    assert comparison.verdict() == "worse"
    late = compared(np.sort(shadow), live)
    assert late.beyond == 400
    assert late.verdict() == "worse"


@pytest.mark.parametrize(("gain", "verdict"), [(10, "failing"), (0, "failing"), (-10, "worse")])
def test_a_shadow_model_that_gives_no_number_is_not_better(gain: float, verdict: str) -> None:
    live = np.linspace(20, 80, 3000)
    shadow = np.where(np.arange(3000) % 5 < 2, math.inf, live - gain)
    comparison = compared(shadow, live)
    assert (comparison.rows, comparison.failed) == (1800, 1200)
    assert comparison.score() == pytest.approx((50 - gain, 50), abs=0.1)
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


def test_pairs_without_end_do_not_fill_the_memory() -> None:
    comparisons = Comparisons(Comparison)
    for number in range(3):
        names = [f"m{number}-{n}" for n in range(1000)]
        text = "".join(lines((1, 2), pair=(name, "live")) for name in names)
        rows, _ = parse(text.encode(), ShadowRows)
        comparisons.add(rows)
    assert comparisons.latest() is not None
    assert len(vars(comparisons)["_pairs"]) == MAX_PAIRS
