"""`labels_log.txt`: one line for each value received, rotated by size.

If the file is moved or deleted, a new one is begun; if it is cut or edited, lines are appended.
"""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from file_watch import must_be_regular, replaced
from half import Half, value_texts
from pipeline.clock import utc_text
from pipeline.errors import LogError

MAX_BYTES, OLDER_FILES = 10 * 2**20, 3


class LabelsLog:
    """The log of labels and predictions. Raises LogError if the file cannot be written."""

    def __init__(self, folder: Path) -> None:
        path = folder / "labels_log.txt"
        must_be_regular(path)
        try:
            self._handler = _Handler(path, "a", MAX_BYTES, OLDER_FILES)
        except OSError as error:
            raise LogError(f"cannot write {path}: {error.strerror}") from error

    def add(self, halves: list[Half]) -> None:
        """Writes a line for each: UTC time, queue, id and value.

        Tabs separate them, as an id may have spaces.
        """
        if not halves:
            return
        received_at = utc_text(halves[0].received_in_ms)
        texts = value_texts([half.value for half in halves])
        lines = [
            f"{received_at}\t{half.queue}\t{half.id}\t{text}"
            for half, text in zip(halves, texts, strict=True)
        ]
        self._handler.reopen_if_replaced()
        self._handler.emit(logging.makeLogRecord({"msg": "\n".join(lines)}))


class _Handler(RotatingFileHandler):
    def reopen_if_replaced(self) -> None:
        """Opens the file that is at the path now, or begins a new one there."""
        path = Path(self.baseFilename)
        if self.stream and replaced(path, self.stream.fileno()):
            must_be_regular(path)
            self.stream.close()
            try:
                self.stream = self._open()
            except OSError as error:
                raise LogError(f"cannot write {path}: {error.strerror}") from error

    def handleError(self, _: logging.LogRecord) -> None:  # noqa: N802 (its name in logging)
        error = sys.exc_info()[1]
        raise LogError(f"cannot write {self.baseFilename}: {error}; no row is lost; once it can, "
                       "start metric again") from error  # fmt: skip
