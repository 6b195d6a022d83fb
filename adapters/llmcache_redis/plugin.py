"""The plugin of the Redis store: what `redis:` and its relatives mean."""

from typing import Final

from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import OptionKind, StoreSpec

_SETTINGS: Final[dict[str, OptionKind]] = {
    "timeout": "seconds",
    "log_timeout": "seconds",
    "restricted": "flag",
    "max_connections": "count",
    "vectors": "text",
}
# Servers that name others: in a private network those are names that mean nothing outside.
_REMAP: Final[dict[str, OptionKind]] = {"remap": "remap"}
_DATABASE: Final[dict[str, OptionKind]] = {"db": "text"}
_TLS: Final[dict[str, OptionKind]] = {"ca_certs": "text", "certfile": "text", "keyfile": "text"}
_SENTINEL: Final[dict[str, OptionKind]] = {"sentinel_username": "text", "sentinel_password": "text"}

_SCHEMES: Final[dict[str, tuple[str, dict[str, OptionKind]]]] = {
    "redis": ("one Redis or Valkey server, for all machines that reach it", _DATABASE),
    "rediss": ("the same, encrypted", _DATABASE | _TLS),
    "redis+unix": ("the same, by a socket on this machine", _DATABASE),
    "redis+cluster": ("a Redis or Valkey cluster", _REMAP),
    "rediss+cluster": ("the same, encrypted", _REMAP | _TLS),
    "redis+sentinel": ("the master that sentinels watch", _REMAP | _DATABASE | _SENTINEL),
    "rediss+sentinel": ("the same, encrypted", _REMAP | _DATABASE | _SENTINEL | _TLS),
}


@hookimpl
def llmcache_stores() -> list[StoreSpec]:
    """Return the stores of this package."""
    return [
        StoreSpec(
            scheme=scheme,
            factory="llmcache_redis.opening:open_target",
            summary=summary,
            options=_SETTINGS | options,
            requires=("redis",),
            extra="redis",
            check="llmcache_redis.opening:planned",
            keeps_time=True,
            abilities=("log", "scan", "news", "persistent", "shared"),
        )
        for scheme, (summary, options) in _SCHEMES.items()
    ]
