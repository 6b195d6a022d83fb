"""The Momento store, and a stand-in for the service (`llmcache_momento.local`).

Names are loaded when they are first used, so that listing the stores loads neither Momento's SDK nor gRPC.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_momento.async_store import AsyncMomentoStore
    from llmcache_momento.doors import open_account
    from llmcache_momento.settings import Account, Settings
    from llmcache_momento.store import MomentoStore

_HOMES = {
    "Account": "llmcache_momento.settings",
    "AsyncMomentoStore": "llmcache_momento.async_store",
    "MomentoStore": "llmcache_momento.store",
    "Settings": "llmcache_momento.settings",
    "open_account": "llmcache_momento.doors",
}

__all__ = ["Account", "AsyncMomentoStore", "MomentoStore", "Settings", "open_account"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'llmcache_momento' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
