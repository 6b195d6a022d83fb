"""The history flows, fed with answers by hand."""

from typing import Any

import pytest

from llmcache.codec.envelope import pack, unpack
from llmcache.codec.envelopes import READABLE
from llmcache.errors import DecodeError, StoreUnavailable, UsageError, VersionError
from llmcache.flows import history
from llmcache.flows.history import Lifetime
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.store_ops import Append, LogLength, ReadLog
from llmcache.protocols.world_ops import Now

LOG = Key(Space(Namespace.of("shop"), Kind.HISTORY), "session 1")


def packed(value: Any) -> bytes:
    """A message as it lies in the log."""
    return pack(Entry(value, made_at=100.0), LOG)


def test_an_append_is_one_op_with_every_message() -> None:
    """Encoded first, sent once."""
    steps = history.append(LOG, ["a", "b"], READABLE, type_name="json", max_length=5, lifetime=Lifetime(60.0))

    assert next(steps) == Now()
    assert steps.send(100.0) == Append(LOG, [packed("a"), packed("b")], 5, 60.0)
    with pytest.raises(StopIteration) as finished:
        steps.send(7)
    assert finished.value.value == 7


def end_told_by(*last: bytes) -> tuple[Append, float | None]:
    """Return the append of a lifetime of 60 s that does not slide, at 100.0 behind these bodies, and what it writes."""
    steps = history.append(
        LOG, ["b"], READABLE, type_name="json", max_length=None, lifetime=Lifetime(60.0, sliding=False)
    )
    next(steps)
    assert steps.send(100.0) == ReadLog(LOG, -1)
    done = steps.send(list(last))
    assert isinstance(done, Append)
    return done, unpack(done.bodies[0], LOG).expires_at


def test_a_lifetime_that_does_not_slide_begins_with_the_first_message() -> None:
    """The first message begins it and carries its end; a later one takes over what the last one carries."""
    first, first_end = end_told_by()
    later, later_end = end_told_by(pack(Entry("a", made_at=90.0, expires_at=150.0), LOG))

    assert (60.0, 160.0) == (first.ttl, first_end)
    assert (50.0, 150.0) == (later.ttl, later_end)


@pytest.mark.parametrize(
    "last",
    [packed("a"), b"garbage", pack(Entry("a", made_at=1.0, expires_at=100.0), LOG)],
    ids=["none", "damaged", "past"],
)
def test_an_end_that_nobody_knows_begins_now(last: bytes) -> None:
    """A message written while the lifetime slid, one that cannot be read, and an end that has passed tell nothing."""
    done, ends_at = end_told_by(last)

    assert (60.0, 160.0) == (done.ttl, ends_at)


def test_a_lifetime_without_an_end_is_not_read() -> None:
    """Where nothing expires there is nothing to look up."""
    steps = history.append(LOG, ["a"], READABLE, type_name="json", max_length=None, lifetime=Lifetime(sliding=False))
    next(steps)

    assert steps.send(100.0) == Append(LOG, [packed("a")], None, None)


def test_one_message_that_cannot_be_encoded_leaves_nothing_behind() -> None:
    """The append never reaches the store."""
    steps = history.append(LOG, ["a", object()], READABLE, type_name="json", max_length=None, lifetime=Lifetime())
    next(steps)
    with pytest.raises(UsageError):
        steps.send(100.0)


def test_reading_decodes_the_slice_in_order() -> None:
    """Oldest first."""
    steps = history.read(LOG, READABLE, -2)

    assert next(steps) == ReadLog(LOG, -2, None)
    with pytest.raises(StopIteration) as finished:
        steps.send([packed("a"), packed("b")])
    assert [entry.value for entry in finished.value.value] == ["a", "b"]


@pytest.mark.parametrize(
    ("damaged", "kind"),
    [(b"garbage", DecodeError), (packed("x").replace(b'"llmcache":1', b'"llmcache":9', 1), VersionError)],
)
def test_a_message_that_cannot_be_read_is_an_error_that_says_which(damaged: bytes, kind: type[Exception]) -> None:
    """Never silently left out."""
    steps = history.read(LOG, READABLE)
    next(steps)
    with pytest.raises(kind, match="message 1 of the 2 read"):
        steps.send([packed("a"), damaged])


def test_a_failing_store_raises() -> None:
    """Losing a message is an error."""
    steps = history.append(LOG, ["a"], READABLE, type_name="json", max_length=None, lifetime=Lifetime())
    next(steps)
    steps.send(100.0)
    with pytest.raises(StoreUnavailable):
        steps.throw(StoreUnavailable("down"))


def test_length_asks_the_store() -> None:
    """One op."""
    steps = history.length(LOG)

    assert next(steps) == LogLength(LOG)
    with pytest.raises(StopIteration) as finished:
        steps.send(3)
    assert finished.value.value == 3
