"""A rebuilt model answers at its start, unless another was promoted, and not rolled back."""

import logging
from pathlib import Path

import pytest
import skops.io
from sklearn.linear_model import Ridge

from default_model import register
from pipeline import dataset
from pipeline.model_store import fingerprint
from pipeline.model_store.records import Change
from pipeline.model_store.store import ModelStore
from support.stored_models import put_model, registry_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of the model that was built last."""
    data = dataset.training()
    skops.io.dump(Ridge(0.2).fit(data.features, data.labels), found := tmp_path / "model.skops")
    return found


def made(url: Path, history: str) -> ModelStore:
    """A store with models a, b and c, and with these changes, as an earlier version wrote them."""
    store = ModelStore(str(url))
    for model_id in "abc":
        put_model(store, model_id)
    for number, (action, live) in enumerate(map(str.split, filter(None, history.split(", "))), 1):
        store.change(Change(number=number, action=action, live=live, at="2026-11-29T17:00:00Z"))  # type: ignore[arg-type]
    return store


@pytest.mark.parametrize(
    ("history", "answer", "after_rollbacks"),
    [
        ("", "own", ""),
        ("start a", "own", ""),
        ("start a, promote b, rollback a", "own", ""),
        ("start a, promote b, rollback a, start c", "own", ""),
        ("start a, promote b", "b", "own"),
        ("start a, promote b, promote c", "c", "b own"),
        ("start a, promote b, promote c, rollback b", "b", "own"),
        ("promote b", "b", "own"),
        ("start a, shadow a, promote b, unshadow b", "b", "own"),
    ],
)
def test_which_model_answers_once_another_was_built(
    history: str, answer: str, after_rollbacks: str, tmp_path: Path, path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    store = made(tmp_path / "store", history)
    own = fingerprint.model_id(path.read_bytes())
    names = {own: "own"}
    with caplog.at_level(logging.INFO):
        register(store, path)
    last = store.last_change()
    assert last is not None
    assert names.get(last.live, last.live) == answer
    is_told = f"`models promote {own}` makes it live" in caplog.text
    assert is_told == (answer != "own")

    register(store, path)  # by the next process of model: all is as it was
    assert store.last_change() == last
    registry = registry_of(store, 9.9)
    lives = [registry.rollback().live for _ in after_rollbacks.split()]
    assert [names.get(live, live) for live in lives] == after_rollbacks.split()


def test_what_the_last_rollback_leads_back_to_is_not_deleted(tmp_path: Path, path: Path) -> None:
    store = made(tmp_path / "store", "start a, promote b")
    register(store, path)
    registry = registry_of(store, 9.9)
    with pytest.raises(Exception, match="it is the model that a rollback returns to"):
        registry.delete(fingerprint.model_id(path.read_bytes()))
    registry.delete("a")
