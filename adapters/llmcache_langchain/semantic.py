"""LangChain's answer cache, by meaning too: the class that LangChain sees."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llmcache_langchain.cache import LLMCache

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from llmcache.api.setup import Tenant
    from llmcache.model.namespace import Namespace
    from llmcache.model.units import Seconds
    from llmcache_langchain.holding import Given


class SemanticCache(LLMCache):
    """Keeps answers of chat models and gives them also to questions that mean the same; for `set_llm_cache` or a model's `cache=`.

    Exact first, as `LLMCache` does it; then by meaning, among last questions of the same namespace, tenant, model, settings, system
    prompt, tools and earlier turns alone. Not where turns hold calls of tools, images, or more than text in the last one. An answer that was
    kept for another question says so in `response_metadata["llmcache"]["semantic"]`: `question`, `similarity`, `distance` and `margin`.

    Args:
        store: As in `LLMCache`.
        embeddings: Embeds questions and answers; what it fails at, or takes too long for, is a counted miss.
        model: The embedding model's name; None means the attribute `model`, `model_name` or `model_id` of `embeddings`.
        similarity: The least cosine between two questions; None means the configuration's, or 0.8. `llmcache tune` learns a better one.
        margin: The least margin of the answer over all others; None means the configuration's, or 0.18.
        verify: Is asked with the question, the kept question and the text of its answer before that is given, and behind the caller's
            back about near misses; plain, or a coroutine function where models are awaited alone. Only True lets an answer pass.
        with_tool_calls: True compares also where turns hold calls of tools or their results.
        patience: How long embedding and verifying may take, in seconds.
        namespace: As in `LLMCache`.
        tenant: As in `LLMCache`.
        ttl: As in `LLMCache`.

    Raises:
        UsageError: An argument is wrong, or no name of the embedding model is to be had.
        PluginError: numpy is not installed.
        UnsupportedError: The store keeps no vectors.
    """

    def __init__(
        self,
        store: "Given",
        embeddings: "Embeddings",
        *,
        model: str | None = None,
        similarity: float | None = None,
        margin: float | None = None,
        verify: Callable[[str, str, str], Any] | None = None,
        with_tool_calls: bool = False,
        patience: "Seconds" = 5.0,
        namespace: "Namespace | str | None" = None,
        tenant: "Tenant | None" = None,
        ttl: "Seconds | None" = None,
    ) -> None:
        from llmcache_langchain.semantic_answers import SemanticAnswers  # noqa: PLC0415 -- as in `LLMCache`

        self._answers = SemanticAnswers(
            store,
            embeddings,
            model=model,
            namespace=namespace,
            tenant=tenant,
            ttl=ttl,
            comparing={
                "similarity": similarity,
                "margin": margin,
                "verify": verify,
                "with_tool_calls": with_tool_calls,
                "patience": patience,
            },
        )

    def __repr__(self) -> str:
        return f"<SemanticCache in {self._answers.cache()!r}>"
