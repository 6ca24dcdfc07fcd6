"""The private Redis that make run and the tests start."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from redis_server import REDIS, PrivateRedis
from servers import ServerError
from support.processes import assert_gone, family_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    REDIS.install_if_missing()
    with PrivateRedis(tmp_path_factory.mktemp("redis") / 'a "folder", ü') as store:
        yield store


def client(store: PrivateRedis) -> redis.Redis:
    return redis.Redis.from_url(store.url, decode_responses=True)


def log_of(folder: Path) -> Path:
    """The file that is being appended to."""
    (found,) = (folder / "appendonlydir").glob("*.incr.aof")
    return found


def test_a_killed_one_comes_back_with_all_it_answered_for(store: PrivateRedis) -> None:
    url = store.url
    for number in range(1000):
        client(store).set("job", number, ex=3600)
    store.kill()
    with log_of(store.log.parent).open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$3\r\njo")  # of which nobody was told
    store.start()
    assert store.url == url
    assert client(store).get("job") == "999"
    assert 0 < client(store).ttl("job") <= 3600
    assert client(store).dbsize() == 1


@pytest.mark.parametrize(
    "command",
    [
        lambda client: client.config_set("appendonly", "no"),
        lambda client: client.replicaof("127.0.0.1", "1"),
        lambda client: client.acl_setuser("default", commands=["+@all"]),
        lambda client: client.shutdown(),
    ],
)
def test_what_a_client_has_no_business_with_is_refused(
    store: PrivateRedis, command: Callable[[redis.Redis], object]
) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        command(client(store))


def test_when_full_it_is_to_refuse_and_to_keep_what_it_has(store: PrivateRedis) -> None:
    told = client(store).info("memory")
    assert told["maxmemory"] == 256 * 2**20
    assert told["maxmemory_policy"] == "noeviction"


def test_one_left_behind_is_ended_by_the_next_start(tmp_path: Path) -> None:
    left, successor = PrivateRedis(tmp_path), PrivateRedis(tmp_path)
    left.start()
    first = family_of(tmp_path)
    client(left).set("job", "kept")
    with successor:
        last = family_of(tmp_path)
        assert left.exit_status == 0
        assert client(successor).get("job") == "kept"
    assert_gone(first | last)


def test_one_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(ServerError, match=r"(?s)redis\.log:.+clean start"):
        PrivateRedis(tmp_path).start()
