"""The stores of messages, trainings and jobs: a RabbitMQ, and for the gateway a Redis."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from child_process import end_leftover
from display import Display
from rabbitmq import RABBITMQ, PrivateRabbitMQ
from redis_server import REDIS, PrivateRedis
from servers import PrivateServer


@contextmanager
def stores_for(
    env: dict[str, str], folder: Path, display: Display, own_place: str, *, serving: bool
) -> Iterator[Sequence[PrivateServer]]:
    """Runs the stores that `env` does not name, puts their URLs into `env`, and ends them after.

    Our own broker gets the virtual host of the data set; `own_place` is that of its settings.
    """
    stores: list[PrivateServer] = []
    with ExitStack() as stack:
        if "AMQP_URL" not in env:
            RABBITMQ.install_if_missing()
            display.say("starting RabbitMQ")
            broker = stack.enter_context(PrivateRabbitMQ(folder / "rabbitmq"))
            stack.callback(display.say, "stopping RabbitMQ (some seconds)")
            env |= {"AMQP_URL": broker.amqp_url, "MANAGEMENT_URL": broker.api_url}
            if own_place:  # the services put it into these URLs
                broker.vhost(own_place)
            if serving and "TRAINING_URL" not in env:
                env["TRAINING_URL"] = broker.vhost("training")
            stores.append(broker)
        env.setdefault("TRAINING_URL", env["AMQP_URL"])  # a foreign broker is used as it is
        if serving and "REDIS_URL" not in env:
            REDIS.install_if_missing()
            display.say("starting Redis")
            redis = stack.enter_context(PrivateRedis(folder / "redis"))
            env |= {"REDIS_URL": redis.url}
            stores.append(redis)
        yield stores


def keep_running(stores: Sequence[PrivateServer], display: Display) -> None:
    """Restarts any store that has died."""
    for store in stores:
        if store.exit_status is not None:
            display.say(f"{store.title} ended with status {store.exit_status}, restarting it")
            store.start()


def end_leftover_redis(folder: Path) -> None:
    """Ends the Redis of a run that was killed: the next run may not need one."""
    end_leftover(folder / "redis" / "redis.pid")
