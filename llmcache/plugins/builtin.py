"""The plugin of the in-process store: what `memory:` means."""

from llmcache.errors import ConfigError
from llmcache.memory import open_pair
from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec, Target
from llmcache.protocols.whole import StorePair


@hookimpl
def llmcache_stores() -> list[StoreSpec]:
    """Return the one store of the core."""
    return [
        StoreSpec(
            scheme="memory",
            factory="llmcache.plugins.builtin:open_memory",
            summary="in this process, gone when it ends; each opening is a new, empty store",
            check="llmcache.plugins.builtin:open_memory",
            options={"max_bytes": "bytes", "max_entries": "count"},
            abilities=("log", "scan", "news"),
        )
    ]


def open_memory(target: Target) -> StorePair:
    """Return a new, empty store."""
    if target.address:
        raise ConfigError(f"memory: takes no address, found {len(target.address)} characters behind the colon")
    sizes = {name: int(value) for name, value in target.options.items()}
    return open_pair(clock=target.clock, **sizes)
