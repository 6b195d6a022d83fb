"""The plugin of the Momento store: what `momento:` and `momento-local:` mean."""

from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec

_NEEDS = ("momento", "momento_wire_types", "grpc")


@hookimpl
def llmcache_stores() -> list[StoreSpec]:
    """Return the store of the service, and the one of its stand-in."""
    return [
        StoreSpec(
            scheme="momento",
            factory="llmcache_momento.opening:open_service",
            summary="a cache of the Momento service; keeps for a day at most",
            options={"timeout": "seconds", "create": "flag", "consistent": "flag", "endpoint": "text"},
            check="llmcache_momento.opening:settings_of_service",
            keeps_time=True,
            requires=_NEEDS,
            extra="momento",
            abilities=("log", "persistent", "shared"),
        ),
        StoreSpec(
            scheme="momento-local",
            factory="llmcache_momento.opening:open_local",
            summary="a stand-in for Momento on this machine, for developers and tests",
            options={"timeout": "seconds", "create": "flag", "consistent": "flag"},
            check="llmcache_momento.opening:settings_of_local",
            keeps_time=True,
            requires=_NEEDS,
            extra="momento",
            abilities=("log", "persistent", "shared"),
        ),
    ]
