"""The layer that puts a near tier before a store: read from copies at hand, written through.

Only what can be had again is copied (`Kind.is_evictable`): answers and embeddings. Marks of tags, leases and conversations always
go to the store behind, and so does everything conditional, because their point is that others see the same.
What copies there are, and when one may be kept, is the near tier's own business (`llmcache.memory.near`).
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Space
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import News
from llmcache.protocols.steps import Op, Reply, Steps
from llmcache.protocols.store_ops import Clear, DeleteIfEqual, DeleteMany, GetMany, PutIfAbsent, PutMany, Watch
from llmcache.protocols.world_ops import Emit

S = TypeVar("S")


class Near(Protocol[S]):
    """What the layer needs of a near tier; S is what it remembers of a moment."""

    def look(self, key: Key) -> bytes | None:
        """Return the copy under `key`, or None."""
        ...

    def begins_to_watch(self) -> bool:
        """True for the first who asks in this process."""
        ...

    def hear(self, news: News) -> None:
        """Drop what others have changed."""
        ...

    def reading(self, keys: Sequence[Key]) -> S:
        """Take note that `keys` are about to be read from the store."""
        ...

    def fill(self, keys: Sequence[Key], bodies: Sequence[bytes | None], since: S) -> None:
        """Keep what was read, where nothing has changed since."""
        ...

    def changing(self, keys: Sequence[Key]) -> S:
        """Drop the copies of `keys`, which are about to change in the store."""
        ...

    def changed(self, keys: Sequence[Key]) -> None:
        """Take note that a change of `keys` was done."""
        ...

    def written(self, puts: Sequence[Put], since: S) -> None:
        """Take note that `puts` were done, and keep copies where nobody else changed them meanwhile."""
        ...

    def doubtful(self, keys: Sequence[Key]) -> None:
        """Take note that a change of `keys` failed, and may yet be done."""
        ...

    def clearing(self, space: Space) -> None:
        """Drop all copies of a space that is about to be cleared."""
        ...

    def cleared(self, space: Space) -> None:
        """Take note that a space was cleared."""
        ...

    def clearing_failed(self, space: Space) -> None:
        """Take note that a space may yet be cleared."""
        ...

    def close(self) -> None:
        """Drop everything and keep nothing from now on."""
        ...


class Tiered(Generic[S]):
    """Answers the ops of a store, reads from `near` first.

    Args:
        near: Where copies are kept.
        watches: The store tells of changes that others make.
    """

    def __init__(self, near: Near[S], *, watches: bool) -> None:
        self._near = near
        self._watches = watches

    def __call__(self, op: Op[Reply]) -> Steps[Reply]:
        steps: Steps[Any]
        match op:
            case GetMany(keys=keys):
                steps = self._read(tuple(keys))
            case PutMany(puts=puts):
                steps = self._write(tuple(puts))
            case DeleteMany(keys=keys):
                steps = self._change(DeleteMany(kept := tuple(keys)), kept)
            case PutIfAbsent(put=put):
                steps = self._change(op, (put.key,))
            case DeleteIfEqual(key=key):
                steps = self._change(op, (key,))
            case Clear(space=space):
                steps = self._clear(space)
            case _:
                steps = iter(op)
        return cast("Steps[Reply]", steps)

    def closing(self) -> Steps[None]:
        """Drop all copies."""
        self._near.close()
        yield from ()

    def _read(self, keys: tuple[Key, ...]) -> Steps[Sequence[bytes | None]]:
        found = [self._near.look(key) for key in keys]
        missing = [place for place, body in enumerate(found) if body is None]
        if len(missing) < len(keys):
            first = next(key for key, body in zip(keys, found, strict=True) if body is not None)
            yield from Emit(Event(Happening.NEAR_HIT, first.digest, count=len(keys) - len(missing)))
        if missing or not keys:
            bodies = yield from self._read_behind([keys[place] for place in missing])
            for place, body in zip(missing, bodies, strict=True):
                found[place] = body
        return found

    def _read_behind(self, keys: list[Key]) -> Steps[Sequence[bytes | None]]:
        yield from self._watch()
        since = self._near.reading(keys)
        bodies = yield from GetMany(keys)
        kept = [body if key.space.kind.is_evictable else None for key, body in zip(keys, bodies, strict=True)]
        self._near.fill(keys, kept, since)
        return bodies

    def _write(self, puts: tuple[Put, ...]) -> Steps[None]:
        kept = [put for put in puts if put.key.space.kind.is_evictable]
        keys = [put.key for put in kept]
        yield from self._watch()
        since = self._near.changing(keys)
        yield from self._or_doubt(PutMany(puts), lambda: self._near.doubtful(keys))
        self._near.written(kept, since)

    def _change(self, op: Op[Reply], changed: Sequence[Key]) -> Steps[Reply]:
        keys = [key for key in changed if key.space.kind.is_evictable]
        self._near.changing(keys)
        reply = yield from self._or_doubt(op, lambda: self._near.doubtful(keys))
        self._near.changed(keys)
        return reply

    def _clear(self, space: Space) -> Steps[None]:
        self._near.clearing(space)
        yield from self._or_doubt(Clear(space), lambda: self._near.clearing_failed(space))
        self._near.cleared(space)

    def _watch(self) -> Steps[None]:
        """Begin to hear of changes, before anything is kept."""
        if self._watches and self._near.begins_to_watch():
            yield from Watch(self._near.hear)

    @staticmethod
    def _or_doubt(op: Op[Reply], doubt: Callable[[], None]) -> Steps[Reply]:
        """Do a change; where it fails or is given up it may yet be done, by whoever it had reached."""
        try:
            reply: Reply = yield from op
        except BaseException:
            doubt()
            raise
        return reply
