"""No prompt, answer, session name or secret appears in anything that is shown: errors, logs, events, representations."""

import dataclasses
import logging
import os
import traceback
from collections.abc import Callable

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, Generation

import llmcache
from llmcache.errors import LLMCacheError
from llmcache.model.event import Told
from llmcache_langchain import ChatMessageHistory, LLMCache, messages_from_momento
from tests.langchain.models import damage
from tests.security.canaries import Broken

CANARY = "canary"
ASKED = (f'[{{"prompt": "{CANARY}"}}]', f"[('model', '{CANARY}')]")
REQUEST = llmcache.Request("m", [{"role": "user", "content": CANARY}])


def shown(error: BaseException) -> str:
    """Return what of an error is ours: its text, and those of ours that led to it."""
    texts = []
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LLMCacheError):
            texts += traceback.format_exception_only(cause)
        cause = cause.__cause__ or cause.__context__
    return "".join(texts)


def misuses(cache: llmcache.Cache, session: ChatMessageHistory) -> list[Callable[[], object]]:
    """Return calls that each raise an error of ours, with the canary in what they were given."""
    small = llmcache.open("memory:?max_bytes=64KiB")
    unstorable = AIMessage(CANARY, additional_kwargs={"thing": object(), CANARY: {1: CANARY}})
    return [
        lambda: cache.responses.put(REQUEST, {"field": [CANARY, object()]}),
        lambda: cache.responses.put(REQUEST, {(CANARY,): 1}),
        lambda: cache.responses.put(REQUEST, {CANARY: {CANARY: object()}}),
        lambda: cache.responses.get_or_call(llmcache.Request("m", [{CANARY: {1}}]), str),
        lambda: cache.responses.get_or_call(llmcache.Request("m", [], {CANARY + "!": object()}), str),
        lambda: cache.history("s").append([{CANARY: object()}]),
        lambda: cache.responses.get_or_call(llmcache.Request("m", [{"content": {CANARY}}]), str),
        lambda: cache.responses.get(CANARY),  # type: ignore[arg-type] # the point
        lambda: small.responses.put(REQUEST, CANARY + os.urandom(50_000).hex()),
        lambda: cache.history(CANARY * 400),
        lambda: small.history(CANARY).append([CANARY + os.urandom(50_000).hex()]),
        lambda: cache.history(CANARY).append(CANARY),
        lambda: session.add_messages([unstorable]),
        lambda: session.add_messages([AIMessage("", additional_kwargs={CANARY: {CANARY: object()}})]),
        lambda: session.add_messages([HumanMessage(CANARY), CANARY]),  # type: ignore[list-item] # the point
        lambda: cache.clear(tags=CANARY),
        lambda: messages_from_momento([CANARY]),
        lambda: messages_from_momento([f'{{"type": "{CANARY}", "data": {{"content": "{CANARY}"}}}}']),
        lambda: llmcache.open(f"redis://user:{CANARY}@host?nosuch=1"),
        lambda: llmcache.open(f"nosuch://user:{CANARY}@host"),
        lambda: llmcache.open(f"Redis://user:{CANARY}@host"),
        lambda: llmcache.open(f"memory://user:{CANARY}@host"),
        lambda: llmcache.open(f"memory://user:{CANARY}@host?max_bytes=x"),
    ]


def test_errors_name_what_is_wrong_and_never_content(url: str) -> None:
    """Each is one of ours, says something, and does not say the canary."""
    with llmcache.open(url) as cache:
        cases = misuses(cache, ChatMessageHistory(CANARY, cache))
        texts = []
        for misuse in cases:
            with pytest.raises(LLMCacheError) as raised:
                misuse()
            texts.append(shown(raised.value))

    assert [text for text in texts if CANARY in text] == []
    assert min(map(len, texts)) > 20


async def test_logs_events_and_representations_hold_no_content(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Hits, misses, refusals, damage, a store that fails, and a listener that does."""
    caplog.set_level(logging.DEBUG)
    told: list[Told] = []

    def listen(event: Told) -> None:
        told.append(event)
        raise ValueError(CANARY)

    with llmcache.open(url, listener=listen) as opened:
        cache = LLMCache(opened)
        await _use(cache)
        damage(cache, ASKED, CANARY.encode())
        await _use(cache)
        pair = opened.setup.pair
        broken = dataclasses.replace(pair, blocking=Broken(pair.blocking), awaiting=None)
        failing = LLMCache(llmcache.Cache(dataclasses.replace(opened.setup, pair=broken)))
        await _use(failing)
        history = ChatMessageHistory(CANARY, opened)
        history.add_messages([HumanMessage(CANARY)])
        seen = [repr(told), caplog.text, repr(cache), repr(failing), repr(opened), repr(opened.stats()), repr(history)]

    assert [text for text in seen if CANARY in text.replace(__name__, "")] == []
    counted = opened.stats()
    assert min(counted.hits, counted.not_admitted, counted.not_encodable, counted.store_failed, counted.unreadable) > 0


async def _use(cache: LLMCache) -> None:
    bad = ChatGeneration(message=AIMessage(CANARY, additional_kwargs={"thing": object()}))
    for answers in ([Generation(text="")], [bad], [Generation(text=CANARY)]):
        cache.lookup(*ASKED)
        cache.update(*ASKED, answers)
        await cache.alookup(*ASKED)
        await cache.aupdate(*ASKED, answers)
    cache.lookup(*ASKED)
