"""How many calls reads cost: those of one event loop travel together, and spaces that nobody wrote to cost none more."""

import asyncio
from typing import Any

from grpc import StatusCode

from llmcache.errors import StoreError
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import Clock, Shop, key

READS = ("Get", "GetBatch")


def _sent(server: MomentoLocal) -> int:
    return sum(server.count(rpc) for rpc in READS)


async def test_fifty_tasks_that_read_at_once_are_one_call(server: MomentoLocal, clock: Clock) -> None:
    """Each call costs client and service half a millisecond, and an account has a hundred a second."""
    awaiting: Any = Shop(server, clock, "async").pair.awaiting
    keys = [key(f"{number}") for number in range(10)]
    await awaiting.put_many([Put(one, one.name.encode(), 60.0) for one in keys])
    before = _sent(server)
    found = await asyncio.gather(*(awaiting.get_many((keys[number % 10],)) for number in range(50)))
    sent = _sent(server) - before
    await awaiting.close()

    assert [[f"{number % 10}".encode()] for number in range(50)] == found
    assert 1 == sent


async def test_everybody_is_told_that_the_call_failed(server: MomentoLocal, clock: Clock) -> None:
    """Those who travelled together get an error each."""
    awaiting: Any = Shop(server, clock, "async").pair.awaiting
    server.faults.add(code=StatusCode.INVALID_ARGUMENT)
    errors = await asyncio.gather(*(awaiting.get_many((key(name),)) for name in "ab"), return_exceptions=True)
    await awaiting.close()

    assert all(isinstance(error, StoreError) for error in errors)
    assert errors[0] is not errors[1]


def test_space_that_was_never_written_to_costs_no_second_call(server: MomentoLocal, shop: Shop) -> None:
    """Who waits for another process asks for its lease and for its answer, of which the first one's space may have none yet."""
    lease = key(kind=Kind.LEASE)
    shop("put_if_absent", Put(lease, b"mine", 60.0))
    before = _sent(server)
    found = shop("get_many", (lease, key()))

    assert ([b"mine", None], 1) == (found, _sent(server) - before)
