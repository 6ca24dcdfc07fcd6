"""Many clients of a web service at once: `python clients.py clients PLAN FOUND`, JSON files.

Each has a connection of its own, which stays open. Either it asks again as soon as it has its
answer, or at fixed times; an answer's time then counts from when it was to be asked for, so that
a service that stops for a second has made everybody wait whom it kept from asking.
"""

import asyncio
import resource
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import numpy as np
import uvloop

BROKEN = 0  # the status of what got no answer
PAUSE_SECONDS = 0.05  # after that
TIMEOUT = aiohttp.ClientTimeout(total=60)


class Plan(msgspec.Struct):
    """What to ask for; `rate` is of all clients together, per second, or 0: as fast as they can."""

    url: str
    bodies: list[str]  # which they take in turns
    headers: dict[str, str]
    wanted: int  # the status of a good answer
    clients: int
    rate: float
    warm_up_seconds: float
    seconds: float


class Found(msgspec.Struct):
    """Of the measured time. The times, in ms, are those of the good answers, if any."""

    statuses: dict[int, int]
    per_second: float  # good answers
    p50: float
    p99: float
    most: float
    answers: int  # of any kind, those of the warm-up too
    cpu_seconds: float  # of the clients, meanwhile
    said: dict[int, str]  # by status, the beginning of the first answer that was not good


class Load:
    """Runs a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._begin = time.perf_counter() + plan.warm_up_seconds
        self._end = self._begin + plan.seconds
        self._answers = 0
        self._statuses: Counter[int] = Counter()
        self._latencies: list[float] = []
        self._said: dict[int, str] = {}

    async def run(self) -> Found:
        used = time.process_time()
        await asyncio.gather(*[self._client(number) for number in range(self._plan.clients)])
        good = len(self._latencies)
        p50, p99, most = np.quantile(self._latencies or [0.0], [0.5, 0.99, 1]).round(2).tolist()
        cpu_seconds = round(time.process_time() - used, 2)
        per_second = round(good / self._plan.seconds, 1)
        return Found(
            dict(self._statuses), per_second, p50, p99, most, self._answers, cpu_seconds, self._said
        )

    async def _client(self, number: int) -> None:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(
            connector=connector, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            turn = number
            async for due in self._times(number):
                body = self._plan.bodies[turn % len(self._plan.bodies)]
                turn += self._plan.clients
                status = await self._ask(session, body)
                self._note(due, status)
                if status == BROKEN:
                    await asyncio.sleep(PAUSE_SECONDS)

    async def _times(self, number: int) -> AsyncIterator[float]:
        """When this client asks: at once, or each in its turn at fixed times."""
        plan = self._plan
        if not plan.rate:
            while (now := time.perf_counter()) < self._end:
                yield now
            return
        due = self._begin - plan.warm_up_seconds + number / plan.rate
        while due < self._end:
            if (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            yield due
            due += plan.clients / plan.rate

    async def _ask(self, session: aiohttp.ClientSession, body: str) -> int:
        try:
            async with session.post(
                self._plan.url, data=body, headers=self._plan.headers
            ) as answer:
                content = await answer.read()
                if answer.status != self._plan.wanted:
                    self._said.setdefault(answer.status, content[:200].decode(errors="replace"))
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return BROKEN

    def _note(self, due: float, status: int) -> None:
        """An answer counts that came in the measured time; with a rate, one that was due in it."""
        now = time.perf_counter()
        self._answers += 1
        if self._begin <= (due if self._plan.rate else now) < self._end:
            self._statuses[status] += 1
            if status == self._plan.wanted:
                self._latencies.append((now - due) * 1000)


def main(told: Path, found: Path) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is a file
    plan = msgspec.json.decode(told.read_bytes(), type=Plan)

    async def run() -> Found:
        return await Load(plan).run()

    temporary = found.with_suffix(".tmp")
    temporary.write_bytes(msgspec.json.encode(uvloop.run(run())))
    temporary.replace(found)


if __name__ == "__main__":
    main(Path(sys.argv[2]), Path(sys.argv[3]))
