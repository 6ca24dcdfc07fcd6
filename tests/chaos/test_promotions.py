"""The model changed under a stream at full rate: no row lost, none doubled, no pause, no memory."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice, pairwise
from random import Random
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from chaos.report import Report
from chaos.streams import Stream, Tries, a_moment
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import REPORT_SECONDS
from pipeline.model_store.store import ModelStore
from support.readers import VALUES
from support.stored_models import change, put_model
from support.waiting import eventually

pytestmark = pytest.mark.timeout(3600)

PAUSE_MS = 200
FOLLOWED_SECONDS = 2.0  # as a rule; at the latest when the next report of a replica is due
SETTLED = 5  # promotions after which no memory is to be taken any more
ROOM = 24 * 2**20  # bytes: what allocators keep is not the same each time


class Prediction(NamedTuple):
    """As it was published."""

    row_id: str
    value: float
    model_id: str
    time_in_ms: int
    features_in_ms: int  # when its row was published


class Times:
    """Spans of time, from when to when (Unix, s)."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        begin = time.time()
        yield
        self.spans.append((begin, time.time()))

    def hold(self, moment: float) -> bool:
        return any(begin <= moment < end for begin, end in self.spans)


def test_promotions_under_full_rate(
    stream: Stream, report: Report, dice: Random, tries: Tries
) -> None:
    store = ModelStore(str(stream.folder / "models"))
    stream.tap("tap.y_pred", "edge.y_pred")
    stream.settings["plot"] = {"plot_interval": 5}  # or drawing would take most of a core
    stream.open(rate=0)
    own = store.models()[0].model_id
    estimators = {
        "ridge-1": Ridge(0.01),
        "trees-1": HistGradientBoostingRegressor(max_iter=30, random_state=0),
    }
    for model_id, estimator in estimators.items():
        put_model(store, model_id, estimator)

    count = max(50, tries(200))
    quiet, changed = Times(), Times()  # in turns: what else disturbs the machine meets both
    followed, memory = [], []
    for model_id in islice(cycle(["ridge-1", "trees-1", own]), count):
        with quiet.one():  # the same stream, and nothing to change
            tell(stream)
            a_moment(dice, 0.2, 0.6)
        with changed.one():
            number, since = change(store, model_id), time.monotonic()
            tell(stream)
            eventually(partial(has_followed, store, number), "the change", REPORT_SECONDS / 2)
            followed.append(time.monotonic() - since)
            a_moment(dice, 0.1, 0.5)
        memory.append(stream.services["model"].memory())

    line = report.line("promotion of another model, at full rate")
    line.tries, line.recoveries = count, followed
    stream.finish(line, one_model=False)
    predictions = taken(stream)
    assert_each_is_of_its_model(stream, predictions, estimators)
    without, during = longest_pause(predictions, quiet), longest_pause(predictions, changed)
    settled, last = max(memory[:SETTLED]), memory[-1]
    report.note(
        f"{count} promotions: followed within {max(followed):.2f} s, longest pause {during} ms "
        f"({without} ms without), memory {settled >> 20} MB after {SETTLED}, {last >> 20} MB at "
        f"the end, {len({each.model_id for each in predictions})} models, "
        f"{len(predictions) / (changed.spans[-1][1] - quiet.spans[0][0]):,.0f} predictions/s"
    )
    assert median(followed) < FOLLOWED_SECONDS
    assert during <= max(PAUSE_MS, 2 * without)
    assert last <= settled + ROOM


def tell(stream: Stream) -> None:
    with stream.vhost.channel() as channel:
        channel.basic_publish("changes", "", b"{}")


def has_followed(store: ModelStore, number: int) -> bool:
    (replica,) = store.replicas()
    assert replica.problem is None
    return replica.change == number


def taken(stream: Stream) -> list[Prediction]:
    """All predictions, in the order in which they were published."""
    found: list[Prediction] = []
    for properties, body in stream.messages("tap.y_pred"):
        message, _ = VALUES.decode(body)
        assert message is not None
        headers: dict[str, Any] = properties.headers
        found.append(
            Prediction(
                str(message.ids[0]),
                message.values[0],
                headers["model_id"],
                headers["timestamp_in_ms"],
                headers.get("features_timestamp_in_ms", 0),  # the last row is by hand
            )
        )
    return found


def assert_each_is_of_its_model(
    stream: Stream, predictions: list[Prediction], estimators: dict[str, Any]
) -> None:
    """A prediction is what the model says whose id it bears: no batch is of two models."""
    own = Predictor.load(stream.model_path)
    for model_id in {each.model_id for each in predictions}:
        of_it = [each for each in predictions if each.model_id == model_id]
        estimator = estimators.get(model_id)
        rows = [stream.features.get(each.row_id, [0.0] * 10) for each in of_it]
        expected = own.predict(rows) if estimator is None else estimator.predict(rows)
        assert np.allclose([each.value for each in of_it], np.array(expected, float), rtol=1e-9)


def longest_pause(predictions: list[Prediction], times: Times) -> int:
    """In milliseconds, in which a row waited and no prediction came; of those that began then."""
    longest = 0
    for earlier, later in pairwise(predictions):
        begin = max(earlier.time_in_ms, later.features_in_ms)
        if later.time_in_ms - begin > longest and times.hold(begin / 1e3):
            longest = later.time_in_ms - begin
    return longest
