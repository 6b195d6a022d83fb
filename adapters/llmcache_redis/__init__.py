"""The Redis store: one server, a cluster or a sentinel's master, for all machines that reach it.

Needs the extra `redis`. Names are loaded when they are first used, so that listing the stores does not load redis-py.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_redis.async_store import AsyncRedisStore
    from llmcache_redis.doors import open_pair, open_store
    from llmcache_redis.store import RedisStore

_HOMES = {
    "AsyncRedisStore": "llmcache_redis.async_store",
    "RedisStore": "llmcache_redis.store",
    "open_pair": "llmcache_redis.doors",
    "open_store": "llmcache_redis.doors",
}

__all__ = ["AsyncRedisStore", "RedisStore", "open_pair", "open_store"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'llmcache_redis' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
