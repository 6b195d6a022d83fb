"""The plugin: what `lmdb:` means."""

from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec


@hookimpl
def llmcache_stores() -> list[StoreSpec]:
    """Return the one store of this package."""
    return [
        StoreSpec(
            scheme="lmdb",
            factory="llmcache_lmdb.store:open_target",
            summary="an LMDB environment in a folder, for all processes of this machine",
            options={"max_bytes": "bytes"},
            requires=("lmdb",),
            presence="llmcache_lmdb.store:is_there",
            is_path=True,
            abilities=("log", "scan", "persistent", "shared"),
        )
    ]
