"""What the methods for whole spaces send, for both colours: clearing, and listing for people who look.

Clearing takes the stamps of a space away, which takes the same time however much is in it, and then, where SCAN is
allowed, walks over the names of the database and gives memory back. Listing walks over them too: every page costs
the whole way.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from llmcache.errors import UnsupportedError
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_scan
from llmcache.protocols.deed import Deed
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_redis import scripts
from llmcache_redis.commands import Address, Command, Reply, Wire, call
from llmcache_redis.deadline import Deadline
from llmcache_redis.errors import NAME
from llmcache_redis.layout import EVERYTHING, Layout
from llmcache_redis.replies import described, page, slots
from llmcache_redis.sending import Sender
from llmcache_redis.settings import Settings
from llmcache_redis.values import shown_time
from llmcache_redis.vectors import INDEX_KINDS, Vectors, entry_of

_STEP: Final = 1_000
"""About how many names the server looks at for each SCAN."""

_LEAST_PAGE: Final = 16
"""Keys that are asked about at once, though fewer are wanted: some of them may have gone."""

_SWEEPING: Final[Seconds] = 10.0
"""How long `clear` goes on to give memory back; what is left expires, or goes with the next one."""


class Spaces:
    """Makes the steps of the methods for whole spaces.

    Args:
        sender: Sends.
        layout: Where things lie.
        settings: What the store is opened with.
        vectors: Knows what belongs to the vector indexes of the server.
    """

    def __init__(self, sender: Sender, layout: Layout, settings: Settings, vectors: Vectors) -> None:
        self._vectors = vectors
        self._sender = sender
        self._layout = layout
        self._settings = settings

    def clear(self, space: Space) -> Wire[None]:
        """Put a space out of reach at once, then give its memory back."""
        deed = Deed("clear", changes=True)
        commands = [Command(("UNLINK", stamp), slot) for stamp, slot in self._layout.stamps(space)]
        yield from self._sender.send(commands, deed, self._settings.log_timeout)
        if self._settings.restricted:
            return
        until = Deadline(_SWEEPING)
        for server in (yield from self._servers(deed)):
            cursor = b"0"
            while until.left():
                cursor, names = yield from self._scanned(server, cursor, f"{space.prefix}*", deed)
                yield from self._sent(scripts.SWEEP, self._keys(names, space), deed)
                if indexes := self._vectors.sweeping(names):
                    yield from self._sender.send(indexes, deed, self._settings.log_timeout)
                if cursor == b"0":
                    break

    def scan(self, space: Space, after: Key | None, count: int) -> Wire[list[Listed]]:
        """List a page."""
        self._refuse_where_restricted("scan")
        check_scan(space, after, count, NAME)
        deed = Deed("scan")
        names = yield from self._walked(f"{space.prefix}*", deed)
        physical = self._layout.physical
        behind = [name for name in names if after is None or physical(name) > after.physical]
        behind.sort(key=physical)
        found: list[Listed] = []
        page = max(count, _LEAST_PAGE)
        for begin in range(0, len(behind), page):
            if len(found) >= count:
                break
            found += yield from self._described(self._keys(behind[begin : begin + page], space), deed)
        return found[:count]

    def uses(self) -> Wire[list[SpaceUse]]:
        """List the spaces that hold something."""
        self._refuse_where_restricted("spaces")
        deed = Deed("spaces")
        names = yield from self._walked(EVERYTHING, deed)
        totals: dict[Space, list[int]] = {}
        for begin in range(0, len(names), _STEP):
            for listed in (yield from self._described(self._keys(names[begin : begin + _STEP]), deed)):
                total = totals.setdefault(listed.key.space, [0, 0])
                total[0] += 1
                total[1] += listed.body_bytes
        return [SpaceUse(space, *totals[space]) for space in sorted(totals, key=lambda space: space.prefix)]

    def _walked(self, pattern: str, deed: Deed) -> Wire[list[str]]:
        """Return every name that matches, once, in no order."""
        found: dict[str, None] = {}
        for server in (yield from self._servers(deed)):
            cursor = b"0"
            while True:
                cursor, names = yield from self._scanned(server, cursor, pattern, deed)
                found.update(dict.fromkeys(map(entry_of, names)))
                if cursor == b"0":
                    break
        return list(found)

    def _servers(self, deed: Deed) -> Wire[Sequence[Address]]:
        return (yield from self._sender.servers(deed, self._settings.log_timeout))

    def _scanned(self, server: Address, cursor: bytes, pattern: str, deed: Deed) -> Wire[tuple[bytes, list[str]]]:
        words = ("SCAN", cursor, "MATCH", pattern, "COUNT", _STEP)
        reply = yield from self._sender.at(server, words, deed, self._settings.log_timeout)
        following, names = page(reply, deed)
        return following, [name.decode("ascii", "replace") for name in names]

    def _described(self, keys: Sequence[Key], deed: Deed) -> Wire[list[Listed]]:
        """Return those of `keys` that are there, in their order."""
        answers = yield from self._sent(scripts.DESCRIBE, keys, deed)
        indexes = [key for key in keys if key.space.kind in INDEX_KINDS and not answers.get(key)]
        if indexes:
            commands = self._vectors.describing(indexes)
            replies = yield from self._sender.send(commands, deed, self._settings.log_timeout)
            answers = answers | dict(zip(indexes, replies, strict=True))
        return [self._listed(key, answers[key], deed) for key in keys if answers.get(key)]

    def _listed(self, key: Key, answer: Reply, deed: Deed) -> Listed:
        length, size, px, ends = described(answer, deed)
        if ends is not None:
            left: Seconds | None = max(0.0, ends - self._settings.clock())
        else:
            left = None if px < 0 else px / 1000
        return Listed(key, size, length, left)

    def _sent(self, script: scripts.Script, keys: Sequence[Key], deed: Deed) -> Wire[dict[Key, Reply]]:
        """Call a script that takes a stamp and keys under it, for all keys; return its answers by key, if it has any."""
        groups = list(self._by_stamp(keys))
        if not groups:
            return {}
        now = shown_time(self._settings.clock())
        commands = [
            call(script, [stamp, *map(self._layout.entry, mine)], (now,), self._layout.slot(mine[0]))
            for stamp, mine in groups
        ]
        replies = yield from self._sender.send(commands, deed, self._settings.log_timeout)
        lists = zip(groups, replies, strict=True)
        return {
            key: answer
            for (_, mine), answers in lists
            if isinstance(answers, list)
            for key, answer in zip(mine, slots(answers, len(mine), deed), strict=True)
        }

    def _by_stamp(self, keys: Sequence[Key]) -> Iterator[tuple[str, list[Key]]]:
        groups: dict[str, list[Key]] = {}
        for key in keys:
            groups.setdefault(self._layout.stamp(key), []).append(key)
        yield from groups.items()

    def _keys(self, names: Sequence[str], space: Space | None = None) -> list[Key]:
        """Return the keys among names that SCAN found; the rest are stamps, proofs, or not ours."""
        found = map(self._layout.key_of, names)
        return [key for key in found if key is not None and (space is None or key.space == space)]

    def _refuse_where_restricted(self, op: str) -> None:
        if self._settings.restricted:
            raise UnsupportedError(f"{NAME} was opened as restricted, without SCAN: it cannot do {op}")
