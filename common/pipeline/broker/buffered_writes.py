"""The client library's connection, with its writes combined."""

from typing import Any

import pika

MAX_BYTES = 64 * 2**10  # in one write: as much as one packet on the loopback holds


class BufferedConnection(pika.SelectConnection):
    """Writes everything that one turn of the loop has to say in one piece.

    The library alone writes a message in three pieces (method, header, body), each a system call
    and a packet of its own: a seventh of the cost of a single row, the broker's part included.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unwritten = bytearray()
        super().__init__(*args, **kwargs)

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._unwritten:
            self.ioloop.call_later(0, self._write)
        self._unwritten += data
        if len(self._unwritten) >= MAX_BYTES:
            self._write()

    def _write(self) -> None:
        data, self._unwritten = bytes(self._unwritten), bytearray()
        if data and self._transport is not None:  # type: ignore[attr-defined]
            super()._adapter_emit_data(data)  # type: ignore[misc]
