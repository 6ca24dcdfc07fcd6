"""The rows of the data set that no model has seen: to judge models by, and to try."""

import asyncio
from pathlib import Path
from threading import Lock

from pipeline.table.data_sets import load
from pipeline.table.rows import Label, Value
from pipeline.table.schema import Schema, SchemaError
from threads import Threads


class HeldOut:
    """The rows held out, read when they are first asked for: a large table takes seconds."""

    def __init__(self, schema: Schema, datasets_dir: Path) -> None:
        self.schema = schema
        self._folder = datasets_dir
        self._lock = Lock()  # many who ask at once share one reading,
        self._turn = asyncio.Lock()  # and of the requests that wait for it, one has a thread
        self._rows: tuple[list[list[Value]], list[Label]] | None = None
        self._count = 0

    def rows(self) -> tuple[list[list[Value]], list[Label]]:
        """Returns n rows, their values in the order of the schema's columns, and their labels.

        Blocks the first time. Raises SchemaError if they cannot be read, or are of another schema
        than this gateway began with.
        """
        with self._lock:
            if self._rows is None:
                self._rows = self._read()
        return self._rows

    async def rows_in(self, threads: Threads) -> tuple[list[list[Value]], list[Label]]:
        """Returns rows(), without blocking. Raises SlowError as well."""
        async with self._turn:
            return await threads.run(self.rows)

    def count_of_all(self) -> int:
        """Returns how many rows the data set has, with those that are not held out; as rows()."""
        self.rows()
        return self._count

    def _read(self) -> tuple[list[list[Value]], list[Label]]:
        found = load(self.schema.name, self._folder)
        if found.schema != self.schema:
            raise SchemaError(
                f"the schema of {self.schema.name} has changed since the gateway started: "
                "restart it, and the services that were started before"
            )
        self._count = len(found.rows.labels)
        return found.rows.holdout()
