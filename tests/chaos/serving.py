"""Everything that serves requests over HTTP, under the load of clients, and the truth about it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from chaos.clients import AWAY, Caller, Client
from chaos.report import Line
from chaos.streams import RECOVERY_SECONDS
from pipeline.model_store.predictor import Predictor
from redis_server import PrivateRedis
from servers import free_ports
from support.rows import read_rows, row_count
from support.service import Service
from support.waiting import STOP_SECONDS, eventually

CLIENTS = 8


class Serving:
    """Gateways that share the work, model and metric, and a Redis; in one virtual host."""

    def __init__(
        self,
        start: Callable[..., Service],
        redis: PrivateRedis,
        folder: Path,
        model_path: Path,
        dice: Random,
    ) -> None:
        self.services: dict[str, Service] = {}
        self.folder = folder
        self._ports: dict[str, int] = {}
        self._start = start
        self._redis = redis
        self._model_path = model_path
        self._dice = dice
        self._past: list[Client] = []  # whose rows are counted already

    def open(self, gateways: int = 1, *others: str) -> None:
        """Starts the services; returns when the gateways can be asked."""
        names = [f"gateway {number + 1}" for number in range(gateways)]
        self._ports = dict(zip(names, free_ports(gateways), strict=True))
        for name in [*others, *names]:
            self.start(name)
        for name in names:
            self.wait_for(name)

    def start(self, name: str, runner: Sequence[str | Path] = ()) -> Service:
        settings: dict[str, object] = {}
        if name in self._ports:  # always the same one, as clients know it
            settings = {"gateway_port": self._ports[name], "redis_url": self._redis.url}
        service = self._start(name.partition(" ")[0], runner=runner, **settings)
        self.services[name] = service
        return service

    def kill_and_start(self, name: str) -> None:
        self.services[name].kill()
        self.start(name)

    def stop_and_start(self, name: str) -> None:
        assert self.services[name].stop(STOP_SECONDS) == 0
        self.start(name)

    def caller(self, gateway: str) -> Caller:
        """A connection to this one."""
        return Caller([f"127.0.0.1:{self._ports[gateway]}"], self._dice)

    def status(self, name: str) -> int:
        """What the gateway says of its health; 0 if it says nothing."""
        try:
            return self.caller(name).call("GET", "/health")[0]
        except AWAY:
            return 0

    def wait_for(self, gateway: str) -> None:
        eventually(lambda: self.status(gateway) == 200, f"{gateway} to be well", RECOVERY_SECONDS)

    @contextmanager
    def load(self, line: Line) -> Iterator[Callable[[Callable[[], object]], None]]:
        """Clients ask all the while; yields what lets a fault strike; at the end, the truth."""
        finished = threading.Event()
        clients = [self._client(finished) for _ in range(CLIENTS)]
        by_hand = self._client(finished)
        for client in clients:
            client.start()
        try:
            yield partial(self._strike, line, by_hand)
        finally:
            finished.set()
            for client in clients:
                client.join(RECOVERY_SECONDS)
        assert not [client.failure for client in clients if client.failure]
        self._finish(line, [*clients, by_hand])

    def _strike(self, line: Line, by_hand: Client, fault: Callable[[], object]) -> None:
        """Returns when a request that is made after the fault has its answer."""
        since = time.monotonic()
        fault()
        line.tries += 1
        by_hand.ask()
        line.recoveries.append(time.monotonic() - since)

    def _finish(self, line: Line, clients: list[Client]) -> None:
        """Compares what the clients were told, first and now, with each other and with the log."""
        for client in clients:
            for job_id in client.rows:
                client.look(job_id)
        lost = sum(len(client.rows.keys() - client.predictions.keys()) for client in clients)
        values = [values for client in clients for values in client.predictions.values()]
        doubled = sum(len(each) > 1 for each in values)
        line.add(sum(len(client.rows) for client in clients), lost, doubled, counted=False)
        self._past += clients
        assert not any(client.lost for client in clients)
        assert not lost
        assert not doubled
        self._check_log()
        for gateway in self._ports:
            assert "Traceback" not in self.services[gateway].log()

    def _check_log(self) -> None:
        labels = {k: v for client in self._past for k, v in client.labels.items()}
        told = {k: min(v) for client in self._past for k, v in client.predictions.items()}
        asked = {k: v for client in self._past for k, v in client.rows.items()}
        assert labels.keys() == told.keys() == asked.keys()
        eventually(lambda: row_count(self.folder) >= len(labels), "all rows", RECOVERY_SECONDS)
        rows = read_rows(self.folder)
        assert set(rows["id"]) == labels.keys()
        assert (rows["y_true"] == rows["id"].map(labels)).all()
        assert np.allclose(rows["y_pred"], rows["id"].map(told), rtol=1e-9)
        predicted = Predictor.load(self._model_path).predict([asked[i] for i in rows["id"]])
        assert np.allclose(rows["y_pred"], np.array(predicted, dtype=float), rtol=1e-9)

    def _client(self, finished: threading.Event) -> Client:
        addresses = [f"127.0.0.1:{port}" for port in self._ports.values()]
        return Client(addresses, self._dice.random(), finished)
