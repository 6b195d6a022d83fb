"""Embedding, fed with answers by hand: in which order the world is asked, and what is asked of it at once."""

from typing import Any

import numpy as np
import pytest

from llmcache.codec.envelopes import READABLE
from llmcache.codec.floats import pack_vectors
from llmcache.errors import StoreUnavailable
from llmcache.flows.embedding import MOST_READ, MOST_WRITTEN, Terms, embed
from llmcache.flows.once import LONGEST_WAIT
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.flight_ops import Await, BoardMany, Landed, LandMany
from llmcache.protocols.flights import Ending
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Call, Emit, Now
from tests.api.embedding import vector, vectors
from tests.flows.hand_flight import HandFlight

SPACE = Space(Namespace(("shop",)), Kind.EMBEDDING)
A, B = Key(SPACE, "a"), Key(SPACE, "b")
BODIES = dict(zip((A, B), pack_vectors(vectors(["a", "b"]), (A, B), precision="float32", made_at=100.0), strict=True))
TERMS = Terms(READABLE)


def steps_of(*keys: Key, terms: Terms = TERMS) -> Steps[Any]:
    """Embed the texts that the keys are called."""
    return embed([key.name for key in keys], list(keys), vectors, terms)


def told(what: Happening, count: int = 1) -> Emit:
    """The event of a batch."""
    return Emit(Event(what, count=count))


def finish(steps: Steps[Any], reply: Any) -> list[bytes]:
    """Send the last reply and return the rows."""
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return [row.tobytes() for row in finished.value.value]


def test_a_warm_batch_is_one_read() -> None:
    """One read, one look at the clock, one event."""
    steps = steps_of(A, B)

    assert Landed() == next(steps)
    assert GetMany([A, B]) == steps.send(7)
    assert Now() == steps.send([BODIES[A], BODIES[B]])
    assert told(Happening.EMBEDDING_HIT, 2) == steps.send(150.0)
    assert [vector("a").tobytes(), vector("b").tobytes()] == finish(steps, None)


def called(op: Op[Any]) -> list[str]:
    """The texts that a call asks for."""
    assert isinstance(op, Call)
    return list(op.function.args[0])  # type: ignore[attr-defined] # a partial


def test_what_is_missing_is_led_kept_and_landed_before_anybody_is_waited_for() -> None:
    """So that two batches that overlap never wait for each other."""
    mine, theirs = HandFlight(A), HandFlight(B)
    steps = steps_of(A, B)
    next(steps)
    steps.send(7)
    assert Now() == steps.send([None, None])
    assert told(Happening.EMBEDDING_MISS, 2) == steps.send(150.0)
    assert BoardMany([A, B]) == steps.send(None)
    assert Landed() == steps.send([(mine, True), (theirs, False)])
    assert ["a"] == called(steps.send(7))
    assert Now() == steps.send(vectors(["a"]))
    writing = steps.send(100.0)
    assert isinstance(writing, PutMany)
    assert [(A, BODIES[A], None)] == [(put.key, put.body, put.ttl) for put in writing.puts]
    assert told(Happening.EMBEDDING_KEPT) == steps.send(None)
    assert LandMany([Put(A, BODIES[A])]) == steps.send(None)
    assert not mine.is_over
    assert Await(theirs, LONGEST_WAIT) == steps.send(None)
    assert mine.is_over
    assert told(Happening.EMBEDDING_COALESCED) == steps.send(BODIES[B])
    assert [vector("a").tobytes(), vector("b").tobytes()] == finish(steps, None)


def test_who_leads_looks_again_where_something_landed_meanwhile() -> None:
    """And gives what is found to those who wait already."""
    steps = steps_of(A)
    next(steps)
    steps.send(7)
    steps.send([None])
    steps.send(150.0)
    steps.send(None)
    steps.send([(HandFlight(A), True)])

    assert GetMany([A]) == steps.send(8)
    assert Now() == steps.send([BODIES[A]])
    assert LandMany([Put(A, BODIES[A])]) == steps.send(150.0)
    assert told(Happening.EMBEDDING_COALESCED) == steps.send(None)
    assert [vector("a").tobytes()] == finish(steps, None)


def test_a_call_that_cannot_be_waited_for_is_made_by_oneself() -> None:
    """Its leader waits for the caller: both would wait for ever. Of the others, none is waited for then."""
    steps = steps_of(A, B)
    next(steps)
    steps.send(7)
    steps.send([None, None])
    steps.send(150.0)
    steps.send(None)
    boarding: Any = None
    for landed in (0, 7):
        assert Landed() == steps.send([(HandFlight(A), False), (HandFlight(B), False)])
        awaited = steps.send(landed)
        assert isinstance(awaited, Await)
        boarding = steps.send(Ending.NOT_WAITED)

    assert ["a", "b"] == called(boarding)
    steps.close()


def test_a_failed_read_is_a_miss_and_ends_the_reading() -> None:
    """One deadline is enough."""
    keys = [Key(SPACE, f"{number}") for number in range(2 * MOST_READ)]
    steps = steps_of(*keys)
    next(steps)

    assert GetMany(keys[:MOST_READ]) == steps.send(7)
    failed = Event(Happening.STORE_FAILED, keys[0].digest, "StoreUnavailable")
    assert Emit(failed) == steps.throw(StoreUnavailable("down"))
    assert told(Happening.EMBEDDING_MISS, 2 * MOST_READ) == steps.send(None)
    steps.close()


@pytest.mark.parametrize(("limit", "read", "written"), [(None, MOST_READ, MOST_WRITTEN), (100, 100, 100)])
def test_no_call_of_the_store_is_larger_than_it_takes(limit: int | None, read: int, written: int) -> None:
    """Or than it does within a deadline."""
    keys = [Key(SPACE, f"{number}") for number in range(MOST_READ)]
    steps = steps_of(*keys, terms=Terms(READABLE, most=limit, shares=False))
    next(steps)
    op: Op[Any] = steps.send(0)
    sizes: list[tuple[str, int]] = []
    replies: dict[type, Any] = {Now: 1.0, Call: vectors([key.name for key in keys])}
    while not isinstance(op, LandMany):
        if isinstance(op, GetMany | PutMany):
            many = op.keys if isinstance(op, GetMany) else op.puts
            sizes.append((type(op).__name__, len(many)))
        op = steps.send([None] * len(op.keys) if isinstance(op, GetMany) else replies.get(type(op)))
    steps.close()

    assert [("GetMany", read)] * (len(keys) // read) + [("PutMany", written)] * (len(keys) // written) == sizes


def test_giving_up_in_the_middle_of_a_call_leaves_nobody_waiting() -> None:
    """Cancellation, and any error of the model."""
    for error in (KeyboardInterrupt(), ConnectionError()):
        mine = HandFlight(A)
        steps = steps_of(A)
        next(steps)
        steps.send(7)
        steps.send([None])
        steps.send(150.0)
        steps.send(None)
        steps.send([(mine, True)])
        assert isinstance(steps.send(7), Call)
        with pytest.raises(type(error)):
            steps.throw(error)

        assert mine.is_over


def test_rows_are_of_float32() -> None:
    """Whatever the model answers with."""
    steps = embed(["a"], [A], lambda texts: None, Terms(READABLE, bypass=True))

    assert Emit(Event(Happening.BYPASSED)) == next(steps)
    assert isinstance(steps.send(None), Call)
    assert [np.array([1, 2], dtype="f4").tobytes()] == finish(steps, [[1, 2]])


@pytest.mark.parametrize(
    ("body", "terms", "now", "is_hit"),
    [
        ({}, {}, 1e9, True),
        ({"expires_at": 150.0}, {}, 149.9, True),
        ({"expires_at": 150.0}, {}, 150.0, False),
        ({}, {"max_age": 50.0}, 149.9, True),
        ({}, {"max_age": 50.0}, 150.0, False),
        ({"precision": "float16"}, {}, 150.0, False),
        ({"precision": "float16"}, {"precision": "int8"}, 150.0, True),
        ({}, {"dimensions": 4}, 150.0, True),
        ({}, {"dimensions": 5}, 150.0, False),
    ],
)
def test_what_may_not_be_served_is_a_miss(body: Any, terms: Any, now: float, is_hit: bool) -> None:
    """Also where the store still has it: one may outlive its end by the resolution of its store."""
    how: dict[str, Any] = {"precision": "float32", "made_at": 100.0, **body}
    (kept,) = pack_vectors(vectors(["a"]), (A,), **how)
    steps = steps_of(A, terms=Terms(READABLE, **terms))
    next(steps)
    steps.send(7)
    steps.send([kept])
    op = steps.send(now)
    if op == Emit(Event(Happening.EMBEDDING_UNREADABLE, A.digest, "dimensions")):
        op = steps.send(None)

    assert told(Happening.EMBEDDING_HIT if is_hit else Happening.EMBEDDING_MISS) == op
    steps.close()
