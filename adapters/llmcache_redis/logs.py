"""What the methods for logs send, for both colours. Each is one script on one key, so it is atomic."""

import secrets
from collections.abc import Sequence
from typing import Final

from llmcache.errors import StoreRefused
from llmcache.model.key import Key, Kind
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_append
from llmcache.protocols.deed import Deed
from llmcache_redis import scripts
from llmcache_redis.commands import Command, Reply, Wire, Word, call
from llmcache_redis.entries import LIMITS
from llmcache_redis.errors import NAME
from llmcache_redis.layout import Layout, proof
from llmcache_redis.replies import bodies_in, number
from llmcache_redis.sending import Sender
from llmcache_redis.settings import Settings
from llmcache_redis.values import Lifetime, fresh_stamp, shown_time

_FAR: Final = 2**40
"""Beyond the end of every log. Lua counts in floats, so larger bounds are brought to this one."""

_MANY: Final = 1_000
_MEBIBYTE: Final = 2**20
_TIMES_LONGER: Final = 5
"""For a slice that may be a whole conversation."""
_SHORT: Final = 16
"""The last so many bodies are read as quickly as one: who looks what is new in an index does that first."""


class Logs:
    """Makes the steps of the methods for logs."""

    def __init__(self, sender: Sender, layout: Layout, settings: Settings) -> None:
        self._sender = sender
        self._layout = layout
        self._settings = settings

    def append(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> Wire[int]:
        """Add bodies, at most once; to add none is to read the length."""
        bodies = tuple(bodies)
        check_append(log, bodies, max_length=max_length, ttl=ttl, limits=LIMITS, store=NAME)
        if not bodies:
            return (yield from self.length(log))
        lifetime = Lifetime(ttl, self._settings.own_clock)
        cap = "" if max_length is None or max_length > _FAR else max_length
        words: list[Word] = [fresh_stamp(), self._now(), lifetime.px, lifetime.ends, cap, scripts.PROOF_MILLISECONDS]
        entry = self._layout.entry(log)
        names = (self._layout.stamp(log), entry, proof(entry, secrets.token_hex(8)))
        command = call(scripts.APPEND, names, [*words, *bodies], self._layout.slot(log))
        size = len(bodies) // _MANY + sum(map(len, bodies)) // _MEBIBYTE
        deed = Deed("append", log, changes=True)
        return number((yield from self._sent(command, deed, 1 + size)), deed)

    def read(self, log: Key, start: int, stop: int | None) -> Wire[list[bytes]]:
        """Read a slice."""
        bounds = (_near(start), "" if stop is None else _near(stop))
        deed = Deed("read_log", log)
        reply = yield from self._sent(
            self._reading(scripts.READ_LOG, log, bounds), deed, 1 if _is_short(start, stop) else _TIMES_LONGER
        )
        if reply == scripts.VECTORS_INSTEAD:
            raise StoreRefused(
                f"{NAME} did not do {deed}: these vectors were kept with `vectors=native`; open the store with that, or clear the "
                "collection and fill it again"
            )
        return bodies_in(reply, deed)

    def length(self, log: Key) -> Wire[int]:
        """Count the bodies."""
        deed = Deed("log_length", log)
        return number((yield from self._sent(self._reading(scripts.LOG_LENGTH, log), deed)), deed)

    def delete(self, log: Key) -> Wire[None]:
        """Drop a log."""
        command = Command(("UNLINK", self._layout.entry(log)), self._layout.slot(log))
        yield from self._sent(command, Deed("delete_log", log, changes=True))

    def _reading(self, script: scripts.Script, log: Key, words: Sequence[Word] = ()) -> Command:
        names = [self._layout.stamp(log), self._layout.entry(log)]
        if script is scripts.READ_LOG and log.space.kind is Kind.VECTORS and not self._settings.vectors:
            names.append(names[1] + scripts.INDEX_HASH)
        return call(script, names, (self._now(), *words), self._layout.slot(log))

    def _sent(self, command: Command, deed: Deed, times: int = 1) -> Wire[Reply]:
        (reply,) = yield from self._sender.send((command,), deed, self._settings.log_timeout * times)
        return reply

    def _now(self) -> str:
        return shown_time(self._settings.clock())


def _is_short(start: int, stop: int | None) -> bool:
    return stop is None and -_SHORT <= start < 0


def _near(bound: int) -> int:
    return max(-_FAR, min(bound, _FAR))
