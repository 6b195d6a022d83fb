"""From a store URL to an open Momento store."""

from llmcache.errors import ConfigError
from llmcache.plugins.spec import Target
from llmcache.protocols.whole import StorePair
from llmcache_momento.credentials import local_account, service_account
from llmcache_momento.doors import open_account
from llmcache_momento.settings import Settings

LOCAL_RESOLUTION = 0.001
LOCAL_CACHE = "llmcache"


def open_service(target: Target) -> StorePair:
    """Open the cache that `momento:CACHE` names."""
    cache = target.address.removeprefix("//")
    if not cache or "/" in cache:
        raise ConfigError(
            "momento: names a cache, as in momento:shop; the key and the endpoint come from the environment"
        )
    options = dict(target.options)
    account = service_account(str(options.pop("endpoint", "")))
    return open_account(account, Settings(cache, **options), clock=target.clock)  # type: ignore[arg-type]  # checked there


def open_local(target: Target) -> StorePair:
    """Open a cache of a stand-in: of the one that listens at HOST:PORT, or of a new one that lives as long as the store."""
    where, _, cache = target.address.removeprefix("//").partition("/")
    settings = Settings(
        cache or LOCAL_CACHE,
        **{"create": True, "ttl_resolution": LOCAL_RESOLUTION, **target.options},  # type: ignore[arg-type]  # checked there
    )
    if where:
        host, colon, port = where.rpartition(":")
        if not (colon and host and port.isdecimal() and 0 < int(port) < 2**16):
            raise ConfigError("momento-local: is followed by HOST:PORT/CACHE, or by nothing to start a stand-in")
        return open_account(local_account(host, int(port)), settings, clock=target.clock)
    from llmcache_momento.local.server import MomentoLocal  # noqa: PLC0415 -- loads gRPC, only where it is wanted

    server = MomentoLocal(clock=target.clock).start()
    return open_account(local_account(server.host, server.port), settings, clock=target.clock, server=server)
