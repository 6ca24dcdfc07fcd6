"""Clients of the Open Inference Protocol, unchanged, each in an environment of its own."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import dataset
from pipeline.messages import new_id
from pipeline.model_store.store import ModelStore
from pipeline.queues import ANSWERS, FEATURES_BY_MODEL
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.documents import scripts
from support.gateway_client import WAIT, Gateway
from support.service import ROOT, Service
from support.stored_models import put_model
from support.tables import DESCRIPTION, houses, write_data_set
from support.vhost import Vhost
from support.waiting import eventually

HERE = Path(__file__).parent
CLIENTS = ("triton", "kserve", "mlserver")
BY_ID, SILENT = "ridge-by-id", "ridge-silent"
ROWS = 100
SECONDS = 300


def environment(client: str) -> Path:
    """The Python of an environment with what CLIENT.txt pins, made once for each content of it."""
    pins = HERE / f"{client}.txt"
    version = "-".join(map(str, sys.version_info[:3]))
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "pipeline-test-clients" / f"{client}-{version}-{digest}"
    python = folder / "bin" / "python"
    if not folder.exists():
        uv: list[str | Path] = [sys.executable, "-m", "uv"]
        made = folder.with_name(f"{folder.name}.{new_id()}")
        subprocess.run([*uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, made],
                       check=True)  # fmt: skip
        install: list[str | Path] = ["pip", "install", "--quiet", "--require-hashes", "-r", pins]
        subprocess.run([*uv, *install, "--python", made / "bin" / "python"], check=True)
        try:
            made.rename(folder)  # whole, or not at all
        except OSError:  # another run was faster
            shutil.rmtree(made)
    return python


class Table:
    """A gateway and a model of a data set, on a virtual host of its own."""

    def __init__(self, name: str, folder: Path, rabbitmq: Any, redis_url: str, **more: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.name = name
        self.vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
        settings = {
            "amqp_url": self.vhost.amqp_url, "logs_dir": folder, "redis_url": redis_url,
            "gateway_port": 0, "model_store": folder / "models", "dataset": name,
            "training_url": self.vhost.amqp_url,
        } | more  # fmt: skip
        self.store = ModelStore(str(folder / "models"))
        self.services = [Service(each, folder, **settings) for each in ("model", "gateway")]
        self.gateway = Gateway(self.services[1])

    def told(self) -> dict[str, Any]:
        """Rows as clients have them, and what POST /predict says of them."""
        self.gateway.wait_until_well()
        drawn = [self.gateway.http.get("/rows/random").json()["values"] for _ in range(ROWS)]
        rows = [[*each.values()] for each in drawn]
        if self.name == "diabetes":  # as a message carries them, and not as measured
            rows = dataset.training().features[:ROWS].tolist()
        jobs = self.gateway.predict(rows, WAIT).json()["jobs"]
        predictions = [job["prediction"] for job in jobs]
        assert None not in predictions
        return {"url": self.gateway.address, "names": [*drawn[0]], "rows": rows,
                "predictions": predictions}  # fmt: skip

    def close(self) -> None:
        self.gateway.close()
        for service in self.services:
            service.kill()
            print(f"--- {service.name}\n{service.log()}")
        self.vhost.delete()


@pytest.fixture(scope="module")
def tables(
    rabbitmq: PrivateRabbitMQ,
    redis_server: PrivateRedis,
    model_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Table]]:
    folder = tmp_path_factory.mktemp("tables")
    rows = [[*row[:3], row[3] or "none", "yes" if row[0] > 6 else "no"] for row in houses()]
    target = {"name": "sold", "classes": ["no", "yes"]}
    own = DESCRIPTION | {"task": "classification", "target": target}
    write_data_set(folder / "datasets", rows, own)
    more = {"datasets_dir": folder / "datasets", "model_path": model_path}
    made: dict[str, Table] = {}
    try:
        for name in ("diabetes", "iris", "houses"):
            made[name] = Table(name, folder / name, rabbitmq, redis_server.url, **more)
        for model_id in (BY_ID, SILENT):
            put_model(made["diabetes"].store, model_id)
        yield made
    finally:
        for table in made.values():
            table.close()


@pytest.fixture(scope="module")
def told(tables: dict[str, Table]) -> Iterator[dict[str, Any]]:
    """The settings of the sessions; meanwhile the model BY_ID says 150 of any row."""
    stop = threading.Event()
    answering = threading.Thread(target=_answer, args=(tables["diabetes"].vhost, stop))
    answering.start()
    yield {name: table.told() for name, table in tables.items()} | {
        "by_id": BY_ID, "silent": SILENT,
    }  # fmt: skip
    stop.set()
    answering.join()


def _answer(vhost: Vhost, stop: threading.Event) -> None:
    while not stop.wait(0.05):
        if vhost.depth(FEATURES_BY_MODEL) > 0 and (found := vhost.get(FEATURES_BY_MODEL)):
            properties, raw = found
            asked = properties.headers["ask_model"]
            if asked == BY_ID:
                ids = json.loads(raw)["id"]
                answer = json.dumps({"id": ids, "body": [150.0] * len(ids)}).encode()
                headers = {"model_id": asked, "ask_model": asked}
                vhost.put(ANSWERS, answer, headers=headers)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_does_all_that_it_can(
    client: str, tables: dict[str, Table], told: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "told.json").write_text(json.dumps(told))
    script = HERE / "sessions" / f"{client}_session.py"
    line = [environment(client), script, tmp_path / "told.json", tmp_path]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=SECONDS)
    print(done.stdout, done.stderr[-3000:])
    assert done.returncode == 0
    for name, table in tables.items():  # the labels come later, by the ids that the client got
        ids = json.loads((tmp_path / f"{name}.json").read_text())
        value = told[name]["predictions"][0]
        labels = {"id": ids, "value": [value] * len(ids)}
        assert table.gateway.http.post("/labels", json=labels).status_code == 202
        job = eventually(
            lambda t=table, i=ids[0]: t.gateway.job(i).json(),  # type: ignore[misc]
            "the job",
        )
        assert job["label"] == value


def test_the_program_of_the_page_runs(told: dict[str, Any], tmp_path: Path) -> None:
    (program,) = scripts(ROOT / "docs/use/inference-protocol.md").values()
    address = told["diabetes"]["url"].removeprefix("http://").strip("/")
    (tmp_path / "ask_live.py").write_text(program.replace("localhost:8000", address))
    line = [environment("triton"), tmp_path / "ask_live.py"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=SECONDS)
    assert len(re.findall(r"[\[ ]b'", done.stdout)) == 2
