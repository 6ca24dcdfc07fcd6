from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features import (
    FeaturesSettings,
    LabelledRow,
    group_size,
    grouped,
    labelled_rows,
    paced,
    random_rows,
    to_messages,
)
from pipeline import dataset
from pipeline.run import Run
from pipeline.table.data_sets import DataSet, load
from pipeline.table.schema import SchemaError
from support.tables import write_data_set

HOLDOUT = dataset.holdout()
ROWS = labelled_rows(load("diabetes", Path("nowhere")), "holdout")


def test_a_seed_repeats_the_rows_and_their_order() -> None:
    first, second = (list(islice(random_rows(ROWS, 42), 3000)) for _ in range(2))
    assert first == second
    assert first != list(islice(random_rows(ROWS, 43), 3000))


def test_rows_are_rows_of_the_data_set_with_their_own_label() -> None:
    known = {tuple(x): y for x, y in zip(HOLDOUT.features.tolist(), HOLDOUT.labels, strict=True)}
    rows = list(islice(random_rows(ROWS, None), 2000))
    assert all(known[tuple(row.features)] == row.label for row in rows)
    assert len({tuple(row.features) for row in rows}) == len(known)


def test_the_split_is_whole_and_disjoint() -> None:
    training, holdout = dataset.training(), dataset.holdout()
    assert (len(training.labels), len(holdout.labels)) == (353, 89)
    both = np.concatenate([training.features, holdout.features])
    assert len(np.unique(both, axis=0)) == 442


def test_a_row_and_its_label_have_one_id() -> None:
    rows = [LabelledRow([float(i)] * 10, float(i)) for i in range(5)]
    features, labels = to_messages(rows, 2)
    assert [message.ids for message in features] == [message.ids for message in labels]
    assert [len(message.ids) for message in features] == [2, 2, 1]
    assert all(message.batched for message in features)
    assert [value for message in labels for value in message.values] == [0, 1, 2, 3, 4]


def test_single_rows_are_not_batches() -> None:
    features, labels = to_messages([LabelledRow([0.0] * 10, 1.0)], 1)
    assert not features[0].batched
    assert not labels[0].batched


@pytest.mark.parametrize(
    ("rate", "batch", "rows"),
    [(5, 1, 1), (5, 10, 10), (1000, 1, 20), (0, 1, 50), (0, 20, 40), (0, 500, 500)],
)
def test_a_group_is_whole_messages_and_keeps_the_rate_even(
    rate: float, batch: int, rows: int
) -> None:
    settings = FeaturesSettings(stream_rate=rate, stream_batch=batch)
    assert group_size(settings) == rows


def test_pacing_ends_with_the_rows_and_with_a_stop() -> None:
    rows = [LabelledRow([0.0] * 10, float(i)) for i in range(7)]
    run = Run("features")
    assert [len(group) for group in paced(grouped(iter(rows), 3), 0, run)] == [3, 3, 1]
    run.stop.set()
    assert list(paced(grouped(iter(rows), 3), 0, run)) == []


def houses(folder: Path, rows: list[list[Any]], **fields: Any) -> DataSet:
    write_data_set(folder, rows, **fields)
    return load("houses", folder)


def test_the_rows_of_diabetes_come_in_the_order_that_they_always_had() -> None:
    for split, data in (("holdout", HOLDOUT), ("all", dataset.whole())):
        rows = labelled_rows(load("diabetes", Path("nowhere")), split)
        assert [row.features for row in rows] == data.features.tolist()
        assert [row.label for row in rows] == data.labels.tolist()


def test_what_is_missing_is_null_in_a_message(tmp_path: Path) -> None:
    data = houses(tmp_path, [[3, "", "", "", 100], [4, 80, "Bern", "a garden", 200]])
    rows = labelled_rows(data, "all")
    assert rows[0].features == [3.0, None, None, None]
    assert rows[0].features is data.rows.values[0], "no second copy of a large table"
    assert rows[1] == LabelledRow([4.0, 80.0, "Bern", "a garden"], 200.0)


def test_rows_by_time_come_in_their_order_whatever_that_of_the_file(tmp_path: Path) -> None:
    """The last fifth is held out; texts and numbers, and equal times as they are in the file."""
    for name, times in {
        "text": [f"2026-01-{day:02}" for day in range(1, 11)],
        "number": range(10),
    }.items():
        rows = [[time, 1, 2, "Bern", "a", 10 * place] for place, time in enumerate(times)]
        data = houses(tmp_path / name, rows[::-1], split="time", split_column="when")
        assert [row.label for row in labelled_rows(data, "holdout")] == [80, 90]
        assert [row.label for row in labelled_rows(data, "all")] == [*range(0, 100, 10)]
        assert data.rows.training()[1] == [*range(0, 80, 10)]


def test_a_data_set_without_rows_to_stream_is_told(tmp_path: Path) -> None:
    data = houses(tmp_path, [["a", 1, 2, "Bern", "a", 3]] * 3, split="time", split_column="when")
    with pytest.raises(SchemaError, match="'houses' has no rows for STREAM_SPLIT=holdout"):
        labelled_rows(data, "holdout")
    assert len(labelled_rows(data, "all")) == 3
