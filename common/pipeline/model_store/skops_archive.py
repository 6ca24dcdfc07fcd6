"""Inspects a skops file before it is loaded: its unpacked size, and the library that wrote it.

The file is an archive of arrays, and of `schema.json`, which names them: one array may be named,
and so be loaded, any number of times.
"""

import json
import re
from collections import Counter
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from pipeline.errors import ModelError

SCHEMA = "schema.json"
MAX_BYTES = 96 * 2**20  # what a file may need beyond a multiple of its own size
ENTRY_BYTES = 1000  # memory that Python takes for an entry of an archive
ITEM_BYTES = 100  # and for an item of JSON
MAX_VISITS = 2_000_000  # of nodes: skops walks a node again wherever it is referred to
_ENTRY = b"PK\x01\x02"
# as skops writes it, which is text within text
_VERSION = re.compile(rb'"_sklearn_version": \{[^}]*"content": "\\"([0-9a-z.]+)\\""')


class _Budget:
    """Counts the bytes that may still come out of a file. Raises ModelError once none are left."""

    def __init__(self, size: int) -> None:
        self._most = self._left = MAX_BYTES + 2 * size

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ModelError(
                f"it unpacks to more than {self._most:,} bytes, the limit for a file of its size; "
                "skops.io.dump without `compression` writes one that unpacks to itself"
            )


def check(content: bytes) -> None:
    """Raises ModelError if it unpacks to too much, or some other error if it is no skops file."""
    budget = _Budget(len(content))
    budget.take(content.count(_ENTRY) * ENTRY_BYTES)
    with ZipFile(BytesIO(content)) as archive:
        for name, times in _named(_schema(archive, budget)).items():
            budget.take(archive.getinfo(name).file_size * times)
            with archive.open(name) as file:
                is_archive = file.read(2) == _ENTRY[:2]  # of a sparse matrix
            if is_archive:
                _take_archive(archive.read(name), times, budget)


def sklearn_version(content: bytes) -> str | None:
    """Returns the version of scikit-learn that wrote the file; None if it cannot be read."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            schema = _schema(archive, _Budget(len(content)))
    except Exception:  # a foreign file may fail in any way
        return None
    found = _VERSION.search(schema)
    return found[1].decode() if found else None


def _schema(archive: ZipFile, budget: _Budget) -> bytes:
    budget.take(archive.getinfo(SCHEMA).file_size)
    schema = archive.read(SCHEMA)
    budget.take(ITEM_BYTES * sum(map(schema.count, (b"[", b"{", b","))))
    return schema


def _take_archive(content: bytes, times: int, budget: _Budget) -> None:
    budget.take(content.count(_ENTRY) * ENTRY_BYTES)
    with ZipFile(BytesIO(content)) as archive:
        for entry in archive.infolist():
            budget.take(entry.file_size * times)


class _Visits(int):
    """A number of visits, in the place of the node that takes them."""


def _named(schema: bytes) -> Counter[str]:
    """Returns how often each file is named; nothing else is kept of the schema.

    Raises ModelError where nodes refer to each other so that to walk them would not end.
    """
    names: Counter[str] = Counter()
    known: dict[Any, int] = {}

    def note(node: dict[str, Any]) -> _Visits:
        if isinstance(name := node.get("file"), str):
            names[name] += 1
        node_id = str(node.get("__id__"))
        visits = max(1 + sum(map(_visits, node.values())), known.get(node_id, 0))
        if visits > MAX_VISITS:
            raise ModelError(f"its nodes refer to each other more than {MAX_VISITS:,} times")
        if "__id__" in node:
            known[node_id] = visits
        return _Visits(visits)

    json.loads(schema, object_hook=note)
    return names


def _visits(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_visits, value))
    return value if isinstance(value, _Visits) else 0
