"""One process of the demonstration of the semantic cache: asks questions, and tells of each who answered it and why.

This is the program a user would write: `set_llm_cache(SemanticCache(...))`, then `ChatOpenAI` as always.
"""

import sys
from contextlib import closing

from langchain_core.globals import set_llm_cache
from langchain_core.messages import HumanMessage

from llmcache.api.opening import open as open_cache
from llmcache.model.event import Event, Happening, Told
from llmcache.model.units import Plain
from llmcache_langchain.demo.part import Asking, Tell, serve
from llmcache_langchain.semantic import SemanticCache
from llmcache_minilm import MiniLM, MiniLMEmbeddings

_WHY_NOT = (Happening.SEMANTIC_REFUSED, Happening.NEAR_MISS)


def ask_all(task: Plain, tell: Tell) -> None:
    """Ask the questions of the task and tell of each; see `part` for what a task is."""
    nearest, embeddings = _Nearest(task["kept"]), MiniLMEmbeddings()
    embeddings.embed_query("loads the model, so that no question waits for that")
    events: list[Told] = []
    with (
        closing(Asking(task["model"])) as asking,
        open_cache(task["store"], namespace=task["namespace"], listener=events.append) as opened,
    ):
        set_llm_cache(SemanticCache(opened, embeddings))
        for question in task["questions"]:
            events.clear()
            answer, took = asking.ask([HumanMessage(question)])
            marker = answer.response_metadata.get("llmcache", {})
            why_not = [event.detail for event in events if isinstance(event, Event) and event.what in _WHY_NOT]
            found = {"question": question, "semantic": marker.get("semantic"), "why_not": "".join(why_not[-1:])}
            tell({"step": "question"} | found | took | nearest.of(question))


class _Nearest:
    """Says which kept question is the nearest, whatever the cache makes of it."""

    def __init__(self, kept: list[str]) -> None:
        self._minilm = MiniLM()
        self._kept = kept
        self._vectors = self._minilm.embed(kept)

    def of(self, question: str) -> dict[str, Plain]:
        if not self._kept:
            return {"nearest": None, "cosine": 0.0}
        cosines = (self._vectors @ self._minilm.embed([question])[0]).tolist()
        cosine, nearest = max(zip(cosines, self._kept, strict=True))
        return {"nearest": nearest, "cosine": cosine}


if __name__ == "__main__":
    sys.exit(serve(ask_all))
