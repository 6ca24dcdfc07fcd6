"""A real RabbitMQ for the whole run, and a virtual host of its own for each test."""

from collections.abc import Iterator

import pytest

from pipeline.settings import BrokerSettings
from rabbitmq import PrivateRabbitMQ, find_server, install
from support import Vhost


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbitMQ]:
    if find_server() is None:
        install()
    with PrivateRabbitMQ(tmp_path_factory.mktemp("rabbitmq")) as broker:
        yield broker


@pytest.fixture
def vhost(rabbitmq: PrivateRabbitMQ) -> Iterator[Vhost]:
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    yield vhost
    vhost.delete()


@pytest.fixture
def broker_settings(vhost: Vhost) -> BrokerSettings:
    return BrokerSettings(amqp_url=vhost.amqp_url)
