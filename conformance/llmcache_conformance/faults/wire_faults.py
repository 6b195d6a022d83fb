"""Cases of a wire that fails between a store and its server.

What is demanded of every store that lives behind a socket: a body that comes back is the right one; what was acknowledged is
there; what an error says was not done was not done, and nothing is done twice; only errors of llmcache come out; no call
takes longer than its deadline; and when the wire is whole again, so is the store.
"""

from collections.abc import Callable, Sequence

from llmcache.errors import StoreError, StoreTimeout, StoreUnavailable
from llmcache.model.key import Key, Kind
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, DeleteIfEqual, DeleteLog, GetMany, PutIfAbsent, PutMany, ReadLog
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
    keys, log = bench.keys(len(_BODIES)), bench.log()
    for towards in Towards:
        with bench.proxy.under(Slice(size=_PIECES, towards=towards)):
            yield from PutMany([Put(key, body) for key, body in zip(keys, _BODIES, strict=True)])
            yield from Append(log, _BODIES[1:])
            found = yield from GetMany(keys)
            read = yield from ReadLog(log, -3)
        expect_equal((list(_BODIES), list(_BODIES[1:])), (list(found), list(read)), f"{towards.value} in slices")


def broken_replies_give_no_wrong_value(bench: FaultBench) -> Steps[None]:
    """A reply that ends at any of its bytes, by a reset or in good order, is the right answer or an error, never a part."""
    keys, log = bench.keys(3), bench.log()
    right = [_BODIES[2], None, _BODIES[3]]
    yield from bench.directly(PutMany((Put(keys[0], _BODIES[2]), Put(keys[2], _BODIES[3]))))
    yield from bench.directly(Append(log, _BODIES[:3]))
    size = yield from _reply_size(bench, keys)

    for place in range(0, size + 1, max(1, size // _PLACES)):
        for fault in (Cut(place), Truncate(place)):
            with bench.proxy.under(fault):
                found = yield from tried(bench, GetMany(keys))
                read = yield from tried(bench, ReadLog(log))
            _expect_right_or_error(right, found, f"{fault}")
            _expect_right_or_error(list(_BODIES[:3]), read, f"{fault}")
        found = yield from recovered(bench, GetMany(keys))
        expect_equal(right, list(found), "after the wire is whole again")


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
    keys, log = bench.keys(_OTHERS + 1), bench.log()
    yield from recovered(bench, PutMany([Put(key, b"%d" % number) for number, key in enumerate(keys)]))
    for op in (GetMany(keys[:1]), PutMany((Put(keys[0], b"0"),)), Append(log, (b"1",))):
        with bench.proxy.under(BlackHole()):
            outcome = yield from tried(bench, op)
        expect(isinstance(outcome, StoreError), f"{type(op).__name__}: no reply came, and it answered {outcome!r}")
        for number in range(1, len(keys)):
            found = yield from recovered(bench, GetMany((keys[number],)))
            expect_equal([b"%d" % number], _listed(found), f"a read behind a {type(op).__name__} whose reply came late")


def server_that_is_gone_is_said_and_found_again(bench: FaultBench) -> Steps[None]:
    """While the server is down every call ends by an error, a read too, which is no miss; afterwards all is as it was."""
    key, log = bench.key(), bench.log()
    yield from recovered(bench, PutMany((Put(key, b"body"),)))
    yield from recovered(bench, Append(log, (b"1",)))

    with bench.proxy.under(Down()):
        for op in (GetMany((key,)), PutMany((Put(key, b"new"),)), Append(log, (b"2",)), DeleteLog(log)):
            outcome = yield from tried(bench, op)
            expect(
                isinstance(outcome, StoreError), f"{type(op).__name__}: the server is gone, and it answered {outcome!r}"
            )
    found = yield from recovered(bench, GetMany((key,)))
    read = yield from recovered(bench, ReadLog(log))

    expect_equal(([b"body"], [b"1"]), (list(found), list(read)), "after the server came back")


def _reply_size(bench: FaultBench, keys: Sequence[Key]) -> Steps[int]:
    """Return how many bytes the reply to a read of `keys` has."""
    yield from recovered(bench, GetMany(keys))
    before = bench.proxy.passed(Towards.CLIENT)
    yield from recovered(bench, GetMany(keys))
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
    (sliced_messages_are_whole_again, ("KV-4", "LOG-6")),
    (broken_replies_give_no_wrong_value, ("KV-1", "KV-4", "LOG-6")),
    (acknowledged_puts_are_there, ("KV-5", "KV-6")),
    (messages_are_appended_once_or_not_at_all, ("LOG-1", "LOG-3")),
    (leases_are_told_truly, ("KV-11", "KV-13")),
    (silence_ends_at_the_deadline, ("KV-1", "KV-4", "LOG-1")),
    (server_that_is_gone_is_said_and_found_again, ("KV-2", "KV-6", "LOG-3")),
)
"""Each case with the clauses it shows."""
