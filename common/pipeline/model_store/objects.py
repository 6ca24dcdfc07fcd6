"""Objects in a folder or an S3 bucket, each written whole or not at all."""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from pipeline.errors import PipelineError
from pipeline.settings import S3_URL

MISSING = (NotFoundError, FileNotFoundError)  # obstore raises either

T = TypeVar("T")


class ModelStoreError(PipelineError):
    """The model store cannot be used now; it may be usable later."""


class DamagedError(PipelineError):
    """An object in the model store differs from the one that was written."""


class Objects:
    """The objects of a store. Raises ModelStoreError if it cannot be reached, and DamagedError."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._store: ObjectStore | None = None  # opened when first used: it may be unreachable now
        self._known: dict[tuple[str, str | None], Any] = {}  # records by path and ETag

    def create(self, path: str, content: bytes) -> bytes:
        """Writes an object unless it exists; returns the content that exists afterwards.

        An S3 store can make the object and lose its answer. obstore then asks again, and is refused
        because of its own object; or it gives up. So the object that is there is read: it may be
        ours.
        """
        try:
            self._ask(obstore.put, path, content, mode="create")
        except AlreadyExistsError:
            there = self.must_get(path)
        except ModelStoreError:
            if (found := self.get(path)) is None:
                raise
            there = found
        else:
            there = content
        if there == content and not S3_URL.fullmatch(self.url):
            self._ask(_sync, path)
        return there

    def replace(self, path: str, content: bytes) -> None:
        """Writes an object, replacing any that exists."""
        self._ask(obstore.put, path, content)

    def get(self, path: str) -> bytes | None:
        """Returns the content of an object; None if there is none."""
        try:
            return bytes(self._ask(lambda store, path: obstore.get(store, path).bytes(), path))
        except MISSING:
            return None

    def must_get(self, path: str) -> bytes:
        """Returns the content of an object. Raises DamagedError if there is none."""
        content = self.get(path)
        if content is None:
            raise DamagedError(f"{path} is missing in {self.url}")
        return content

    def size(self, path: str) -> int | None:
        """Returns how many bytes an object has; None if there is none."""
        try:
            return int(self._ask(obstore.head, path)["size"])
        except MISSING:
            return None

    def delete(self, path: str) -> None:
        """Removes an object, if there is one."""
        with suppress(*MISSING):
            self._ask(obstore.delete, path)

    def find(self, prefix: str) -> list[Any]:
        """Lists the objects that begin with `prefix`, as obstore describes them, sorted by path."""
        pages = self._ask(lambda store, prefix: list(obstore.list(store, prefix)), prefix)
        return sorted((each for page in pages for each in page), key=lambda each: each["path"])

    def read(self, path: str, kind: type[T]) -> T | None:
        """Reads a record; None if there is none."""
        content = self.get(path)
        try:
            return None if content is None else msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DamagedError(f"{path} in {self.url} is damaged: {error}") from error

    def read_once(self, listed: list[Any], kind: type[T]) -> list[T]:
        """Reads records that never change: those read before are not read again."""
        keys = [(each["path"], each["e_tag"]) for each in listed]
        for key in keys:
            if key not in self._known and (record := self.read(key[0], kind)) is not None:
                self._known[key] = record
        return [self._known[key] for key in keys if key in self._known]

    def _ask(self, call: Any, path: str, *arguments: Any, **options: Any) -> Any:
        try:
            self._store = self._store or _open(self.url)
            return call(self._store, path, *arguments, **options)
        except (AlreadyExistsError, *MISSING):
            raise
        except (BaseError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise ModelStoreError(f"the model store {self.url} cannot be used: {reason}") from error


def _sync(store: LocalStore, path: str) -> None:
    """Returns once a file and its name are on the disk: no change may name a file that is not."""
    file = Path(path)
    for each in (file, *file.parents):
        descriptor = os.open(Path(str(store.prefix), each), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open(url: str) -> ObjectStore:
    found = S3_URL.fullmatch(url)
    if found is None:
        return LocalStore(Path(url).absolute(), mkdir=True, automatic_cleanup=True)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        if not os.environ[name]:  # empty counts as unset, as for other settings; obstore would fail
            del os.environ[name]
    # Address, region and credentials are read from AWS_ENDPOINT_URL, AWS_REGION and so on. If none
    # answers, the caller learns it within 10 s: a request that timed out is not tried again.
    return S3Store(
        found["bucket"],
        prefix=found["prefix"] or None,
        client_options={"allow_http": True, "timeout": "5s", "connect_timeout": "2s"},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=1)},
    )
