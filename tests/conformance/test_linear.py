"""The checker of concurrent histories, with histories whose verdict is known."""

from collections.abc import Callable, Hashable
from random import Random

import pytest

from llmcache_conformance.linear.checker import Undecided, is_linearizable
from llmcache_conformance.linear.history import Done, told
from llmcache_conformance.linear.models import log, register


def done(began: int, ended: int | None, answer: Hashable, *call: Hashable) -> Done:
    """One call, with its time before its words."""
    return Done(call, answer, began, ended)


GOOD = {
    "nothing happened": [],
    "one after the other": [done(0, 1, None, "put", b"1"), done(2, 3, b"1", "get")],
    "a read beside a put sees the old": [done(0, 3, None, "put", b"1"), done(1, 2, None, "get")],
    "a read beside a put sees the new": [done(0, 3, None, "put", b"1"), done(1, 2, b"1", "get")],
    "two reads beside a put, old then new": [
        done(0, 9, None, "put", b"1"),
        done(1, 2, None, "get"),
        done(3, 4, b"1", "get"),
    ],
    "two puts beside each other, the first begun is the last placed": [
        done(0, 9, None, "put", b"1"),
        done(1, 8, None, "put", b"2"),
        done(10, 11, b"1", "get"),
    ],
    "an unknown put was done": [done(0, None, None, "put", b"1"), done(5, 6, b"1", "get")],
    "an unknown put was not done": [done(0, None, None, "put", b"1"), done(5, 6, None, "get")],
    "an unknown put is done late": [
        done(0, None, None, "put", b"1"),
        done(5, 6, None, "get"),
        done(7, 8, b"1", "get"),
    ],
    "one of two takes the lease": [
        done(0, 5, True, "put_if_absent", b"1"),
        done(1, 6, False, "put_if_absent", b"2"),
        done(7, 8, True, "delete_if_equal", b"1"),
        done(9, 10, True, "put_if_absent", b"2"),
    ],
}
BAD = {
    "a put is lost": [done(0, 1, None, "put", b"1"), done(2, 3, None, "get")],
    "a read goes back": [
        done(0, 9, None, "put", b"1"),
        done(1, 2, b"1", "get"),
        done(3, 4, None, "get"),
    ],
    "a body from nowhere": [done(0, 1, None, "put", b"1"), done(2, 3, b"2", "get")],
    "both take the lease": [done(0, 5, True, "put_if_absent", b"1"), done(1, 6, True, "put_if_absent", b"2")],
    "nobody takes the lease": [done(0, 5, False, "put_if_absent", b"1"), done(1, 6, False, "put_if_absent", b"2")],
    "two delete one body": [
        done(0, 1, None, "put", b"1"),
        done(2, 5, True, "delete_if_equal", b"1"),
        done(3, 6, True, "delete_if_equal", b"1"),
    ],
    "a deleted body comes back": [
        done(0, 1, None, "put", b"1"),
        done(2, 3, None, "delete"),
        done(4, 5, b"1", "get"),
    ],
    "an unknown put is undone": [
        done(0, None, None, "put", b"1"),
        done(5, 6, b"1", "get"),
        done(7, 8, None, "get"),
    ],
}
GOOD_LOGS = {
    "appends beside each other in either order": [
        done(0, 5, 2, "append", (b"1",), None),
        done(1, 4, 1, "append", (b"2",), None),
        done(6, 7, (b"2", b"1"), "read"),
    ],
    "a cap drops the oldest": [
        done(0, 1, 2, "append", (b"1", b"2"), None),
        done(2, 3, 2, "append", (b"3",), 2),
        done(4, 5, (b"2", b"3"), "read"),
    ],
    "an append of unknown outcome shows once": [
        done(0, None, None, "append", (b"1",), None),
        done(1, 2, 0, "length"),
        done(3, 4, (b"1",), "read"),
    ],
    "a delete beside a read": [
        done(0, 1, 1, "append", (b"1",), None),
        done(2, 5, None, "delete"),
        done(3, 4, (), "read"),
    ],
}
BAD_LOGS = {
    "an append is doubled": [done(0, 1, 1, "append", (b"1",), None), done(2, 3, (b"1", b"1"), "read")],
    "an append is lost": [
        done(0, 5, 1, "append", (b"1",), None),
        done(1, 4, 1, "append", (b"2",), None),
    ],
    "half an append is seen": [done(0, 5, 2, "append", (b"1", b"2"), None), done(1, 2, (b"1",), "read")],
    "one client's order is lost": [
        done(0, 1, 1, "append", (b"1",), None),
        done(2, 3, 2, "append", (b"2",), None),
        done(4, 5, (b"2", b"1"), "read"),
    ],
    "more than the cap is seen": [
        done(0, 1, 2, "append", (b"1", b"2"), 2),
        done(2, 5, 2, "append", (b"3",), 2),
        done(3, 4, 3, "length"),
    ],
    "an append of unknown outcome shows twice": [
        done(0, None, None, "append", (b"1",), None),
        done(3, 4, (b"1", b"1"), "read"),
    ],
}


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_history_of_a_key_is_judged(name: str) -> None:
    """Histories that one client could have seen pass, the others do not."""
    history = GOOD[name] if name in GOOD else BAD[name]

    assert (name in GOOD) is is_linearizable(history, register, None)


@pytest.mark.parametrize("name", [*GOOD_LOGS, *BAD_LOGS])
def test_history_of_a_log_is_judged(name: str) -> None:
    """The same for logs."""
    history = GOOD_LOGS[name] if name in GOOD_LOGS else BAD_LOGS[name]

    assert (name in GOOD_LOGS) is is_linearizable(history, log, ())


def drawn(chance: Random, calls: int) -> list[Done]:
    """A history that is right by its making: each call takes effect at a moment between its ends."""
    state: Hashable = None
    history: list[Done] = []
    for moment in range(calls):
        call = chance.choice([("get",), ("put", b"%d" % chance.randrange(3)), ("put_if_absent", b"9"), ("delete",)])
        answer, state = register(state, call)
        spread = chance.randrange(1, 40)
        history.append(Done(call, answer, moment * 10 - spread, moment * 10 + spread))
    return history


def test_drawn_histories_pass_and_a_changed_answer_does_not() -> None:
    """Histories that are right by their making are never called wrong; a body from nowhere always is."""
    for seed in range(50):
        history = drawn(Random(seed), 40)
        changed = [*history, Done(("get",), b"nobody's", 0, 10_000)]

        assert (True, False) == (is_linearizable(history, register, None), is_linearizable(changed, register, None))


def test_search_has_an_end() -> None:
    """Where too many orders are possible nothing is claimed."""
    history = [Done(("put", b"%d" % number), None, 0, 100) for number in range(20)]
    history.append(Done(("get",), b"nobody's", 0, 100))

    with pytest.raises(Undecided, match="more than 1,000 orders of 21 calls"):
        is_linearizable(history, register, None, most_tried=1_000)


def test_history_can_be_read() -> None:
    """A failure shows the calls with their times, in the order they began."""
    text = told([done(2, None, None, "put", b"1"), done(0, 1, None, "get")])

    assert "0-1 get() = None; 2-? put(b'1') = ?" == text


@pytest.mark.parametrize("model", [register, log])
def test_models_know_their_calls_only(model: Callable[..., object]) -> None:
    """A slip in a case is an error, and no verdict."""
    with pytest.raises(ValueError, match="is asked no slip"):
        model((), ("slip",))
    with pytest.raises(TypeError):
        log(None, ("read",))
