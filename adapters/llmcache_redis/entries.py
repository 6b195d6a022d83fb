"""What the methods for entries send, for both colours: arguments checked, work as wire steps.

A read asks for entries and the stamps of their spaces in one MGET. A write is one script for each space, which makes the
stamp where there is none. On a cluster there is a command for each slot, all in one round trip.
"""

import secrets
from collections.abc import Iterator, Sequence
from typing import Final

from llmcache.model.capabilities import Limits
from llmcache.model.key import Key, Kind
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_body, check_keys, check_puts
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_redis import scripts
from llmcache_redis.commands import Command, Reply, Wire, Word, call
from llmcache_redis.errors import NAME
from llmcache_redis.layout import Layout, proof
from llmcache_redis.replies import number, slots
from llmcache_redis.sending import Sender
from llmcache_redis.settings import Settings
from llmcache_redis.values import LARGEST_BODY, LONGEST_TTL, Lifetime, body_of, fresh_stamp, shown_time

LIMITS: Final = Limits(
    max_body_bytes=LARGEST_BODY,
    max_ttl=LONGEST_TTL,
    # The server counts whole milliseconds, and an entry lives through the last of them.
    ttl_resolution=0.002,
)

_AT_ONCE: Final = 1_000
"""Keys in one command: the server does nothing else meanwhile."""
_BYTES_AT_ONCE: Final = 2**22
_MEBIBYTE: Final = 2**20
_VECTOR_BYTES: Final = 4096
"""What a vector takes, about, before it is read."""


class Entries:
    """Makes the steps of the methods for entries."""

    def __init__(self, sender: Sender, layout: Layout, settings: Settings) -> None:
        self._sender = sender
        self._layout = layout
        self._settings = settings

    def get_many(self, keys: Sequence[Key]) -> Wire[list[bytes | None]]:
        """Read one slot per key."""
        keys = tuple(keys)
        check_keys(keys, LIMITS, NAME, "get_many")
        if not keys:
            return []
        commands: list[Command] = []
        asked: list[tuple[list[int], list[int]]] = []
        for places in self._by_slot(keys):
            stamps: dict[str, int] = {}
            words: list[Word] = ["MGET", *(self._layout.entry(keys[place]) for place in places)]
            whose = [stamps.setdefault(self._layout.stamp(keys[place]), len(stamps)) for place in places]
            commands.append(Command([*words, *stamps], self._layout.slot(keys[places[0]])))
            asked.append((places, whose))
        timeout = timeout_for(self._settings, len(keys), likely_size(keys))
        deed = Deed("get_many", keys[0])
        replies = yield from self._sender.send(commands, deed, timeout)
        return self._bodies(len(keys), asked, replies, deed)

    def put_many(self, puts: Sequence[Put]) -> Wire[None]:
        """Keep bodies."""
        # A copy, so that a list that another thread changes meanwhile is written as it was checked.
        puts = tuple(puts)
        check_puts(puts, LIMITS, NAME)
        if not puts:
            return
        commands: list[Command] = []
        for batch in self._batches(puts):
            first = batch[0].key
            words: list[Word] = [fresh_stamp()]
            for put in batch:
                words += self._value(put)
            names = [self._layout.stamp(first), *(self._layout.entry(put.key) for put in batch)]
            commands.append(call(scripts.PUT, names, words, self._layout.slot(first)))
        timeout = timeout_for(self._settings, len(puts), sum(len(put.body) for put in puts))
        yield from self._sender.send(commands, Deed("put_many", puts[0].key, changes=True), timeout)

    def put_if_absent(self, put: Put) -> Wire[bool]:
        """Keep a body where nothing is."""
        check_puts((put,), LIMITS, NAME, "put_if_absent")
        px, rest = self._value(put)
        words = (fresh_stamp(), self._now(), px, rest, scripts.PROOF_MILLISECONDS)
        kept = yield from self._proven(scripts.PUT_IF_ABSENT, put.key, words, "put_if_absent", len(put.body))
        return kept

    def delete_many(self, keys: Sequence[Key]) -> Wire[None]:
        """Make keys missing."""
        keys = tuple(keys)
        if not keys:
            return
        commands = [
            Command(
                ["UNLINK", *(self._layout.entry(keys[place]) for place in places)], self._layout.slot(keys[places[0]])
            )
            for places in self._by_slot(keys)
        ]
        timeout = timeout_for(self._settings, len(keys))
        yield from self._sender.send(commands, Deed("delete_many", keys[0], changes=True), timeout)

    def delete_if_equal(self, key: Key, body: bytes) -> Wire[bool]:
        """Delete what is one's own."""
        check_body(key, body, NAME, "delete_if_equal")
        words = (self._now(), body, scripts.PROOF_MILLISECONDS)
        deleted = yield from self._proven(scripts.DELETE_IF_EQUAL, key, words, "delete_if_equal", len(body))
        return deleted

    def _proven(self, script: scripts.Script, key: Key, words: Sequence[Word], op: str, size: int) -> Wire[bool]:
        """Call a script that leaves a proof, and return what it answers."""
        entry = self._layout.entry(key)
        names = (self._layout.stamp(key), entry, proof(entry, secrets.token_hex(8)))
        command = call(script, names, words, self._layout.slot(key))
        deed, timeout = Deed(op, key, changes=True), timeout_for(self._settings, 1, size)
        (reply,) = yield from self._sender.send((command,), deed, timeout)
        return bool(number(reply, deed))

    def _value(self, put: Put) -> tuple[str, bytes]:
        """Return the milliseconds a value lives, and all of it but the stamp."""
        lifetime = Lifetime(put.ttl, self._settings.own_clock)
        return lifetime.px, b"%s %s" % (lifetime.ends.encode(), put.body)

    def _bodies(
        self, many: int, asked: Sequence[tuple[list[int], list[int]]], replies: Sequence[Reply], deed: Deed
    ) -> list[bytes | None]:
        found: list[bytes | None] = [None] * many
        clock = self._settings.clock
        for (places, whose), reply in zip(asked, replies, strict=True):
            # The first to ask for a stamp asks for the next one, so that the highest place is how many there are.
            values = slots(reply, len(places) + max(whose) + 1, deed)
            stamps = values[len(places) :]
            for place, stamp, value in zip(places, whose, values, strict=False):
                found[place] = body_of(value, stamps[stamp], clock)
        return found

    def _by_slot(self, keys: Sequence[Key]) -> Iterator[list[int]]:
        """Return the places of keys that one command may name."""
        groups: dict[int, list[int]] = {}
        for place, key in enumerate(keys):
            groups.setdefault(self._layout.slot(key), []).append(place)
        for places in groups.values():
            for begin in range(0, len(places), _AT_ONCE):
                yield places[begin : begin + _AT_ONCE]

    def _batches(self, puts: Sequence[Put]) -> Iterator[list[Put]]:
        """Return the puts by stamp, in order, in parts that do not hold the server up."""
        groups: dict[str, list[Put]] = {}
        for put in puts:
            groups.setdefault(self._layout.stamp(put.key), []).append(put)
        for group in groups.values():
            batch: list[Put] = []
            size = 0
            for put in group:
                if batch and (len(batch) == _AT_ONCE or size + len(put.body) > _BYTES_AT_ONCE):
                    yield batch
                    batch, size = [], 0
                batch.append(put)
                size += len(put.body)
            yield batch

    def _now(self) -> str:
        return shown_time(self._settings.clock())


def likely_size(keys: Sequence[Key]) -> int:
    """Return about how many bytes will come, where that is known: a batch of vectors is megabytes, and each miss is paid for."""
    return len(keys) * _VECTOR_BYTES if keys[0].space.kind is Kind.EMBEDDING else 0


def timeout_for(settings: Settings, many: int, size: int = 0) -> Seconds:
    """Return how long a call of so many keys and bytes may take."""
    return settings.timeout * (1 + many // _AT_ONCE + size // _MEBIBYTE)
