"""`make chaos`: how often each fault strikes, the seed of all chance, and the table at the end."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path

import pytest

from chaos.report import Report
from chaos.streams import Stream
from rabbitmq import PrivateRabbitMQ
from redis_server import REDIS, PrivateRedis
from support.service import Service
from support.vhost import Vhost

LONG_RUN_KILLS = 200
REPORT = pytest.StashKey[Report]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=20, help="of services, in all; 200 is a long run")
    parser.addoption("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.addoption("--share", type=float, default=1, help="of the tests of each file, by chance")
    parser.addoption("--table", type=Path, help="a file for the table, as Markdown")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report(config.getoption("--kills"), config.getoption("--seed"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves a share of the tests: of each file some, which ones the seed decides."""
    files = Counter(item.path for item in items)
    chosen: set[pytest.Item] = set()
    for path, count in files.items():
        dice = random.Random(f"{config.getoption('--seed')} {path.name}")
        of_it = [item for item in items if item.path == path]
        chosen |= set(dice.sample(of_it, ceil(count * config.getoption("--share"))))
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    config = terminalreporter.config
    terminalreporter.section("faults")
    terminalreporter.write_line(config.stash[REPORT].text())
    if path := config.getoption("--table"):
        path.write_text(config.stash[REPORT].text() + "\n")


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Report:
    return pytestconfig.stash[REPORT]


@pytest.fixture
def dice(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> random.Random:
    """The chance of one test: the same with the same seed, whatever other tests run."""
    return random.Random(f"{pytestconfig.getoption('--seed')} {request.node.name}")


@pytest.fixture
def tries(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """How often to try what a long run tries so many times; at least once."""
    share = pytestconfig.getoption("--kills") / LONG_RUN_KILLS
    return lambda in_a_long_run: max(1, ceil(in_a_long_run * share))


@pytest.fixture
def stream(vhost: Vhost, start: Callable[..., Service], tmp_path: Path, model_path: Path) -> Stream:
    """All four services, not yet started, and a stream of rows through them."""
    return Stream(vhost, start, tmp_path, model_path)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    """One of this test's own: others do not see it die."""
    REDIS.install_if_missing()
    with PrivateRedis(tmp_path / "redis") as redis:
        yield redis


@pytest.fixture(autouse=True)
def _broker_runs(rabbitmq: PrivateRabbitMQ) -> Iterator[None]:
    yield
    if rabbitmq.exit_status is not None:  # a test has failed while the broker was away
        rabbitmq.start()
