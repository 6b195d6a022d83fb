"""The store on diskcache: for those who already run it.

One folder, for all threads and processes of a machine. Names are loaded when they are first used, so that listing the
stores does not load diskcache.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_disk.doors import open_pair, open_store
    from llmcache_disk.store import DiskStore

_HOMES = {
    "DiskStore": "llmcache_disk.store",
    "open_pair": "llmcache_disk.doors",
    "open_store": "llmcache_disk.doors",
}

__all__ = ["DiskStore", "open_pair", "open_store"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'llmcache_disk' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
