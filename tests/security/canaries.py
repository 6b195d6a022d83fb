"""What must be seen nowhere: one word for each thing that a user would not want to meet in a store or a log."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration

import llmcache
from llmcache_langchain import ChatMessageHistory, LLMCache

PROMPT, ANSWER, TAG, MESSAGE, SESSION, MODEL, SETTING = (
    f"canary-{word}" for word in ("prompt", "answer", "tag", "message", "session", "model", "setting")
)
CANARIES = (PROMPT, ANSWER, TAG, MESSAGE, SESSION, MODEL, SETTING)

ASKED = llmcache.Request(MODEL, [{"role": "user", "content": PROMPT}], {"stop": [SETTING]})
CHAIN = (f'[{{"lc": 1, "content": "{PROMPT}"}}]', f"[('model', '{MODEL}'), ('stop', '{SETTING}')]")
LONG = f"{ANSWER}, " * 3_000
"""Long enough to be squeezed."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came back, so that a test knows that everything was really kept."""

    answers: list[object]
    messages: list[object]


def use(cache: llmcache.Cache) -> Came:
    """Keep one of everything by every door, clear by tag, and read it all back."""
    answers, session = LLMCache(cache), ChatMessageHistory(f"{SESSION}/2", cache)
    cache.responses.put(ASKED, {"text": ANSWER}, tags=(TAG,))
    cache.clear(tags=(TAG,))
    long = llmcache.Request(MODEL, [{"role": "user", "content": f"{PROMPT} 2"}])
    with llmcache.options(tags=(TAG,)):
        cache.responses.get_or_call(long, lambda: {"text": LONG}, ttl=3600)
    answers.update(*CHAIN, [ChatGeneration(message=AIMessage(ANSWER, response_metadata={"model_name": MODEL}))])
    cache.history(f"{SESSION}/1", ttl=3600).append([{"role": "user", "content": MESSAGE}, {"text": MESSAGE * 5_000}])
    session.add_messages([HumanMessage(MESSAGE), AIMessage(MESSAGE)])
    found = answers.lookup(*CHAIN)
    kept: list[object] = [cache.responses.get(ASKED), cache.responses.get(long), found and found[0].text]
    return Came(kept, [*cache.history(f"{SESSION}/1").all(), *(message.content for message in session.messages)])


CAME = Came(
    [None, {"text": LONG}, ANSWER], [{"role": "user", "content": MESSAGE}, {"text": MESSAGE * 5_000}, MESSAGE, MESSAGE]
)


def seen_in(raw: bytes) -> set[str]:
    """Return the canaries that can be read in `raw`, in any mixture of capitals."""
    lower = raw.lower()
    return {canary for canary in CANARIES if canary.encode() in lower or canary.encode("utf-16-le") in lower}


class Broken:
    """A store whose every call fails, with what it was given in the error's text."""

    name = "broken"

    def __init__(self, store: Any) -> None:
        self.capabilities = store.capabilities

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def fail(*given: Any, **named: Any) -> Any:
            raise RuntimeError(f"{PROMPT} {[vars_of(one) for one in given]} {named}")

        return fail


def vars_of(given: object) -> object:
    """What a careless store would say."""
    return dataclasses.asdict(given) if dataclasses.is_dataclass(given) and not isinstance(given, type) else given
