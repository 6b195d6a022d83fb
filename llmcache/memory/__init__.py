from llmcache.memory.key_value import AsyncMemoryStore, MemoryStore, open_pair

__all__ = ["AsyncMemoryStore", "MemoryStore", "open_pair"]
