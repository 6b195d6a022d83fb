"""The SQLite store: the embedded default.

One file in a folder, for all threads and processes of a machine. Names are loaded when they are first used, so
that listing the stores does not load SQLite.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_sqlite.async_store import AsyncSqliteStore
    from llmcache_sqlite.doors import open_pair, open_store
    from llmcache_sqlite.health import Health
    from llmcache_sqlite.store import SqliteStore

_HOMES = {
    "AsyncSqliteStore": "llmcache_sqlite.async_store",
    "Health": "llmcache_sqlite.health",
    "SqliteStore": "llmcache_sqlite.store",
    "open_pair": "llmcache_sqlite.doors",
    "open_store": "llmcache_sqlite.doors",
}

__all__ = ["AsyncSqliteStore", "Health", "SqliteStore", "open_pair", "open_store"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'llmcache_sqlite' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
