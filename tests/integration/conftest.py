"""A gateway with all that it needs, for as many tests as possible: starting takes seconds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.gateway_client import Gateway, Serving
from support.service import Service
from support.vhost import Vhost


@pytest.fixture(scope="session")
def serving(
    rabbitmq: PrivateRabbitMQ,
    redis_server: PrivateRedis,
    model_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Serving]:
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    folder = tmp_path_factory.mktemp("serving")
    settings = {
        "amqp_url": vhost.amqp_url, "logs_dir": folder, "model_path": model_path,
        "redis_url": redis_server.url, "gateway_port": 0, "model_store": folder / "models",
        "training_url": vhost.amqp_url,
    }  # fmt: skip
    (other_folder := folder / "other").mkdir()
    services = [Service(name, folder, **settings) for name in ("model", "metric", "gateway")]
    services.append(Service("gateway", other_folder, **settings))
    try:
        gateways = [Gateway(service) for service in services[2:]]
        for gateway in gateways:
            gateway.wait_until_well()
        yield Serving(gateways[0], gateways[1], vhost, folder)
        for gateway in gateways:
            gateway.close()
    finally:
        for service in services:
            service.kill()
            print(f"--- {service.name}\n{service.log()}")
        vhost.delete()


@pytest.fixture
def gateway(serving: Serving) -> Gateway:
    return serving.gateway


@pytest.fixture
def start_gateway(
    start: Callable[..., Service], redis_server: PrivateRedis
) -> Iterator[Callable[..., Gateway]]:
    """Starts a gateway on this test's virtual host: there is no model, unless it is started."""
    gateways: list[Gateway] = []

    def start_it(headers: dict[str, str] | None = None, **settings: object) -> Gateway:
        ours = {"redis_url": redis_server.url, "gateway_port": 0}
        gateways.append(Gateway(start("gateway", **(ours | settings)), **(headers or {})))
        gateways[-1].wait_until_well()
        return gateways[-1]

    yield start_it
    for gateway in gateways:
        gateway.close()
