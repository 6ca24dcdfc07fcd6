"""The first model of a data set: trained where the store has none, and described."""

import logging
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, root_mean_squared_error

import first_model
import memory_limit
from live_model import LiveModel
from model import ModelSettings
from pipeline.errors import ModelError, StopError
from pipeline.model_store.metrics import class_metrics
from pipeline.model_store.records import SKOPS, Change, Model
from pipeline.model_store.store import ModelStore
from pipeline.run import Run
from pipeline.settings import Settings
from pipeline.table.data_sets import load, load_schema
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import matrix
from pipeline.table.split_digest import split_digest
from stored_model import load_stored
from support.tables import DESCRIPTION, houses, write_data_set

OTHERS = DESCRIPTION["columns"][1:]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_data_set(tmp_path / "datasets", houses())
    return Settings(dataset="houses", datasets_dir=tmp_path / "datasets")


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> ModelSettings:
    """The settings of a service that uses the store."""
    return ModelSettings(
        dataset="houses", datasets_dir=settings.datasets_dir, model_store=str(tmp_path / "models")
    )


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"), "houses")


def test_its_figures_are_those_of_scikit_learn_and_are_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    schema, rows = load("houses", settings.datasets_dir)
    with caplog.at_level(logging.INFO):
        record, _ = first_model.trained(load("houses", settings.datasets_dir))
    (values, labels), (held_out, expected) = rows.training(), rows.holdout()
    model = default_estimator("regression", schema.columns)
    told = model.fit(matrix(values, schema.columns), labels).predict(
        matrix(held_out, schema.columns)
    )
    assert record.metrics is not None
    assert record.metrics.rmse == pytest.approx(root_mean_squared_error(expected, told))
    assert record.metrics.mae == pytest.approx(mean_absolute_error(expected, told))
    assert (record.metrics.training_rows, record.metrics.held_out_rows) == (320, 80)
    median = mean_absolute_error(expected, [np.median(np.array(labels))] * len(expected))
    assert f"({median:,.0f} by always telling the median) on 80 held-out rows" in caplog.text
    assert (record.data_set, record.dataset_id) == ("houses", "houses")
    assert record.rows_sha256 == schema.rows_sha256
    assert record.split_digest == split_digest(schema, 400) != split_digest(schema, 1_000)
    assert record.features == schema.names


def test_the_figures_of_classes_are_those_of_scikit_learn() -> None:
    schema, rows = load("iris", Path("nowhere"))
    values, labels = rows.training()
    held_out, expected = rows.holdout()
    model = default_estimator("classification", schema.columns)
    shares = model.fit(matrix(values, schema.columns), labels).predict_proba(held_out)
    record, _ = first_model.trained(load("iris", Path("nowhere")))
    metrics = record.metrics
    assert metrics is not None
    assert metrics.accuracy == accuracy_score(expected, model.predict(held_out))
    assert metrics.log_loss == pytest.approx(log_loss(expected, shares, labels=model.classes_))
    true = np.array([model.classes_ == label for label in expected])
    assert metrics.half_brier == pytest.approx(((shares - true) ** 2).sum() / 2 / len(expected))
    assert metrics.majority_accuracy == pytest.approx(1 / 3)
    assert (metrics.rmse, metrics.mae) == (None, None)


def test_classes_without_probabilities_count_as_sure_and_have_no_log_loss() -> None:
    metrics = class_metrics(["a", "b", "a"], ["a", "a", "b"], ["a", "b"], ["b", "b", "a"])
    assert (metrics.accuracy, metrics.half_brier) == (1 / 3, 2 / 3)
    assert metrics.log_loss is None


def train(store: ModelStore, settings: Settings) -> None:
    schema = load_schema(settings.dataset, settings.datasets_dir)
    first_model.train_if_needed(store, schema, settings.datasets_dir, Run("model"))


def test_whoever_trains_it_makes_the_same_and_one_change(
    settings: Settings,
    store: ModelStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(first_model, "limited_memory", nullcontext)  # it is of a whole process
    workers = [threading.Thread(target=train, args=(store, settings)) for _ in range(4)]
    with caplog.at_level(logging.INFO):
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    (change,) = store.changes()
    (model,) = store.models()
    assert (change.number, change.live, change.default) == (1, model.model_id, model.model_id)
    assert store.file(model, SKOPS)
    caplog.clear()
    train(store, settings)
    assert caplog.text == ""


def test_a_stop_ends_it() -> None:
    run = Run("model")
    run.stop.set()
    with pytest.raises(StopError):
        first_model._while_beating(lambda: threading.Event().wait(20), run)


def test_what_takes_too_much_memory_is_a_sentence_and_the_limit_is_taken_back() -> None:
    with (
        pytest.raises(ModelError, match="the default model of houses cannot be trained within"),
        memory_limit.limited_memory("houses"),
    ):
        np.ones(2**27)
    assert np.ones(2**27)[-1] == 1


def test_a_data_set_of_one_class_is_told(tmp_path: Path, store: ModelStore) -> None:
    schema = {
        "name": "kinds", "task": "classification", "target": {"name": "k", "classes": ["a", "b"]},
        "columns": [{"name": "x", "type": "number"}],
    }  # fmt: skip
    write_data_set(tmp_path, [[number, "a"] for number in range(40)], schema)
    with pytest.raises(ModelError, match="no model can be trained on the data set 'kinds': "):
        train(store, Settings(dataset="kinds", datasets_dir=tmp_path))


NEWER = {
    "other rows": {"rows": houses(300, seed=1)},
    "a column renamed": {"columns": [DESCRIPTION["columns"][0] | {"name": "size"}, *OTHERS]},
    "a column's type": {
        "columns": [{"name": "rooms", "type": "category", "values": ["1"]}, *OTHERS]
    },
}


def use(change: dict[str, Any], settings: Settings) -> None:
    write_data_set(settings.datasets_dir, **({"rows": houses()} | change))


@pytest.mark.parametrize("newer", NEWER.values(), ids=NEWER)
def test_a_default_model_of_other_rows_or_another_schema_is_trained_anew(
    newer: dict[str, Any], settings: Settings, own: ModelSettings, store: ModelStore,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    LiveModel(None, own, Run("model"))._look()
    before = store.changes()[0].live
    use(newer, settings)
    with caplog.at_level(logging.INFO):
        live = LiveModel(None, own, Run("model"))
        assert live._look()
    change = store.changes()[-1]
    assert (change.number, change.action, change.live) == (2, "start", change.default)
    reason = f"{before} is of other rows, or of another schema, than houses has now: training one"
    assert reason in caplog.text
    with live.answering([], None) as predictor:  # type: ignore[arg-type]  # nobody publishes
        assert predictor.model_id == change.live != before
    model = store.model(change.live)
    assert model is not None
    schema = load_schema("houses", settings.datasets_dir)
    assert (model.rows_sha256, model.features) == (schema.rows_sha256, schema.names)
    LiveModel(None, own, Run("model"))._look()
    assert len(store.changes()) == 2


def test_a_class_that_is_gone_is_no_end_of_all_answers(
    settings: Settings, own: ModelSettings, store: ModelStore
) -> None:
    rows: list[list[Any]] = [[number, "abc"[number % 3]] for number in range(90)]
    kinds: dict[str, Any] = {
        "name": "houses", "task": "classification", "columns": [{"name": "x", "type": "number"}],
    }  # fmt: skip
    for classes in ("abc", "ab"):
        of_classes = [row for row in rows if row[1] in classes]
        schema = kinds | {"target": {"name": "k", "classes": [*classes]}}
        write_data_set(settings.datasets_dir, of_classes, schema)
        assert LiveModel(None, own, Run("model"))._look()
    assert [change.action for change in store.changes()] == ["start", "start"]


def test_other_words_in_the_schema_or_another_library_are_no_reason_to_train(
    settings: Settings, own: ModelSettings, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    LiveModel(None, own, Run("model"))._look()
    use({"title": "Houses", "target": DESCRIPTION["target"] | {"most": 1e6}}, settings)
    monkeypatch.setattr(first_model, "versions", lambda: {"scikit-learn": "9.9"})
    assert LiveModel(None, own, Run("model"))._look()
    assert len(store.changes()) == 1


def test_a_promoted_model_stays_and_is_told_to_be_of_other_rows(
    settings: Settings, own: ModelSettings, store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    LiveModel(None, own, Run("model"))._look()
    put_promoted(store, settings)
    use(NEWER["other rows"], settings)
    live = LiveModel(None, own, Run("model"))
    assert live._look()
    assert live._look()
    assert caplog.text.count("chosen was trained on other rows than those of houses now") == 1
    *_, last = store.changes()
    assert (last.action, last.live) == ("start", "chosen")
    assert last.own != store.changes()[0].own, "to which a rollback leads back"


def test_a_promoted_model_that_no_longer_fits_waits_with_the_cure(
    settings: Settings, own: ModelSettings, store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    put_promoted(store, settings)
    use(NEWER["a column renamed"], settings)
    assert not LiveModel(None, own, Run("model"))._look()
    assert "chosen cannot answer: it takes rooms" in caplog.text
    cure = "restore the schema that it was trained with, or let another model answer"
    assert cure in caplog.text
    assert [change.live for change in store.changes()] == ["chosen"]
    use({}, settings)
    assert LiveModel(None, own, Run("model"))._look()


@pytest.mark.parametrize(
    ("rows", "dataset_id", "is_told"),
    [(400, "houses", True), (1000, "houses", False), (1000, "own", True)],
)
def test_where_a_rows_content_decides_on_the_split_other_rows_are_no_reason_for_a_warning(
    settings: Settings, store: ModelStore, caplog: pytest.LogCaptureFixture,
    rows: int, dataset_id: str, is_told: bool,
) -> None:  # fmt: skip
    use({"rows": houses(rows)}, settings)
    record, content = first_model.trained(load("houses", settings.datasets_dir))
    chosen = msgspec.structs.replace(record, model_id="chosen", dataset_id=dataset_id)
    store.add(chosen, {SKOPS: content})
    use({"rows": houses(rows + 10)}, settings)
    schema = load_schema("houses", settings.datasets_dir)
    load_stored(store, "chosen", schema, SKOPS)
    assert ("chosen was trained on other rows" in caplog.text) == is_told


def put_promoted(store: ModelStore, settings: Settings) -> None:
    """Stores a model of the houses as they are, and lets it answer by a promotion."""
    record, content = first_model.trained(load("houses", settings.datasets_dir))
    store.add(msgspec.structs.replace(record, model_id="chosen"), {SKOPS: content})
    number = len(store.changes()) + 1
    store.change(Change(number=number, action="promote", live="chosen", at="2026-11-30T00:00:00Z"))


def test_a_record_of_an_earlier_version_is_of_diabetes(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "models" / "old"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(
        '{"model_id": "old", "dataset_id": "patients", "features": ["age"], "target": "y",'
        ' "algorithm": "ridge", "params": {}, "versions": {}, "created_at": "2026-11-01T00:00:00Z",'
        ' "metrics": {"rmse": 58.0, "mae": 46.0, "training_rows": 353, "held_out_rows": 89}}'
    )
    (old,) = ModelStore(str(tmp_path / "models")).models()
    assert isinstance(old, Model)
    assert (old.data_set, old.rows_sha256) == ("diabetes", "")
    assert old.metrics is not None
    assert (old.metrics.rmse, old.metrics.accuracy) == (58.0, None)
    assert b"accuracy" not in old.to_json()
    assert ModelStore(str(tmp_path / "models"), "iris").models() == []


def test_without_a_model_that_it_can_use_it_waits_for_a_change(
    settings: Settings, own: ModelSettings, store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.change(Change(number=1, action="promote", live="absent", at="2026-11-30T00:00:00Z"))
    live = LiveModel(None, own, Run("model"))
    assert not live._look()
    assert not live._look()
    assert caplog.text.count("change 1 is not applied: there is no model absent") == 1
    assert caplog.text.count("there is no model to answer with: waiting for another change") == 1
    record, content = first_model.trained(load("houses", settings.datasets_dir))
    store.add(record, {SKOPS: content})
    store.change(
        Change(number=2, action="promote", live=record.model_id, at="2026-11-30T00:00:00Z")
    )
    assert live._look()
    with live.answering([], None) as predictor:  # type: ignore[arg-type]  # nobody publishes
        assert predictor.model_id == record.model_id
