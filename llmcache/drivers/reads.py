"""Reads that travel together: those that one turn of an event loop asks for go in one round trip.

A round trip through asyncio costs a hundred microseconds of processor time and more, whether it carries one key or fifty. A
caller that is cancelled leaves the others alone: nobody waits for the round trip itself, only for an answer of one's own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from llmcache.errors import LLMCacheError
from llmcache.model.key import Key

_MOST_KEYS: Final = 500
"""Keys in one round trip; a call of more goes alone."""

Slots: TypeAlias = list[bytes | None]
Read: TypeAlias = Callable[[Sequence[Key]], Awaitable[Slots]]


class Reads:
    """Gathers the reads of a store, of each event loop by itself.

    Args:
        read: Makes a round trip; it is asked for different keys only, and for at least one.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}

    async def get(self, keys: Sequence[Key]) -> Slots:
        """Return one slot per key; there is at least one."""
        return await self._here().join(keys)

    def _here(self) -> "_Loop":
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            for other in [other for other in list(self._loops) if other.is_closed()]:
                self._loops.pop(other, None)
            here = self._loops[loop] = _Loop(self._read, loop)
        return here


class _Loop:
    """Gathers the reads of one event loop."""

    def __init__(self, read: Read, loop: asyncio.AbstractEventLoop) -> None:
        self._read = read
        self._loop = loop
        self._waiting: list[tuple[Sequence[Key], asyncio.Future[Slots]]] = []
        self._trips: set[asyncio.Task[None]] = set()

    def join(self, keys: Sequence[Key]) -> "asyncio.Future[Slots]":
        answer: asyncio.Future[Slots] = self._loop.create_future()
        self._waiting.append((keys, answer))
        if len(self._waiting) == 1:
            # It begins in the next turn of the loop: by then everybody who is ready now has asked.
            self._loop.call_soon(self._depart)
        return answer

    def _depart(self) -> None:
        waiting, self._waiting = self._waiting, []
        aboard: list[tuple[Sequence[Key], asyncio.Future[Slots]]] = []
        many = 0
        for one in waiting:
            if one[1].done():
                continue  # cancelled before it began
            if aboard and many + len(one[0]) > _MOST_KEYS:
                self._begin(aboard)
                aboard, many = [], 0
            aboard.append(one)
            many += len(one[0])
        if aboard:
            self._begin(aboard)

    def _begin(self, aboard: list[tuple[Sequence[Key], "asyncio.Future[Slots]"]]) -> None:
        trip = self._loop.create_task(self._travel(aboard))
        # The loop holds tasks weakly.
        self._trips.add(trip)
        trip.add_done_callback(self._trips.discard)

    async def _travel(self, aboard: list[tuple[Sequence[Key], "asyncio.Future[Slots]"]]) -> None:
        places: dict[Key, int] = {}
        for keys, _ in aboard:
            for key in keys:
                places.setdefault(key, len(places))
        try:
            found = await self._read(list(places))
        except LLMCacheError as error:
            for answer in _awaited(aboard):
                answer.set_exception(_like(error))
            return
        except BaseException:
            # The loop ends, or a mistake of ours: nobody may wait for ever.
            for answer in _awaited(aboard):
                answer.cancel()
            raise
        for keys, answer in aboard:
            if not answer.done():
                answer.set_result([found[places[key]] for key in keys])


def _awaited(aboard: Sequence[tuple[Sequence[Key], "asyncio.Future[Slots]"]]) -> list["asyncio.Future[Slots]"]:
    """Return the answers that somebody still waits for."""
    return [answer for _, answer in aboard if not answer.done()]


def _like(error: LLMCacheError) -> LLMCacheError:
    """Return an equal error: one object raised in many tasks would gather the traceback of all."""
    copy = type(error)(*error.args)
    copy.__cause__ = error.__cause__
    return copy
