"""The latest event of each kind, pushed to any number of readers (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator

import msgspec


def encode(kind: str, data: object) -> bytes:
    """Encodes an event for the wire: JSON has no line breaks, so one `data` line will do."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(data))


class EventStream:
    """Hands events to readers; use it in the thread of one event loop.

    A slow reader misses states in between, and makes no other reader wait: only the latest event of
    each kind is kept, and only while there are readers.
    """

    def __init__(self) -> None:
        self.readers = 0
        self.watched = asyncio.Event()  # there are readers
        self._latest: dict[str, bytes] = {}
        self._news = asyncio.Event()
        self._is_closed = False

    def lacks(self, kind: str) -> bool:
        """Returns True if a reader that comes now would get no event of this kind yet."""
        return kind not in self._latest

    def put(self, kind: str, data: object) -> None:
        """Sends an event to all readers, replacing the last one of its kind."""
        if self.readers:
            self._latest[kind] = encode(kind, data)
            self._wake()

    def close(self) -> None:
        """Ends the streams of all readers."""
        self._is_closed = True
        self._wake()

    async def follow(self) -> AsyncIterator[bytes]:
        """Yields each event as it comes, and first the latest ones."""
        seen: dict[str, bytes] = {}
        self._enter()
        try:
            while not self._is_closed:
                news = self._news
                for kind, event in list(self._latest.items()):
                    if seen.get(kind) is not event:
                        seen[kind] = event
                        yield event
                await news.wait()
        finally:
            self._leave()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _enter(self) -> None:
        self.readers += 1
        self.watched.set()

    def _leave(self) -> None:
        self.readers -= 1
        if not self.readers:
            self.watched.clear()
            self._latest.clear()
