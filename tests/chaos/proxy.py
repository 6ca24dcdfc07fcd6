"""A TCP proxy between a service and the broker that can hang, be slow, and cut in mid-frame."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

CHUNK_BYTES = 16 * 1024


class Proxy:
    """Passes on what comes to `port`, in a thread of its own. The faults are for all connections.

    `delay_seconds` may be set at any time: what comes is passed on so much later, in order.
    """

    def __init__(self, host: str, port: int) -> None:
        self.delay_seconds = 0.0
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: set[_Link] = set()
        self.port = 0

    def hang(self) -> int:
        """Lets the present connections pass nothing more, without closing them; how many."""
        return self._for_all(_Link.hang)

    def cut(self) -> int:
        """Ends the present connections in the middle of what comes next; how many there are."""
        return self._for_all(_Link.cut)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._for_all(_Link.abort)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _do(self, work: Coroutine[Any, Any, int]) -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _for_all(self, fault: "Callable[[_Link], None]") -> int:
        async def apply() -> int:
            links = list(self._links)
            for link in links:
                fault(link)
            return len(links)

        return self._do(apply())

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), upstream)
        self._links.add(link)
        await link.run()
        self._links.discard(link)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection of a client, and the one to the broker that it is passed on by."""

    def __init__(self, proxy: Proxy, client: Stream, broker: Stream) -> None:
        self._proxy = proxy
        self._writers = (client[1], broker[1])
        self._directions = ((client[0], broker[1]), (broker[0], client[1]))
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_cut = False

    async def run(self) -> None:
        tasks = [asyncio.ensure_future(self._pass(*each)) for each in self._directions]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        self.abort()

    def hang(self) -> None:
        self._flows.clear()

    def cut(self) -> None:
        self._is_cut = True

    def abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1000)
            sender = asyncio.ensure_future(self._send(waiting, writer))
            try:
                while chunk := await reader.read(CHUNK_BYTES):
                    await waiting.put((self._now() + self._proxy.delay_seconds, chunk))
                    if sender.done():
                        return
            finally:
                sender.cancel()

    async def _send(
        self, waiting: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, chunk = await waiting.get()
            await asyncio.sleep(max(0.0, due - self._now()))
            await self._flows.wait()
            if self._is_cut and len(chunk) > 1:
                writer.write(chunk[: len(chunk) // 2])
                with contextlib.suppress(OSError):
                    await writer.drain()
                self._is_cut = False
                for each in self._writers:
                    each.close()  # what was written is still sent: half of a frame
                return
            writer.write(chunk)
            await writer.drain()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
