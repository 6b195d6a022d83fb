"""The fake model: its answer is a function of the request and of who asks when, so that every answer tells its origin."""

import json
import time
import zlib
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

import llmcache
from llmcache.model.units import Instant
from tests.chaos.records import AnswerId

QUESTIONS = 40
TAGS = 4
TTL = 60.0
TTL_SLACK = 45.0
"""How much older an answer may be than it lives: half a minute where it may stand in for a model that fails, and some time to keep it."""
_LONGEST = 2_000


class ModelFailedError(Exception):
    """The model itself fails, as models do; the cache must pass it on."""


def request(question: int) -> llmcache.Request:
    """Return the request for a question."""
    return llmcache.Request(model="fake-1", messages=[{"role": "user", "content": f"question {question}"}])


def tags(question: int) -> tuple[str, ...]:
    """Return the tags that its answer carries; one question in five has none."""
    return () if question % 5 == 0 else (f"tag-{question % TAGS}",)


class Model:
    """Answers one actor's questions.

    Args:
        by: The actor's name, which nobody else has, also not after a restart.
        clock: Tells the time of day that answers carry.
        will_fail: Tells whether the next call fails.
    """

    def __init__(self, by: str, clock: Callable[[], Instant], will_fail: Callable[[], bool]) -> None:
        self._by = by
        self._clock = clock
        self._will_fail = will_fail
        self._made = 0
        self.seconds = 0.0
        self.last: AnswerId | None = None

    def begin(self) -> None:
        """Forget the last call."""
        self.seconds, self.last = 0.0, None

    def answer(self, question: int) -> dict[str, Any]:
        """Return the answer to a question."""
        began = time.monotonic()
        try:
            if self._will_fail():
                raise ModelFailedError(f"question {question}")
            self._made += 1
            self.last = (self._by, self._made)
            return made(question, self._by, self._made, self._clock())
        finally:
            self.seconds += time.monotonic() - began

    def message(self, messages: list[BaseMessage]) -> AIMessage:
        """Return the same as LangChain's models do."""
        return AIMessage(json.dumps(self.answer(int(messages[-1].text.rpartition(" ")[2]))))


def made(question: int, by: str, number: int, at: Instant) -> dict[str, Any]:
    """Return an answer; its length is a function of it, and a sum over all of it shows a single changed bit."""
    fields = {"question": question, "by": by, "number": number, "at": at, "since": time.monotonic()}
    fields["text"] = "x" * (question * 53 % _LONGEST)
    return {**fields, "sum": _sum(fields)}


def problem_in(answer: Any, question: int) -> str:
    """Say what is wrong with an answer to a question, or return ""."""
    if not isinstance(answer, dict) or "sum" not in answer:
        return f"no answer of ours: {answer!r:.200}"
    fields = {name: value for name, value in answer.items() if name != "sum"}
    if answer["sum"] != _sum(fields):
        return f"a changed answer: {answer!r:.200}"
    return "" if answer["question"] == question else f"the answer to question {answer['question']}, asked {question}"


def _sum(fields: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(fields, sort_keys=True).encode())
