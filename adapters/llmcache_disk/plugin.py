"""The plugin of the store on diskcache: what `disk:` means."""

from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec


@hookimpl
def llmcache_stores() -> list[StoreSpec]:
    """Return the one store of this package."""
    return [
        StoreSpec(
            scheme="disk",
            factory="llmcache_disk.opening:open_target",
            summary="a folder of diskcache's, without its pickles; for those who already run it",
            options={"max_bytes": "bytes", "timeout": "seconds"},
            requires=("diskcache",),
            extra="disk",
            presence="llmcache_disk.opening:is_there",
            check="llmcache_disk.opening:check_target",
            is_path=True,
            keeps_time=True,
            abilities=("log", "scan", "persistent", "shared"),
        )
    ]
