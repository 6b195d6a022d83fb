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
from llmcache_momento.channels import OPTIONS, metadata_for, open_channel, stub_on
from llmcache_momento.errors import Failure, failure_of_response, failure_of_rpc
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
        self._metadata = metadata_for(account, settings)
        self._channel = open_channel(grpc, account, (*OPTIONS, _SINGLE_THREADED))
        self._stub = stub_on(self._channel)
        with sdk.quietly():
            self._client = sdk.blocking_client(account, settings)

    def run(self, rounds: Rounds[R], budget: Budget) -> R:
        """Make the calls of all rounds and return what they come to; raises Failure."""
        try:
            calls = next(rounds)
            while True:
                try:
                    answers = self._round(calls, budget)
                except Failure as failure:
                    calls = rounds.throw(failure)
                else:
                    calls = rounds.send(answers)
        except StopIteration as finished:
            self.has_answered = True
            answer: R = finished.value
            return answer
        finally:
            rounds.close()

    def create_cache(self) -> None:
        """Create the cache; that it is there already is no error."""
        with sdk.quietly():
            response: Any = self._client.create_cache(self._settings.cache)
        if hasattr(response, "error_code"):
            raise failure_of_response(response)

    def close(self) -> None:
        """Give the connections back; nothing may be in flight."""
        self._channel.close()
        self._client.__exit__(None, None, None)

    def _round(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        answers: list[Any] = self._once(calls, budget)
        is_open = False
        while True:
            failed = [place for place, answer in enumerate(answers) if isinstance(answer, Failure)]
            if not failed:
                return answers
            first: Failure = answers[failed[0]]
            again = [place for place in failed if may_repeat(calls[place], answers[place])]
            pause = budget.pause(first) if again == failed else None
            if pause is None:
                raise told_of(calls, answers, is_open)
            # What is made again may have been done the first time, whatever becomes of it now.
            is_open = is_open or any(leaves_open(calls[place], answers[place]) for place in again)
            time.sleep(pause)
            for place, answer in zip(again, self._once([calls[place] for place in again], budget), strict=True):
                answers[place] = answer

    def _once(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        """Make calls at the same time and return, for each, its answer or its Failure."""
        if len(calls) == 1:
            return [self._one(calls[0], budget)]
        pending = [self._sent(call, budget) if isinstance(call, WireCall) else None for call in calls]
        # The SDK's client can only block; meanwhile the others travel.
        asked = [self._called(call) if isinstance(call, SdkCall) else None for call in calls]
        return [
            self._awaited(call, sent) if isinstance(call, WireCall) else done
            for call, sent, done in zip(calls, pending, asked, strict=True)
        ]

    def _one(self, call: Call, budget: Budget) -> Any:
        if isinstance(call, WireCall):
            return self._ask(call, budget)
        if isinstance(call, SdkCall):
            return self._called(call)
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

    def _called(self, call: SdkCall) -> Any:
        with sdk.quietly():
            response = call.on(self._client, self._settings.cache)
        try:
            return call.answer(response)
        except Failure as failure:
            return failure


def may_repeat(call: Call, failure: Failure) -> bool:
    """True where the call may be made again after this failure."""
    return failure.is_throttled or (call.is_repeatable and failure.may_pass)


def leaves_open(call: Call, failure: Failure) -> bool:
    """True where the call may have changed something although it failed."""
    return call.writes and not failure.is_certainly_not_done


def told_of(calls: Sequence[Call], answers: Sequence[Any], is_open: bool) -> Failure:
    """Return the failure of a round to raise: one that leaves open what was done, if there is one.

    Args:
        calls: The round's.
        answers: An answer or a Failure for each.
        is_open: An earlier attempt may have changed something.
    """
    failures = [answer for answer in answers if isinstance(answer, Failure)]
    failure = min(failures, key=lambda each: each.is_certainly_not_done)
    failure.is_partial = is_open or any(
        call.writes and not isinstance(answer, Failure) for call, answer in zip(calls, answers, strict=True)
    )
    return failure
