"""A real RabbitMQ for the whole run; for each test a virtual host of its own, and services."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import train
from ledger import Ledger
from pipeline.settings import BrokerSettings
from rabbitmq import RABBITMQ, PrivateRabbitMQ
from redis_server import REDIS, PrivateRedis
from support.service import Service
from support.vhost import Vhost

Start = Callable[..., Service]

# A shell has what it runs in the background ignore Ctrl-C, and so all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("patient", deadline=None)  # an example is not measured
settings.load_profile("patient")


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbitMQ]:
    RABBITMQ.install_if_missing()
    with PrivateRabbitMQ(tmp_path_factory.mktemp("rabbitmq")) as broker:
        yield broker


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    """A real Redis for the whole run; a test takes keys, or a database, of its own."""
    REDIS.install_if_missing()
    with PrivateRedis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture
def vhost(rabbitmq: PrivateRabbitMQ) -> Iterator[Vhost]:
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    yield vhost
    vhost.delete()


@pytest.fixture
def broker_settings(vhost: Vhost) -> BrokerSettings:
    return BrokerSettings(amqp_url=vhost.amqp_url)


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.skops"
    train.main(path)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """What metric keeps, in the folder of this test's services: to write rows without metric."""
    ledger = Ledger(tmp_path, 3600, 1000, 100_000)
    yield ledger
    ledger.close()


@pytest.fixture
def start(vhost: Vhost, model_path: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts a service on this test's virtual host; what still runs at the end is killed.

    `folder` is where its log and status are: one of its own, if several have one name.
    """
    services: list[Service] = []

    def start_service(name: str, folder: Path = tmp_path, **settings: object) -> Service:
        ours = {
            "amqp_url": vhost.amqp_url, "logs_dir": tmp_path, "model_path": model_path,
            "model_store": tmp_path / "models",
        }  # fmt: skip
        services.append(Service(name, folder, **(ours | settings)))
        return services[-1]

    yield start_service
    for service in services:
        if service.process.poll() is None:
            service.kill()
        print(f"--- {service.name}: {service.process.returncode}\n{service.log()}")
