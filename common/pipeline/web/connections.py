"""Limits on the connections of an HTTP server: how many there are, and how long one may be idle."""

import asyncio
import resource
import socket
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

REQUEST_SECONDS = 10.0  # for a request to begin, and for its headers to arrive
SPARE = 50  # connections beyond those served: they are told that the server is busy (503)
SEND_BUFFER = 2**17  # bytes: of what the kernel takes beyond it, nobody knows whether it is read
OTHER_DESCRIPTORS = 200  # for files, broker and Redis


def affordable(most: int) -> int:
    """Returns how many of `most` connections this process can have; raises its limit if it can.

    Without a descriptor left a service cannot open its own files, and ends.
    """
    wanted = most + SPARE + OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, min(most, soft - SPARE - OTHER_DESCRIPTORS))
    return most


def bounded(most: int) -> type[asyncio.Protocol]:
    """Returns uvicorn's protocol, refusing connections beyond `most`, and closing idle ones."""

    class Bounded(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            self._seen = self.cycle  # of a request and its answer
            self._unsent = 0  # bytes of the answer
            self._look = self.loop.call_later(REQUEST_SECONDS, self._end_if_silent)
            if len(self.connections) > most + SPARE:
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            self._look.cancel()
            super().connection_lost(exc)

        def _end_if_silent(self) -> None:
            is_silent = self.cycle is None or self.cycle.response_complete
            before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
            is_being_read = self._unsent and self._unsent != before  # slowly
            if is_silent and self.cycle is self._seen and not is_being_read:
                self.transport.abort()
            else:
                self._seen = self.cycle
                self._look = self.loop.call_later(REQUEST_SECONDS, self._end_if_silent)

    return Bounded
