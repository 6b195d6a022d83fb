"""Bytes under names as steps: what a framework keeps by keys of its own.

Nothing here fails open, because nobody knows whether it can be had again: a store that fails raises. What is damaged, or not
sealed as it should be, is missing, and counted.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from llmcache.codec import frames
from llmcache.codec.envelopes import Envelopes
from llmcache.codec.frames import Form, Head
from llmcache.errors import DataError
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import DeleteMany, GetMany, PutMany, Scan
from llmcache.protocols.world_ops import Emit, Now

MOST_AT_ONCE: Final = 250
"""Most keys in one call of the store, so that none takes long enough to run into a deadline."""

T = TypeVar("T")


def read(keys: Sequence[Key], envelopes: Envelopes, most: int | None) -> Steps[list[bytes | None]]:
    """Return what is kept under each key, or None."""
    found: list[bytes | None] = []
    for part in _parts(keys, most):
        bodies = yield from GetMany(part)
        now = yield from Now()
        for key, body in zip(part, bodies, strict=True):
            kept: bytes | None = None
            try:
                if body is not None:
                    head, raw = frames.unpack(envelopes.unwrap(body, key), key)
                    kept = bytes(raw) if head.form is Form.BYTES and head.may_serve(now) else None
            except DataError as error:
                yield from Emit(Event(Happening.UNREADABLE, key.digest, type(error).__name__))
            found.append(kept)
    return found


def write(
    pairs: Sequence[tuple[Key, bytes]], envelopes: Envelopes, ttl: Seconds | None, most: int | None
) -> Steps[None]:
    """Keep bytes under keys; of two with one key the later holds."""
    now = yield from Now()
    expires_at = math.inf if ttl is None else now + ttl
    for part in _parts(pairs, most):
        framed = [(key, frames.pack(Head(Form.BYTES, len(raw), now, expires_at), raw, key)) for key, raw in part]
        yield from PutMany([Put(key, envelopes.wrap(frame, key), ttl) for key, frame in framed])


def delete(keys: Sequence[Key], most: int | None) -> Steps[None]:
    """Make keys missing."""
    for part in _parts(keys, most):
        yield from DeleteMany(part)


def page(space: Space, after: Key | None) -> Steps[Sequence[Listed]]:
    """Return the next keys of a space, in their order; none at its end."""
    return (yield from Scan(space, after, MOST_AT_ONCE))


def _parts(things: Sequence[T], most: int | None) -> Iterator[Sequence[T]]:
    size = min(most or MOST_AT_ONCE, MOST_AT_ONCE)
    for start in range(0, len(things), size):
        yield things[start : start + size]
