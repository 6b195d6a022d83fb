"""Cases of stores that list what they hold."""

from collections.abc import Sequence
from typing import cast

from llmcache.errors import UsageError
from llmcache.model.key import Key, Kind, Space
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, Clear, DeleteMany, PutMany, Scan, Spaces
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect, expect_equal, refused
from llmcache_conformance.nasty import NAMES, NAMESPACES


def spaces_are_listed_in_order(bench: Bench) -> Steps[None]:
    """Every space that holds something is listed once, ordered by prefix, with its number of entries and bytes."""
    spaces = [bench.space(*parts) for parts in NAMESPACES] + [bench.space(kind=Kind.TAG)]
    for number, space in enumerate(spaces, 1):
        yield from PutMany([Put(Key(space, f"{name}"), b"x" * number) for name in range(number)])
    emptied = bench.space("emptied")
    yield from PutMany((Put(Key(emptied, "name"), b"body"),))
    yield from Clear(emptied)

    found = [(use.space, use.entries, use.body_bytes) for use in (yield from _own_spaces(bench))]

    expected = [(space, number, number * number) for number, space in enumerate(spaces, 1)]
    expect_equal(sorted(expected, key=lambda use: use[0].prefix), found)


def pages_give_every_key_once(bench: Bench) -> Steps[None]:
    """Paging by any number of keys gives every key of the space once, in order, and no key of another space."""
    keys = [bench.key(name) for name in NAMES]
    yield from PutMany([Put(key, b"body") for key in keys])
    yield from PutMany([Put(Key(bench.space(*parts), "name"), b"other") for parts in NAMESPACES])
    yield from PutMany([Put(bench.key("a", kind), b"other") for kind in (Kind.EMBEDDING, Kind.TAG)])
    expected = sorted(key.physical for key in keys)

    for count in (1, 2, 7, len(keys), len(keys) + 1):
        found = yield from _pages(bench.space(), count)
        expect_equal(expected, [listed.key.physical for listed in found], f"pages of {count}")


def listed_keys_are_the_keys_that_were_put(bench: Bench) -> Steps[None]:
    """A listed key equals the one that was put, with its space and name, whatever characters it contains."""
    keys = sorted(map(bench.key, NAMES), key=lambda key: key.physical)
    yield from PutMany([Put(key, b"body") for key in keys])

    found = yield from _pages(bench.space(), 50)

    expect_equal([(key.space, key.name) for key in keys], [(listed.key.space, listed.key.name) for listed in found])
    expect_equal(keys, [listed.key for listed in found])


def scan_tells_size_length_and_time(bench: Bench) -> Steps[None]:
    """Each listed key comes with its size, its number of bodies, and the seconds it has left."""
    yield from PutMany((Put(bench.key("a"), b"12345"), Put(bench.key("b"), b"", 60.0)))
    yield from bench.passing(20.0)

    found = yield from Scan(bench.space())

    expect_equal([(5, 1), (0, 1)], [(listed.body_bytes, listed.length) for listed in found])
    _expect_left([None, 40.0], found, bench)


def logs_are_listed_too(bench: Bench) -> Steps[None]:
    """A log is listed with the size of all of its bodies, after a cap too, and its space counts logs."""
    yield from Append(bench.log("a"), (b"123", b"45"))
    yield from Append(bench.log("b"), (b"123", b"45", b"6"), max_length=2, ttl=60.0)
    yield from Append(bench.log("empty"), ())

    found = yield from Scan(bench.space(kind=Kind.HISTORY))
    uses = yield from _own_spaces(bench)

    expected = [(bench.log("a"), 5, 2), (bench.log("b"), 3, 2)]
    expect_equal(expected, [(listed.key, listed.body_bytes, listed.length) for listed in found])
    _expect_left([None, 60.0], found, bench)
    expect_equal([(bench.space(kind=Kind.HISTORY), 2, 8)], [(use.space, use.entries, use.body_bytes) for use in uses])


def scanning_goes_on_while_keys_come_and_go(bench: Bench) -> Steps[None]:
    """Keys that are there all the time are given once, though others are deleted and written between the pages."""
    stay = [bench.key(f"{number:04}") for number in range(0, 60, 2)]
    come = [bench.key(f"{number:04}") for number in range(1, 60, 4)]
    leave = [bench.key(f"{number:04}") for number in range(3, 60, 4)]
    yield from PutMany([Put(key, b"body") for key in (*stay, *leave)])

    found: list[str] = []
    last: Key | None = None
    while page := list((yield from Scan(bench.space(), after=last, count=4))):
        found += [listed.key.physical for listed in page]
        last = page[-1].key
        expect(len(found) <= 60, "a scan that does not end")
        # The last key of a page may go, too: the next page begins behind where it was.
        yield from DeleteMany((leave.pop(), *[key for key in leave if key == last]) if leave else ())
        yield from PutMany([Put(come.pop(), b"new")] if come else [Put(stay[0], b"again")])

    expect_equal(sorted(found), found, "the order of keys")
    expect_equal(len(found), len(set(found)), "keys given once")
    expect(set(found) >= {key.physical for key in stay}, "a key that was there the whole time was not given")


def expired_keys_are_not_listed(bench: Bench) -> Steps[None]:
    """What has expired is neither listed nor counted, and a space that holds nothing else is not listed."""
    alive, gone = bench.key("alive"), bench.key("gone")
    other = Key(bench.space("other"), "gone")
    yield from PutMany((Put(alive, b"12", 60.0), Put(gone, b"345", 5.0), Put(other, b"678", 5.0)))
    yield from bench.passing(5.0 + bench.resolution)

    found = yield from Scan(bench.space())
    uses = yield from _own_spaces(bench)

    expect_equal([alive.physical], [listed.key.physical for listed in found])
    expect_equal([(alive.space, 1, 2)], [(use.space, use.entries, use.body_bytes) for use in uses])


def expired_logs_are_not_listed(bench: Bench) -> Steps[None]:
    """An expired log is neither listed nor counted."""
    yield from Append(bench.log("alive"), (b"12",))
    yield from Append(bench.log("gone"), (b"345",), ttl=5.0)
    yield from bench.passing(5.0 + bench.resolution)

    found = yield from Scan(bench.space(kind=Kind.HISTORY))
    uses = yield from _own_spaces(bench)

    expect_equal([bench.log("alive").physical], [listed.key.physical for listed in found])
    expect_equal([(1, 2)], [(use.entries, use.body_bytes) for use in uses])


def wrong_scan_is_refused(bench: Bench) -> Steps[None]:
    """Less than one key, half a key, a truth value, and a key of another space to begin behind: each is refused."""
    yield from PutMany((Put(bench.key("a"), b"body"),))
    strangers = (Key(bench.space("other"), "a"), bench.key("a", Kind.EMBEDDING))

    for count in (0, -1, cast(int, 1.5), cast(int, True), cast(int, "1"), cast(int, None)):
        yield from refused(Scan(bench.space(), count=count), UsageError)
    for after in strangers:
        yield from refused(Scan(bench.space(), after=after), UsageError)


def _own_spaces(bench: Bench) -> Steps[list[SpaceUse]]:
    """Return the spaces of this run: other users of the store have their own."""
    own = bench.root.text
    uses = yield from Spaces()
    return [use for use in uses if use.space.namespace.text == own or use.space.namespace.text.startswith(own + "/")]


def _pages(space: Space, count: int) -> Steps[list[Listed]]:
    found: list[Listed] = []
    last: Key | None = None
    while page := list((yield from Scan(space, after=last, count=count))):
        expect(len(page) <= count, f"a page of {len(page)} keys, asked for {count}")
        found += page
        last = page[-1].key
        expect(len(found) <= len(NAMES), "more keys than were put, or a scan that does not end")
    return found


def _expect_left(expected: Sequence[float | None], found: Sequence[Listed], bench: Bench) -> None:
    """Compare the seconds left to live, as nearly as the store and its clock allow."""
    left = [listed.ttl for listed in found]
    is_near = [
        ours == theirs or (ours is not None and theirs is not None and abs(ours - theirs) <= bench.slack)
        for ours, theirs in zip(expected, left, strict=True)
    ]
    expect(all(is_near), f"seconds left to live: expected {expected}, got {left}")


SCANNING = (
    Case(spaces_are_listed_in_order, ("SCAN-1",), (Need.SCAN,)),
    Case(pages_give_every_key_once, ("SCAN-2", "SCAN-3", "KV-15"), (Need.SCAN,)),
    Case(listed_keys_are_the_keys_that_were_put, ("SCAN-2", "KV-15"), (Need.SCAN,)),
    Case(scan_tells_size_length_and_time, ("SCAN-2",), (Need.SCAN,)),
    Case(logs_are_listed_too, ("SCAN-1", "SCAN-2"), (Need.SCAN, Need.LOG)),
    Case(scanning_goes_on_while_keys_come_and_go, ("SCAN-3",), (Need.SCAN,)),
    Case(expired_keys_are_not_listed, ("SCAN-4", "SCAN-1"), (Need.SCAN,)),
    Case(wrong_scan_is_refused, ("SCAN-5",), (Need.SCAN,)),
    Case(expired_logs_are_not_listed, ("SCAN-4",), (Need.SCAN, Need.LOG)),
)
