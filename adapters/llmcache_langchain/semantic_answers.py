"""Answers of LangChain's models by meaning: what `SemanticCache` does beside `LLMCache`."""

from collections.abc import Mapping
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_core.outputs import Generation

from llmcache.api.semantic import AsyncSemanticCache, Manner, SemanticCache
from llmcache.api.setup import Tenant
from llmcache.flows.looking import Found, Missed
from llmcache.keys.partition import Question, langchain_question
from llmcache.model.key import Key
from llmcache.model.namespace import Namespace
from llmcache.model.units import Plain, Seconds
from llmcache_langchain.answers import AnswerCache
from llmcache_langchain.embedders import check_embeddings, check_order, name_of
from llmcache_langchain.generations import generations_to_plain
from llmcache_langchain.hits import fresh_id
from llmcache_langchain.holding import Given


class _Shown:
    """Shows whoever verifies an answer its text."""

    def _shown(self, answer: Any) -> Plain:
        return answer.cast(fresh_id)[0].text


class _Blocking(_Shown, SemanticCache):
    pass


class _Awaiting(_Shown, AsyncSemanticCache):
    pass


class SemanticAnswers(AnswerCache):
    """Keeps answers under what was asked, and gives them to questions that mean the same; see `SemanticCache`.

    Args:
        comparing: Arguments of `Manner`.
    """

    def __init__(
        self,
        store: Given,
        embeddings: Embeddings,
        *,
        model: str | None,
        comparing: Mapping[str, Any],
        namespace: Namespace | str | None,
        tenant: Tenant | None,
        ttl: Seconds | None,
    ) -> None:
        check_order(store, embeddings, "SemanticCache(store, embeddings), as in LLMCache(store)")
        check_embeddings("embeddings", embeddings)
        name = name_of(embeddings) if model is None else model

        def queries(texts: list[str]) -> list[list[float]]:
            return [embeddings.embed_query(text) for text in texts]

        async def aqueries(texts: list[str]) -> list[list[float]]:
            return [await embeddings.aembed_query(text) for text in texts]

        manner = Manner(embeddings.embed_documents, name, queries, **comparing)
        amanner = Manner(embeddings.aembed_documents, name, aqueries, **comparing)
        super().__init__(store, namespace=namespace, tenant=tenant, ttl=ttl)
        self._manner = manner
        self._blocking = self._meaning = _Blocking(self.setup, manner)
        self._awaiting = self._ameaning = _Awaiting(self.setup, amanner)

    def _question(self, key: Key, prompt: str, llm_string: str) -> Question | None:
        return langchain_question(
            prompt, llm_string, key.space.namespace, self._manner.model, with_tool_calls=self._manner.with_tool_calls
        )

    def _near(self, key: Key, prompt: str, llm_string: str, missed: Missed) -> Found | None:
        return None if missed.is_unknown else self._meaning.near(key, self._question(key, prompt, llm_string))

    def _learn(self, key: Key, prompt: str, llm_string: str, answers: list[Generation]) -> None:
        self._meaning.learn(key, self._question(key, prompt, llm_string), generations_to_plain(answers))

    async def _anear(self, key: Key, prompt: str, llm_string: str, missed: Missed) -> Found | None:
        return None if missed.is_unknown else await self._ameaning.near(key, self._question(key, prompt, llm_string))

    async def _alearn(self, key: Key, prompt: str, llm_string: str, answers: list[Generation]) -> None:
        await self._ameaning.learn(key, self._question(key, prompt, llm_string), generations_to_plain(answers))
