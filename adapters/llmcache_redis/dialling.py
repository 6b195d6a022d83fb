"""Making connections: redis-py's own classes, without its pools, retries and time limits.

What a connection needs beside an address (user, password, certificates, database) is a set of keyword arguments
that both colours of redis-py understand. It is never shown: it holds secrets.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast

import redis.asyncio.connection as aio
import redis.connection as plain
from redis.backoff import NoBackoff
from redis.retry import Retry

from llmcache_redis.commands import Address
from llmcache_redis.timed import timed

_OURS: Final[Mapping[str, Any]] = {
    "decode_responses": False,
    "encoding": "utf-8",
    "encoding_errors": "strict",
    # RESP3 would cost a round trip for each connection, and gives nothing that is used here.
    "protocol": 2,
    "socket_timeout": None,
    "socket_connect_timeout": None,
    "health_check_interval": 0,
}

_FOREIGN: Final = frozenset({
    "retry", "retry_on_error", "retry_on_timeout", "legacy_responses", "lib_name", "lib_version", "driver_info", "cache",
    "cache_config", "event_dispatcher", "maint_notifications_config", "maint_notifications_pool_handler", "parser_class",
    "oss_cluster_maint_notifications_handler", "orig_host_address", "orig_socket_timeout", "himport_registry",
    "orig_socket_connect_timeout", "connection_pool", "himport_config",
})  # fmt: skip
"""Arguments of a client's connections that are its own affair, or that we decide."""


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a client's connections, where they are not redis-py's; one colour may be missing."""

    blocking: type[plain.AbstractConnection] | None = None
    awaiting: type[aio.AbstractConnection] | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """How to connect to any server of one store.

    Args:
        arguments: For the connections of redis-py: user, password, database, certificates.
        tls: Encrypted.
        sentinels: The same for sentinels, which have users and passwords of their own.
        sentinels_tls: Whether their connections are encrypted.
        classes: Foreign classes to use instead.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tls: bool = False
    sentinels: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sentinels_tls: bool = False
    classes: Classes = field(default_factory=Classes)

    def blocking(self, address: Address) -> Any:
        """Return a blocking connection that is not connected yet; it has a `deadline`."""
        made, arguments = self.classes.blocking, self._arguments(address)
        if made is None:
            made = _class_of(plain, address, self._tls(address))
        return timed(cast(type, made))(**_fitting(made, arguments))

    def awaiting(self, address: Address) -> Any:
        """Return a connection of asyncio that is not connected yet."""
        made, arguments = self.classes.awaiting, self._arguments(address)
        if made is None:
            made = _class_of(aio, address, self._tls(address))
        return made(**_fitting(made, arguments))

    def _tls(self, address: Address) -> bool:
        return self.sentinels_tls if address.is_sentinel else self.tls

    def _arguments(self, address: Address) -> dict[str, Any]:
        own = self.sentinels if address.is_sentinel else self.arguments
        where = {"path": address.path} if address.path else {"host": address.host, "port": address.port}
        kept = {name: value for name, value in own.items() if name not in _FOREIGN}
        return {**kept, **_OURS, **where, "retry": Retry(NoBackoff(), 0)}


def _class_of(module: Any, address: Address, tls: bool) -> Any:
    if address.path:
        return module.UnixDomainSocketConnection
    return module.SSLConnection if tls else module.Connection


def _fitting(made: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that `made` takes: the colours of redis-py differ a little, and its releases too."""
    takes, takes_any = _parameters(made)
    fitting = dict(arguments) if takes_any else {name: value for name, value in arguments.items() if name in takes}
    # No CLIENT SETINFO: some services forbid it, and it would be a round trip more for each connection.
    if "driver_info" in takes:
        fitting["driver_info"] = None
    elif "lib_name" in takes:
        fitting.update(lib_name=None, lib_version=None)
    return fitting


@cache
def _parameters(made: type) -> tuple[frozenset[str], bool]:
    """Return the names that a class's constructors take, and whether one takes whatever comes."""
    names: set[str] = set()
    takes_any = False
    for owner in made.__mro__:
        constructor = owner.__dict__.get("__init__")
        if constructor is None or owner is object:
            continue
        kinds = inspect.signature(constructor).parameters.values()
        names.update(one.name for one in kinds)
        takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in kinds)
        if not takes_any:
            break
    return frozenset(names), takes_any
