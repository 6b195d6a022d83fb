"""Cases of a store that tells of changes."""

from typing import Any

from llmcache.errors import ClosedError
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed, Listening, News
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import Clear, DeleteIfEqual, DeleteMany, PutIfAbsent, PutMany, Watch
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect, expect_equal, refused
from llmcache_conformance.ops import Close, Until

_BEGINNING: Seconds = 4.0
"""How long a store may take until it listens."""
_SILENCE: Seconds = 0.2
"""How long is listened for what must not be told."""


class Heard:
    """A watcher that remembers what it was told."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def __call__(self, news: News) -> None:
        self.news.append(news)

    def tells_of(self, *keys: Key) -> bool:
        """True where of each of `keys`, or of its space, was told."""
        changed = [news for news in self.news if isinstance(news, Changed)]
        told: set[Key | Space] = set()
        for news in changed:
            told.update(news.keys, news.spaces)
        return all(key in told or key.space in told for key in keys)


def _listening(heard: Heard) -> Steps[None]:
    """Watch the store and wait until it listens."""
    yield from Watch(heard)
    yield from Until(lambda: Listening() in heard.news, _BEGINNING)
    expect(Listening() in heard.news, "the store never said that it listens")


def _told(heard: Heard, op: Op[Any], *keys: Key, within: Seconds) -> Steps[None]:
    """Do `op` and expect that the changes of `keys` are told of."""
    heard.news.clear()
    yield from op
    yield from Until(lambda: heard.tells_of(*keys), within)
    expect(heard.tells_of(*keys), f"{type(op).__name__} was not told of")


def every_watcher_hears_that_it_has_begun(bench: Bench) -> Steps[None]:
    """The first watcher is told `Listening`, and so is one that comes later; changes are told to both."""
    first, second = Heard(), Heard()
    yield from _listening(first)
    yield from _listening(second)
    key = bench.key()
    for heard in (first, second):
        yield from _told(heard, PutMany((Put(key, b"body"),)), key, within=bench.news_delay)


def every_change_of_a_key_is_told(bench: Bench) -> Steps[None]:
    """Puts, conditional puts, deletions and conditional deletions, each of every key that it changes."""
    heard = Heard()
    one, other, third = bench.keys(3)
    yield from _listening(heard)

    changes: tuple[tuple[Op[Any], tuple[Key, ...]], ...] = (
        (PutMany((Put(one, b"1"), Put(other, b"2"))), (one, other)),
        (PutMany((Put(other, b"3"),)), (other,)),
        (PutIfAbsent(Put(third, b"4")), (third,)),
        (DeleteIfEqual(third, b"4"), (third,)),
        (DeleteMany((one, other)), (one, other)),
    )
    for op, keys in changes:
        yield from _told(heard, op, *keys, within=bench.news_delay)


def change_by_another_handle_is_told(bench: Bench) -> Steps[None]:
    """Whichever handle makes a change: one that never watched, too."""
    heard = Heard()
    key = bench.key()
    yield from _listening(heard)

    for op in (PutMany((Put(key, b"body"),)), DeleteMany((key,))):
        yield from _told(heard, bench.elsewhere(op), key, within=bench.news_delay)


def change_can_be_read_when_it_is_told(bench: Bench) -> Steps[None]:
    """Who reads after it was told reads the new body: a copy that is made then is not of the old one."""
    heard = Heard()
    key = bench.key()
    read: list[bytes | None] = []

    def reading(news: News) -> None:
        heard(news)
        if heard.tells_of(key):
            read.extend(bench.handle.blocking.store.get_many((key,)))

    yield from _listening(heard)
    # Told before anybody reads: a store may tell of it late, and then the old body is what there is.
    yield from _told(heard, PutMany((Put(key, b"old"),)), key, within=bench.news_delay)
    heard.news.clear()
    yield from Watch(reading)
    yield from Until(lambda: Listening() in heard.news, _BEGINNING)
    yield from _told(heard, PutMany((Put(key, b"new"),)), key, within=bench.news_delay)
    yield from Until(lambda: bool(read), bench.news_delay)

    expect_equal({b"new"}, set(read), "what was read when the change was told")


def clearing_is_told(bench: Bench) -> Steps[None]:
    """Of the space, or of each key that was in it."""
    heard = Heard()
    keys = bench.keys(3)
    yield from _listening(heard)
    yield from _told(heard, PutMany([Put(key, b"body") for key in keys]), *keys, within=bench.news_delay)

    yield from _told(heard, Clear(bench.space()), *keys, within=bench.news_delay)


def closed_store_tells_nothing(bench: Bench) -> Steps[None]:
    """A closed handle tells nothing of what others do, and refuses to be watched."""
    heard = Heard()
    yield from _listening(heard)
    yield from Close()
    heard.news.clear()
    yield from bench.elsewhere(PutMany((Put(bench.key(), b"body"),)))
    yield from Until(lambda: bool(heard.news), _SILENCE)

    expect_equal([], heard.news, "what was told after close")
    yield from refused(Watch(heard), ClosedError)


NEWS = (
    Case(every_watcher_hears_that_it_has_begun, ("NEWS-1",), (Need.NEWS,)),
    Case(every_change_of_a_key_is_told, ("NEWS-2",), (Need.NEWS,)),
    Case(change_by_another_handle_is_told, ("NEWS-2",), (Need.NEWS, Need.SECOND)),
    Case(change_can_be_read_when_it_is_told, ("NEWS-2",), (Need.NEWS,)),
    Case(clearing_is_told, ("NEWS-3",), (Need.NEWS,)),
    Case(closed_store_tells_nothing, ("NEWS-4",), (Need.NEWS, Need.SECOND)),
)
