"""`python -m pipeline models` as a process, beside a real gateway, trainer, model and broker.

Each step is the command that the one before has printed, as a person would copy it.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from redis_server import PrivateRedis
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

START = shlex.join([sys.executable, "-m", "pipeline"])


@pytest.fixture
def gateway(start: Callable[..., Service], redis_server: PrivateRedis, vhost: Vhost) -> str:
    """Its address; a trainer and a model are there, too."""
    settings = {"redis_url": redis_server.url, "training_url": vhost.amqp_url}
    start("model")
    start("trainer", **settings)
    service = start("gateway", gateway_port=0, **settings)
    found = eventually(lambda: re.findall(r"gateway at (\S+)", service.log()), "the gateway")
    return str(found[-1])


def test_trained_tried_promoted_taken_back_and_deleted(gateway: str) -> None:
    def run(command: str, status: int = 0) -> str:
        done = subprocess.run(
            command, shell=True, env=os.environ | {"GATEWAY_URL": gateway}, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        print(command, done.returncode, done.stdout, done.stderr, sep="\n")
        assert done.returncode == status
        return done.stdout + done.stderr

    def after(printed: str, what: str) -> str:
        (command,) = re.findall(f"^{what}: (.+)$", printed, re.MULTILINE)
        return run(command)

    def listed() -> list[list[str]]:
        return [
            re.split(r" {2,}", line)[:2]
            for line in run(f"{START} models list").splitlines()[1:]
        ]  # fmt: skip

    eventually(lambda: history(run)["replicas"], "a model that answers")
    (default,) = listed()
    assert default[0] == "live"
    trained = run(f"{START} train --algorithm ridge --param alpha=0.5")
    (model_id,) = re.findall(r"^model id +(\S+)$", trained, re.MULTILINE)
    tried = after(trained, "try it in the shadow")
    assert f"shadow          – → {model_id}\n" in tried
    assert listed() == [default, ["shadow", model_id]]
    promoted = after(tried, "promote it")
    assert f"live            {default[1]} → {model_id}\n" in promoted
    assert "\nfollowed by     " in promoted
    assert "it is the live model" in run(f"{START} models delete {model_id} -y", status=1)
    rolled_back = after(promoted, "go back")
    assert f"live            {model_id} → {default[1]}\n" in rolled_back
    assert "give -y" in run(f"{START} models delete {model_id}", status=2)
    deleted = run(f"{START} models delete {model_id} -y")
    assert after(deleted, "see all models").count("\n") == 2
    actions = [each["action"] for each in history(run)["changes"]]
    assert actions == ["rollback", "promote", "shadow", "start"]


def history(run: Callable[[str], str]) -> Any:
    return json.loads(run(f"{START} models history --json"))
