"""LangChain's cache by meaning: what a hit says, what has none, and attacks on real vectors."""

import asyncio
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import ToolCall

import llmcache
from llmcache.errors import StoreUnavailable, UsageError
from llmcache_langchain import SemanticCache, VectorStore
from llmcache_minilm import MiniLMEmbeddings
from tests.api.failing import Fault, failing_cache
from tests.api.meaning import CARD, CARD_TOO, MONEY
from tests.langchain.embeddings import AngleEmbeddings
from tests.langchain.models import FakeModel
from tests.policy.attacks import ATTACKS, PARAPHRASES

pytestmark = pytest.mark.stores(few=True)


@pytest.fixture
def cache(url: str) -> Iterator[SemanticCache]:
    """A semantic cache, closed afterwards."""
    opened = SemanticCache(url, AngleEmbeddings(), namespace="shop")
    yield opened
    opened.close()


def semantic_of(message: BaseMessage) -> Any:
    """What a message says about being another question's answer."""
    return message.response_metadata.get("llmcache", {}).get("semantic")


def test_paraphrase_gets_the_answer_and_says_whose_it_is(cache: SemanticCache) -> None:
    """With no tokens, a fresh id, the kept question, similarity, distance and margin; the next exact hit says nothing of that."""
    model = FakeModel(cache=cache)
    first, near, again = model.invoke(CARD), model.invoke(CARD_TOO), model.invoke(CARD)
    told = semantic_of(near)

    assert 1 == model.calls
    assert first.text == near.text
    assert first.id != near.id
    assert CARD == told["question"]
    assert {"similarity": 0.966, "distance": 0.034, "margin": 0.266} == pytest.approx(
        {name: told[name] for name in ("similarity", "distance", "margin")}, abs=1e-3
    )
    assert near.usage_metadata is not None
    assert 0 == near.usage_metadata["total_tokens"]
    assert semantic_of(again) is None
    assert (1, 1) == (cache.stats().semantic_hits, cache.stats().hits)


async def test_both_colours_work_on_one_index_through_langchains_global_cache(cache: SemanticCache) -> None:
    """Asked blocking, answered awaited, and the other way round."""
    before = get_llm_cache()
    set_llm_cache(cache)
    try:
        model = FakeModel()
        await asyncio.to_thread(model.invoke, CARD)
        near = await model.ainvoke(CARD_TOO)
        await model.ainvoke(MONEY)
        far = await asyncio.to_thread(model.invoke, "Where do I find the exchange rate?")
    finally:
        set_llm_cache(before)

    assert CARD == semantic_of(near)["question"]
    assert semantic_of(far) is None
    assert 3 == model.calls


async def test_clearing_forgets_in_both_colours(cache: SemanticCache) -> None:
    """All of it, or what carries a tag."""
    model = FakeModel(cache=cache)
    model.invoke(CARD)
    cache.clear()
    model.invoke(CARD_TOO)
    await cache.aclear()
    with llmcache.options(tags=("cards",)):
        await model.ainvoke(CARD)
    await cache.aclear(tags=("cards",))
    await model.ainvoke(CARD_TOO)

    assert 4 == model.calls


def test_turns_with_tools_are_answered_exactly_only(cache: SemanticCache) -> None:
    """What a tool said yesterday is not what it says today; nor is an answer that calls one given to another question."""
    call = ToolCall(name="f", args={}, id="call_1")
    before = [
        HumanMessage("hi"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("ok", tool_call_id="call_1"),
        AIMessage("so"),
    ]
    model = FakeModel(cache=cache)
    model.invoke([*before, HumanMessage(CARD)])
    model.invoke([*before, HumanMessage(CARD_TOO)])
    model.invoke([*before, HumanMessage(CARD)])
    caller = FakeModel(cache=cache, temperature=1.0, answer=lambda _: AIMessage("", tool_calls=[call]))
    caller.invoke(CARD)
    caller.invoke(CARD_TOO)

    assert (2, 2) == (model.calls, caller.calls)


def test_verifier_sees_texts() -> None:
    """What is asked, what is kept, and the answer as text; here it refuses."""
    asked: list[tuple[str, str, str]] = []

    def verify(*texts: str) -> bool:
        asked.append(texts)  # type: ignore[arg-type]  # three of them
        return False

    opened = SemanticCache("memory:", AngleEmbeddings(), verify=verify, similarity=0.9, margin=0.2, patience=60)
    model = FakeModel(cache=opened)
    model.invoke(CARD)
    model.invoke(CARD_TOO)
    opened.close()

    assert [(CARD_TOO, CARD, f"you said: {CARD}")] == asked
    assert 2 == model.calls


def test_embeddings_that_fail_never_fail_the_model() -> None:
    """They are a counted miss, and the answer is kept exactly."""
    embeddings = AngleEmbeddings()
    embeddings.angles.error = RuntimeError("down")
    cache = SemanticCache("memory:", embeddings)
    model = FakeModel(cache=cache)

    assert ["you said: hi"] * 2 == [model.invoke("hi").text for _ in range(2)]
    assert 1 == model.calls
    assert 2 == cache.stats().semantic_failed
    cache.close()


async def test_store_that_fails_is_not_asked_by_meaning() -> None:
    """Nothing is embedded where the exact look-up did not come back."""
    fault = Fault(StoreUnavailable("down"))
    embeddings = AngleEmbeddings()
    model = FakeModel(cache=SemanticCache(failing_cache(fault), embeddings))

    model.invoke(CARD)
    await model.ainvoke(CARD_TOO)
    assert [] == embeddings.angles.asked


def test_wrong_order_says_the_right_one() -> None:
    """An answer cache begins with the store, as `LLMCache` does; a vector store with the embeddings, as LangChain's own do."""
    model: Any = AngleEmbeddings()
    store: Any = "memory:"

    with pytest.raises(UsageError, match=r"the order is SemanticCache\(store, embeddings\)"):
        SemanticCache(model, store)
    with pytest.raises(UsageError, match=r"the order is VectorStore\(embedding, store\)"):
        VectorStore(store, model)


def test_name_of_the_embedding_model_is_needed() -> None:
    """Vectors of two models must not meet; without a name nobody could tell them apart."""

    class Nameless(AngleEmbeddings):
        model = None  # type: ignore[assignment]  # says nothing

    with pytest.raises(UsageError, match="model"):
        SemanticCache("memory:", Nameless())
    with pytest.raises(UsageError, match="embeddings is LangChain's Embeddings, found str"):
        SemanticCache("memory:", cast(Any, "minilm"), model="angles")
    assert "SemanticCache in <llmcache.Cache on memory" in repr(SemanticCache("memory:", Nameless(), model="angles"))


MINILM = MiniLMEmbeddings()
"""Loaded once for all attacks."""


@pytest.fixture(params=["memory", "sqlite"])
def attacked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SemanticCache]:
    """A cache on real vectors that takes anything for near: only partition and guard stand in the way."""
    tenant: ContextVar[str] = ContextVar("tenant", default="a")
    url = "memory:" if request.param == "memory" else f"sqlite:{tmp_path / 'store'}"
    cache = SemanticCache(url, MINILM, similarity=0.0, margin=0.0, tenant=tenant, patience=60)
    cache.tenant = tenant  # type: ignore[attr-defined]  # for the test that changes it
    yield cache
    cache.close()


def test_attacks_on_a_question_never_get_its_answer(attacked: SemanticCache) -> None:
    """Reversed, counted, named or denied otherwise, with a suffix: at any similarity; a paraphrase does get it."""
    chosen = [pair for pairs in ATTACKS.values() for pair in pairs[::20]]
    wrong = []
    for place, (kept, asked) in enumerate(chosen):
        model = FakeModel(cache=attacked, temperature=float(place))
        model.invoke(kept)
        if semantic_of(model.invoke(asked)) is not None:
            wrong.append((kept, asked))
    model = FakeModel(cache=attacked, temperature=-1.0)
    kept, asked = PARAPHRASES[0]
    model.invoke(kept)

    assert len(chosen) >= 10
    assert [] == wrong
    assert kept == semantic_of(model.invoke(asked))["question"]


def test_the_same_question_elsewhere_never_gets_the_answer(attacked: SemanticCache) -> None:
    """Of another tenant, under another system prompt, with other parameters, tools or earlier turns."""
    kept, asked = PARAPHRASES[0]
    model = FakeModel(cache=attacked)
    model.invoke([SystemMessage("Be brief."), HumanMessage(kept)])
    question = [SystemMessage("Be brief."), HumanMessage(asked)]
    others = [
        model.invoke([SystemMessage("Be rude."), HumanMessage(asked)]),
        model.invoke([HumanMessage(asked)]),
        FakeModel(cache=attacked, temperature=0.5).invoke(question),
        model.bind_tools(["f"]).invoke(question),
        model.invoke([SystemMessage("Be brief."), HumanMessage("hi"), AIMessage("Hello."), HumanMessage(asked)]),
    ]
    tenant: ContextVar[str] = attacked.tenant  # type: ignore[attr-defined]  # the fixture put it there
    token = tenant.set("b")
    others.append(model.invoke(question))
    tenant.reset(token)

    assert [None] * 6 == [semantic_of(other) for other in others]
    assert kept == semantic_of(model.invoke(question))["question"]
