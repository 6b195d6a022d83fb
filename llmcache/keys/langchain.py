"""Keys for LangChain's caches: from the two texts that `BaseCache.lookup` and `update` are given."""

from llmcache.keys.digest import key_of
from llmcache.keys.langchain_prompt import canonical_prompt
from llmcache.keys.llm_string import settings_of
from llmcache.model.key import Key, Kind
from llmcache.model.namespace import Namespace

SORT = "langchain"


def langchain_model(llm_string: str) -> str | None:
    """Return the name of the model that LangChain asks, or None where it does not stand in its usual place."""
    return settings_of(llm_string).model


def langchain_key(prompt: str, llm_string: str, namespace: Namespace) -> Key:
    """Return the key of what LangChain asks; the same for every asking that must get the same answer.

    Any two texts have a key: what is not of LangChain's shape is hashed as it stands.

    Args:
        prompt: The messages as LangChain writes them, or a text model's prompt.
        llm_string: The model and its settings as LangChain writes them.
        namespace: Whose answers these are.
    """
    settings = settings_of(llm_string)
    prompt_piece = canonical_prompt(prompt, settings.remembered).piece
    return key_of(namespace, Kind.RESPONSE, SORT, (prompt_piece, settings.piece))
