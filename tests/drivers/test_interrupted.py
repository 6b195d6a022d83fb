"""Ctrl-C may come between any two lines: whatever it interrupts, nobody waits for a flight that nobody leads."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import FrameType

import pytest

import llmcache
from llmcache.memory.flights import LocalFlights
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from tests.stores import Clock


def question(number: int) -> llmcache.Request:
    """Return a question that nobody else asks."""
    return llmcache.Request("m", [{"role": "user", "content": f"hi {number}"}])


def interrupted(work: Callable[[], object], moment: int) -> bool:
    """Do `work`, and raise KeyboardInterrupt at one of the moments at which CPython looks for signals; False where there are fewer.

    These are when a function of ours is entered, and when one in C that we have called has returned.
    """
    left = moment

    def count(frame: FrameType, event: str, what: object) -> None:
        nonlocal left
        if event in {"call", "c_return"} and "/llmcache/" in frame.f_code.co_filename:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False


@pytest.mark.parametrize("age", [0.0, 96.0], ids=["missed", "refreshed"])
def test_whatever_ctrl_c_interrupts_the_next_caller_need_not_wait(age: float) -> None:
    """At each moment of a call: another thread asks then, and is answered by its own call or by what was kept."""
    clock, moment, was_interrupted = Clock(), 0, True
    with ThreadPoolExecutor(1) as pool, llmcache.open("memory:", ttl=100.0, early_refresh=0.1, clock=clock) as cache:
        while was_interrupted:
            moment += 1
            ask = partial(cache.responses.get_or_call, question(moment), lambda: "answer")
            if age:
                cache.responses.put(question(moment), "kept")
                clock.now += age
            was_interrupted = interrupted(ask, moment)
            assert not cache.setup.flights.is_leading(blocking=True), moment
            assert pool.submit(ask).result(30) in {"answer", "kept"}

    assert moment > 50


def test_what_others_lead_in_the_same_thread_is_left_alone() -> None:
    """Only flights of the caller's own are abandoned: not those of a witness, of another thread, or of a task."""
    flights = LocalFlights()
    space = Space(Namespace(("shop",)), Kind.RESPONSE)
    mine, _ = flights.board(Key(space, "mine"))
    with ThreadPoolExecutor(1) as pool:
        theirs, _ = pool.submit(flights.board, Key(space, "theirs")).result()
        flights.leave()

        assert (True, False) == (mine.is_over, theirs.is_over)
