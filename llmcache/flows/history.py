"""The chat history's logic as steps. Nothing here fails open: losing a message is an error."""

from collections.abc import Callable, Sequence

from llmcache.codec.envelope import pack
from llmcache.errors import DataError, DecodeError, VersionError
from llmcache.model.entry import Entry
from llmcache.model.key import Key
from llmcache.model.units import Plain, Seconds
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, LogLength, ReadLog
from llmcache.protocols.world_ops import Now

Decode = Callable[[bytes, Key], Entry]


def append(
    log: Key, messages: Sequence[Plain], *, type_name: str, max_length: int | None, ttl: Seconds | None
) -> Steps[int]:
    """Add messages at the end in one atomic step and return how many the log has then.

    All are encoded before the first is sent, so that one that cannot be (UsageError) leaves nothing behind.
    """
    now = yield from Now()
    bodies = [pack(Entry(message, made_at=now, type=type_name), log) for message in messages]
    return (yield from Append(log, bodies, max_length, ttl))


def read(log: Key, decode: Decode, start: int = 0, stop: int | None = None) -> Steps[list[Entry]]:
    """Return the messages of `log[start:stop]`, oldest first.

    A message that cannot be read raises DecodeError (VersionError for a newer format) that says which one.
    """
    bodies = yield from ReadLog(log, start, stop)
    entries: list[Entry] = []
    for place, body in enumerate(bodies):
        try:
            entries.append(decode(body, log))
        except DataError as error:
            kind = VersionError if isinstance(error, VersionError) else DecodeError
            raise kind(f"message {place} of the {len(bodies)} read of a history cannot be used: {error}") from error
    return entries


def length(log: Key) -> Steps[int]:
    """Return how many messages the log has; 0 where there is none."""
    return (yield from LogLength(log))
