from itertools import islice
from pathlib import Path

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
from pipeline.table.data_sets import load

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
