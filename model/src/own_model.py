"""The model that MODEL_PATH names: put into the model store, so that it can be gone back to."""

import logging
from pathlib import Path

import msgspec

from pipeline.messages import FEATURE_NAMES, new_id
from pipeline.models import fingerprint
from pipeline.models.records import ONNX, RECORD, SKOPS, Change, Model
from pipeline.models.store import ModelStore, StoreError, TakenError, now_text

log = logging.getLogger(__name__)


def form_of(path: Path) -> str:
    """The name that a model file of such a form has in the store."""
    return ONNX if path.suffix == ".onnx" else SKOPS


def register(store: ModelStore, path: Path) -> None:
    """Stores it, and has it answer unless somebody has promoted another.

    Raises StoreError if the store cannot be read. That it cannot be written is no reason to end.
    """
    changes = store.changes()
    content = path.read_bytes()
    record = _record(path, content)
    try:
        store.add(record, {form_of(path): content})
        _start_with(store, changes, record.model_id)
    except StoreError as error:
        log.warning("%s is not put into the model store: %s", path, error)


def _start_with(store: ModelStore, changes: list[Change], model_id: str) -> None:
    last = changes[-1] if changes else None
    live, shadow = (last.live, last.shadow) if last else (None, None)
    if live == model_id:
        return
    if any(change.action in {"promote", "rollback"} for change in changes):
        log.info("%s was promoted: that of MODEL_PATH is in the store as %s", live, model_id)
        return
    number = last.number + 1 if last else 1
    change = Change(
        number=number, action="start", live=model_id, shadow=shadow, nonce=new_id(), at=now_text()
    )
    try:
        store.change(change)
    except TakenError:
        log.info("another process of model was first: its change counts")


def _record(path: Path, content: bytes) -> Model:
    """As training left it beside the file; of a foreign file nothing is known."""
    own_id = fingerprint.model_id(content)
    try:
        found = msgspec.json.decode(path.with_name(RECORD).read_bytes(), type=Model)
        if any(file.sha256.startswith(own_id) for file in found.files.values()):
            return msgspec.structs.replace(found, model_id=own_id, files={})
    except (OSError, msgspec.MsgspecError, UnicodeError):
        pass
    return Model(
        model_id=own_id, dataset_id="unknown", features=[*FEATURE_NAMES], target="unknown",
        algorithm="unknown", params={}, metrics=None, versions={}, created_at=now_text(),
        notes=[f"the file {path.name} that model was started with, without a {RECORD} beside it"],
    )  # fmt: skip
