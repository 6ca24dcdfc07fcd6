"""Stores the model that MODEL_PATH names, and makes a default model one to roll back to."""

import logging
from pathlib import Path

import msgspec

from pipeline.clock import now_text
from pipeline.messages import new_id
from pipeline.model_store import fingerprint
from pipeline.model_store.records import ONNX, RECORD, SKOPS, Change, Model, promotions_in_force
from pipeline.model_store.store import ModelStore, ModelStoreError, TakenError
from pipeline.table import built_in

log = logging.getLogger(__name__)


def form_of(path: Path) -> str:
    """Returns the store's name for a model file of this form."""
    return ONNX if path.suffix == ".onnx" else SKOPS


def register(store: ModelStore, path: Path) -> None:
    """Stores the model, and lets it answer unless a promoted model does.

    Raises ModelStoreError if the store cannot be read. A store that cannot be written is no reason
    to end.
    """
    changes = store.changes()
    content = path.read_bytes()
    record = _record(path, content)
    try:
        store.add(record, {form_of(path): content})
        live = start_with(store, changes, record.model_id)
    except ModelStoreError as error:
        log.warning("%s could not be put into the model store: %s", path, error)
        return
    if live != record.model_id:
        log.info(
            "%s was promoted and is live; the model of MODEL_PATH is %s: "
            "`models promote %s` makes it live, and rollbacks lead back to it",
            live, record.model_id, record.model_id,
        )  # fmt: skip


def start_with(store: ModelStore, changes: list[Change], model_id: str) -> str:
    """Lets the model answer; while a promoted one does, rollbacks will lead back to this one.

    Returns the model that answers.
    """
    change = _start(changes, model_id)
    if change is None:
        return changes[-1].live
    try:
        store.change(change)
    except TakenError:  # by a promotion, or by another process of model
        return start_with(store, store.changes(), model_id)
    return change.live


def _start(changes: list[Change], model_id: str) -> Change | None:
    """Returns the change that makes this the default model; None where it already is."""
    stands, last = promotions_in_force(changes), changes[-1] if changes else None
    if stands and stands[0].action == "start" and stands[0].own == model_id:
        return None
    is_promoted = any(change.action == "promote" for change in stands)
    live = last.live if last and is_promoted else model_id
    return Change(
        number=last.number + 1 if last else 1,
        action="start",
        live=live,
        shadow=last.shadow if last and last.shadow != live else None,
        default=model_id,
        nonce=new_id(),
        at=now_text(),
    )


def _record(path: Path, content: bytes) -> Model:
    """Returns the record that training left beside the file; a foreign file has one of unknowns."""
    own_id = fingerprint.model_id(content)
    try:
        found = msgspec.json.decode(path.with_name(RECORD).read_bytes(), type=Model)
        if any(file.sha256.startswith(own_id) for file in found.files.values()):
            return msgspec.structs.replace(found, model_id=own_id, files={})
    except (OSError, msgspec.MsgspecError, UnicodeError):
        pass
    return Model(
        model_id=own_id, dataset_id="unknown", features=built_in.default().names, target="unknown",
        algorithm="unknown", params={}, metrics=None, versions={}, created_at=now_text(),
        notes=[f"the file {path.name} that model was started with, without a {RECORD} beside it"],
    )  # fmt: skip
