"""The async driver of rounds: as `wire`, for one event loop. gRPC's and the SDK's async objects belong to the loop they are made in."""

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio

from llmcache_momento import sdk
from llmcache_momento.budget import Budget
from llmcache_momento.channels import (
    OPTIONS,
    control_metadata_for,
    creation_of,
    creation_on,
    metadata_for,
    open_channel,
    open_control_channel,
    stub_on,
)
from llmcache_momento.errors import Failure, failure_of_closed, failure_of_rpc, raise_unless_there
from llmcache_momento.repeating import repeating
from llmcache_momento.rounds import R, Rounds
from llmcache_momento.rpcs import Call, Pause, SdkCall, WireCall
from llmcache_momento.settings import Account, Settings


class AsyncWire:
    """The connections of one event loop; made inside of it.

    Args:
        account: Where the service is.
        settings: How it is asked.

    Attributes:
        users: How many calls use them now.
        is_retired: They broke; they are closed when nobody uses them.
        has_answered: They have worked before.
        creating: Held while the cache is created, so that it is created once.
    """

    def __init__(self, account: Account, settings: Settings) -> None:
        self.users = 0
        self.is_retired = False
        self.has_answered = False
        self._settings = settings
        self._account = account
        self._metadata = metadata_for(account, settings)
        self._control_metadata = control_metadata_for(account)
        self._channel = open_channel(grpc.aio, account, OPTIONS)
        self._stub = stub_on(self._channel)
        with sdk.quietly():
            self._client = sdk.async_client(account, settings)
        self.creating = asyncio.Lock()

    async def run(self, rounds: Rounds[R], budget: Budget) -> R:
        """Make the calls of all rounds and return what they come to; raises Failure."""
        asked = repeating(rounds, budget)
        try:
            calls = next(asked)
            while True:
                calls = asked.send(await self._once(calls, budget))
        except StopIteration as finished:
            self.has_answered = True
            answer: R = finished.value
            return answer
        finally:
            asked.close()

    async def create_cache(self, budget: Budget) -> None:
        """Create the cache, over a connection of its own; that it is there already is no error."""
        async with open_control_channel(grpc.aio, self._account) as channel:
            try:
                create = creation_on(channel)
                await create(creation_of(self._settings.cache), timeout=budget.left(), metadata=self._control_metadata)
            except grpc.RpcError as error:
                raise_unless_there(error)

    async def close(self) -> None:
        """Give the connections back; what is in flight may end in its time."""
        await self._channel.close(self._settings.timeout)
        await self._client.__aexit__(None, None, None)

    async def _once(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        """Make calls at the same time and return, for each, its answer or its Failure."""
        if len(calls) == 1:
            return [await self._ask(calls[0], budget)]
        return list(await asyncio.gather(*(self._ask(call, budget) for call in calls)))

    async def _ask(self, call: Call, budget: Budget) -> Any:
        try:
            if isinstance(call, WireCall):
                return call.answer(await self._sent(call, budget))
            if isinstance(call, SdkCall):
                return call.answer(await self._called(call, budget))
            if isinstance(call, Pause):
                return await asyncio.sleep(call.seconds)
        except grpc.RpcError as error:
            return failure_of_rpc(error)
        except Failure as failure:
            return failure
        except grpc.aio.UsageError as error:
            return failure_of_closed(error)
        raise TypeError(f"a call of no known family: {type(call).__name__}")

    async def _sent(self, call: WireCall, budget: Budget) -> Any:
        method = getattr(self._stub, call.method)
        reply = method(call.request(), timeout=budget.left(), metadata=self._metadata)
        return [one async for one in reply] if call.streams else await reply

    async def _called(self, call: SdkCall, budget: Budget) -> Any:
        if not budget.has_share():
            raise Failure.late()
        with sdk.quietly():
            return await call.on(self._client, self._settings.cache)
