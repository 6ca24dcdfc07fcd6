"""A Redis that has no room for a while: trainings wait for it, and end."""

import time
from pathlib import Path

from child_process import ChildProcess
from rabbitmq import PrivateRabbitMQ
from redis_server import REDIS, PrivateRedis
from servers import free_ports
from support.trainer_client import FILES, SLOW, Trainings, model_of
from support.vhost import Vhost
from support.waiting import eventually

FULL_SECONDS = 5.0
FIT_SECONDS = 300.0


def test_trainings_wait_for_room_and_end(
    rabbitmq: PrivateRabbitMQ, redis_server: PrivateRedis, tmp_path: Path
) -> None:
    assert redis_server.exit_status is None  # the package is there
    (port,) = free_ports(1)
    command: list[str | Path] = [REDIS.server, "--save", "", "--bind", "127.0.0.1"]
    command += ["--port", str(port), "--dir", tmp_path]
    redis = ChildProcess("redis", command, tmp_path, {"LC_ALL": "C.UTF-8"}, tmp_path)
    redis.start()
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    trainings = Trainings(vhost, f"redis://127.0.0.1:{port}/0", tmp_path)
    trainer = trainings.start()
    try:
        slow = trainings.ask(**SLOW)
        trainings.wait_for_fit(slow)
        quick = trainings.ask()
        trainings.redis.config_set("maxmemory", 1)
        eventually(lambda: trainings.store.model(model_of(slow)), "the model", FIT_SECONDS)
        time.sleep(FULL_SECONDS)  # in which results were given up
        trainings.redis.config_set("maxmemory", 0)
        assert trainings.end_of(slow)["model_id"] == model_of(slow)
        assert trainings.end_of(quick)["model_id"] == model_of(quick)
        assert trainings.files(quick) == FILES
    finally:
        trainer.kill()
        print(trainer.log())
        vhost.delete()
        redis.kill()
