"""A thousand clients of the gateway, and of a service that predicts in its handler.

The clients are a process of their own, which shares the cores with all that they ask: of what a
machine gives here, a part is theirs.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
import psutil

from clients import Found, Plan
from lab import BENCH, BenchError, Lab, Room
from pipeline import dataset
from redis_server import PrivateRedis

CLIENTS = 1000
WARM_UP_SECONDS, SECONDS, SHORT_SECONDS = 1.0, 6.0, 3.0
SLOW_RATE = 20.0  # requests per second, of one client
BATCH, BATCH_CLIENTS = 1000, 4
WAIT_SECONDS = 5
STEADY_RATE = 250.0  # of all: so often that no connection is closed for being idle
OVERLOAD_QUEUE, OVERLOAD_TRIES = 1000, 5  # MAX_QUEUE where the model is stopped

HANDLER, ACCEPTED, ANSWERED = "handler, 200", "gateway, 202", "gateway, answer"


class Case(msgspec.Struct):
    """What clients ask for."""

    name: str
    rate: float = 0.0  # requests per second that are offered; 0: as fast as the clients can
    clients: int = CLIENTS
    rows: int = 1  # of a request
    seconds: float = SECONDS

    @property
    def wanted(self) -> int:
        """The status of a good answer."""
        return 202 if self.name == ACCEPTED else 200


class Load(msgspec.Struct):
    """What they found; CPU for an answer in ms; memory at the end in MB (RSS), both by process."""

    case: Case
    found: Found
    cpu_ms: dict[str, float]
    memory_mb: dict[str, float]


class Overload(msgspec.Struct):
    """Clients go on while the model is stopped: the memory with a full queue, and later, in MB."""

    most_queue: int
    queue: int  # messages at the end
    found: Found
    full_mb: dict[str, float]
    later_mb: dict[str, float]


class GatewayLoad(msgspec.Struct):
    """All of it."""

    loads: list[Load]
    overload: Overload


class Endpoint:
    """A service that is asked, in its room; `processes` are those that work for it."""

    def __init__(self, room: Room, url: str, processes: dict[str, psutil.Process]) -> None:
        self.room = room
        self._url = url
        self._processes = processes

    def load(self, case: Case) -> Load:
        before = self._cpu_seconds()
        found = self.ask(case)
        used = {name: seconds - before[name] for name, seconds in self._cpu_seconds().items()}
        used["clients"] = found.cpu_seconds
        cpu_ms = {name: round(seconds / found.answers * 1000, 2) for name, seconds in used.items()}
        load = Load(case, found, cpu_ms, self.memory_mb())
        if not load.found.per_second:
            raise BenchError(f"no good answer at all: {load}")
        return load

    def stop(self, name: str) -> None:
        """One of the services that work for it."""
        self.room.stop(name)
        del self._processes[name]

    def ask(self, case: Case) -> Found:
        """What the clients find, who are told what to ask for by a file."""
        folder = self.room.folder
        plan, found = folder / "plan.json", folder / "found.json"
        headers = {"Content-Type": "application/json"}
        if case.name == ANSWERED:
            headers["Prefer"] = f"wait={WAIT_SECONDS}"
        # With a rate, each client has asked once before.
        warm_up = max(WARM_UP_SECONDS, case.clients / case.rate if case.rate else 0.0)
        seconds = self.room.lab.sized(case.seconds, 1.0)
        told = Plan(f"{self._url}predict", bodies(case.rows), headers, case.wanted, case.clients,
                    case.rate, warm_up, seconds)  # fmt: skip
        plan.write_bytes(msgspec.json.encode(told))
        script = self.room.script(BENCH / "clients.py", "clients", str(plan), str(found))
        self.room.wait_for(found.exists, "the clients have ended", case.seconds + 60)
        self.room.end(script)
        content = found.read_bytes()
        found.unlink()
        return msgspec.json.decode(content, type=Found)

    def _cpu_seconds(self) -> dict[str, float]:
        times = {name: process.cpu_times() for name, process in self._processes.items()}
        return {name: used.user + used.system for name, used in times.items()}

    def memory_mb(self) -> dict[str, float]:
        return {
            name: round(process.memory_info().rss / 1e6, 1)
            for name, process in self._processes.items()
        }


def bodies(rows: int) -> list[str]:
    """Questions of so many rows, which begin with each of the held-out patients in turns."""
    features = dataset.holdout().features.tolist()
    if rows == 1:
        return [_question(row) for row in features]
    many = features * (rows // len(features) + 2)
    return [_question(many[start : start + rows]) for start in range(BATCH_CLIENTS)]


def _question(data: Sequence[object]) -> str:
    return msgspec.json.encode({"data": data}).decode()


@contextmanager
def handler(lab: Lab) -> Iterator[Endpoint]:
    with lab.room() as room:
        service = room.script(BENCH / "handler_service.py", "handler", str(lab.model_path))
        url = _address(room, service.log, r"running on (\S+)")
        yield Endpoint(room, f"{url}/", {"service": psutil.Process(service.process.pid)})


@contextmanager
def gateway(lab: Lab, max_queue: int = 10_000) -> Iterator[Endpoint]:
    """With a model, a broker and a Redis."""
    with lab.room() as room, PrivateRedis(room.folder / "redis") as redis:
        model = room.start("model")
        room.wait_up(model)
        service = room.start("gateway", redis_url=redis.url, gateway_port=0, max_queue=max_queue)
        url = _address(room, service.log, r"gateway at (\S+)")
        pid = (room.folder / "redis" / "redis.pid").read_text().split()[0]
        yield Endpoint(room, url, {
            "service": psutil.Process(service.process.pid),
            "redis": psutil.Process(int(pid)),
            "model": psutil.Process(model.process.pid),
            "broker": lab.broker_process,
        })  # fmt: skip


def _address(room: Room, log: Callable[[], str], pattern: str) -> str:
    room.wait_for(lambda: bool(re.search(pattern, log())), "the service listens")
    return re.findall(pattern, log())[-1]  # type: ignore[no-any-return]


def measure(lab: Lab, say: Callable[[str], None]) -> GatewayLoad:
    loads: list[Load] = []

    def add(asked: Endpoint, *cases: Case) -> None:
        for case in cases:
            loads.append(asked.load(case))
            say(f"{case}: {loads[-1].found}")

    with gateway(lab) as asked:
        add(asked, *_alone(ACCEPTED), Case(ANSWERED))
        add(asked, *_more(ANSWERED), Case(ACCEPTED, STEADY_RATE), Case(ACCEPTED))
    with handler(lab) as asked:
        add(asked, *_alone(HANDLER), Case(HANDLER))
        add(asked, *_more(HANDLER))
    with gateway(lab, OVERLOAD_QUEUE) as asked:
        overload = _overload(asked)
        say(str(overload))
    return GatewayLoad(loads, overload)


def _alone(name: str) -> list[Case]:
    return [Case(name, rate, 1, seconds=SHORT_SECONDS) for rate in (SLOW_RATE, 0.0)]


def _more(name: str) -> list[Case]:
    return [Case(name, STEADY_RATE), Case(name, 0, BATCH_CLIENTS, BATCH, SHORT_SECONDS)]


def _overload(asked: Endpoint) -> Overload:
    asked.stop("model")
    for _ in range(OVERLOAD_TRIES):  # until the queue is full
        if 429 in asked.ask(Case(ACCEPTED, seconds=SHORT_SECONDS)).statuses:
            break
    else:
        raise BenchError("the gateway takes more than MAX_QUEUE messages")
    full = asked.memory_mb()
    found = asked.ask(Case(ACCEPTED))
    queue = asked.room.vhost.depth("features")
    return Overload(OVERLOAD_QUEUE, queue, found, full, asked.memory_mb())
