"""`model-by-id` killed at any moment under requests: each is answered, by the model asked."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge

from chaos.report import Report
from chaos.streams import Tries, a_moment
from pipeline import dataset
from pipeline.model_store.records import SKOPS
from pipeline.model_store.skops_model import TRUSTED_TYPES
from pipeline.model_store.store import ModelStore
from support.by_model import Asker, asking
from support.service import Service
from support.stored_models import put_model
from support.vhost import Vhost
from support.waiting import eventually

ROWS = dataset.holdout().features.tolist()
ESTIMATORS = {
    "ridge": Ridge(0.1),
    "trees": HistGradientBoostingRegressor(max_iter=30, random_state=0),
    "forest": RandomForestRegressor(60, random_state=0),
}
BURST = 100  # requests before each kill, of one to eight rows

Asked = dict[str, tuple[str, int]]  # by the row's id: the model, and which of ROWS


def test_killed_under_requests_by_id(
    start: Callable[..., Service],
    vhost: Vhost,
    tmp_path: Path,
    report: Report,
    dice: Random,
    tries: Tries,
) -> None:
    store = ModelStore(str(tmp_path / "models"))
    for model_id, estimator in ESTIMATORS.items():
        put_model(store, model_id, estimator)
    line = report.line("`kill -9` of model-by-id under requests by id")
    line.tries = tries(50)
    asked: Asked = {}
    with asking(vhost) as asker:
        service = start("model-by-id")
        for _ in range(line.tries):
            answered = len(asker.collect())
            ask(asker, asked, dice)
            if dice.random() < 0.7:  # well into it, or still starting
                eventually(lambda: len(asker.collect()) > answered, "a first answer")  # noqa: B023
            else:
                a_moment(dice, 0, 2)
            service.kill()
            since = time.monotonic()
            service = start("model-by-id")
            asker.told(*asked)
            line.recoveries.append(time.monotonic() - since)
        eventually(service.is_up, "the last of them")
        eventually(lambda: vhost.depth("features.by_model") == 0, "an empty queue")
        assert service.stop() == 0
        found = asker.collect()
    wrong = compare(store, asked, found)
    line.add(len(asked), lost=len(asked.keys() - found.keys()), doubled=len(wrong), counted=False)
    twice = sum(len(each) > 1 for each in found.values())
    report.note(f"{len(asked)} rows asked by id, {twice} told more than once")
    assert not wrong
    assert found.keys() == asked.keys()
    assert vhost.depth("y_pred") == vhost.depth("dead_letters") == 0


def ask(asker: Asker, asked: Asked, dice: Random) -> None:
    for _ in range(BURST):
        model_id = dice.choice([*ESTIMATORS])
        rows = dice.sample(range(len(ROWS)), dice.randint(1, 8))
        ids = [f"{len(asked) + number}" for number in range(len(rows))]
        asker.ask(model_id, [ROWS[row] for row in rows], ids)
        asked |= {row_id: (model_id, row) for row_id, row in zip(ids, rows, strict=True)}


def compare(store: ModelStore, asked: Asked, found: dict[str, list[Any]]) -> list[str]:
    """The rows of which something else was told than their stored model says."""
    said = {}
    for model_id in ESTIMATORS:
        path = Path(store.url, "models", model_id, SKOPS)
        said[model_id] = skops.io.load(path, trusted=TRUSTED_TYPES).predict(ROWS)
    return [
        row_id
        for row_id, (model_id, row) in asked.items()
        for each in found.get(row_id, [])
        if (each.model_id, each.ask_model) != (model_id, model_id)
        or each.value != pytest.approx(said[model_id][row])
    ]
