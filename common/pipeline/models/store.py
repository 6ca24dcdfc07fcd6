"""The model store: a folder, or a bucket of S3, where each model is written once.

    models/{model_id}/model.skops, model.onnx, model.json
    changes/{number}.json     which model answers, and which one is tried: the last one counts
    replicas/{name}.json      what each process of `model` answers with
    datasets/{dataset_id}.csv

obstore writes one object atomically, and refuses one that is there where that is asked for, in a
folder and in S3 alike. A model is there once its model.json is, which is written last; a change is
whoever's writes the next number first.
"""

import os
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from pipeline.errors import PipelineError
from pipeline.models.records import RECORD, Change, Model, Replica, StoredFile
from pipeline.settings import S3_URL

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # of a model, a data set, a replica
CHANGE = re.compile(r"changes/\d{8}\.json")
MISSING = (NotFoundError, FileNotFoundError)  # obstore raises the one or the other

T = TypeVar("T")


class StoreError(PipelineError):
    """The model store cannot be used now; it may be later."""


class DamagedError(PipelineError):
    """What the model store holds is not what was written."""


class TakenError(PipelineError):
    """Somebody else has made the next change: look again."""


class ModelStore:
    """Raises StoreError wherever the store cannot be reached, and DamagedError."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._objects: ObjectStore | None = None  # opened when first used: it may be away now
        self._known: dict[tuple[str, str | None], Any] = {}  # records by path and ETag

    def add(self, model: Model, files: dict[str, bytes]) -> Model:
        """Stores the files, and then the model's record; what is there already stays as it is.

        The record that is in the store then: where several write the same model, that of the first.
        """
        stored: dict[str, StoredFile] = {}
        for name, content in files.items():
            path = f"models/{model.model_id}/{name}"
            kept = content if self._create(path, content) else self._must_get(path)
            stored[name] = StoredFile.of(kept)
        record = msgspec.structs.replace(model, files=stored)
        self._create(f"models/{model.model_id}/{RECORD}", record.to_json())
        found = self.model(model.model_id)
        return record if found is None else found

    def model(self, model_id: str) -> Model | None:
        """The record of a model; None if there is none."""
        return self._read(f"models/{model_id}/{RECORD}", Model) if is_name(model_id) else None

    def models(self) -> list[Model]:
        """The records of all models, the oldest first."""
        records = [each for each in self._list("models/") if each["path"].endswith(f"/{RECORD}")]
        found = self._read_once(records, Model)
        return sorted(found, key=lambda model: (model.created_at, model.model_id))

    def file(self, model: Model, name: str) -> bytes:
        """One of its files. Raises DamagedError unless it is as it was written."""
        content = self._must_get(path := f"models/{model.model_id}/{name}")
        wanted = model.files.get(name)
        if StoredFile.of(content) != wanted:
            raise DamagedError(f"{path} is not what was stored: its SHA-256 is another")
        return content

    def delete(self, model: Model) -> None:
        """Removes a model, its record first, so that nobody finds half of it."""
        for name in (RECORD, *model.files):
            self._delete(f"models/{model.model_id}/{name}")

    def dataset(self, dataset_id: str) -> bytes | None:
        """The content of a CSV file; None if there is none."""
        return self._get(f"datasets/{dataset_id}.csv") if is_name(dataset_id) else None

    def dataset_size(self, dataset_id: str) -> int | None:
        """How many bytes it has; None if there is none."""
        if not is_name(dataset_id):
            return None
        try:
            return int(self._ask(obstore.head, f"datasets/{dataset_id}.csv")["size"])
        except MISSING:
            return None

    def changes(self) -> list[Change]:
        """All changes, in order."""
        return self._read_once(self._changes(), Change)

    def last_change(self) -> Change | None:
        """The change that counts; None before the first."""
        found = self._changes()
        return self._read(found[-1]["path"], Change) if found else None

    def change(self, change: Change) -> None:
        """Makes a change known. Raises TakenError if there is one of its number."""
        if not self._create(f"changes/{change.number:08}.json", change.to_json()):
            raise TakenError(f"change {change.number} was made by somebody else")

    def report(self, replica: Replica) -> None:
        """Notes what a process of `model` says of itself."""
        self._ask(obstore.put, f"replicas/{replica.name}.json", replica.to_json())

    def forget(self, name: str) -> None:
        """Removes what a process of `model` said: it ends."""
        self._delete(f"replicas/{name}.json")

    def replicas(self) -> list[Replica]:
        """What they said last, also those that are no more."""
        found = [self._read(each["path"], Replica) for each in self._list("replicas/")]
        return [replica for replica in found if replica is not None]

    def _changes(self) -> list[Any]:
        """Other objects beside them are not ours."""
        return [each for each in self._list("changes/") if CHANGE.fullmatch(each["path"])]

    def _create(self, path: str, content: bytes) -> bool:
        """False if there is something at `path` already."""
        try:
            self._ask(obstore.put, path, content, mode="create")
        except AlreadyExistsError:
            return False
        if not S3_URL.fullmatch(self.url):
            self._ask(_sync, path)
        return True

    def _get(self, path: str) -> bytes | None:
        try:
            return bytes(self._ask(lambda store, path: obstore.get(store, path).bytes(), path))
        except MISSING:
            return None

    def _delete(self, path: str) -> None:
        with suppress(*MISSING):
            self._ask(obstore.delete, path)

    def _must_get(self, path: str) -> bytes:
        content = self._get(path)
        if content is None:
            raise DamagedError(f"{path} is missing in {self.url}")
        return content

    def _read(self, path: str, kind: type[T]) -> T | None:
        content = self._get(path)
        try:
            return None if content is None else msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DamagedError(f"{path} in {self.url} is not as it was written: {error}") from error

    def _read_once(self, listed: list[Any], kind: type[T]) -> list[T]:
        """Records that are written once: those that were read before are not read again."""
        keys = [(each["path"], each["e_tag"]) for each in listed]
        for key in keys:
            if key not in self._known and (record := self._read(key[0], kind)) is not None:
                self._known[key] = record
        return [self._known[key] for key in keys if key in self._known]

    def _list(self, prefix: str) -> list[Any]:
        """What begins with `prefix`, as obstore describes it, in the order of paths."""
        pages = self._ask(lambda store, prefix: list(obstore.list(store, prefix)), prefix)
        return sorted((each for page in pages for each in page), key=lambda each: each["path"])

    def _ask(self, call: Any, path: str, *arguments: Any, **options: Any) -> Any:
        try:
            self._objects = self._objects or _open(self.url)
            return call(self._objects, path, *arguments, **options)
        except (AlreadyExistsError, *MISSING):
            raise
        except (BaseError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise StoreError(f"the model store {self.url} cannot be used: {reason}") from error


def is_name(text: str) -> bool:
    """Whether a model, a data set or a replica may be called so.

    >>> is_name("ridge-7f3a9c2b41de"), is_name("../etc"), is_name("a/b")
    (True, False, False)
    """
    return NAME.fullmatch(text) is not None


def now_text() -> str:
    """The time of now as a record has it: ISO 8601, UTC, in milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sync(store: LocalStore, path: str) -> None:
    """Returns once a file, and its name, are on the disk: a change is not to tell of less."""
    file = Path(str(store.prefix), path)
    for each in (file, file.parent, file.parent.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open(url: str) -> ObjectStore:
    found = S3_URL.fullmatch(url)
    if found is None:
        return LocalStore(Path(url).absolute(), mkdir=True, automatic_cleanup=True)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        if not os.environ[name]:  # as good as none, as for other settings; obstore would fail
            del os.environ[name]
    # Address, region and credentials are read from AWS_ENDPOINT_URL, AWS_REGION and so on. Whoever
    # asks is told within 10 s that nobody answers: what has timed out once is not tried again.
    return S3Store(
        found["bucket"],
        prefix=found["prefix"] or None,
        client_options={"allow_http": True, "timeout": "5s", "connect_timeout": "2s"},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=1)},
    )
