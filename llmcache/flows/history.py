"""The chat history's logic as steps. Nothing here fails open: losing a message is an error."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError, DecodeError, SealError, VersionError
from llmcache.model.entry import Entry
from llmcache.model.key import Key
from llmcache.model.units import Instant, Plain, Seconds
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, LogLength, ReadLog
from llmcache.protocols.world_ops import Now


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a conversation lives.

    Attributes:
        ttl: Its time to live in seconds; None means for ever.
        sliding: True where that counts from the last append, False where it counts from the first.
    """

    ttl: Seconds | None = None
    sliding: bool = True


def append(
    log: Key,
    messages: Sequence[Plain],
    envelopes: Envelopes,
    *,
    type_name: str,
    max_length: int | None,
    lifetime: Lifetime,
) -> Steps[int]:
    """Add messages at the end in one atomic step and return how many the log has then.

    All are encoded before the first is sent, so that one that cannot be (UsageError) leaves nothing behind. A lifetime
    that does not slide takes a read before that: the last message tells when the conversation ends.
    """
    now = yield from Now()
    ends_at = None if lifetime.sliding or lifetime.ttl is None else (yield from _end(log, now, lifetime.ttl, envelopes))
    entries = [Entry(message, made_at=now, expires_at=ends_at, type=type_name) for message in messages]
    bodies = [envelopes.pack(entry, log) for entry in entries]
    return (yield from Append(log, bodies, max_length, lifetime.ttl if ends_at is None else ends_at - now))


def _end(log: Key, now: Instant, ttl: Seconds, envelopes: Envelopes) -> Steps[Instant]:
    """Return when a conversation that does not slide ends: as its last message says, else `ttl` from now.

    Every message carries the end, because a cap drops the first ones. One that carries none was written while the
    lifetime slid, and one that cannot be read tells nothing: then the time begins now.
    """
    bodies = yield from ReadLog(log, -1)
    try:
        ends_at = envelopes.peek(bodies[0], log).expires_at if bodies else None
    except DataError:
        ends_at = None
    return now + ttl if ends_at is None or ends_at <= now else ends_at


def read(log: Key, envelopes: Envelopes, start: int = 0, stop: int | None = None) -> Steps[list[Entry]]:
    """Return the messages of `log[start:stop]`, oldest first.

    A message that cannot be read raises DecodeError (VersionError for a newer format, SealError for a seal that does not
    open) that says which one.
    """
    bodies = yield from ReadLog(log, start, stop)
    entries: list[Entry] = []
    for place, body in enumerate(bodies):
        try:
            entries.append(envelopes.unpack(body, log))
        except DataError as error:
            kind = type(error) if isinstance(error, VersionError | SealError) else DecodeError
            raise kind(f"message {place} of the {len(bodies)} read of a history cannot be used: {error}") from error
    return entries


def length(log: Key) -> Steps[int]:
    """Return how many messages the log has; 0 where there is none."""
    return (yield from LogLength(log))
