"""The layer that lets a caller go on before its answer is written.

Answers and embeddings that are put go into a bounded backlog, and a thread writes them. Whoever reads a key that waits is answered from
the backlog. Everything else that is written keeps its order: before anything is deleted, cleared, put under a condition or listed, what
waits under the same keys is written, by the same thread. Where that fails the other fails, too, and what waits goes on waiting.

A lease is given back when the answer that it was taken for is in the store: who takes it next, in another process, has to find it.

An answer is "kept" when it is accepted. What is lost when the process is killed, when the backlog is full, or when the store stays away
until the cache is closed, was worth a call of the model, and no more: conversations and tag marks are never written behind.
"""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from llmcache.drivers.draining import LONGEST_END, MOST_WAITING, Draining
from llmcache.memory.backlog import Backlog
from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_puts
from llmcache.protocols.key_value import KeyValueStore
from llmcache.protocols.steps import Op, R, Reply, Steps
from llmcache.protocols.store_ops import Clear, DeleteIfEqual, DeleteMany, GetMany, PutIfAbsent, PutMany, Scan, Spaces
from llmcache.protocols.world import Around, AsyncWorld, World
from llmcache.protocols.world_ops import Emit


@dataclass(frozen=True, slots=True)
class Landed(Op[R | None]):
    """Wait until something that a thread does has ended, or for so long; the reply is its result, None where there is none yet."""

    what: "Future[R]"
    seconds: Seconds | None = None

    def on(self, world: World, /) -> R | None:
        with suppress(NotYetError):
            return self.what.result(self.seconds)
        return None

    async def on_async(self, world: AsyncWorld, /) -> R | None:
        import asyncio  # noqa: PLC0415 -- blocking programs never need it

        # Others wait for the same: whoever is cancelled takes it from none of them.
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self.what)), self.seconds)
        return None


class WritingBehind:
    """Answers puts at once.

    Args:
        store: The store below, by its blocking colour; the thread writes to it.
        around: The clock, and who listens.
        max_bytes: Most bytes that wait.
    """

    def __init__(self, store: KeyValueStore, around: Around, max_bytes: int) -> None:
        self._name = store.name
        self._limits: Limits = store.capabilities.limits
        self._draining = Draining(store, around, lambda: Backlog(max_bytes, MOST_WAITING))

    def __call__(self, op: Op[Reply], /) -> Steps[Reply]:
        """Answer `op`."""
        steps: Steps[Any]
        if isinstance(op, GetMany):
            steps = self._read(op)
        elif isinstance(op, PutMany):
            steps = self._put(op)
        elif isinstance(op, DeleteMany):
            steps = self._behind(op, set(op.keys).__contains__)
        elif isinstance(op, Clear):
            steps = self._behind(op, lambda key: key.space == op.space)
        elif isinstance(op, PutIfAbsent):
            steps = self._behind(op, op.put.key.__eq__)
        elif isinstance(op, DeleteIfEqual):
            steps = self._behind(op, _is_leased(op.key) if op.key.space.kind is Kind.LEASE else op.key.__eq__)
        elif isinstance(op, Spaces | Scan):
            steps = self._behind(op, lambda _: True)
        else:
            steps = iter(op)
        return cast("Steps[Reply]", steps)

    def declared(self, own: Capabilities) -> Capabilities:
        """Return what the store declares that is written behind: others are told of a change when it is written."""
        limits = own.limits
        return replace(own, limits=replace(limits, news_delay=limits.news_delay + self._draining.longest))

    def closing(self) -> Steps[None]:
        """Write what waits, for a bounded time; drop and tell what is left then."""
        self._draining.end()
        yield from Landed(self._draining.ended, LONGEST_END)
        for waiting in self._draining.abandon():
            yield from Emit(Event(Happening.DROPPED, waiting.put.key.digest))

    def _read(self, op: GetMany) -> Steps[Any]:
        waiting = self._draining.waiting(op.keys)
        if not waiting:
            return (yield from op)
        others = [key for key in op.keys if key not in waiting]
        found = iter((yield from GetMany(others)) if others else ())
        return [waiting[key] if key in waiting else next(found) for key in op.keys]

    def _put(self, op: PutMany) -> Steps[None]:
        puts = tuple(op.puts)
        check_puts(puts, self._limits, self._name)
        if all(put.key.space.kind.is_evictable for put in puts):
            dropped = self._draining.accept(puts)
            if dropped is not None:
                for waiting in dropped:
                    yield from Emit(Event(Happening.DROPPED, waiting.put.key.digest))
                return
        yield from self._behind(PutMany(puts), {put.key for put in puts}.__contains__)

    def _behind(self, op: Op[Any], chosen: Callable[[Key], bool]) -> Steps[Any]:
        """Do `op` when what waits under the chosen keys is written; what is put there meanwhile is written behind it."""
        wish = self._draining.wish(chosen)
        try:
            error = None if wish.ended.done() else (yield from Landed(wish.ended))
            if error is None:
                error = wish.ended.result()
            if error is not None:
                raise error
            return (yield from op)
        finally:
            self._draining.fulfil(wish)


def _is_leased(lease: Key) -> Callable[[Key], bool]:
    """Return what is True for the keys that a lease may have been taken for: see `flows.once.lease_key`."""
    return lambda key: key.name == lease.name and key.space.namespace == lease.space.namespace
