"""The blocking colour."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_append, check_body, check_keys, check_puts
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_momento import entries, logs
from llmcache_momento.budget import Budget
from llmcache_momento.errors import NAME, Failure, translated
from llmcache_momento.link import Link
from llmcache_momento.rounds import R, Rounds

if TYPE_CHECKING:
    from llmcache_momento.wire import Wire


class MomentoStore:
    """Keeps entries and logs in a Momento cache, blocking; obeys `KeyValueStore` and `LogStore`. Made by `open_pair`.

    Shared by all threads of a process; after `os.fork` a child makes connections of its own.
    """

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return self._link.capabilities

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        keys = tuple(keys)
        check_keys(keys, self.capabilities.limits, NAME, "get_many")
        deed = Deed("get_many", keys[0] if keys else None)
        return self._done(deed, lambda: entries.get_many(self._link.generations, keys))

    def put_many(self, puts: Sequence[Put]) -> None:
        puts = tuple(puts)
        check_puts(puts, self.capabilities.limits, NAME)
        deed = Deed("put_many", puts[0].key if puts else None, changes=True)
        self._done(deed, lambda: entries.put_many(self._link.generations, puts))

    def put_if_absent(self, put: Put) -> bool:
        check_puts((put,), self.capabilities.limits, NAME, "put_if_absent")
        deed = Deed("put_if_absent", put.key, changes=True)
        return self._done(deed, lambda: entries.put_if_absent(self._link.generations, put))

    def delete_many(self, keys: Sequence[Key]) -> None:
        keys = tuple(keys)
        check_keys(keys, self.capabilities.limits, NAME, "delete_many")
        deed = Deed("delete_many", keys[0] if keys else None, changes=True)
        self._done(deed, lambda: entries.delete_many(self._link.generations, keys))

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        check_body(key, body, NAME, "delete_if_equal")
        deed = Deed("delete_if_equal", key, changes=True)
        return self._done(deed, lambda: entries.delete_if_equal(self._link.generations, key, body))

    def clear(self, space: Space) -> None:
        self._done(Deed("clear", changes=True), lambda: entries.clear(self._link.generations, space))

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        bodies, link = tuple(bodies), self._link
        check_append(log, bodies, max_length=max_length, ttl=ttl, limits=self.capabilities.limits, store=NAME)
        if not bodies:
            return self._done(Deed("append", log), lambda: logs.log_length(link.generations, log))

        def rounds() -> Rounds[int]:
            return logs.append(link.generations, link.outside, log, bodies, max_length=max_length, ttl=ttl)

        return self._done(Deed("append", log, changes=True), rounds)

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return self._done(Deed("read_log", log), lambda: logs.read_log(self._link.generations, log, start, stop))

    def log_length(self, log: Key) -> int:
        return self._done(Deed("log_length", log), lambda: logs.log_length(self._link.generations, log))

    def delete_log(self, log: Key) -> None:
        link = self._link
        deed = Deed("delete_log", log, changes=True)
        self._done(deed, lambda: logs.delete_log(link.generations, link.outside, log))

    def close(self) -> None:
        self._link.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._link.settings.cache!r})"

    def __reduce__(self) -> str:
        raise TypeError("a store cannot be pickled; open the same cache in the other process")

    def _done(self, deed: Deed, rounds: Callable[[], Rounds[R]]) -> R:
        budget = Budget(self._link.settings.timeout)
        try:
            try:
                return self._tried(deed, rounds, budget)
            except Failure as failure:
                if not failure.is_for_another_wire:
                    raise
            return self._tried(deed, rounds, budget)
        except Failure as failure:
            link = self._link
            raise translated(failure, deed, link.settings.cache, link.account.target) from failure.__cause__

    def _tried(self, deed: Deed, rounds: Callable[[], Rounds[R]], budget: Budget) -> R:
        """Do it once, and again where only the cache was missing and could be created."""
        link = self._link
        with link.in_use(deed.op) as wire:
            try:
                try:
                    return self._run(wire, rounds, budget)
                except Failure as failure:
                    if not (failure.is_missing_cache and link.settings.create):
                        raise
                with link.creating:
                    if not link.is_created:
                        wire.create_cache(budget)
                        link.is_created = True
                return self._run(wire, rounds, budget)
            except Failure as failure:
                if failure.is_of_the_wire:
                    failure.is_for_another_wire = failure.is_certainly_not_done and wire.has_answered
                    link.retire(wire)
                raise

    def _run(self, wire: "Wire", rounds: Callable[[], Rounds[R]], budget: Budget) -> R:
        return wire.run(rounds(), budget)
