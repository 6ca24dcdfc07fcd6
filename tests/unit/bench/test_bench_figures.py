"""What `make bench` makes of its raw repeats."""

from pathlib import Path

import numpy as np
import pytest

from figures import Spread, ratio, spread
from lab import BenchError
from latency import durable_times
from rates import CounterRows, CsvRows


def test_the_ratio_of_rounds_is_that_of_each_round() -> None:
    # the machine was three times as slow in the second round, for both
    assert ratio([900.0, 300.0], [300.0, 100.0]) == Spread(3.0, 3.0, 3.0)


def test_rounds_that_do_not_pair_up_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0, 2.0], [1.0])


def test_an_even_number_of_repeats_has_its_middle_between_two() -> None:
    assert spread([4.0, 1.0, 2.0, 10.0]).median == 3.0


def test_rows_of_a_growing_file_are_whole_lines_below_the_header(tmp_path: Path) -> None:
    path = tmp_path / "metric_log.csv"
    rows = CsvRows(path)
    assert rows() == 0  # no file yet
    path.write_text("id,y_true\n")
    assert rows() == 0
    with path.open("a") as file:
        file.write("a,1\nb,")
        file.flush()
        assert rows() == 1
        file.write("2\nc,3\n")
        file.flush()
        assert rows() == 3


def test_rows_that_another_process_counts(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    rows = CounterRows(path)
    assert rows() == 0
    path.write_bytes(b"")
    assert rows() == 0
    path.write_bytes(b"%20d" % 1234)
    assert rows() == 1234


def test_a_row_is_durable_with_the_first_sync_that_had_all_of_it(tmp_path: Path) -> None:
    csv = tmp_path / "metric_log.csv"
    csv.touch()
    own, other = csv.stat().st_ino, csv.stat().st_ino + 1
    syncs = np.array([[1.0, 10, own], [1.5, 99, other], [2.0, 20, own], [3.0, 40, own]])
    ends = np.array([10, 11, 20, 21])
    assert durable_times(ends, syncs, csv).tolist() == [1.0, 2.0, 2.0, 3.0]


def test_a_row_without_a_sync_is_an_error(tmp_path: Path) -> None:
    csv = tmp_path / "metric_log.csv"
    csv.touch()
    syncs = np.array([[1.0, 10, csv.stat().st_ino]])
    with pytest.raises(BenchError, match="without a sync"):
        durable_times(np.array([11]), syncs, csv)
