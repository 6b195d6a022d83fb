"""The layer that puts a deadline around a store which has none of its own, and the op that keeps it.

It is for stores that do not declare `limits.timeout`. Awaited, the call is cancelled: it is the store's own duty that it
leaves no answer behind for the next caller (KV-20). Blocking, the call is done by another thread and left behind there (`hands`), which costs
some 25 microseconds a call; a store that keeps time by itself does not pay that. A store that can only block is awaited by the
same threads: those that conversations are awaited in, which are few, must not fill with calls that hang.

A coroutine that never yields to the event loop, or swallows its cancellation, cannot be bounded from outside by anybody.
"""

from dataclasses import dataclass
from functools import partial

from llmcache.drivers.hands import Hands
from llmcache.errors import StoreTimeout
from llmcache.model.units import Seconds
from llmcache.protocols.steps import Op, R, Reply, Steps
from llmcache.protocols.store_ops import ENTRY_OPS, said
from llmcache.protocols.world import AsyncWorld, World


@dataclass(frozen=True, slots=True)
class Within(Op[R]):
    """Do one op of a store within a time; StoreTimeout where it has not ended then.

    Attributes:
        op: What to do.
        seconds: How long it may take.
        hands: Do it in the blocking colour.
        store: The store's name, for messages.
        blocks: The world of a store that can only block, which is then awaited by `hands`; None where it can be awaited itself.
    """

    op: Op[R]
    seconds: Seconds
    hands: Hands
    store: str
    blocks: World | None

    def on(self, world: World, /) -> R:
        return self.hands.do(partial(self.op.on, world), self.seconds, said(self.op))

    async def on_async(self, world: AsyncWorld, /) -> R:
        if self.blocks is not None:
            return await self.hands.do_async(partial(self.op.on, self.blocks), self.seconds, said(self.op))
        import asyncio  # noqa: PLC0415 -- blocking programs never need it

        limit = asyncio.timeout(self.seconds)
        try:
            async with limit:
                return await self.op.on_async(world)
        except TimeoutError as error:
            if not limit.expired():
                raise
            message = f"{self.store} did not end {said(self.op)} within {self.seconds:g} s; it may have been done"
            raise StoreTimeout(message) from error


class Bounding:
    """Gives each op on entries so much time. Conversations and listing take the time they take.

    Args:
        store: The store's name.
        seconds: How long an op may take.
        blocks: The world of a store that can only block.
    """

    def __init__(self, store: str, seconds: Seconds, blocks: World | None = None) -> None:
        self._store = store
        self._seconds = seconds
        self._blocks = blocks
        self._hands = Hands(store)

    def __call__(self, op: Op[Reply], /) -> Steps[Reply]:
        """Answer `op` from below, in time."""
        if type(op) not in ENTRY_OPS:
            return iter(op)
        return iter(Within(op, self._seconds, self._hands, self._store, self._blocks))

    def closing(self) -> Steps[None]:
        """End the threads that do nothing."""
        self._hands.close()
        yield from ()
