"""Where things lie, and the bytes of commands: what must be the same for ever, or for every program."""

import string
from typing import Any

import hiredis
import pytest

from llmcache.model.key import Key, Kind
from llmcache_conformance.nasty import NAMES, NAMESPACES
from llmcache_redis.commands import Word
from llmcache_redis.layout import PARTS, SLOTS, Cluster, Layout, OneServer, proof, slot_of
from llmcache_redis.packing import by_hand
from llmcache_redis.values import body_of
from tests.redis.things import key

LAYOUTS: dict[str, Layout] = {"one server": OneServer(), "cluster": Cluster()}
KEYS = [*(key(name) for name in NAMES), *(key("name", "a/b"), key("name", kind=Kind.TAG))]
STAMP = b"0123456789abcdef"


def test_names_are_for_ever() -> None:
    """What was kept by an older release is found by a newer one: the names never change within a key format."""
    one = key("9f86d081884c7d65", "shop/prod")
    found = [(layout.entry(one), layout.stamp(one)) for layout in LAYOUTS.values()]

    assert [
        ("llmcache:1:shop/prod:response:9f86d081884c7d65", "llmcache:1:shop/prod:response:"),
        ("llmcache:1:shop/prod:response:{59}9f86d081884c7d65", "llmcache:1:shop/prod:response:{59}"),
    ] == found


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_names_are_read_back(layout: Layout) -> None:
    """Every key is read back from the name of its entry; stamps and proofs are no keys, and no two names are equal."""
    entries = [layout.entry(one) for one in KEYS]
    others = [*map(layout.stamp, KEYS), *(proof(entry, "0123456789abcdef") for entry in entries)]

    assert KEYS == [layout.key_of(entry) for entry in entries]
    assert [one.physical for one in KEYS] == [layout.physical(entry) for entry in entries]
    assert [None] * len(others) == [layout.key_of(other) for other in others]
    assert len({*entries, *others}) == len(entries) + len({*map(layout.stamp, KEYS)}) + len(entries)


def test_what_belongs_together_has_one_slot() -> None:
    """On a cluster an entry, its stamp and its proofs lie in the slot that is said, within 64 of where the key would lie."""
    layout = Cluster()
    wrong = [
        one.physical
        for one in KEYS
        for name in (layout.entry(one), layout.stamp(one), proof(layout.entry(one), "x"))
        if slot_of(name.partition("{")[2].partition("}")[0]) != layout.slot(one)
    ]

    assert [] == wrong
    assert all(slot_of(one.physical) // 64 == layout.slot(one) // 64 for one in KEYS)


def test_stamps_are_spread_evenly() -> None:
    """A space has a stamp in each 64 slots, and every key's is one of them."""
    layout = Cluster()
    stamps = layout.stamps(key(1).space)

    assert list(range(PARTS)) == [slot // (SLOTS // PARTS) for _, slot in stamps]
    assert {layout.stamp(key(number)) for number in range(5_000)} <= {stamp for stamp, _ in stamps}


def test_slots_are_those_of_redis() -> None:
    """The slots of a few names, as CLUSTER KEYSLOT tells them."""
    assert [12_739, 12_182, 5_061] == [slot_of(name) for name in ("123456789", "foo", "bar")]


WORDS: list[tuple[Word, ...]] = [
    ("GET", "a"),
    ("SET", b"\x00\xff\r\n", "é", 12, -1, ""),
    ("EVALSHA", "f" * 40, 2, *string.ascii_letters),
    ("SET", "a", b"x" * 100_000),
]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0])
def test_packed_by_hand_as_in_c(words: tuple[Word, ...]) -> None:
    """A command is the same bytes with hiredis and without."""
    in_c: Any = hiredis.pack_command  # its types know commands of one word

    assert in_c(words) == by_hand(words)


BODIES = {
    STAMP + b" body": b"body",
    STAMP + b" ": b"",
    STAMP + b"@20.5 body": b"body",
    STAMP + b"@10.0 body": None,
    STAMP + b"@9.5 body": None,
    STAMP + b"@nan body": None,
    STAMP + b"@soon body": None,
    STAMP + b"@20.5body": None,
    STAMP + b"-body": None,
    STAMP: None,
    STAMP[:-1]: None,
    b"": None,
    b"1" + STAMP[1:] + b" body": None,
}


@pytest.mark.parametrize("value", BODIES)
def test_head_of_a_value(value: bytes) -> None:
    """A body counts by the stamp and the time before it; what has another head is a miss."""
    assert BODIES[value] == body_of(value, STAMP, lambda: 10.0)
    assert body_of(value, None, lambda: 10.0) is None


def test_namespaces_on_a_cluster() -> None:
    """No namespace can look like a hash tag or a name."""
    keys = [
        Key(key(1, "x").space.__class__(key(1).space.namespace.child(parts), Kind.RESPONSE), "{1}")
        for parts in NAMESPACES
    ]
    layout = Cluster()

    assert keys == [layout.key_of(layout.entry(one)) for one in keys]
