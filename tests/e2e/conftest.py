from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import train
from support import Service, Vhost


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.skops"
    train.main(path)
    return path


Start = Callable[..., Service]


@pytest.fixture
def start(vhost: Vhost, model_path: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts a service on this test's virtual host; what still runs at the end is killed."""
    services: list[Service] = []

    def start_service(name: str, **settings: object) -> Service:
        ours = {"amqp_url": vhost.amqp_url, "logs_dir": tmp_path, "model_path": model_path}
        services.append(Service(name, tmp_path, **(ours | settings)))
        return services[-1]

    yield start_service
    for service in services:
        if service.process.poll() is None:
            service.kill()
        print(f"--- {service.name}: {service.process.returncode}\n{service.log()}")
