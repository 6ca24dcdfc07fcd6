"""Writes a data set into its folder, so that a reader finds the old one or the new one."""

import contextlib
import csv
import io
import os
from pathlib import Path

from pipeline.atomic_file import temporary_path
from pipeline.table.data_sets import ROWS_FILE, SCHEMA_FILE
from pipeline.table.schema import Schema, SchemaError

FOLDER_MODE, FILE_MODE = 0o755, 0o644  # in containers other users read them


def content_of(columns: dict[str, list[str]]) -> bytes:
    """Returns rows.csv: UTF-8, commas, a line of names."""
    text = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    text.flush()
    buffer = text.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def write(folder: Path, schema: Schema, rows: bytes) -> None:
    """Writes rows.csv and schema.json, the schema last; raises SchemaError if it cannot."""
    contents = {folder / ROWS_FILE: rows, folder / SCHEMA_FILE: schema.to_json()}
    try:
        for made in (folder.parent, folder):
            if not made.is_dir():
                made.mkdir(parents=True)
                made.chmod(FOLDER_MODE)
        with contextlib.suppress(PermissionError):  # of another owner, who lets us write
            folder.chmod(FOLDER_MODE)
        for path, content in contents.items():
            _write(temporary_path(path), content)
        for path in contents:
            temporary_path(path).replace(path)
    except OSError as error:
        for path in contents:
            with contextlib.suppress(OSError):
                temporary_path(path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # unless there is something in it
            folder.rmdir()
        raise SchemaError(
            f"cannot write {error.filename or folder}: {error.strerror}: who owns the folder?"
        ) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        path.chmod(FILE_MODE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
