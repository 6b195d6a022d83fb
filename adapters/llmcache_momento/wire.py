"""The blocking driver of rounds: a channel of our own and the SDK's client, both made at first use.

Neither is ever used after it was closed: gRPC's blocking channel ends the process if a call is made on it then that was not
made before (grpc pull request 43455). `Link` sees to that.
"""

import time
from collections.abc import Sequence
from typing import Any

import grpc

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
from llmcache_momento.errors import Failure, failure_of_rpc, raise_unless_there
from llmcache_momento.repeating import repeating
from llmcache_momento.rounds import R, Rounds
from llmcache_momento.rpcs import Call, Pause, SdkCall, WireCall
from llmcache_momento.settings import Account, Settings

# A stream is read by the thread that asked, without one of gRPC's own between.
_SINGLE_THREADED = ("SingleThreadedUnaryStream", 1)


class Wire:
    """The connections of one process.

    Args:
        account: Where the service is.
        settings: How it is asked.

    Attributes:
        users: How many calls use them now.
        is_retired: They broke; they are closed when nobody uses them.
        has_answered: They have worked before.
    """

    def __init__(self, account: Account, settings: Settings) -> None:
        self.users = 0
        self.is_retired = False
        self.has_answered = False
        self._settings = settings
        self._account = account
        self._metadata = metadata_for(account, settings)
        self._control_metadata = control_metadata_for(account)
        self._channel = open_channel(grpc, account, (*OPTIONS, _SINGLE_THREADED))
        self._stub = stub_on(self._channel)
        with sdk.quietly():
            self._client = sdk.blocking_client(account, settings)

    def run(self, rounds: Rounds[R], budget: Budget) -> R:
        """Make the calls of all rounds and return what they come to; raises Failure."""
        asked = repeating(rounds, budget)
        try:
            calls = next(asked)
            while True:
                calls = asked.send(self._once(calls, budget))
        except StopIteration as finished:
            self.has_answered = True
            answer: R = finished.value
            return answer
        finally:
            asked.close()

    def create_cache(self, budget: Budget) -> None:
        """Create the cache, over a connection of its own; that it is there already is no error."""
        with open_control_channel(grpc, self._account) as channel:
            try:
                create = creation_on(channel)
                create(creation_of(self._settings.cache), timeout=budget.left(), metadata=self._control_metadata)
            except grpc.RpcError as error:
                raise_unless_there(error)

    def close(self) -> None:
        """Give the connections back; nothing may be in flight."""
        self._channel.close()
        self._client.__exit__(None, None, None)

    def _once(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        """Make calls at the same time and return, for each, its answer or its Failure."""
        if len(calls) == 1:
            return [self._one(calls[0], budget)]
        pending = [self._sent(call, budget) if isinstance(call, WireCall) else None for call in calls]
        # The SDK's client can only block; meanwhile the others travel.
        asked = [self._called(call, budget) if isinstance(call, SdkCall) else None for call in calls]
        return [
            self._awaited(call, sent) if isinstance(call, WireCall) else done
            for call, sent, done in zip(calls, pending, asked, strict=True)
        ]

    def _one(self, call: Call, budget: Budget) -> Any:
        if isinstance(call, WireCall):
            return self._ask(call, budget)
        if isinstance(call, SdkCall):
            return self._called(call, budget)
        if isinstance(call, Pause):
            return time.sleep(call.seconds)
        raise TypeError(f"a call of no known family: {type(call).__name__}")

    def _ask(self, call: WireCall, budget: Budget) -> Any:
        method = getattr(self._stub, call.method)
        try:
            reply = method(call.request(), timeout=budget.left(), metadata=self._metadata)
            return call.answer(list(reply) if call.streams else reply)
        except grpc.RpcError as error:
            return failure_of_rpc(error)
        except Failure as failure:
            return failure

    def _sent(self, call: WireCall, budget: Budget) -> Any:
        method = getattr(self._stub, call.method)
        send = method if call.streams else method.future
        return send(call.request(), timeout=budget.left(), metadata=self._metadata)

    def _awaited(self, call: WireCall, sent: Any) -> Any:
        try:
            return call.answer(list(sent) if call.streams else sent.result())
        except grpc.RpcError as error:
            return failure_of_rpc(error)
        except Failure as failure:
            return failure

    def _called(self, call: SdkCall, budget: Budget) -> Any:
        if not budget.has_share():
            return Failure.late()
        with sdk.quietly():
            response = call.on(self._client, self._settings.cache)
        try:
            return call.answer(response)
        except Failure as failure:
            return failure
