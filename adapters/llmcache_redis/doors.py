"""The doors: opening a store, in one colour or both."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from llmcache.config.url import parse_url
from llmcache.errors import ConfigError, UsageError
from llmcache.model.units import Instant
from llmcache.protocols.whole import StorePair
from llmcache_redis.blocking_wire import BlockingWire
from llmcache_redis.clients import plan_of_client
from llmcache_redis.core import Core
from llmcache_redis.dialling import Classes
from llmcache_redis.errors import NAME
from llmcache_redis.plan import Plan
from llmcache_redis.settings import Settings
from llmcache_redis.store import RedisStore
from llmcache_redis.urls import plan_of


def open_store(where: object, *, clock: Callable[[], Instant] = time.time, **options: object) -> RedisStore:
    """Open a store, blocking; the arguments are those of `open_pair`, and so are the errors."""
    store = open_pair(where, clock=clock, **options).blocking
    if store is None:
        raise UsageError(f"{NAME}: the client's connections are of a foreign class that can only be awaited")
    return cast(RedisStore, store)


def open_pair(
    where: object, awaiting: object = None, *, clock: Callable[[], Instant] = time.time, **options: object
) -> StorePair:
    """Open a store in both colours. No server is asked yet: a store that is down is found out by the first call.

    Args:
        where: A URL, or a client of redis-py, blocking or asyncio, of one server, a cluster, or a sentinel's master. A client is
            only read: the store makes connections of its own, and the client remains its owner's to close.
        awaiting: The asyncio client beside a blocking one; needed only where the connections are of a foreign class, as
            fakeredis's are, because one colour of it does not tell the other.
        clock: Tells the time of day; entries end by it, where it is not `time.time`, and not by the server's clock.
        options: `timeout`, `log_timeout`, `restricted`, `max_connections` and `vectors`; see `Settings`.

    Raises:
        ConfigError: The URL is wrong, or has a database where SELECT is not allowed.
        UsageError: An option, or a client, is not one.
    """
    settings = Settings.of(options, clock)
    plan = _planned(where) if isinstance(where, str) else plan_of_client(where)
    if awaiting is not None:
        plan = _with_other(plan, plan_of_client(awaiting))
    return opened(*checked(plan, settings))


def checked(plan: Plan, settings: Settings) -> tuple[Plan, Settings]:
    """Return both where they go together, else raise ConfigError."""
    if settings.restricted and plan.has_database:
        raise ConfigError(f"{NAME}: a restricted server has no SELECT; use database 0")
    return plan, settings


def opened(plan: Plan, settings: Settings) -> StorePair:
    """Open what is planned and checked."""
    # Here, because this is what loads asyncio.
    from llmcache_redis.async_store import AsyncRedisStore  # noqa: PLC0415 -- see above
    from llmcache_redis.awaiting_wire import AwaitingWire  # noqa: PLC0415 -- see above

    blocking = BlockingWire(plan.dial, settings.max_connections)
    core = Core(plan.dial, plan.topology(), plan.layout, settings, blocking)
    awaiting = AwaitingWire(plan.dial, settings.max_connections)
    return StorePair(
        RedisStore(core, blocking, awaiting.close_soon) if plan.blocks else None,
        AsyncRedisStore(core, awaiting, blocking.close) if plan.awaits else None,
    )


def _planned(text: str) -> Plan:
    url = parse_url(text)
    if url.options:
        raise UsageError(f"{NAME}: give options to open_pair by name, not in the URL")
    return plan_of(url.scheme, url.address, {})


def _with_other(plan: Plan, other: Plan) -> Plan:
    classes = Classes(plan.dial.classes.blocking, other.dial.classes.awaiting)
    return replace(plan, dial=replace(plan.dial, classes=classes), awaits=True)
