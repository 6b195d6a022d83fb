"""What a case of faults works with: a store reached through a proxy, and the same store reached directly."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from llmcache.errors import LLMCacheError, StoreError
from llmcache.model.units import Seconds
from llmcache.protocols.steps import Op, R, Steps
from llmcache.protocols.store_ops import DeleteIfEqual, GetMany, PutIfAbsent, PutMany
from llmcache.protocols.world_ops import Monotonic
from llmcache_conformance.bench import Bench, Handle, opened
from llmcache_conformance.clock import Clock
from llmcache_conformance.expect import Broken, expect
from llmcache_conformance.faults.proxy import Proxy
from llmcache_conformance.subject import Subject, Wire

# What a busy machine may add to a deadline, as a share and in seconds.
_SHARE = 1.5
_SLACK: Seconds = 1.0
# A client may hold several connections that were ended, and finds out one by one.
_TRIES = 4


class FaultBench(Bench):
    """The surroundings of one run of one case of faults.

    Attributes:
        proxy: Stands between, before every server; it decides what goes wrong.
        deadline: No call may take longer than this.
        timeout: No call about one entry may: what the store declares, where that is shorter.
    """

    def __init__(self, handle: Handle, direct: Handle, clock: Clock, proxy: Proxy, deadline: Seconds) -> None:
        super().__init__(handle, clock, direct)
        self.proxy = proxy
        self.deadline = deadline
        declared = self.capabilities.limits.timeout
        self.timeout = deadline if declared is None else min(declared, deadline)

    def directly(self, op: Op[R]) -> Op[R]:
        """Return the op that does `op` without the proxy: for what must work, and to see what really happened."""
        return self.elsewhere(op)


def tried(bench: FaultBench, op: Op[Any]) -> Steps[Any]:
    """Do `op` and return its answer, or the error of llmcache that it raised; anything else, or later, is `Broken`."""
    name = type(op).__name__
    began = yield from Monotonic()
    try:
        answer: Any = yield from op
    except StoreError as error:
        answer = error
    except LLMCacheError as error:
        raise Broken(f"{name}: the wire failed, and the error says {type(error).__name__}: {error}") from error
    except Exception as foreign:
        raise Broken(f"{name}: expected an error of llmcache, got {type(foreign).__name__}: {foreign}") from foreign
    took = (yield from Monotonic()) - began
    most = bench.timeout if _is_about_one_entry(op) else bench.deadline
    expect(took <= most * _SHARE + _SLACK, f"{name} took {took:.1f} s; no such call may take longer than {most:g} s")
    return answer


def _is_about_one_entry(op: Op[Any]) -> bool:
    if isinstance(op, GetMany):
        return len(op.keys) == 1
    return len(op.puts) == 1 if isinstance(op, PutMany) else isinstance(op, PutIfAbsent | DeleteIfEqual)


def recovered(bench: FaultBench, op: Op[Any]) -> Steps[Any]:
    """Do `op` on a wire that is whole again, a few times if need be, and return its answer; `Broken` if none works."""
    answer: Any = None
    for _ in range(_TRIES):
        answer = yield from tried(bench, op)
        if not isinstance(answer, StoreError):
            return answer
    raise Broken(f"{type(op).__name__} fails {_TRIES} times after the wire is whole again: {answer}")


@contextmanager
def at_fault_bench(subject: Subject) -> Generator[tuple[FaultBench, Handle]]:
    """Open the store of `subject` through a proxy and directly, for a block; what was written is cleared behind it."""
    wire = _wire_of(subject)
    clock = subject.clock()
    with (
        Proxy(*wire.servers) as proxy,
        opened(subject.open(clock), clock) as direct,
        opened(wire.through(proxy.ways, clock), clock) as handle,
    ):
        bench = FaultBench(handle, direct, clock, proxy, wire.deadline)
        try:
            yield bench, handle
        finally:
            bench.sweep(direct.blocking.store)


def _wire_of(subject: Subject) -> Wire:
    if subject.wire is None:
        raise TypeError(f"{subject.name} is not behind a socket; the case must say that it needs one")
    return subject.wire
