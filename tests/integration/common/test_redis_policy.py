"""A Redis that evicts is refused: at the start, at each connection, and when it begins to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from child_process import ChildProcess
from redis_server import CONFIG, REDIS, PrivateRedis
from servers import free_ports
from support.gateway_client import SCALED, Gateway
from support.service import Service
from support.trainer_client import ENDED, Trainings
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]
SENTENCE = "set `maxmemory-policy noeviction`"


class EvictingRedis:
    """Begins with the policy of some hosts; who administers it may change that."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._admin = Redis.from_url(url, username="admin", decode_responses=True)

    def set_policy(self, policy: str) -> None:
        self._admin.config_set("maxmemory-policy", policy)

    def forbid_info(self) -> None:
        self._admin.acl_setuser("default", commands=["-info"], enabled=True)


@pytest.fixture
def evicting(redis_server: PrivateRedis, tmp_path: Path) -> Iterator[EvictingRedis]:
    assert redis_server.exit_status is None  # the package is there
    (port,) = free_ports(1)
    (folder := tmp_path / "evicting").mkdir()
    command: list[str | Path] = [REDIS.server, CONFIG, "--dir", folder, "--port", str(port)]
    command += ["--bind", "127.0.0.1", "--maxmemory-policy", "allkeys-lru"]
    command += ["--user", "admin", "on", "nopass", "~*", "&*", "+@all"]
    child = ChildProcess("redis", command, folder, {"LC_ALL": "C.UTF-8"}, folder)
    child.start()
    yield EvictingRedis(f"redis://127.0.0.1:{port}/0")
    child.kill()


def refusal(answer: Any) -> str:
    """What a 503 says; an empty text of any other answer."""
    return answer.json()["detail"] if answer.status_code == 503 else ""


def test_the_gateway_accepts_no_job_that_could_be_thrown_away(
    start: Start, evicting: EvictingRedis
) -> None:
    service = start("gateway", redis_url=evicting.url, gateway_port=0)
    gateway = Gateway(service)
    eventually(lambda: gateway.wait_until_ill()["broker"] == "ok", "the broker")
    for answer in (gateway.predict(SCALED), gateway.train(), gateway.label("a", 1)):
        assert "allkeys-lru" in refusal(answer)
        assert SENTENCE in refusal(answer)
    assert SENTENCE in gateway.wait_until_ill()["redis"]
    eventually(lambda: SENTENCE in service.log(), "the sentence in the log")
    assert not service.is_up()
    evicting.set_policy("noeviction")
    gateway.wait_until_well()
    job_id = gateway.predict(SCALED).json()["job_id"]
    evicting.set_policy("volatile-ttl")
    eventually(lambda: SENTENCE in refusal(gateway.predict(SCALED)), "a refusal while it runs")
    evicting.set_policy("noeviction")
    gateway.wait_until_well()
    start("model")
    assert gateway.ended(job_id)["status"] == "completed"
    evicting.forbid_info()
    assert "allow this user INFO" in eventually(lambda: refusal(gateway.job(job_id)), "no INFO")
    gateway.close()


def test_the_trainer_begins_no_training_whose_result_could_be_thrown_away(
    vhost: Vhost, evicting: EvictingRedis, tmp_path: Path
) -> None:
    trainings = Trainings(vhost, evicting.url, tmp_path)
    service = Service("trainer", tmp_path, **trainings.settings)
    try:
        eventually(lambda: SENTENCE in service.log(), "the sentence in the log")
        job_id = trainings.ask()
        assert not service.is_up()
        assert trainings.attempts(job_id) == 0
        evicting.set_policy("noeviction")
        assert trainings.end_of(job_id)["model_id"]
        evicting.set_policy("allkeys-random")
        waiting = trainings.ask()
        eventually(lambda: "allkeys-random" in service.log(), "another sentence in the log")
        assert trainings.result(waiting).state not in ENDED
        assert trainings.attempts(waiting) == 0
        evicting.set_policy("noeviction")
        assert trainings.end_of(waiting)["model_id"]
        assert trainings.attempts(waiting) == 1
    finally:
        service.kill()
        print(service.log())
