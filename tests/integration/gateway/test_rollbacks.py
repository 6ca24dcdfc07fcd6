"""Two rollbacks at one moment, at two gateways that share a store, with a model that follows."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway_errors import RefusedError
from pipeline.model_store.store import ModelStore
from promotion.rollbacks import TURN, Rollbacks
from promotion.rollout import FOLLOW_SECONDS
from redis_server import PrivateRedis
from support.gateway_client import Gateway, Serving
from support.stored_models import put_model
from support.waiting import eventually
from threads import SECONDS, SlowError

PAIRS = 8


def roll_back(gateway: Gateway) -> Any:
    return gateway.http.post("/rollback")


def test_of_two_at_two_gateways_one_goes_back(serving: Serving) -> None:
    store = ModelStore(str(serving.logs_dir / "models"))
    own = eventually(lambda: serving.gateway.http.get("/models").json()["live"], "a live model")
    models = [put_model(store, model_id) for model_id in ("one", "two")]
    went = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(PAIRS):
            for model in models:
                body = {"force": True}
                path = f"/models/{model.model_id}/promote"
                assert serving.gateway.http.post(path, json=body).status_code == 200
            pair = pool.map(roll_back, [serving.gateway, serving.other])
            made, other = sorted(pair, key=lambda answer: answer.status_code)
            assert (made.status_code, other.status_code) == (200, 409), other.text
            assert "see GET /changes" in other.json()["detail"]
            went.append(made.json()["change"]["live"])
            assert roll_back(serving.other).json()["change"]["live"] == own
    assert went == ["one"] * PAIRS
    for model in models:
        store.delete(model)


class Deaf(Redis):
    """Takes nothing down."""

    async def set(self, *_: Any, **__: Any) -> Any:
        raise RedisError("it is full")


@pytest.fixture
def with_redis(redis_server: PrivateRedis) -> Callable[[Callable[[Redis], Awaitable[None]]], None]:
    def run(check: Callable[[Redis], Awaitable[None]]) -> None:
        async def checked() -> None:
            async with Redis.from_url(redis_server.url, decode_responses=True) as redis:
                await redis.delete(TURN)
                await check(redis)
                await redis.delete(TURN)

        with ThreadPoolExecutor(1) as other:  # a browser's loop may run in this one
            other.submit(asyncio.run, checked()).result()

    return run


async def is_free(redis: Redis, key: str = "") -> bool:
    try:
        async with Rollbacks(redis).turn(key):
            return True
    except RefusedError:
        return False


def test_a_turn_that_ran_out_leaves_the_next_one_alone(with_redis: Any) -> None:
    async def check(redis: Redis) -> None:
        late = AsyncExitStack()
        await late.enter_async_context(Rollbacks(redis).turn(""))
        await redis.delete(TURN)  # as when its time is up
        async with Rollbacks(redis).turn(""):
            await late.aclose()
            assert not await is_free(redis)
        assert await is_free(redis)

    with_redis(check)


def test_one_without_a_turn_leaves_that_of_another_alone(with_redis: Any) -> None:
    async def check(redis: Redis) -> None:
        deaf = Rollbacks(Deaf(connection_pool=redis.connection_pool))
        async with Rollbacks(redis).turn("a key"):
            for key in ("", "another", "a key"):
                async with deaf.turn(key):
                    pass
                assert not await is_free(redis)
        assert await is_free(redis)

    with_redis(check)


def test_with_the_same_key_it_is_the_turn_of_the_first(with_redis: Any) -> None:
    async def check(redis: Redis) -> None:
        async with Rollbacks(redis).turn("a key"):
            assert await is_free(redis, "a key")
            assert not await is_free(redis, "another")
        assert await is_free(redis, "another")

    with_redis(check)


@pytest.mark.parametrize("error", [SlowError("20 s"), asyncio.CancelledError()])
def test_the_turn_of_one_that_may_still_be_made_runs_out(
    with_redis: Any, error: BaseException
) -> None:
    async def check(redis: Redis) -> None:
        with pytest.raises(type(error)):
            async with Rollbacks(redis).turn("a key"):
                raise error
        assert not await is_free(redis)
        assert await is_free(redis, "a key"), "sent again, it is the same rollback"
        assert await redis.ttl(TURN) > 3 * SECONDS + FOLLOW_SECONDS

    with_redis(check)
