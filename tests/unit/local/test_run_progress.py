"""How far a run is, when it is over, and what is shown of it."""

import dataclasses
from pathlib import Path

import pytest

from display import LiveDisplay, PlainDisplay, Snapshot
from run_progress import Goal, StalledError
from service_counts import Progress, ServiceCounts


def progress(**changes: int) -> Progress:
    at_start = dict.fromkeys(("published", "predicted", "joined", "pending", "dead_lettered"), 0)
    numbers = at_start | {"joined_at": 0, "drawn": 0} | changes
    return Progress(all_published=numbers["published"] == 100, mae=None, accuracy=None, **numbers)


def test_the_goal_is_all_rows_joined_and_drawn_in_a_file_that_had_some() -> None:
    goal = Goal(100, lines_before=7, patience=60)
    assert not goal.is_reached(progress(published=100, joined=100, drawn=106), now=0)
    assert not goal.is_reached(progress(published=99, joined=100, drawn=107), now=1)
    assert goal.is_reached(progress(published=100, joined=100, drawn=107), now=2)


def test_the_goal_waits_for_halves_of_ours_but_not_for_an_earlier_run_s() -> None:
    goal = Goal(100, lines_before=0, patience=60)
    with_old_half = progress(published=100, joined=100, drawn=100, pending=1)
    assert not goal.is_reached(with_old_half, now=0)
    assert goal.is_reached(with_old_half, now=5)


def test_a_stall_tells_what_is_missing() -> None:
    goal = Goal(100, lines_before=7, patience=60)
    stalled = progress(published=100, predicted=40, joined=40, pending=60, drawn=47)
    assert not goal.is_reached(stalled, now=0)
    assert not goal.is_reached(stalled, now=60)
    with pytest.raises(StalledError, match="100 were published, 40 predicted, 40 joined"):
        goal.is_reached(stalled, now=61)


def test_counts_add_up_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "metric.json"
    counts = ServiceCounts(file)
    for pid, joined, pending in [(1, 5, 3), (1, 8, 2), (2, 1, 4)]:
        numbers = f'{{"joined":{joined},"pending_y_true":{pending}}}'
        file.write_text(f'{{"service":"metric","pid":{pid},"time":0,"counts":{numbers}}}')
        counts.read()
    file.unlink()
    counts.read()
    assert (counts.total("joined"), counts.latest("pending_y_true")) == (9, 4)


def test_the_live_status_shows_numbers_states_and_places(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = LiveDisplay()
    display.open([("errors", "logs/metric_log.csv")])
    display.say("an event")
    display.show(Snapshot(progress(published=1234), 5.04, {"model": "restarting"}, 61.0))
    display.close()
    shown = capsys.readouterr().out
    for text in ("an event", "1,234", "5.0", "restarting", "logs/metric_log.csv", "1:01 min"):
        assert text in shown


def test_of_classes_it_shows_the_accuracy_from_the_first_line_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    at_start = progress()
    for now in (at_start, dataclasses.replace(at_start, mae=0.1042, accuracy=0.9583)):
        PlainDisplay().show(Snapshot(now, 0.0, {}, 1.0, "classification"))
    shown = capsys.readouterr().out.splitlines()
    assert [line.split(", ")[5] for line in shown] == [
        "accuracy of all –",
        "accuracy of all 95.8 %",
    ]
    assert "MAE" not in "".join(shown)
