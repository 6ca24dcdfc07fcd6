"""The model in Node that the documents give as an example, run as it stands there."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redis_server import PrivateRedis
from support.documents import scripts
from support.gateway_client import SCALED, WAIT, Gateway
from support.node import node_folder
from support.rows import read_rows, row_count
from support.service import ROOT, Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

Start = Callable[..., Service]
StartOwn = Callable[[], "subprocess.Popen[bytes]"]

ID = "bmi-alone"
ROWS = 5_000
PREDICTION = 152 + 949 * SCALED[2]


@pytest.fixture
def start_own(start: Start, vhost: Vhost, tmp_path: Path) -> Iterator[StartOwn]:
    """Starts the model of the document, beside metric; what still runs at the end is killed."""
    metric = start("metric")
    eventually(metric.is_up, "metric")
    script = tmp_path / "my_model.js"
    script.write_text(scripts(ROOT / "docs/use/your-own-service.md")[script.name])
    packages = {"NODE_PATH": str(node_folder() / "node_modules")}
    environment = os.environ | packages | {"AMQP_URL": vhost.amqp_url}
    running: list[subprocess.Popen[bytes]] = []

    def start_it() -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen(["node", script], env=environment))
        eventually(lambda: vhost.consumers("features") == 1, "a reader of features")
        return running[-1]

    yield start_it
    for own in running:
        own.kill()
        own.wait(PATIENCE_SECONDS)


def test_it_takes_the_place_of_ours(
    start_own: StartOwn, start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    start_own()
    vhost.put("features", b"no JSON")
    properties, body = vhost.wait_for("dead_letters")
    assert body == b"no JSON"
    assert properties.headers["x-source-queue"] == "features"
    assert "JSON" in properties.headers["x-reason"]
    start("features", stream_rate=0, stream_count=100)
    eventually(lambda: row_count(tmp_path) == 100, "100 rows")
    assert 30 < read_rows(tmp_path)["absolute_error"].mean() < 80
    eventually(lambda: vhost.depth("features") == 0, "all taken")


def test_no_row_is_lost_when_it_is_killed(
    start_own: StartOwn, start: Start, tmp_path: Path
) -> None:
    own = start_own()
    start("features", stream_rate=0, stream_count=ROWS)
    eventually(lambda: row_count(tmp_path) > 0, "the first rows")
    own.kill()
    own.wait(PATIENCE_SECONDS)
    start_own()
    eventually(lambda: row_count(tmp_path) == ROWS, "all rows")


def test_it_answers_over_http_one_row_or_many(
    start_own: StartOwn, start: Start, redis_server: PrivateRedis, tmp_path: Path
) -> None:
    start_own()
    gateway = Gateway(start("gateway", redis_url=redis_server.url, gateway_port=0))
    gateway.wait_until_well()
    one = gateway.predict(SCALED, WAIT).json()
    many = gateway.predict([SCALED] * 3, WAIT).json()["jobs"]
    for job in (one, *many):
        assert (job["status"], job["model_id"]) == ("completed", ID)
        assert job["prediction"] == pytest.approx(PREDICTION)
        assert gateway.label(job["job_id"], 151).status_code == 202
    eventually(lambda: row_count(tmp_path) == 4, "4 rows")
    gateway.close()
