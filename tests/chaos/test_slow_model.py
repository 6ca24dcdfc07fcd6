"""A model that takes its time: it ends when asked to, and shares a backlog with others."""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pipeline.model_store.store import ModelStore
from redis_server import PrivateRedis
from support import slow_model
from support.gateway_client import Gateway
from support.service import Service
from support.stored_models import change, put_model
from support.vhost import Vhost
from support.waiting import STOP_SECONDS, eventually

pytestmark = pytest.mark.timeout(600)

Start = Callable[..., Service]

SLOW = Path(slow_model.__file__)
ALL_SLOW: list[str | Path] = [SLOW, "3", ""]
SHADOW_SLOW: list[str | Path] = [SLOW, "3", "slow-shadow"]
ROWS = 5000  # of one message: 15 s with 3 ms each


def put_rows(vhost: Vhost, messages: int, rows: int) -> None:
    with vhost.channel() as channel:
        channel.confirm_delivery()
        for message in range(messages):
            ids = [f"{message}-{row}" for row in range(rows)]
            body = json.dumps({"id": ids, "body": [[0.01] * 10] * rows})
            channel.basic_publish("", "features", body.encode())


def rows_of(model: Service) -> float:
    return model.counts().get("rows", 0)


def predicted(vhost: Vhost, queue: str) -> Counter[str]:
    """Counts how often each id is in a queue of predictions, and empties it."""
    found: Counter[str] = Counter()
    while message := vhost.get(queue):
        ids = json.loads(message[1])["id"]
        found.update(ids if isinstance(ids, list) else [ids])
    return found


@contextmanager
def oldest_status(service: Service) -> Iterator[list[float]]:
    """The ages of its status file in seconds, looked at until the end of the block."""
    ages: list[float] = []
    end = threading.Event()

    def look() -> None:
        while not end.wait(0.1):
            ages.append(time.time() - service.status_file.stat().st_mtime)

    thread = threading.Thread(target=look)
    thread.start()
    yield ages
    end.set()
    thread.join()


@pytest.mark.parametrize("slow", [ALL_SLOW, SHADOW_SLOW])
def test_sigterm_amid_a_long_message_leaves_it_whole_to_the_next(
    start: Start, vhost: Vhost, tmp_path: Path, slow: list[str | Path]
) -> None:
    model = start("model", runner=slow)
    eventually(model.is_up, "the model")
    store = ModelStore(str(tmp_path / "models"))
    put_model(store, "slow-shadow")
    number = change(store, live=store.models()[0].model_id, shadow="slow-shadow")
    eventually(lambda: all(r.change == number for r in store.replicas()), "both models")
    put_rows(vhost, 1, 1)  # the first prediction of a model tells how long it takes
    eventually(lambda: rows_of(model) == 1, "a row")
    assert predicted(vhost, "y_pred") == {"0-0": 1}
    predicted(vhost, "y_pred_shadow")
    with oldest_status(model) as ages:
        put_rows(vhost, 1, ROWS)
        eventually(lambda: vhost.depth("features") == 0, "the message to be taken")
        time.sleep(2.5)  # well into it
        assert model.stop(STOP_SECONDS) == 0
    assert max(ages) < 5
    assert predicted(vhost, "y_pred") == predicted(vhost, "y_pred_shadow") == {}
    model = start("model")
    eventually(lambda: rows_of(model) == ROWS, "the rows, by the next one")
    assert model.stop() == 0
    for queue in ("y_pred", "y_pred_shadow"):
        found = predicted(vhost, queue)
        assert len(found) == ROWS
        assert set(found.values()) == {1}


def test_a_model_that_comes_later_has_its_share_of_a_backlog(
    start: Start, vhost: Vhost, tmp_path: Path, model_path: Path
) -> None:
    first = start("model", runner=ALL_SLOW)
    eventually(first.is_up, "the model")
    put_rows(vhost, 300, 100)
    eventually(lambda: rows_of(first) >= 1000, "some rows")
    folder = tmp_path / "second"
    folder.mkdir()
    second = Service(
        "model", folder, ALL_SLOW, amqp_url=vhost.amqp_url, model_path=model_path,
        model_store=tmp_path / "models",
    )  # fmt: skip
    try:
        eventually(second.is_up, "the second model")
        assert vhost.depth("features") >= 100, "more is left than both do now"
        before = rows_of(first)
        eventually(lambda: rows_of(first) + rows_of(second) >= before + 6000, "their rows")
        assert rows_of(second) >= 2000
    finally:
        second.kill()
        print(second.log())


def test_sigterm_ends_a_gateway_that_judges_a_slow_model(
    start: Start, redis_server: PrivateRedis, tmp_path: Path
) -> None:
    store = ModelStore(str(tmp_path / "models"))
    put_model(store, "slow")
    service = start(
        "gateway", runner=[SLOW, "500", "slow"], redis_url=redis_server.url, gateway_port=0
    )  # the 89 rows of the hold-out take 45 s
    gateway = Gateway(service)
    gateway.wait_until_well()

    def promote() -> None:
        with contextlib.suppress(httpx.HTTPError):  # it ends without an answer
            gateway.http.post("/models/slow/promote", json={"force": True})

    asking = threading.Thread(target=promote)
    asking.start()
    time.sleep(2)  # well into it
    assert asking.is_alive()
    assert service.stop(STOP_SECONDS) == 0
    asking.join()
    gateway.close()
