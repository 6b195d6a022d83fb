"""Opening: from a store URL, a file or nothing to a cache."""

import os
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, fields
from pathlib import Path

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.counters import Counters
from llmcache.api.decoded import Decoded
from llmcache.api.settling import settle
from llmcache.api.setup import Defaults, Setup, Tenant
from llmcache.api.stores import open_stores
from llmcache.api.telling import Telling
from llmcache.codec.envelopes import READABLE, Envelopes
from llmcache.config.settings import Settings
from llmcache.drivers.worlds import Surroundings
from llmcache.errors import UsageError
from llmcache.flows.responses import Admit
from llmcache.model.embedder import Precision, check_precision
from llmcache.model.event import Told
from llmcache.model.namespace import Namespace
from llmcache.model.options import Coalesce, check_coalesce, check_flag, check_max_messages, check_seconds, check_share
from llmcache.model.seal import Seal
from llmcache.model.units import Instant, Plain, Seconds, Share
from llmcache.policy.admission import refusal
from llmcache.policy.freshness import Aging


def open(  # noqa: A001 -- the name users type, llmcache.open(...), as in gzip.open
    url: str | Path | None = None,
    *,
    profile: str | None = None,
    namespace: Namespace | str | None = None,
    tenant: Tenant | None = None,
    ttl: Seconds | None = None,
    early_refresh: Share | None = None,
    background_refresh: bool | None = None,
    stale_if_error: Seconds | None = None,
    jitter: Share | None = None,
    coalesce: Coalesce | None = None,
    tag_models: bool | None = None,
    history_ttl: Seconds | None = None,
    max_messages: int | None = None,
    embedding_ttl: Seconds | None = None,
    embedding_precision: Precision | None = None,
    seal: Seal | None = None,
    admit: Admit = refusal,
    listener: Callable[[Told], None] | None = None,
    clock: Callable[[], Instant] = time.time,
) -> Cache:
    """Open a cache, to be used blocking.

    What an argument says holds over what the environment says, and that over a file (docs/howto/configure.md).

    Args:
        url: Which store: a URL such as "memory:", "sqlite:" or "sqlite:FOLDER", or the path of a llmcache.toml, as text or as a
            `Path`. None means what the environment or a file says, or an SQLite file in the user's cache folder.
        profile: Which profile of the file; None means $LLMCACHE_PROFILE, or the one that the file names.
        namespace: A path such as "shop/prod" that keeps this application's entries apart; None means
            $LLMCACHE_NAMESPACE, or what the file says, or "default".
        tenant: A context variable or function that tells the tenant of the running call. It becomes part of the
            namespace, so that tenants never share; a call without a tenant is refused.
        ttl: Time to live of answers in seconds; None means what the file says, or that they stay until room is needed.
        early_refresh: Share of an answer's life, at its end, in which one caller asks anew and the others get what is kept, such
            as 0.1; None means what the file says, or nothing.
        background_refresh: True lets that caller have what is kept, too, and makes the call behind it; None means what the file
            says, or False: it waits for the new answer.
        stale_if_error: How many seconds beyond its end an answer may stand in for a model that fails; None means what the file
            says, or not at all.
        jitter: Share of `ttl` by which a life is shortened at most, at random, such as 0.05; None means what the file says, or
            nothing.
        coalesce: With whom a call that is under way is shared: "off", "process", or "shared" for other processes, too, by a
            lease in the store; None means what the file says, or "process".
        tag_models: True tags answers with the name of their model, so that `clear(models=...)` finds them; None means what the
            file says, or False.
        history_ttl: Time to live of a conversation in seconds from its last append; None means what the file says, or
            for ever.
        max_messages: Most messages a conversation keeps; None means what the file says, or all.
        embedding_ttl: Time to live of vectors in seconds; None means what the file says, or that they stay until room is needed.
        embedding_precision: How exactly vectors are kept: "float32", "float16" or "int8"; None means what the file says, or
            "float32", which is exact.
        seal: The secrets with which everything is sealed before a store sees it; None means what the file says, or that it
            stays readable.
        admit: Says why an answer is not kept, or None; by default `policy.admission.refusal`.
        listener: Is told every event; its exceptions are logged once and ignored.
        clock: Tells the time of day in seconds since the epoch; for tests.

    Raises:
        ConfigError: The URL, one of its options, the environment or a file is wrong; says what is allowed.
        PluginError: The store's plugin is broken, or a package that it or the seal needs is missing.
        StoreError: The store could not be opened.
        UsageError: Another argument is wrong.
    """
    given = Given(
        ttl, early_refresh, background_refresh, stale_if_error, jitter, coalesce, tag_models, history_ttl, max_messages,
        embedding_ttl, embedding_precision,
    )  # fmt: skip
    manner = Manner(tenant, admit, listener, clock)
    return Cache(set_up(lambda: settle(url, namespace=namespace, profile=profile, seal=seal), given, manner))


def open_async(
    url: str | Path | None = None,
    *,
    profile: str | None = None,
    namespace: Namespace | str | None = None,
    tenant: Tenant | None = None,
    ttl: Seconds | None = None,
    early_refresh: Share | None = None,
    background_refresh: bool | None = None,
    stale_if_error: Seconds | None = None,
    jitter: Share | None = None,
    coalesce: Coalesce | None = None,
    tag_models: bool | None = None,
    history_ttl: Seconds | None = None,
    max_messages: int | None = None,
    embedding_ttl: Seconds | None = None,
    embedding_precision: Precision | None = None,
    seal: Seal | None = None,
    admit: Admit = refusal,
    listener: Callable[[Told], None] | None = None,
    clock: Callable[[], Instant] = time.time,
) -> AsyncCache:
    """Open a cache, to be awaited; the arguments are those of `open`. Use it in `async with`."""
    given = Given(
        ttl, early_refresh, background_refresh, stale_if_error, jitter, coalesce, tag_models, history_ttl, max_messages,
        embedding_ttl, embedding_precision,
    )  # fmt: skip
    manner = Manner(tenant, admit, listener, clock)
    return AsyncCache(set_up(lambda: settle(url, namespace=namespace, profile=profile, seal=seal), given, manner))


def open_settings(settings: Settings, *, look_only: bool = False) -> Cache:
    """Open a cache with settings that were resolved before; for integrations and commands.

    Args:
        look_only: Where a store is not there yet, look at an empty one in memory and do not make it.
    """
    return Cache(set_up(lambda: settings, Given(), Manner(), look_only=look_only))


@dataclass(frozen=True, slots=True)
class Given:
    """Arguments of `open` that a file may say, too; None leaves it to the file."""

    ttl: Seconds | None = None
    early_refresh: Share | None = None
    background_refresh: bool | None = None
    stale_if_error: Seconds | None = None
    jitter: Share | None = None
    coalesce: Coalesce | None = None
    tag_models: bool | None = None
    history_ttl: Seconds | None = None
    max_messages: int | None = None
    embedding_ttl: Seconds | None = None
    embedding_precision: Precision | None = None

    def check(self) -> None:
        """Raise UsageError where one of them is wrong."""
        for name in ("ttl", "stale_if_error", "history_ttl", "embedding_ttl"):
            check_seconds(name, getattr(self, name))
        for name in ("early_refresh", "jitter"):
            check_share(name, getattr(self, name))
        for name in ("background_refresh", "tag_models"):
            check_flag(name, getattr(self, name))
        check_coalesce(self.coalesce)
        check_max_messages(self.max_messages)
        if self.embedding_precision is not None:
            check_precision(self.embedding_precision)

    def over(self, settings: Settings) -> Defaults:
        """Return what the arguments say, and where they say nothing, what the settings say."""
        said: dict[str, Plain] = {field.name: getattr(self, field.name) for field in fields(self)}
        held = {name: getattr(settings, name) if value is None else value for name, value in said.items()}
        names = ("early_refresh", "jitter", "stale_if_error")
        aging = Aging(**{name: held.pop(name) or 0.0 for name in names})
        return Defaults(
            **held, aging=aging, sliding=settings.sliding, similarity=settings.similarity, margin=settings.margin
        )


@dataclass(frozen=True, slots=True)
class Manner:
    """How a cache behaves, beside where it keeps things: arguments of `open` that no file can say."""

    tenant: Tenant | None = None
    admit: Admit = refusal
    listener: Callable[[Told], None] | None = None
    clock: Callable[[], Instant] = time.time

    def check(self) -> None:
        """Raise UsageError where one of them is wrong."""
        if self.tenant is not None and not isinstance(self.tenant, ContextVar):
            _check_callable("tenant", self.tenant, "a context variable or a function")
        _check_callable("admit", self.admit, "a function")
        if self.listener is not None:
            _check_callable("listener", self.listener, "a function")


def set_up(settle: Callable[[], Settings], given: Given, manner: Manner, *, look_only: bool = False) -> Setup:
    """Check the arguments, settle what they leave open, and open the stores."""
    given.check()
    manner.check()
    settings = settle()
    # Before any store is opened: without the package that seals nothing may be left open.
    envelopes = READABLE if settings.seal is None else _sealed(settings.seal)
    counters = Counters()
    around = Surroundings(manner.clock, time.monotonic, Telling(counters, manner.listener))
    opened = open_stores(settings, around, look_only=look_only)
    return Setup(
        opened.pair,
        settings.namespace,
        manner.tenant,
        given.over(settings),
        manner.admit,
        manner.clock,
        time.monotonic,
        manner.listener,
        counters,
        decoded=Decoded(envelopes),
        others=opened.others,
    )


def _sealed(seal: Seal) -> Envelopes:
    from llmcache.codec.seal import SealedEnvelopes  # noqa: PLC0415 -- few caches are sealed

    return SealedEnvelopes(seal, os.urandom)


def _check_callable(name: str, found: object, allowed: str) -> None:
    if not callable(found):
        raise UsageError(f"{name} is {allowed}, found {type(found).__name__}")
