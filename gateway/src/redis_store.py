"""The connection to Redis, and what all records in it have in common."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway_errors import JobStoreError
from pipeline.redis_policy import on_connect_async

MAX_CONNECTIONS = 32
POOL_SECONDS = 10.0  # of waiting for a connection, when a thousand clients come at once
TIMEOUT_SECONDS = 2.0
REMEMBER_SECONDS = 3600  # for which an id is remembered after its record has expired


def connect(url: str) -> Redis:
    """Returns a client that connects when it is first used."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=POOL_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        decode_responses=True,
        retry=Retry(NoBackoff(), 1),  # for a connection that Redis closed meanwhile
        redis_connect_func=on_connect_async,
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def redis_errors() -> AsyncIterator[None]:
    """Turns every error of the client library into a JobStoreError that explains it."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise JobStoreError(f"Redis cannot be used: {error or type(error).__name__}") from error


def lua_script(module: str, name: str) -> str:
    """Returns the text of a module's Lua script, which Redis runs atomically."""
    return Path(module).with_name(f"{name}.lua").read_text()


def digest(content: bytes) -> str:
    """Returns a digest, the same for the same content."""
    return blake2b(content, digest_size=12).hexdigest()
