"""The in-process store, and the locks that it shares with other modules that must survive a fork."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache.memory.key_value import AsyncMemoryStore, MemoryStore, open_pair

__all__ = ["AsyncMemoryStore", "MemoryStore", "open_pair"]


def __getattr__(name: str) -> object:
    # Loaded when first used: whoever needs a lock of `forking` only, need not pay for the store.
    if name not in __all__:
        raise AttributeError(f"module 'llmcache.memory' has no attribute {name!r}")
    found: object = getattr(import_module("llmcache.memory.key_value"), name)
    globals()[name] = found
    return found
