"""The plugin of the SQLite store: what `sqlite:` means."""

from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec


@hookimpl
def llmcache_stores() -> list[StoreSpec]:
    """Return the one store of this package."""
    return [
        StoreSpec(
            scheme="sqlite",
            factory="llmcache_sqlite.opening:open_target",
            summary="one file in a folder, for all processes of this machine; the embedded default",
            options={"max_bytes": "bytes", "timeout": "seconds", "network_ok": "flag"},
            presence="llmcache_sqlite.opening:is_there",
            check="llmcache_sqlite.opening:check_target",
            is_path=True,
            keeps_time=True,
            abilities=("log", "scan", "persistent", "shared"),
        )
    ]
