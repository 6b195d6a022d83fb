"""LangChain on llmcache: answers and conversations kept in any store."""

from llmcache_langchain.cache import LLMCache
from llmcache_langchain.history import ChatMessageHistory
from llmcache_langchain.momento_history import messages_from_momento

__all__ = ["ChatMessageHistory", "LLMCache", "messages_from_momento"]
