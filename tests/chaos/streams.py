"""All four services with a stream of rows through them, and the truth about it.

The truth comes from queues of our own at the edges: an id that the broker took on both is to be
one row; one that it took on a single edge (its producer was killed in between) stays pending.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd

from chaos.report import Line
from pipeline.message_reader import MessageReader
from pipeline.messages import Message, T, id_text
from pipeline.model_store.predictor import Predictor
from support.readers import FEATURES, VALUES
from support.rows import row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, STOP_SECONDS, eventually

SERVICES = ("model", "metric", "plot", "features")
RECOVERY_SECONDS = PATIENCE_SECONDS
Tries = Callable[[int], int]  # how often now, for how often in a long run
LAST = "last"  # the id of the row that ends a stream; it is not part of it


def a_moment(dice: Random, least: float = 0.0, most: float = 1.5) -> None:
    """So that a fault strikes whatever is going on just then."""
    time.sleep(dice.uniform(least, most))


def moments(dice: Random, count: int, least: float = 0.0, most: float = 1.5) -> Iterator[None]:
    """So many of them, one after the other."""
    for _ in range(count):
        a_moment(dice, least, most)
        yield


class Stream:
    """Services of one virtual host and one folder, and what was published between them."""

    def __init__(
        self, vhost: Vhost, start: Callable[..., Service], folder: Path, model_path: Path
    ) -> None:
        self.services: dict[str, Service] = {}
        self.vhost = vhost
        self.folder = folder
        self.settings: dict[str, dict[str, object]] = {name: {} for name in SERVICES}
        self._start = start
        self._killed: set[str] = set()
        self.features: dict[str, list[float]] = {}  # by id, once the stream has ended
        self._confirmed = 0  # rows, as features itself has counted them
        self.model_path = model_path

    def open(self, *, rate: float = 400, batch: int = 1, label_delay: float = 0) -> None:
        """Starts the services; returns when rows have come through."""
        self.settings["features"] |= {
            "stream_rate": rate, "stream_batch": batch, "label_delay": label_delay,
        }  # fmt: skip
        self.settings["plot"].setdefault("plot_interval", 0.2)
        for queue in ("features", "y_true"):
            self.tap(f"tap.{queue}", f"edge.{queue}")
        for name in SERVICES:
            self.start(name)
        eventually(lambda: self.rows() > 100, "a hundred rows", RECOVERY_SECONDS)

    def start(self, name: str, runner: Sequence[str | Path] = ()) -> Service:
        service = self._start(name, runner=runner, **self.settings[name])
        self.services[name] = service
        return service

    def stop(self, name: str) -> None:
        """SIGTERM: the service ends with status 0, within 10 seconds."""
        assert self.services[name].stop(STOP_SECONDS) == 0
        if name == "features":
            self._confirmed += int(self.services[name].counts()["rows"])

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.services[name].kill()
        self._killed.add(name)

    def kill_and_start(self, name: str) -> None:
        self.kill(name)
        self.start(name)

    def stop_and_start(self, name: str) -> None:
        self.stop(name)
        self.start(name)

    def rows(self) -> int:
        return row_count(self.folder)

    def published(self) -> int:
        """Messages of features that the broker has taken, repeats included."""
        return self.vhost.depth("tap.features")

    def see_more(self, rows: int) -> None:
        """Waits until there are so many more rows."""
        enough = self.rows() + rows
        eventually(lambda: self.rows() >= enough, f"{rows} more rows", RECOVERY_SECONDS)

    def recovery(self, since: float, published: int) -> float:
        """Waits until all that was published so far are rows, and a new one; in seconds.

        `since` is when the fault struck (time.monotonic()), `published` how many messages of
        features the broker has taken.
        """
        batch = int(str(self.settings["features"]["stream_batch"]))
        eventually(lambda: self.rows() > published * batch, "recovery", RECOVERY_SECONDS)
        return time.monotonic() - since

    def redrawn(self, since: float) -> float:
        """Waits until all rows of now are in the picture; in seconds since the fault."""
        rows, plot = self.rows(), self.services["plot"]
        eventually(lambda: plot.counts().get("rows", 0) >= rows, "the picture", RECOVERY_SECONDS)
        return time.monotonic() - since

    def strike(self, line: Line, fault: Callable[[], object]) -> None:
        """Lets the fault strike, and waits until all has recovered from it."""
        since = time.monotonic()
        fault()
        line.tries += 1
        line.recoveries.append(self.recovery(since, self.published()))

    def finish(
        self,
        line: Line,
        *,
        deleted: str = "",
        earlier: pd.DataFrame | None = None,
        one_model: bool = True,
    ) -> int:
        """Ends the stream, and compares every row with what was published; how many were lost.

        `deleted` names a queue that was deleted meanwhile: what it held cannot be had any more.
        `earlier` holds the rows of a file that was taken away meanwhile. Without `one_model`
        somebody else has to know which model predicted what.
        """
        features, labels = self._end()
        rows = pd.read_csv(self.folder / "metric_log.csv", dtype={"id": str})
        rows = pd.concat([earlier, rows[rows["id"] != LAST]])
        expected = labels.keys() & features.keys()
        lost = len(expected - set(rows["id"]))
        line.add(len(expected), lost, len(rows) - rows["id"].nunique(), counted=bool(deleted))
        assert expected
        assert rows["id"].is_unique
        assert set(rows["id"]) <= expected
        assert deleted or not lost
        self._check_labels(rows, labels)
        if one_model:
            self._check_predictions(rows, features)
        self._check_pending(len(labels) - len(rows), len(features) - len(rows), deleted)
        assert self.vhost.depth("dead_letters") == 0
        return lost

    def _end(self) -> tuple[dict[str, list[float]], dict[str, float]]:
        """Features and labels by id, all that the broker has taken; once all are through.

        A queue keeps its order, so when a last row is through, so is all that came before it.
        """
        self.stop("features")
        features = self.features = self._taken("tap.features", FEATURES)
        if self.settings["features"]["label_delay"]:
            eventually(lambda: self.rows() >= len(features), "the late rows", RECOVERY_SECONDS)
        self.vhost.put("features", Message([LAST], [[0.0] * 10]).encode())
        self.vhost.put("y_true", Message([LAST], [0.0]).encode())
        csv = self.folder / "metric_log.csv"
        eventually(lambda: f"\n{LAST}," in csv.read_text(), "the last row", RECOVERY_SECONDS)
        labels = self._taken("tap.y_true", VALUES)
        if "features" not in self._killed:  # then it knows, too, what was confirmed
            assert features.keys() == labels.keys()
            assert len(features) == self._confirmed
        return features, labels

    def _check_pending(self, labels: int, predictions: int, deleted: str) -> None:
        halves = {"pending_y_true": labels, "pending_y_pred": predictions}
        if deleted:  # one half is gone, the other waits for it
            halves["pending_y_true" if deleted == "y_true" else "pending_y_pred"] = 0
        metric = self.services["metric"]
        eventually(lambda: halves.items() <= metric.counts().items(), f"{halves}")

    def _check_labels(self, rows: pd.DataFrame, labels: dict[str, float]) -> None:
        assert (rows["y_true"] == rows["id"].map(labels)).all()
        assert (rows["absolute_error"] == (rows["y_true"] - rows["y_pred"]).abs()).all()

    def _check_predictions(self, rows: pd.DataFrame, features: dict[str, list[float]]) -> None:
        predicted = Predictor.load(self.model_path).predict([features[i] for i in rows["id"]])
        assert np.allclose(rows["y_pred"], np.array(predicted, dtype=float), rtol=1e-9)

    def tap(self, queue: str, edge: str) -> None:
        """From now on `queue` gets a copy of all that comes to an edge."""
        with self.vhost.channel() as channel:
            channel.exchange_declare(edge, "fanout", durable=True)
            channel.queue_declare(queue, durable=True)
            channel.queue_bind(queue, edge)

    def messages(self, queue: str) -> Iterator[tuple[Any, bytes]]:
        """Takes all that is in a queue: properties and body of each."""
        left = self.vhost.depth(queue)
        with self.vhost.channel() as channel:
            for _, properties, body in islice(channel.consume(queue, auto_ack=True), left):
                yield properties, body

    def _taken(self, queue: str, schema: MessageReader[T]) -> dict[str, T]:
        """By id, all that the broker has taken at an edge."""
        taken: dict[str, T] = {}
        for _, body in self.messages(queue):
            message, errors = schema.decode(body)
            assert message is not None and not errors  # noqa: PT018
            taken |= zip(map(id_text, message.ids), message.values, strict=True)
        return taken
