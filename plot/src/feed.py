"""The latest event of each kind, pushed to any number of readers (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator

import msgspec


def encode(kind: str, data: object) -> bytes:
    """An event as it goes over the wire: JSON has no line breaks, so one `data` line will do."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(data))


class Feed:
    """To be used in the thread of one event loop.

    A reader that is slow misses states in between, and none of them makes another wait: all that is
    kept is the latest event of each kind, and that only while somebody reads.
    """

    def __init__(self) -> None:
        self.readers = 0
        self.watched = asyncio.Event()  # there are readers
        self._latest: dict[str, bytes] = {}
        self._news = asyncio.Event()
        self._is_closed = False

    def lacks(self, kind: str) -> bool:
        """Whether there is no event of this kind yet for a reader that comes now."""
        return kind not in self._latest

    def put(self, kind: str, data: object) -> None:
        """Gives an event to all readers, in place of the last one of its kind."""
        if self.readers:
            self._latest[kind] = encode(kind, data)
            self._wake()

    def close(self) -> None:
        """Lets all readers go."""
        self._is_closed = True
        self._wake()

    async def follow(self) -> AsyncIterator[bytes]:
        """Each event as it comes, the latest ones at once."""
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
