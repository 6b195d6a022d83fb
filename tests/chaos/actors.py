"""What one actor does, in a thread or in a task: asks, clears, appends and reads, by its own seed, and writes down what came.

Both colours are driven by one text: a step says how it is done in each, and what to note of its outcome; the two loops at the
head only call or await it.
"""

import asyncio
import json
import random
import threading
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import llmcache
from llmcache.errors import StoreError, StoreTimeout
from llmcache.model.event import Event, Happening, Told
from llmcache.model.units import Instant
from llmcache_langchain import LLMCache
from tests.chaos.model import QUESTIONS, TAGS, TTL, TTL_SLACK, Model, ModelFailedError, problem_in, request, tags
from tests.chaos.records import AnswerId, Appended, Asked, Cleared, Read, Record, Wrong
from tests.langchain.models import FakeModel

LAST = 10
MESSAGES_OF_A_TALK = 100
"""Messages that one writer adds to one conversation before it goes on in the next."""
_PAUSE = 0.06
MEANWHILE = 5.0
"""Seconds before a question in which an answer to it may have been on its way."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all actors of a process share.

    Attributes:
        write: Takes the records.
        clock: The time of day that the cache goes by.
        is_over: Set when the actors are to end.
        heard: Takes what the cache tells of the step that is being done.
    """

    cache: llmcache.Cache
    langchain: LLMCache
    write: Callable[[Record], None]
    clock: Callable[[], Instant]
    is_over: threading.Event
    heard: ContextVar[list[Told]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        blocking: Does it.
        awaiting: Does it in the other colour.
        note: Is told what came of it, a value or an exception, and when it began.
    """

    blocking: Callable[[], Any]
    awaiting: Callable[[], Awaitable[Any]]
    note: Callable[[float, Any], None]


class Actor:
    """One actor.

    Args:
        name: Which nobody else has.
        seed: Decides what it does.
    """

    def __init__(self, name: str, seed: str, around: Surroundings) -> None:
        self.name = name
        self._chance = random.Random(seed)
        self._around = around
        self._cache = around.cache
        self._model = Model(name, around.clock, lambda: self._chance.random() < 0.02)
        self._chat = FakeModel(answer=self._model.message, cache=around.langchain)
        self._appended = 0

    def run(self) -> None:
        """Act until it is over, blocking."""
        while not self._around.is_over.wait(self._chance.random() * 2 * _PAUSE):
            step = self._next()
            began = time.monotonic()
            try:
                came = step.blocking()
            except BaseException as error:
                came = error
            step.note(began, came)

    async def run_async(self) -> None:
        """The same, awaited."""
        while not self._around.is_over.is_set():
            await asyncio.sleep(self._chance.random() * 2 * _PAUSE)
            step = self._next()
            began = time.monotonic()
            try:
                came = await step.awaiting()
            except BaseException as error:
                came = error
            step.note(began, came)

    def _next(self) -> Step:
        self._model.begin()
        self._around.heard.set([])
        steps = (self._ask, self._ask_langchain, self._append, self._read, self._clear_tag, self._clear_all)
        (chosen,) = self._chance.choices(steps, (50, 15, 18, 14, 2.6, 0.4))
        return chosen()

    def _ask(self) -> Step:
        question = self._chance.randrange(QUESTIONS)
        asked, named = request(question), tags(question)

        def call() -> Any:
            return self._model.answer(question)

        return Step(
            lambda: self._cache.responses.get_or_call(asked, call, ttl=TTL, tags=named),
            lambda: self._cache.awaiting.responses.get_or_call(asked, call, ttl=TTL, tags=named),
            self._asked("call", question),
        )

    def _ask_langchain(self) -> Step:
        question = self._chance.randrange(QUESTIONS)
        asked, named = f"question {question}", tags(question)

        def ask() -> Any:
            with llmcache.options(tags=named, ttl=TTL):
                return json.loads(self._chat.invoke(asked).text)

        async def ask_async() -> Any:
            with llmcache.options(tags=named, ttl=TTL):
                return json.loads((await self._chat.ainvoke(asked)).text)

        return Step(ask, ask_async, self._asked("langchain", question))

    def _asked(self, way: str, question: int) -> Callable[[float, Any], None]:
        wall, heard = self._around.clock(), self._around.heard.get()

        def note(began: float, came: Any) -> None:
            ended = time.monotonic()
            if isinstance(came, ModelFailedError):
                self._around.write(Asked(way, question, began, ended, None, True, self._model.seconds))
                return
            if isinstance(came, BaseException):
                self._wrong("failed call", f"{way} {question}: {type(came).__name__}: {came}")
                return
            problem = problem_in(came, question)
            # By the earlier time of both: the clock may have been set while it was asked. One that was made meanwhile, by the call of
            # another that was waited for, may look as old as the clock jumped.
            age = min(wall, self._around.clock()) - came["at"] if not problem else 0.0
            if age > TTL + TTL_SLACK and came["since"] < began - MEANWHILE:
                problem = f"{age:.1f} s old, and it lives {TTL} s"
            if problem:
                self._wrong("wrong answer", f"{way} {question}: {problem}")
                return
            found: AnswerId = (came["by"], came["number"])
            own = found == self._model.last
            kept = own and any(isinstance(told, Event) and told.what is Happening.KEPT for told in heard)
            self._around.write(Asked(way, question, began, ended, found, own, self._model.seconds, kept))

        return note

    def _clear_tag(self) -> Step:
        tag = self._chance.randrange(TAGS)
        named = (f"tag-{tag}",)
        return Step(
            lambda: self._cache.clear(tags=named),
            lambda: self._cache.awaiting.clear(tags=named),
            self._cleared(tag),
        )

    def _clear_all(self) -> Step:
        return Step(
            self._cache.responses.clear,
            self._cache.awaiting.responses.clear,
            self._cleared(None),
        )

    def _cleared(self, tag: int | None) -> Callable[[float, Any], None]:
        def note(began: float, came: Any) -> None:
            is_sure = not isinstance(came, BaseException)
            self._note("clear", None, Cleared(tag, began, time.monotonic(), is_sure))
            self._note("clear", came)

        return note

    def _append(self) -> Step:
        number, talk = self._appended, f"talk-{self._appended // MESSAGES_OF_A_TALK}"
        self._appended += 1
        message = {"writer": self.name, "number": number}

        def note(began: float, came: Any) -> None:
            outcome = "maybe" if isinstance(came, StoreTimeout) else "not" if isinstance(came, Exception) else "kept"
            self._note("append", None, Appended(talk, self.name, number, began, time.monotonic(), outcome))
            self._note("append", came)

        return Step(
            lambda: self._cache.history(talk).append([message]),
            lambda: self._cache.awaiting.history(talk).append([message]),
            note,
        )

    def _read(self) -> Step:
        talk = f"talk-{max(0, self._appended - 1) // MESSAGES_OF_A_TALK}"

        def note(began: float, came: Any) -> None:
            is_read = not isinstance(came, BaseException)
            self._note("read", None, Read(talk, began, time.monotonic(), is_read))
            self._note("read", came)
            if is_read and (len(came) > LAST or is_any_twice(came)):
                self._wrong("wrong history", f"{talk}: {came!r:.500}")

        return Step(
            lambda: self._cache.history(talk).last(LAST), lambda: self._cache.awaiting.history(talk).last(LAST), note
        )

    def _note(self, what: str, came: Any, record: Record | None = None) -> None:
        """Write a record of what went well; what a store raises is its right, and anything else is wrong."""
        if isinstance(came, BaseException):
            if not isinstance(came, StoreError):
                self._wrong("foreign error", f"{what}: {type(came).__name__}: {came}")
        elif record is not None:
            self._around.write(record)

    def _wrong(self, what: str, said: str) -> None:
        self._around.write(Wrong(what, time.monotonic(), f"{self.name}: {said}"))


def is_any_twice(messages: list[Any]) -> bool:
    """True where a message is there twice. Their order the judge knows: who was told nothing may find it added later."""
    return len({(message["writer"], message["number"]) for message in messages}) < len(messages)
