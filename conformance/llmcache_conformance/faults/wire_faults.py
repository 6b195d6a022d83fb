"""Cases of a wire that fails between a store and its server.

What is demanded of every store that lives behind a socket: a body that comes back is the right one; what was acknowledged is
there; what an error says was not done was not done, and nothing is done twice; only errors of llmcache come out; no call
takes longer than its deadline; and when the wire is whole again, so is the store.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llmcache.errors import StoreError, StoreTimeout, StoreUnavailable
from llmcache.model.key import Key, Kind
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import (
    Append,
    DeleteIfEqual,
    DeleteLog,
    DeleteMany,
    GetMany,
    LogLength,
    PutIfAbsent,
    PutMany,
    ReadLog,
)
from llmcache_conformance.expect import Broken, expect, expect_equal
from llmcache_conformance.faults.bench import FaultBench, recovered, tried
from llmcache_conformance.faults.fault import BlackHole, Cut, Down, Fault, LostReply, Slice, Towards, Truncate

_BODIES = (b"", b"a", bytes(range(256)), b"\r\n$-1\r\n" * 20)
_PLACES = 24
_WRITES = 24
_PIECES = 7
_OTHERS = 8


def sliced_messages_are_whole_again(bench: FaultBench) -> Steps[None]:
    """Requests and replies that travel in pieces of a few bytes are what they were."""
    keys = bench.keys(len(_BODIES))
    for towards in Towards:
        with bench.proxy.under(Slice(size=_PIECES, towards=towards)):
            yield from PutMany([Put(key, body) for key, body in zip(keys, _BODIES, strict=True)])
            found = yield from GetMany(keys)
        expect_equal(list(_BODIES), list(found), f"{towards.value} in slices")


def sliced_logs_are_whole_again(bench: FaultBench) -> Steps[None]:
    """The same of logs: what is appended and read in pieces is what it was."""
    for towards in Towards:
        log = bench.log()
        with bench.proxy.under(Slice(size=_PIECES, towards=towards)):
            yield from Append(log, _BODIES[1:])
            read = yield from ReadLog(log, -3)
        expect_equal(list(_BODIES[1:]), list(read), f"{towards.value} in slices")


def broken_replies_give_no_wrong_value(bench: FaultBench) -> Steps[None]:
    """A reply that ends at any of its bytes, by a reset or in good order, is the right answer or an error, never a part."""
    keys = bench.keys(3)
    yield from bench.directly(PutMany((Put(keys[0], _BODIES[2]), Put(keys[2], _BODIES[3]))))
    yield from _broken(bench, GetMany(keys), [_BODIES[2], None, _BODIES[3]])


def broken_replies_give_no_wrong_log(bench: FaultBench) -> Steps[None]:
    """The same of a log: all of its bodies or an error, never some of them."""
    log = bench.log()
    yield from bench.directly(Append(log, _BODIES[1:]))
    yield from _broken(bench, ReadLog(log), list(_BODIES[1:]))


def acknowledged_puts_are_there(bench: FaultBench) -> Steps[None]:
    """Wherever the wire is cut while something is put: acknowledged means there, `StoreUnavailable` means not there."""
    outcomes: list[tuple[Key, object]] = []
    for number in range(_WRITES):
        key = bench.key()
        towards = Towards.SERVER if number % 2 else Towards.CLIENT
        with bench.proxy.under(Cut(number * 3, towards=towards), times=None if number % 3 else 1):
            outcomes.append((key, (yield from tried(bench, PutMany((Put(key, b"body"),))))))
    found = yield from bench.directly(GetMany([key for key, _ in outcomes]))

    for (_, outcome), body in zip(outcomes, found, strict=True):
        _expect_as_said(outcome, body is not None, f"a put that ended as {_told(outcome)}")
        expect(body in {None, b"body"}, "a body that nobody put")


def messages_are_appended_once_or_not_at_all(bench: FaultBench) -> Steps[None]:
    """Whichever replies of an append are lost, its bodies are in the log once, or not, as its outcome says."""
    faults: Sequence[tuple[Fault, int | None]] = (
        (LostReply(), 1),
        (LostReply(), 2),
        (LostReply(), None),
        (Cut(3), 1),
        (Truncate(1), 1),
        (Cut(10, towards=Towards.SERVER), 1),
        (Cut(10, towards=Towards.SERVER), None),
    )
    for fault, times in faults:
        log = bench.log()
        yield from recovered(bench, Append(log, (b"first",)))
        with bench.proxy.under(fault, times=times):
            outcome = yield from tried(bench, Append(log, (b"1", b"2")))
        found = list((yield from bench.directly(ReadLog(log))))
        expect(found in ([b"first"], [b"first", b"1", b"2"]), f"after {fault}: {found}")
        _expect_as_said(outcome, len(found) == 3, f"an append under {fault} that ended as {_told(outcome)}")
        if not isinstance(outcome, StoreError):
            expect_equal(3, outcome, "the length")


def leases_are_told_truly(bench: FaultBench) -> Steps[None]:
    """A lease whose reply was lost is never denied to the one who has it, and never granted to two."""
    for times in (1, None):
        lease = bench.key(f"lease {times}", Kind.LEASE)
        with bench.proxy.under(LostReply(), times=times):
            taken = yield from tried(bench, PutIfAbsent(Put(lease, b"mine", 60.0)))
        (held,) = yield from bench.directly(GetMany((lease,)))
        expect(
            (taken is False, held) != (True, b"mine"), "the lease was taken, and the answer says that another has it"
        )
        _expect_as_said(taken, held == b"mine", f"a lease that ended as {_told(taken)}")

        yield from bench.directly(PutMany((Put(lease, b"mine", 60.0),)))
        with bench.proxy.under(LostReply(), times=times):
            freed = yield from tried(bench, DeleteIfEqual(lease, b"mine"))
        (left,) = yield from bench.directly(GetMany((lease,)))
        expect((freed is False, left) != (True, None), "the lease was given back, and the answer says that it was not")
        _expect_as_said(freed, left is None, f"giving back that ended as {_told(freed)}")


def silence_ends_at_the_deadline(bench: FaultBench) -> Steps[None]:
    """Where nothing comes back, reads and writes end by an error in time; what comes late is nobody's answer."""
    # Others enough that one lies where the first does, should there be several servers.
    keys = bench.keys(_OTHERS + 1)
    yield from recovered(bench, PutMany([Put(key, b"%d" % number) for number, key in enumerate(keys)]))
    for op in (GetMany(keys[:1]), PutMany((Put(keys[0], b"0"),))):
        yield from _unanswered(bench, op)
        for number in range(1, len(keys)):
            found = yield from recovered(bench, GetMany((keys[number],)))
            expect_equal([b"%d" % number], _listed(found), f"a read behind a {type(op).__name__} whose reply came late")


def silent_append_ends_at_the_deadline(bench: FaultBench) -> Steps[None]:
    """The same of an append: what comes late is not the answer to the next, and nothing is there twice."""
    logs = [bench.log() for _ in range(_OTHERS + 1)]
    yield from _unanswered(bench, Append(logs[0], (b"1",)))
    for number, log in enumerate(logs[1:], 2):
        length = yield from recovered(bench, Append(log, (b"body",) * number))
        expect_equal(number, length, "the length, behind an append whose reply came late")
    found = yield from bench.directly(ReadLog(logs[0]))
    expect(list(found) in ([], [b"1"]), f"a log to which one body was appended, without a reply: {list(found)}")


def server_that_is_gone_is_said_and_found_again(bench: FaultBench) -> Steps[None]:
    """While the server is down every call ends by an error, a read too, which is no miss; afterwards all is as it was."""
    key = bench.key()
    yield from recovered(bench, PutMany((Put(key, b"body"),)))
    yield from _gone(bench, (GetMany((key,)), PutMany((Put(key, b"new"),)), DeleteMany((key,))))

    found = yield from recovered(bench, GetMany((key,)))

    expect_equal([b"body"], list(found), "after the server came back")


def log_of_a_server_that_is_gone_is_found_again(bench: FaultBench) -> Steps[None]:
    """The same of a log: nothing is appended, read or deleted while the server is down."""
    log = bench.log()
    yield from recovered(bench, Append(log, (b"1",)))
    yield from _gone(bench, (Append(log, (b"2",)), ReadLog(log), LogLength(log), DeleteLog(log)))

    read = yield from recovered(bench, ReadLog(log))

    expect_equal([b"1"], list(read), "after the server came back")


def _broken(bench: FaultBench, op: Op[Any], right: list[bytes | None]) -> Steps[None]:
    """Have the reply to a read end at many of its bytes, in both ways."""
    size = yield from _reply_size(bench, op)
    for place in range(0, size + 1, max(1, size // _PLACES)):
        for fault in (Cut(place), Truncate(place)):
            with bench.proxy.under(fault):
                found = yield from tried(bench, op)
            _expect_right_or_error(right, found, f"{fault}")
        found = yield from recovered(bench, op)
        expect_equal(right, list(found), "after the wire is whole again")


def _unanswered(bench: FaultBench, op: Op[Any]) -> Steps[None]:
    """Do `op` on a wire that carries nothing back, and see that it ends by an error."""
    with bench.proxy.under(BlackHole()):
        outcome = yield from tried(bench, op)
    expect(isinstance(outcome, StoreError), f"{type(op).__name__}: no reply came, and it answered {outcome!r}")


def _gone(bench: FaultBench, ops: Sequence[Op[Any]]) -> Steps[None]:
    """Do each op while the server is down, and see that it ends by an error."""
    with bench.proxy.under(Down()):
        for op in ops:
            outcome = yield from tried(bench, op)
            expect(
                isinstance(outcome, StoreError), f"{type(op).__name__}: the server is gone, and it answered {outcome!r}"
            )


def _reply_size(bench: FaultBench, op: Op[Any]) -> Steps[int]:
    """Return how many bytes the reply to a read has."""
    yield from recovered(bench, op)
    before = bench.proxy.passed(Towards.CLIENT)
    yield from recovered(bench, op)
    return bench.proxy.passed(Towards.CLIENT) - before


def _expect_right_or_error(right: Sequence[object], found: object, about: str) -> None:
    if not isinstance(found, StoreError):
        expect_equal(right, _listed(found), about)


def _listed(found: object) -> object:
    """Return a sequence as a list; what is none, such as the answer to another call, as it is."""
    return list(found) if isinstance(found, list | tuple) else found


def _expect_as_said(outcome: object, is_done: bool, about: str) -> None:
    """Compare what an outcome says with what was done: `StoreTimeout` alone leaves it open."""
    if isinstance(outcome, StoreTimeout):
        return
    if isinstance(outcome, StoreUnavailable):
        expect(not is_done, f"{about}: nothing was to be done, and it was")
    elif isinstance(outcome, StoreError):
        raise Broken(f"{about}: neither StoreUnavailable nor StoreTimeout, so nobody knows what to do")
    elif outcome is not False:
        expect(is_done, f"{about}: acknowledged, and not there")


def _told(outcome: object) -> str:
    return type(outcome).__name__ if isinstance(outcome, StoreError) else repr(outcome)


FaultSteps = Callable[[FaultBench], Steps[None]]

WIRE_FAULTS: tuple[tuple[FaultSteps, tuple[str, ...]], ...] = (
    (sliced_messages_are_whole_again, ("KV-4",)),
    (sliced_logs_are_whole_again, ("LOG-6",)),
    (broken_replies_give_no_wrong_value, ("KV-1", "KV-4")),
    (broken_replies_give_no_wrong_log, ("LOG-6",)),
    (acknowledged_puts_are_there, ("KV-5", "KV-6")),
    (messages_are_appended_once_or_not_at_all, ("LOG-1", "LOG-3")),
    (leases_are_told_truly, ("KV-11", "KV-13")),
    (silence_ends_at_the_deadline, ("KV-1", "KV-4")),
    (silent_append_ends_at_the_deadline, ("LOG-1", "LOG-3")),
    (server_that_is_gone_is_said_and_found_again, ("KV-2", "KV-6")),
    (log_of_a_server_that_is_gone_is_found_again, ("LOG-1", "LOG-3")),
)
"""Each case with the clauses it shows."""
