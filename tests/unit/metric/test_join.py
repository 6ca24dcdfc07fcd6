"""The join against the one that a plain dictionary makes: any order, any repeats, any restarts."""

import csv
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bounded_tables
from half import Half
from ledger import Ledger
from pipeline.errors import LogError
from support.waiting import Clock

DAY_MS = 86_400_000


def open_ledger(
    folder: Path,
    *,
    ttl: float = 60,
    most: int = 1000,
    known: int = 1000,
    clock: Callable[[], float] = time.monotonic,
) -> Ledger:
    return Ledger(folder, ttl, most, known, monotonic=clock)


def half(row_id: str, queue: str, value: float, received_in_ms: int = 0) -> Half:
    return Half(row_id, queue, value, received_in_ms)


def rows(folder: Path) -> list[tuple[str, float, float, float]]:
    with (folder / "metric_log.csv").open(newline="") as file:
        header, *lines = csv.reader(file)
    assert header == ["id", "y_true", "y_pred", "absolute_error"]
    return [(line[0], *map(float, line[1:])) for line in lines]  # type: ignore[misc]


def unmatched(folder: Path) -> list[str]:
    return (folder / "unmatched.csv").read_text().splitlines()[1:]


def naive_join(halves: list[Half]) -> dict[str, tuple[float, float, float]]:
    """What the rows should be: the first label and the first prediction of each id."""
    first: dict[tuple[str, str], float] = {}
    for h in halves:
        first.setdefault((h.id, h.queue), h.value)
    return {
        row_id: (y, first[row_id, "y_pred"], abs(y - first[row_id, "y_pred"]))
        for (row_id, queue), y in first.items()
        if queue == "y_true" and (row_id, "y_pred") in first
    }


RESTART = "restart"
HALVES = st.builds(
    half,
    st.sampled_from(["a", "b", "c", "d", "5", "e-1"]),
    st.sampled_from(["y_true", "y_pred"]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
STEPS = st.lists(st.one_of(st.lists(HALVES, max_size=6), st.just(RESTART)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_it_gives_the_rows_of_a_plain_dictionary(
    steps: list[list[Half] | str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    ledger = open_ledger(folder)
    for step in steps:
        if isinstance(step, str):
            ledger.close()
            ledger = open_ledger(folder)
        else:
            ledger.take(step, 0)
    ledger.close()
    halves = [h for step in steps if not isinstance(step, str) for h in step]
    joined = rows(folder)
    assert {row_id: tuple(values) for row_id, *values in joined} == naive_join(halves)
    assert len({row[0] for row in joined}) == len(joined)


def test_a_row_is_written_as_the_shortest_numbers(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.take([half("a", "y_pred", 150.25), half("a", "y_true", 151)], 0)
    assert (tmp_path / "metric_log.csv").read_text() == (
        "id,y_true,y_pred,absolute_error\na,151,150.25,0.75\n"
    )


def test_a_repeated_half_changes_nothing_and_another_value_is_a_conflict(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    assert ledger.take([half("a", "y_true", 1), half("a", "y_true", 1)], 0).conflicts == []
    assert ledger.take([half("a", "y_true", 2)], 0).conflicts == [(0, 1.0)]
    assert ledger.take([half("a", "y_pred", 5)], 0).conflicts == []
    assert ledger.take([half("a", "y_true", 1), half("a", "y_true", 3)], 0).conflicts == [(1, 1.0)]
    assert ledger.take([half("a", "y_pred", 6)], 0).conflicts == [(0, 5.0)]
    assert rows(tmp_path) == [("a", 1, 5, 4)]


def predicted(row_id: str, value: float, features_in_ms: int | None = None) -> Half:
    return Half(row_id, "y_pred", value, 0, features_in_ms=features_in_ms)


BIG = 9e12
SAME = [(150.0, 150.0003), (0.0, -0.0003), (BIG, BIG * (1 + 9e-7))]
OTHERS = [(150.0, 150.0004), (0.0, -0.0004), (BIG, BIG * (1 + 11e-7))]


@pytest.mark.parametrize("is_row", [False, True])
@pytest.mark.parametrize("in_one_batch", [False, True])
@pytest.mark.parametrize(("first", "second"), SAME + OTHERS)
def test_an_id_used_again_is_a_conflict_and_a_last_digit_is_none(
    tmp_path: Path, first: float, second: float, in_one_batch: bool, is_row: bool
) -> None:
    ledger = open_ledger(tmp_path)
    halves = [predicted("a", first, 5), *([half("a", "y_true", 1)] if is_row else [])]
    again = predicted("a", second, 6)
    if in_one_batch:
        found = ledger.take([*halves, again], 0)
    else:
        ledger.take(halves, 0)
        ledger.close()
        ledger = open_ledger(tmp_path)
        found = ledger.take([again], 0)
    index = len(halves) if in_one_batch else 0
    assert found.conflicts == ([(index, first)] if (first, second) in OTHERS else [])
    assert found.other_predictions == 0


@pytest.mark.parametrize("is_row", [False, True])
def test_features_delivered_again_may_be_answered_by_another_model(
    tmp_path: Path, is_row: bool
) -> None:
    ledger = open_ledger(tmp_path)
    ledger.take([predicted("a", 150, 5), *([half("a", "y_true", 1)] if is_row else [])], 0)
    found = ledger.take([predicted("a", 160, 5)], 0)
    assert (found.conflicts, found.other_predictions) == ([], 1)
    found = ledger.take([predicted("a", 160)], 0)
    assert (found.conflicts, found.other_predictions) == ([(0, 150)], 0), "of features not known"


@pytest.mark.parametrize("is_row", [False, True])
def test_one_model_says_one_thing_of_one_row(tmp_path: Path, is_row: bool) -> None:
    """Two rows of one message, or of one millisecond, may bear one id: that is no redelivery."""
    ledger = open_ledger(tmp_path)
    first, second = (
        msgspec.structs.replace(predicted("a", value, 5), model_id="ridge-1")
        for value in (150, 160)
    )
    ledger.take([first, *([half("a", "y_true", 1)] if is_row else [])], 0)
    assert ledger.take([second], 0).conflicts == [(0, 150)]
    other = msgspec.structs.replace(second, model_id="ridge-2")
    assert ledger.take([other], 0).other_predictions == 1


def test_pending_halves_are_counted_also_after_a_restart(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.take([half(str(i), "y_true", i) for i in range(5)] + [half("x", "y_pred", 1)], 0)
    assert (ledger.pending["y_true"], ledger.pending["y_pred"]) == (5, 1)
    ledger.close()
    ledger = open_ledger(tmp_path)
    ledger.take([half("3", "y_pred", 1)], 0)
    assert (ledger.pending["y_true"], ledger.pending["y_pred"]) == (4, 1)


def test_a_half_past_its_time_goes_to_unmatched_and_so_does_its_late_partner(
    tmp_path: Path,
) -> None:
    clock = Clock()
    ledger = open_ledger(tmp_path, ttl=10, clock=clock)
    ledger.take([half("a", "y_true", 1, 0)], 0)
    clock.seconds = 5
    ledger.take([half("b", "y_true", 2, 5000)], 5000)
    assert unmatched(tmp_path) == []
    clock.seconds = 10
    assert ledger.take([], 10_000).unmatched == [("y_true", "expired", 1, 10_000)]
    assert unmatched(tmp_path) == ["a,y_true,1,1970-01-01T00:00:00.000Z"]
    ledger.take([half("a", "y_pred", 3, 11_000)], 11_000)
    clock.seconds = 20
    ledger.take([], 20_000)
    assert unmatched(tmp_path)[1:] == [
        "b,y_true,2,1970-01-01T00:00:05.000Z",
        "a,y_pred,3,1970-01-01T00:00:11.000Z",
    ]
    assert rows(tmp_path) == []


def test_time_that_metric_was_away_does_not_count(tmp_path: Path) -> None:
    clock = Clock()
    for day in range(5):
        ledger = open_ledger(tmp_path, ttl=10, clock=clock)
        ledger.take([half("a", "y_true", 1)], day * DAY_MS)
        clock.seconds += 3
        ledger.take([], day * DAY_MS)
        assert unmatched(tmp_path) == ([] if day < 3 else ["a,y_true,1,1970-01-01T00:00:00.000Z"])
        ledger.close()
        clock.seconds += 86_400  # another machine's clock may have any value


def test_a_stopped_process_does_not_count_its_time(tmp_path: Path) -> None:
    clock = Clock()
    ledger = open_ledger(tmp_path, ttl=20, clock=clock)
    ledger.take([half("a", "y_true", 1)], 0)
    clock.seconds = 3600
    ledger.take([], 0)
    assert unmatched(tmp_path) == []


def test_nothing_expires_until_the_queues_are_caught_up_with(tmp_path: Path) -> None:
    clock = Clock()
    ledger = open_ledger(tmp_path, ttl=5, clock=clock)
    ledger.take([half("a", "y_true", 1)], 0)
    for clock.seconds in range(1, 100):
        ledger.take([], 0, caught_up=False)
    assert unmatched(tmp_path) == []
    for clock.seconds in range(100, 106):
        ledger.take([], 0)
    assert len(unmatched(tmp_path)) == 1


def test_steps_of_the_systems_clock_do_not_matter(tmp_path: Path) -> None:
    clock = Clock()
    ledger = open_ledger(tmp_path, ttl=10, clock=clock)
    ledger.take([half("ahead", "y_true", 1, DAY_MS)], DAY_MS)
    ledger.take([half("a", "y_true", 1, 0)], 0)
    ledger.take([], 5 * DAY_MS)
    assert unmatched(tmp_path) == []
    clock.seconds = 10
    assert ledger.take([], 0).unmatched == [("y_true", "expired", 2, 0)], "no age is below 0"


def test_a_side_that_has_too_many_lets_its_own_oldest_go(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, most=3)
    ledger.take([half(f"p{i}", "y_pred", i) for i in range(2)], 0)
    ledger.take([half(f"t{i}", "y_true", i, i) for i in range(3)], 0)
    assert unmatched(tmp_path) == []
    left = ledger.take([half(f"t{i}", "y_true", i, i) for i in range(3, 5)], 10)
    assert left.unmatched == [("y_true", "let_go", 2, 9)], "the younger was received at 1"
    assert unmatched(tmp_path) == [
        "t0,y_true,0,1970-01-01T00:00:00.000Z",
        "t1,y_true,1,1970-01-01T00:00:00.001Z",
    ]
    assert Counter(ledger.pending) == Counter(y_true=3, y_pred=2)
    ledger.take([half("p0", "y_true", 5), half("t2", "y_pred", 5)], 0)
    assert [row[0] for row in rows(tmp_path)] == ["p0", "t2"]


@pytest.mark.parametrize("most", [1, 10, 99])
def test_only_what_had_so_many_younger_halves_on_its_own_side_is_let_go(
    tmp_path: Path, most: int
) -> None:
    ledger = open_ledger(tmp_path, most=most)
    for i in range(100):
        ledger.take([half(str(i), "y_true", i), half(f"p{i}", "y_pred", i)], 0)
        if i + 1 >= most:
            ledger.take([half(str(i + 1 - most), "y_pred", i)], 0)
    assert len(rows(tmp_path)) == 100 - most + 1


def test_the_bound_holds_after_each_batch(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, most=10)
    ledger.take([half(f"{q}{i}", q, i) for i in range(20_000) for q in ("y_true", "y_pred")], 0)
    assert Counter(ledger.pending) == Counter(y_true=10, y_pred=10)


def test_where_the_bound_was_lowered_they_leave_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(tmp_path)
    ledger.take([half(str(i), "y_true", i) for i in range(25)], 0)
    ledger.close()
    monkeypatch.setattr(bounded_tables, "LET_GO_AT_ONCE", 10)
    ledger = open_ledger(tmp_path, most=3)
    left = []
    for _ in range(4):
        ledger.take([], 0)
        left.append(ledger.pending["y_true"])
    assert left == [15, 5, 3, 3]


def test_only_the_last_ids_stay_known(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, known=3)
    for i in range(5):
        ledger.take([half(str(i), "y_true", i), half(str(i), "y_pred", i)], 0)
    assert ledger.take([half("4", "y_true", 9)], 0).conflicts == [(0, 4.0)]
    assert ledger.take([half("0", "y_true", 9)], 0).conflicts == []
    assert ledger.pending["y_true"] == 1


def test_no_id_of_the_batch_in_hand_is_forgotten(tmp_path: Path) -> None:
    """Its messages come again if metric is killed before it has acknowledged them."""
    ledger = open_ledger(tmp_path, known=10)
    batch = [half(str(i), queue, i) for i in range(100) for queue in ("y_true", "y_pred")]
    for _ in range(3):
        ledger.take(batch, 0)
    assert len(rows(tmp_path)) == 100
    ledger.take([half("x", "y_true", 1), half("x", "y_pred", 1)], 0)
    ledger.take([half("0", "y_true", 1)], 0)
    assert ledger.pending["y_true"] == 1, "later they are forgotten"


def test_a_second_metric_is_refused(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with pytest.raises(LogError, match="in use: another metric writes to this folder"):
        open_ledger(tmp_path)
    ledger.close()
    open_ledger(tmp_path).close()


def test_a_state_taken_away_is_noticed(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    (tmp_path / "metric_state.sqlite3").unlink()
    with pytest.raises(LogError, match=r"metric_state.sqlite3 was moved or removed"):
        ledger.take([half("a", "y_true", 1)], 0)


def test_files_taken_away_or_changed_are_begun_anew(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, most=1)
    ledger.take([half("a", "y_true", 1), half("a", "y_pred", 2), half("b", "y_true", 1)], 0)
    (tmp_path / "metric_log.csv").unlink()
    (tmp_path / "unmatched.csv").write_text("mine")
    more = [half("d", "y_true", 1), half("c", "y_true", 1), half("c", "y_pred", 2)]
    ledger.take(more, 1000)
    assert rows(tmp_path) == [("c", 1, 2, 1)]
    assert unmatched(tmp_path) == ["b,y_true,1,1970-01-01T00:00:00.000Z"]
    assert (tmp_path / "unmatched.1.csv").read_text() == "mine"
    assert ledger.alterations == 2
