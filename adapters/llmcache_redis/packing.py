"""Commands as bytes: by hiredis, in C, where it is there, and by hand where it is not.

redis-py packs in C only in its blocking colour, and one word after the other in the other; fifty reads in one command would cost
more to pack than to send.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmcache_redis.commands import Part, Word

if TYPE_CHECKING:
    _pack: Callable[[tuple[Word, ...]], bytes] | None
else:
    try:
        from hiredis import pack_command as _pack
    except ImportError:
        _pack = None


def by_hand(words: Sequence[Word]) -> bytes:
    """Return one command in the protocol of Redis: an array of texts, each after its length."""
    pieces = [b"*%d\r\n" % len(words)]
    for word in words:
        text = word if isinstance(word, bytes) else str(word).encode()
        pieces.append(b"$%d\r\n%s\r\n" % (len(text), text))
    return b"".join(pieces)


def packed(part: Part) -> bytes:
    """Return all commands of a part, each behind ASKING where that is wanted."""
    if len(part.commands) == 1 and not part.asking:
        return _one(part.commands[0].words)
    asking = _one(("ASKING",)) if part.asking else b""
    return b"".join(asking + _one(command.words) for command in part.commands)


def _one(words: Sequence[Word]) -> bytes:
    return by_hand(words) if _pack is None else _pack(tuple(words))
