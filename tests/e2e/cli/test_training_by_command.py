"""`python -m pipeline train` as a process, beside a real gateway, trainer, broker and Redis."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from redis_server import PrivateRedis
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

COMMAND = [sys.executable, "-m", "pipeline", "train"]


@pytest.fixture
def gateway(start: Callable[..., Service], redis_server: PrivateRedis, vhost: Vhost) -> str:
    """Its address; a trainer is there, too."""
    settings = {"redis_url": redis_server.url, "training_url": vhost.amqp_url}
    start("trainer", **settings)
    service = start("gateway", gateway_port=0, **settings)
    found = eventually(lambda: re.findall(r"gateway at (\S+)", service.log()), "the gateway")
    return str(found[-1])


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        return json.loads(answer.read())


def test_trained_failed_and_given_up(gateway: str) -> None:
    environment = os.environ | {"GATEWAY_URL": gateway}

    def train(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    trained, classes, failed = train(), train("--dataset", "iris"), train("--dataset", "nowhere")
    out, err = trained.communicate(timeout=PATIENCE_SECONDS)
    assert (trained.returncode, err) == (0, "")
    (model_id,) = re.findall(r"^model id +(\S+)$", out, re.MULTILINE)
    errors = re.findall(r"^(?:RMSE|MAE) +(\S+)(?: \((\S+) by always .*)?$", out, re.MULTILINE)
    found = get(f"{gateway}models/{model_id}")["metrics"]
    told = [f"{found[name]:.6g}" for name in ("rmse", "mae", "baseline_mae")]
    assert errors == [(told[0], ""), (told[1], told[2])]

    out, _ = classes.communicate(timeout=PATIENCE_SECONDS)
    assert classes.returncode == 0
    assert re.search(r"^warning +.*iris", out, re.MULTILINE)
    assert re.search(r"^accuracy +0\.\d+|1 \(0\.\d+ by always telling", out, re.MULTILINE)
    assert "it cannot be promoted as it is: " in out

    out, _ = failed.communicate(timeout=PATIENCE_SECONDS)
    assert failed.returncode == 1
    assert re.search("^reason +.*'nowhere'", out, re.MULTILINE)

    given_up = train("--json", "--algorithm", "hist_gradient_boosting", "--param", "max_iter=1000")
    assert given_up.stdout is not None
    job_id = json.loads(given_up.stdout.readline())["job_id"]
    given_up.send_signal(signal.SIGINT)
    _, err = given_up.communicate(timeout=PATIENCE_SECONDS)
    assert (given_up.returncode, err) == (130, f"the training {job_id} is cancelled\n")
    assert get(f"{gateway}job/{job_id}")["status"] == "cancelled"
