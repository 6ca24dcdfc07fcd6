"""The join against the one that a plain dictionary makes: any order, any repeats, any restarts."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from join import Half
from ledger import Ledger
from pipeline.errors import LogError

DAY_MS = 86_400_000


def open_ledger(folder: Path, *, ttl: float = 60, most: int = 1000, known: int = 1000) -> Ledger:
    return Ledger(folder, ttl, most, known)


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


@settings(max_examples=150)
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
    ledger = open_ledger(tmp_path, ttl=10)
    ledger.take([half("a", "y_true", 1, 0), half("b", "y_true", 2, 5000)], 5000)
    assert unmatched(tmp_path) == []
    ledger.take([], 10_000)
    assert unmatched(tmp_path) == ["a,y_true,1,1970-01-01T00:00:00.000Z"]
    ledger.take([half("a", "y_pred", 3, 11_000)], 11_000)
    ledger.take([], 40_000)
    assert unmatched(tmp_path)[1:] == [
        "b,y_true,2,1970-01-01T00:00:05.000Z",
        "a,y_pred,3,1970-01-01T00:00:11.000Z",
    ]
    assert rows(tmp_path) == []


def test_a_full_side_is_named_and_with_both_full_the_oldest_go(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, most=3)
    ledger.take([half(f"t{i}", "y_true", i) for i in range(3)], 0)
    assert ledger.full() == ["y_true"]
    assert unmatched(tmp_path) == []
    ledger.take([half(f"p{i}", "y_pred", i) for i in range(3)], 0)
    assert unmatched(tmp_path) == ["t0,y_true,0,1970-01-01T00:00:00.000Z"]
    assert ledger.full() == ["y_pred"]


def test_far_too_many_on_both_sides_are_let_go_of_at_once(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for queue in ("y_true", "y_pred"):
        ledger.take([half(f"{queue}{i}", queue, i) for i in range(900)], 0)
    ledger.close()
    ledger = open_ledger(tmp_path, most=100)
    ledger.take([], 0)
    assert sum(ledger.pending.values()) == 199
    assert len(ledger.full()) == 1


def test_a_clock_that_was_ahead_holds_nobody_else_up(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, ttl=10)
    ledger.take([half("ahead", "y_true", 1, DAY_MS)], 0)
    ledger.take([half("a", "y_true", 1, 0)], 20_000)
    assert unmatched(tmp_path) == ["a,y_true,1,1970-01-01T00:00:00.000Z"]


def test_only_the_last_ids_stay_known(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, known=3)
    for i in range(5):
        ledger.take([half(str(i), "y_true", i), half(str(i), "y_pred", i)], 0)
    assert ledger.take([half("4", "y_true", 9)], 0).conflicts == [(0, 4.0)]
    assert ledger.take([half("0", "y_true", 9)], 0).conflicts == []
    assert ledger.pending["y_true"] == 1


def test_a_second_metric_is_refused(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with pytest.raises(LogError, match="in use: another metric writes to this folder"):
        open_ledger(tmp_path)
    ledger.close()
    open_ledger(tmp_path).close()


def test_a_state_taken_away_is_noticed(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    (tmp_path / "metric_state.sqlite3").unlink()
    with pytest.raises(LogError, match=r"metric_state.sqlite3 was taken away"):
        ledger.take([half("a", "y_true", 1)], 0)


def test_files_taken_away_or_changed_are_begun_anew(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path, ttl=1)
    ledger.take([half("a", "y_true", 1), half("a", "y_pred", 2), half("b", "y_true", 1)], 0)
    (tmp_path / "metric_log.csv").unlink()
    (tmp_path / "unmatched.csv").write_text("mine")
    ledger.take([half("c", "y_true", 1), half("c", "y_pred", 2)], 1000)
    assert rows(tmp_path) == [("c", 1, 2, 1)]
    assert unmatched(tmp_path) == ["b,y_true,1,1970-01-01T00:00:00.000Z"]
    assert (tmp_path / "unmatched.1.csv").read_text() == "mine"
    assert ledger.changes == 2
