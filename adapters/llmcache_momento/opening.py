"""From a store URL to an open Momento store.

The service counts time itself, and so does the stand-in, so the clock of the target is not asked.
"""

from llmcache.errors import ConfigError, PluginError
from llmcache.plugins.spec import Target
from llmcache.protocols.whole import StorePair
from llmcache_momento.credentials import local_account, service_account
from llmcache_momento.doors import open_account
from llmcache_momento.settings import Account, Settings

LOCAL_CACHE = "llmcache"
_LOCAL_RESOLUTION = 0.001


def open_service(target: Target) -> StorePair:
    """Open the cache that `momento:CACHE` names; nothing is sent yet."""
    settings = settings_of_service(target)
    return open_account(service_account(str(target.options.get("endpoint", ""))), settings)


def settings_of_service(target: Target) -> Settings:
    """Return the settings of a cache of the service; raises where they cannot be right. The key is not looked at."""
    cache = target.address.removeprefix("//")
    if not cache or "/" in cache:
        raise ConfigError(
            "momento: is followed by the name of a cache, as in momento:shop; the key comes from the environment"
        )
    options = {name: value for name, value in target.options.items() if name != "endpoint"}
    return Settings(cache, **options)  # type: ignore[arg-type]  # checked there


def open_local(target: Target) -> StorePair:
    """Open a cache of a stand-in: the one at HOST:PORT, or this process's own, which is started if it does not run."""
    settings, (where, _) = settings_of_local(target), _parted(target)
    if where:
        return open_account(_account_at(where), settings)
    try:
        from llmcache_momento.local.of_process import address_for_process  # noqa: PLC0415 -- loads gRPC, only where wanted
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("llmcache_momento.local"):
            raise
        raise PluginError(
            "momento-local: starts a stand-in of its own, which is not installed; in a checkout: pip install ./stand-in"
        ) from error
    return open_account(_account_at(address_for_process()), settings)


def settings_of_local(target: Target) -> Settings:
    """Return the settings of a cache of a stand-in; raises where they, or its address, cannot be right."""
    where, cache = _parted(target)
    if where:
        _account_at(where)
    options = {"create": True, "ttl_resolution": _LOCAL_RESOLUTION, **target.options}
    return Settings(cache or LOCAL_CACHE, **options)  # type: ignore[arg-type]  # checked there


def _parted(target: Target) -> tuple[str, str]:
    where, _, cache = target.address.removeprefix("//").partition("/")
    return where, cache


def _account_at(address: str) -> Account:
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 2**16):
        raise ConfigError(f"momento-local: is followed by HOST:PORT/CACHE, or by nothing, found {address!r:.80}")
    return local_account(host, int(port))
