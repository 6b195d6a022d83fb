"""Copies within a bound of bytes, and which of them go first."""

import random

from llmcache.memory.copies import OVERHEAD, Copies
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace

SHOP = Space(Namespace(("shop",)), Kind.RESPONSE)
OTHER = Space(Namespace(("other",)), Kind.RESPONSE)
BOUND = 1 << 16


def key(number: int, space: Space = SHOP) -> Key:
    """A key whose name has always the same length."""
    return Key(space, f"{number:064x}")


def kept(copies: Copies, numbers: range) -> list[int]:
    """Which of these keys have a copy."""
    return [number for number in numbers if copies.get(key(number), 0.0) is not None]


def test_copy_is_returned_until_its_time_is_over() -> None:
    """At the instant itself it is over."""
    copies = Copies(BOUND)
    copies.keep(key(1), b"body", 10.0, 0.0)

    assert [b"body", None] == [copies.get(key(1), now) for now in (9.999, 10.0)]


def test_key_without_a_copy_has_none() -> None:
    """Neither in a space that holds something, nor in one that does not."""
    copies = Copies(BOUND)
    copies.keep(key(1), b"body", 10.0, 0.0)

    assert [None, None] == [copies.get(other, 0.0) for other in (key(2), key(1, OTHER))]


def test_bound_is_kept_and_weights_are_right() -> None:
    """Whatever is kept, replaced and dropped, the weight is that of what is there, and within the bound."""
    chance = random.Random(5)
    copies = Copies(BOUND)
    for turn in range(1_500):
        one = key(chance.randrange(60), chance.choice((SHOP, OTHER)))
        copies.get(one, turn)
        if chance.random() < 0.8:
            copies.keep(one, bytes(chance.randrange(6_000)), turn + chance.randrange(500), turn)
        elif chance.random() < 0.9:
            copies.drop(one)
        else:
            copies.drop_space(one.space)
        there = [
            (one, body)
            for one in (key(n, space) for space in (SHOP, OTHER) for n in range(60))
            if (body := copies.get(one, -1.0)) is not None
        ]

        assert sum(len(body) + len(one.physical) + OVERHEAD for one, body in there) == copies.used_bytes <= BOUND


def test_what_was_asked_for_survives_a_scan() -> None:
    """Copies that were used stay, however many pass by that are read once."""
    copies = Copies(BOUND)
    for number in range(20):
        copies.keep(key(number), bytes(1_000), 1e9, 0.0)
        copies.get(key(number), 0.0)
    for number in range(1_000, 3_000):
        copies.keep(key(number), bytes(1_000), 1e9, 0.0)

    assert list(range(20)) == kept(copies, range(20))


def test_what_is_not_asked_for_any_more_goes_at_last() -> None:
    """Uses are forgotten with the turns of the queue, so that what was popular once makes room."""
    copies = Copies(BOUND)
    for number in range(20):
        copies.keep(key(number), bytes(1_000), 1e9, 0.0)
        copies.get(key(number), 0.0)
    for number in [n for begin in range(1_000, 3_000, 10) for n in [*range(begin, begin + 10)] * 2]:
        if copies.get(key(number), 0.0) is None:
            copies.keep(key(number), bytes(1_000), 1e9, 0.0)

    assert [] == kept(copies, range(20))


def test_what_comes_again_soon_is_settled_at_once() -> None:
    """A copy that was dropped unused is remembered by name: when it comes again, a scan does not drive it out."""
    copies = Copies(BOUND)
    copies.keep(key(1), bytes(1_000), 1e9, 0.0)
    for number in range(1_000, 1_060):
        copies.keep(key(number), bytes(1_000), 1e9, 0.0)
    was_dropped = copies.get(key(1), 0.0) is None
    copies.keep(key(1), bytes(1_000), 1e9, 0.0)
    for number in range(2_000, 2_500):
        copies.keep(key(number), bytes(1_000), 1e9, 0.0)

    assert was_dropped
    assert [1] == kept(copies, range(2))


def test_body_over_an_eighth_is_not_kept() -> None:
    """One body never drives out most of the others; what was there under its key is gone, because it is no more so."""
    copies = Copies(BOUND)
    copies.keep(key(1), b"old", 1e9, 0.0)
    copies.keep(key(1), bytes(BOUND // 8), 1e9, 0.0)

    assert copies.get(key(1), 0.0) is None
    assert copies.used_bytes == 0


def test_what_is_over_makes_room_first_in_its_turn() -> None:
    """A copy whose time is over is not moved to the main queue, however often it was used."""
    copies = Copies(BOUND)
    copies.keep(key(1), bytes(1_000), 1.0, 0.0)
    for _ in range(3):
        copies.get(key(1), 0.0)
    for number in range(1_000, 1_060):
        copies.keep(key(number), bytes(1_000), 1e9, 2.0)

    assert copies.get(key(1), 0.0) is None


def test_dropping_says_whether_there_was_anything() -> None:
    """For who counts; a space is dropped without touching another."""
    copies = Copies(BOUND)
    for space in (SHOP, OTHER):
        copies.keep(key(1, space), b"body", 1e9, 0.0)
    said = [copies.drop(key(2)), copies.drop_space(SHOP), copies.drop_space(SHOP), copies.drop(key(1))]
    left = copies.get(key(1, OTHER), 0.0)
    said.append(copies.drop(key(1, OTHER)))

    assert [False, True, False, False, True] == said
    assert left == b"body"
    assert copies.used_bytes == 0
