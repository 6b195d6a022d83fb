"""Making again what failed: between the rounds of an operation and the driver that makes their calls."""

from collections.abc import Sequence
from typing import Any

from llmcache_momento.budget import Budget
from llmcache_momento.errors import Failure
from llmcache_momento.rounds import R, Rounds
from llmcache_momento.rpcs import Call, Pause, SdkCall


def repeating(rounds: Rounds[R], budget: Budget) -> Rounds[R]:
    """Return rounds that need a driver only to make calls: it sends each one's answer, or its Failure.

    Calls that failed and may be repeated are asked for again, after a pause; what is left is thrown into `rounds`.
    """
    try:
        calls = next(rounds)
        while True:
            try:
                answers = yield from _answered(calls, budget)
            except Failure as failure:
                calls = rounds.throw(failure)
            else:
                calls = rounds.send(answers)
    except StopIteration as finished:
        answer: R = finished.value
        return answer
    finally:
        rounds.close()


def _answered(calls: Sequence[Call], budget: Budget) -> Rounds[list[Any]]:
    answers: list[Any] = yield calls
    is_open = False
    while True:
        failed = [place for place, answer in enumerate(answers) if isinstance(answer, Failure)]
        if not failed:
            return answers
        first: Failure = answers[failed[0]]
        again = [place for place in failed if _may_repeat(calls[place], answers[place])]
        is_for_sdk = any(isinstance(calls[place], SdkCall) for place in again)
        pause = budget.pause(first, is_for_sdk=is_for_sdk) if again == failed else None
        if pause is None:
            raise _told_of(calls, answers, is_open)
        # What is made again may have been done the first time, whatever becomes of it now.
        is_open = is_open or any(_leaves_open(calls[place], answers[place]) for place in again)
        yield (Pause(pause),)
        repeated = yield [calls[place] for place in again]
        is_late = False
        for place, answer in zip(again, repeated, strict=True):
            if isinstance(answer, Failure) and answer.is_unsent:
                # The pause took longer than it should, and no time is left: what failed before is what happened.
                is_late = True
            else:
                answers[place] = answer
        if is_late:
            raise _told_of(calls, answers, is_open)


def _may_repeat(call: Call, failure: Failure) -> bool:
    """True where the call may be made again after this failure."""
    return failure.is_throttled or (call.is_repeatable and failure.may_pass)


def _leaves_open(call: Call, failure: Failure) -> bool:
    """True where the call may have changed something although it failed."""
    return call.writes and not failure.is_certainly_not_done


def _told_of(calls: Sequence[Call], answers: Sequence[Any], is_open: bool) -> Failure:
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
