"""Bodies already opened: which are remembered, for how long, and within which bound."""

import dataclasses

from llmcache.api.decoded import Decoded
from llmcache.codec.envelope import pack
from llmcache.codec.envelopes import READABLE
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace

SPACE = Space(Namespace.of("shop"), Kind.RESPONSE)


def key_of(number: int) -> Key:
    """One of many keys."""
    return Key(SPACE, f"{number:064x}")


def body_of(number: int, length: int = 10) -> bytes:
    """The body kept under one of them, which no compression makes smaller."""
    return pack(Entry("x" * length, made_at=float(number)), key_of(number), squeeze_above=None)


class Reviving:
    """Counts what it revives, and whether it was told that the result is shared."""

    def __init__(self) -> None:
        self.shared: list[bool] = []

    def __call__(self, entry: Entry, is_shared: bool) -> Entry:
        self.shared.append(is_shared)
        return dataclasses.replace(entry, value=["revived", entry.value])


def test_a_body_is_opened_twice_and_then_remembered() -> None:
    """The first opening serves one caller; the second is shared by all that follow."""
    reviving = Reviving()
    decoded = Decoded(READABLE, reviving)
    found = [decoded.unpack(body_of(1), key_of(1)) for _ in range(4)]

    assert reviving.shared == [False, True]
    assert found[1] is found[2] is found[3]
    assert found[0] == found[1]
    assert found[0].value == ["revived", "x" * 10]


def test_another_body_under_the_same_key_is_opened_anew() -> None:
    """What was remembered is used for the very same bytes only."""
    decoded = Decoded()
    other = pack(Entry("other", made_at=2.0), key_of(1))
    before = [decoded.unpack(body_of(1), key_of(1)).value for _ in range(3)]
    after = [decoded.unpack(other, key_of(1)).value for _ in range(3)]

    assert (before, after) == (["x" * 10] * 3, ["other"] * 3)
    assert decoded._held == len(other)


def test_marks_of_tags_are_not_revived() -> None:
    """Only answers are an integration's own."""
    reviving = Reviving()
    mark = Key(Space(SPACE.namespace, Kind.TAG), "faq")
    entry = Decoded(READABLE, reviving).unpack(pack(Entry(None, made_at=1.0), mark), mark)

    assert (entry.value, reviving.shared) == (None, [])


def test_remembering_is_bounded_by_bytes() -> None:
    """The longest unopened go first, and what was dropped is opened again like new."""
    size = len(body_of(20))
    reviving = Reviving()
    decoded = Decoded(READABLE, reviving, max_bytes=size * 8)
    for number in range(1, 21):
        decoded.unpack(body_of(number), key_of(number))
    held = decoded._held
    again = [decoded.unpack(body_of(number), key_of(number)).made_at for number in (20, 1)]

    assert held <= size * 8
    assert again == [20.0, 1.0]
    assert reviving.shared == [False] * 20 + [True, False]


def test_a_body_over_an_eighth_of_the_bound_is_never_remembered() -> None:
    """One long answer must not drive out many short ones."""
    reviving = Reviving()
    decoded = Decoded(READABLE, reviving, max_bytes=8 * len(body_of(1)))
    for _ in range(3):
        decoded.unpack(body_of(1), key_of(1))
        decoded.unpack(body_of(2, length=11), key_of(2))

    assert reviving.shared == [False, False, True, False, False]
    assert decoded._held == len(body_of(1))


def test_remembering_is_bounded_by_entries_too() -> None:
    """Short bodies decode to objects of some kilobytes all the same."""
    reviving = Reviving()
    decoded = Decoded(READABLE, reviving, max_entries=3)
    for number in range(1, 6):
        decoded.unpack(body_of(number), key_of(number))
    for number in (5, 1):
        decoded.unpack(body_of(number), key_of(number))

    assert len(decoded._met) == 3
    assert reviving.shared == [False] * 5 + [True, False]
