"""The model store: a folder, or a bucket of S3, where each model is written once.

    models/{model_id}/model.skops, model.onnx, model.json
    changes/{number}.json     the live model and the shadow model: the last change counts
    replicas/{name}.json      what each process of `model` answers with
    datasets/{dataset_id}.csv

Models are in one place, and say what data set they are of. Another data set than the default one
has changes and replicas of its own: changes/{data set}/{number}.json, replicas/{data set}/….

obstore writes an object atomically, and on request refuses to replace one, in a folder and in S3
alike. A model exists once its model.json does, which is written last. Of two changes with one
number, the one written first counts.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import PipelineError
from pipeline.model_store.objects import DamagedError, ModelStoreError, Objects
from pipeline.model_store.predictor import is_whole
from pipeline.model_store.records import RECORD, REPORT_SECONDS, Change, Model, Replica, StoredFile
from pipeline.table.built_in import DIABETES

__all__ = ["DamagedError", "ModelStore", "ModelStoreError", "TakenError", "is_name"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # of a model, a data set, a replica
MAX_SILENCE = timedelta(seconds=20 * REPORT_SECONDS)  # longer means gone, or it reports anew
CHANGE = re.compile(r"\d{8}\.json")


class TakenError(PipelineError):
    """Somebody else has made the next change: look again."""


class ModelStore:
    """The model store. Raises ModelStoreError if it cannot be reached, and DamagedError."""

    def __init__(self, url: str, own_place: str = "") -> None:
        """Opens the store; `own_place` is that of a data set's settings."""
        self.url = url
        self._data_set = own_place or DIABETES
        self._objects = Objects(url)
        part = f"{own_place}/" if own_place else ""
        self._changes_at, self._replicas_at = f"changes/{part}", f"replicas/{part}"

    def add(self, model: Model, files: dict[str, bytes]) -> Model:
        """Stores the files, and then the model's record; whatever is there already stays as it is.

        Returns the record that is in the store then: if several write the same model, the first
        one's. Files without a record stay only if they load: the others were left by a killed
        writer.
        """
        if (there := self.model(model.model_id)) is not None:
            self._mend(there, files)
            return there
        stored: dict[str, StoredFile] = {}
        for name, content in files.items():
            path = f"models/{model.model_id}/{name}"
            kept = self._objects.create(path, content)
            if kept != content and not is_whole(kept, Path(path)):
                self._objects.replace(path, kept := content)
            stored[name] = StoredFile.of(kept)
        record = msgspec.structs.replace(model, files=stored)
        self._objects.create(f"models/{model.model_id}/{RECORD}", record.to_json())
        found = self.model(model.model_id)
        return record if found is None else found

    def _mend(self, model: Model, files: dict[str, bytes]) -> None:
        """Rewrites stored files that are truncated or gone."""
        for name, content in files.items():
            path = f"models/{model.model_id}/{name}"
            is_its_own = model.files.get(name) == StoredFile.of(content)
            if is_its_own and self._objects.size(path) != len(content):
                self._objects.replace(path, content)

    def model(self, model_id: str) -> Model | None:
        """Returns the record of a model; None if there is none."""
        path = f"models/{model_id}/{RECORD}"
        return self._objects.read(path, Model) if is_name(model_id) else None

    def models(self) -> list[Model]:
        """Returns the records of the data set's models, the oldest first."""
        return [model for model in self.all_models() if model.data_set == self._data_set]

    def all_models(self) -> list[Model]:
        """Returns the records of the models of all data sets, the oldest first."""
        records = [
            each for each in self._objects.find("models/") if each["path"].endswith(f"/{RECORD}")
        ]
        found = self._objects.read_once(records, Model)
        return sorted(found, key=lambda model: (model.created_at, model.model_id))

    def file(self, model: Model, name: str) -> bytes:
        """Returns one of the model's files. Raises DamagedError unless it is as it was written."""
        path = f"models/{model.model_id}/{name}"
        wanted = model.files.get(name)
        size = self._objects.size(path)
        if wanted and size is not None and size != wanted.size:  # before it is read: it may be huge
            raise DamagedError(
                f"{path} is not the stored file: it has {size:,} bytes, and another SHA-256"
            )
        content = self._objects.must_get(path)
        if StoredFile.of(content) != wanted:
            raise DamagedError(f"{path} is not the stored file: its SHA-256 is another")
        return content

    def delete(self, model: Model) -> None:
        """Removes a model, its record first, so that nobody finds half of it."""
        for name in (RECORD, *model.files):
            self._objects.delete(f"models/{model.model_id}/{name}")

    def dataset(self, dataset_id: str) -> bytes | None:
        """Returns the content of a CSV file; None if there is none."""
        return self._objects.get(f"datasets/{dataset_id}.csv") if is_name(dataset_id) else None

    def dataset_size(self, dataset_id: str) -> int | None:
        """Returns the size of a CSV file in bytes; None if there is none."""
        return self._objects.size(f"datasets/{dataset_id}.csv") if is_name(dataset_id) else None

    def changes(self) -> list[Change]:
        """Returns all changes, in order."""
        return self._objects.read_once(self._changes(), Change)

    def last_change(self) -> Change | None:
        """Returns the change that counts; None before the first."""
        found = self._changes()
        return self._objects.read(found[-1]["path"], Change) if found else None

    def change(self, change: Change) -> None:
        """Makes a change known. Raises TakenError if there is another one with its number."""
        content = change.to_json()
        if self._objects.create(f"{self._changes_at}{change.number:08}.json", content) != content:
            raise TakenError(f"change {change.number} was made by somebody else")

    def report(self, replica: Replica) -> None:
        """Stores the report of a process of `model`, and drops the reports of those long silent."""
        self._objects.replace(f"{self._replicas_at}{replica.name}.json", replica.to_json())
        found = self._in_folder(self._replicas_at)
        now = max(each["last_modified"] for each in found)  # the time of the store's own clock
        for each in found:
            if now - each["last_modified"] > MAX_SILENCE:
                self._objects.delete(each["path"])

    def forget(self, name: str) -> None:
        """Removes the report of a process of `model` that ends."""
        self._objects.delete(f"{self._replicas_at}{name}.json")

    def replicas(self) -> list[Replica]:
        """Returns the last reports, including those of processes that are gone."""
        found = [
            self._objects.read(each["path"], Replica) for each in self._in_folder(self._replicas_at)
        ]
        return [replica for replica in found if replica is not None]

    def _changes(self) -> list[Any]:
        """Lists the changes, leaving out other objects, which are not ours."""
        found = self._in_folder(self._changes_at)
        return [each for each in found if CHANGE.fullmatch(Path(each["path"]).name)]

    def _in_folder(self, folder: str) -> list[Any]:
        """Lists the objects in a folder, without those in folders of other data sets below it."""
        found = self._objects.find(folder)
        return [each for each in found if "/" not in each["path"].removeprefix(folder)]


def is_name(text: str) -> bool:
    """Returns True if a model, a data set or a replica may have this name.

    >>> is_name("ridge-7f3a9c2b41de"), is_name("../etc"), is_name("a/b")
    (True, False, False)
    """
    return NAME.fullmatch(text) is not None
