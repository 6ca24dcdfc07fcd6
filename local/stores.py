"""What holds messages, trainings and jobs of a run: a RabbitMQ, and for the gateway a Redis."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from child import end_leftover
from display import Display
from rabbitmq import RABBITMQ, PrivateRabbitMQ
from redis_server import REDIS, PrivateRedis
from servers import PrivateServer


@contextmanager
def stores_for(
    env: dict[str, str], folder: Path, display: Display, *, serving: bool
) -> Iterator[Sequence[PrivateServer]]:
    """Those that `env` does not name, of our own while they last, their URLs in `env`."""
    stores: list[PrivateServer] = []
    with ExitStack() as stack:
        if "AMQP_URL" not in env:
            RABBITMQ.install_if_missing()
            display.say("starting RabbitMQ")
            broker = stack.enter_context(PrivateRabbitMQ(folder / "rabbitmq"))
            stack.callback(display.say, "stopping RabbitMQ (some seconds)")
            env |= {"AMQP_URL": broker.amqp_url, "MANAGEMENT_URL": broker.api_url}
            if serving and "TRAINING_URL" not in env:
                env["TRAINING_URL"] = broker.vhost("training")
            stores.append(broker)
        env.setdefault("TRAINING_URL", env["AMQP_URL"])  # of somebody else: as it is
        if serving and "REDIS_URL" not in env:
            REDIS.install_if_missing()
            display.say("starting Redis")
            redis = stack.enter_context(PrivateRedis(folder / "redis"))
            env |= {"REDIS_URL": redis.url}
            stores.append(redis)
        yield stores


def keep_running(stores: Sequence[PrivateServer], display: Display) -> None:
    """Starts one again that has died."""
    for store in stores:
        if store.exit_status is not None:
            display.say(f"{store.title} ended with status {store.exit_status}: starting it again")
            store.start()


def end_leftover_redis(folder: Path) -> None:
    """Ends the Redis of a run that was killed: the next run may do without one."""
    end_leftover(folder / "redis" / "redis.pid")
