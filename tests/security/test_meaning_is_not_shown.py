"""A canary over what collections and caches by meaning print: no question, answer, text, id or metadata."""

import logging
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

import llmcache
from llmcache import Document
from llmcache.errors import LLMCacheError
from llmcache.keys.partition import request_question
from llmcache.model.event import Told
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from tests.stores import Clock

pytestmark = pytest.mark.stores(few=True)

QUESTION, ANSWER, TEXT, NAME, FACT = (f"canary-{word}" for word in ("question", "answer", "text", "name", "fact"))
T = TypeVar("T")
ASKED = llmcache.Request("m", [{"role": "user", "content": QUESTION}])


class Said(Exception):
    """What a user's own function says."""


class Careless:
    """A model, a loader and a verifier that say in their errors what they were given, once they are told to fail."""

    fails = False

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Embed texts by their lengths."""
        return self._or_fail([[float(len(text)), 1.0] for text in texts], texts)

    def load(self, document_id: str) -> Document:
        """Return a document."""
        return self._or_fail(Document(document_id, f"{TEXT} again", {"fact": FACT}), document_id)

    def verify(self, asked: str, kept: str, answer: Any) -> bool:
        """Confirm everything."""
        return self._or_fail(True, (asked, kept, answer))

    def _or_fail(self, answer: T, given: object) -> T:
        if self.fails:
            raise Said(f"{given}")
        return answer


def shown_by(call: Callable[[], object]) -> str:
    """Return what is printed of an answer's type, or of an error of ours and what led to it."""
    try:
        return f"{type(call())}"
    except LLMCacheError as error:
        return "".join(traceback.format_exception_only(error)) + repr(vars(error))
    except Said:
        return ""  # the user's own passes as it is


def use(cache: llmcache.Cache, careless: Careless, clock: Clock) -> list[str]:
    """Keep, find, misuse and end documents and answers, and return what that prints."""
    shelf = cache.vectors("docs", embed=careless.embed, model="m", ttl=100, loader=careless.load)
    answers = cache.semantic(careless.embed, model="m", verify=careless.verify, similarity=0.5)
    document = Document(NAME, TEXT, {"fact": FACT})
    odd: Any = {"fact": {FACT}}
    calls: list[Callable[[], object]] = [
        lambda: shelf.upsert([document]),
        lambda: shelf.upsert([Document(NAME, TEXT, odd)]),
        lambda: shelf.upsert([document], [[1.0]]),
        lambda: shelf.search(QUESTION, where={"fact": {"$gt": FACT}}),
        lambda: shelf.search(QUESTION, where={"fact": odd}),
        lambda: shelf.search(QUESTION, where={"fact": {"$in": FACT}}),
        lambda: shelf.search([QUESTION]),  # type: ignore[list-item]  # misuse
        lambda: shelf.search("?", QUESTION),  # type: ignore[arg-type]  # misuse
        lambda: shelf.get([NAME, f"{NAME} 2"]),
        lambda: shelf.delete([NAME]),
        *(lambda end=end: answers.get_or_call(asked(f"{QUESTION}{end}"), lambda: {"text": ANSWER}) for end in "?! "),
    ]
    printed = [shown_by(calls[0])]
    clock.now += 150
    printed += [shown_by(call) for call in calls]
    question = request_question(ASKED, Namespace.of("shop"), "m")
    found = answers.find(ASKED)
    return [*printed, *map(repr, (shelf, answers, question, found, cache, cache.stats()))]


def asked(text: str) -> llmcache.Request:
    """Ask a model a text."""
    return llmcache.Request("m", [{"role": "user", "content": text}])


@pytest.mark.parametrize("seal", [None, llmcache.Seal(b"1" * 32)], ids=["readable", "sealed"])
def test_meaning_is_not_shown(
    url: str, seal: llmcache.Seal | None, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """On every store; also where model, loader and verifier fail, and where every body is damaged."""
    caplog.set_level(logging.DEBUG)
    told: list[Told] = []
    careless = Careless()
    with llmcache.open(url, seal=seal, clock=clock, listener=told.append) as cache:
        printed = use(cache, careless, clock)
        careless.fails = True
        printed += use(cache, careless, clock)
        if cache.capabilities.scan:
            world = cache.setup.blocking_world
            for used in cache.spaces():
                for listed in cache.scan(used.space):
                    if used.space.kind.is_log:
                        world.log_store.append(listed.key, [TEXT.encode()])
                    else:
                        world.store.put_many([Put(listed.key, TEXT.encode())])
            printed += use(cache, careless, clock)

    everything = "\n".join([*printed, *map(repr, told), caplog.text])
    assert [] == [word for word in (QUESTION, ANSWER, TEXT, NAME, FACT) if word in everything]
    assert len(told) > 10
