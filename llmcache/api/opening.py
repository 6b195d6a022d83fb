"""Opening: from a store URL and defaults to a cache."""

import time
from collections.abc import Callable
from contextvars import ContextVar

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.setup import Defaults, Setup, Tenant
from llmcache.config.sources import namespace as find_namespace
from llmcache.config.sources import store_url
from llmcache.config.url import parse_url
from llmcache.errors import UsageError
from llmcache.flows.responses import Admit
from llmcache.model.event import Told
from llmcache.model.namespace import Namespace
from llmcache.model.options import check_max_messages, check_seconds
from llmcache.model.units import Instant, Seconds
from llmcache.policy.admission import refusal


def open(  # noqa: A001 -- the name users type, llmcache.open(...), as in gzip.open
    url: str | None = None,
    *,
    namespace: Namespace | str | None = None,
    tenant: Tenant | None = None,
    ttl: Seconds | None = None,
    history_ttl: Seconds | None = None,
    max_messages: int | None = None,
    admit: Admit = refusal,
    listener: Callable[[Told], None] | None = None,
    clock: Callable[[], Instant] = time.time,
) -> Cache:
    """Open a cache, to be used blocking.

    Args:
        url: Which store: "memory:", "sqlite:" or "sqlite:FOLDER"; None means $LLMCACHE_URL, or an SQLite file in the
            user's cache folder.
        namespace: A path such as "shop/prod" that keeps this application's entries apart; None means
            $LLMCACHE_NAMESPACE, or "default".
        tenant: A context variable or function that tells the tenant of the running call. It becomes part of the
            namespace, so that tenants never share; a call without a tenant is refused.
        ttl: Time to live of answers in seconds; None means they stay until room is needed.
        history_ttl: Time to live of a conversation in seconds from its last append; None means for ever.
        max_messages: Most messages a conversation keeps; None means all.
        admit: Says why an answer is not kept, or None; by default `policy.admission.refusal`.
        listener: Is told every event; its exceptions are logged once and ignored.
        clock: Tells the time of day in seconds since the epoch; for tests.

    Raises:
        ConfigError: The URL, one of its options or the environment is wrong; says what is allowed.
        PluginError: The store's plugin is broken, or a package it needs is missing.
        StoreError: The store could not be opened.
        UsageError: Another argument is wrong.
    """
    defaults = Defaults(ttl, history_ttl, max_messages)
    return Cache(
        _set_up(url, defaults, namespace=namespace, tenant=tenant, admit=admit, listener=listener, clock=clock)
    )


def open_async(
    url: str | None = None,
    *,
    namespace: Namespace | str | None = None,
    tenant: Tenant | None = None,
    ttl: Seconds | None = None,
    history_ttl: Seconds | None = None,
    max_messages: int | None = None,
    admit: Admit = refusal,
    listener: Callable[[Told], None] | None = None,
    clock: Callable[[], Instant] = time.time,
) -> AsyncCache:
    """Open a cache, to be awaited; the arguments are those of `open`. Use it in `async with`."""
    defaults = Defaults(ttl, history_ttl, max_messages)
    return AsyncCache(
        _set_up(url, defaults, namespace=namespace, tenant=tenant, admit=admit, listener=listener, clock=clock)
    )


def _set_up(
    url: str | None,
    defaults: Defaults,
    *,
    namespace: Namespace | str | None,
    tenant: Tenant | None,
    admit: Admit,
    listener: Callable[[Told], None] | None,
    clock: Callable[[], Instant],
) -> Setup:
    from llmcache.plugins.catalogue import open_pair  # noqa: PLC0415 -- imports pluggy; `import llmcache` must not

    check_seconds("ttl", defaults.ttl)
    check_seconds("history_ttl", defaults.history_ttl)
    check_max_messages(defaults.max_messages)
    if tenant is not None and not isinstance(tenant, ContextVar):
        _check_callable("tenant", tenant, "a context variable or a function")
    _check_callable("admit", admit, "a function")
    if listener is not None:
        _check_callable("listener", listener, "a function")
    where = find_namespace(namespace)
    pair = open_pair(parse_url(store_url(url)), clock)
    return Setup(pair, where, tenant, defaults, admit, clock, time.monotonic, listener)


def _check_callable(name: str, found: object, allowed: str) -> None:
    if not callable(found):
        raise UsageError(f"{name} is {allowed}, found {type(found).__name__}")
