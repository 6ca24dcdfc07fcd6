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

ID = "bmi-alone"
PREDICTION = 152 + 949 * SCALED[2]


@pytest.fixture
def own_model(start: Start, vhost: Vhost, tmp_path: Path) -> Iterator[Start]:
    """Starts metric, and then the model of the document; both are stopped at the end."""
    metric = start("metric")
    eventually(metric.is_up, "metric")
    script = tmp_path / "my_model.js"
    script.write_text(scripts(ROOT / "docs/use/your-own-service.md")[script.name])
    environment = os.environ | {
        "AMQP_URL": vhost.amqp_url,
        "NODE_PATH": str(node_folder() / "node_modules"),
    }
    own = subprocess.Popen(["node", script], env=environment)
    try:
        eventually(lambda: vhost.consumers("features") == 1, "a reader of features")
        yield start
    finally:
        own.kill()
        own.wait(PATIENCE_SECONDS)


def test_it_takes_the_place_of_ours(own_model: Start, vhost: Vhost, tmp_path: Path) -> None:
    vhost.put("features", b"no JSON")
    properties, body = vhost.wait_for("dead_letters")
    assert body == b"no JSON"
    assert properties.headers["x-source-queue"] == "features"
    assert "JSON" in properties.headers["x-reason"]
    own_model("features", stream_rate=0, stream_count=100)
    eventually(lambda: row_count(tmp_path) == 100, "100 rows")
    assert 30 < read_rows(tmp_path)["absolute_error"].mean() < 80
    eventually(lambda: vhost.depth("features") == 0, "all taken")


def test_it_answers_over_http_one_row_or_many(
    own_model: Start, redis_server: PrivateRedis, tmp_path: Path
) -> None:
    gateway = Gateway(own_model("gateway", redis_url=redis_server.url, gateway_port=0))
    gateway.wait_until_well()
    one = gateway.predict(SCALED, WAIT).json()
    many = gateway.predict([SCALED] * 3, WAIT).json()["jobs"]
    for job in (one, *many):
        assert (job["status"], job["model_id"]) == ("completed", ID)
        assert job["prediction"] == pytest.approx(PREDICTION)
        assert gateway.label(job["job_id"], 151).status_code == 202
    eventually(lambda: row_count(tmp_path) == 4, "4 rows")
    gateway.close()
