"""A store with a clock of its own: the cases that set the clock are left out, and those that wait are run."""

import time

import pytest

from llmcache.memory import AsyncMemoryStore, open_pair
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Broken, Colour, Need, Run, Subject, conformance_cases, run_case, unmet_needs
from llmcache_conformance.cases import CASES
from llmcache_conformance.cases.real_time import REAL_TIME
from llmcache_conformance.saboteurs.times import NeverForgets
from llmcache_conformance.subject import Opening


def subject(opening: Opening) -> Subject:
    """A store that counts by the machine's clock."""
    return Subject("own", open=opening, own_clock=True)


OWN = subject(lambda clock: open_pair(clock=time.time))
WITHOUT = {Need.SECOND, Need.SMALL, Need.CLOCK}
ONCE = [run for run in conformance_cases(without=WITHOUT) if run.colour is Colour.BLOCKING]


def test_own_clock_is_a_need_of_its_own() -> None:
    """The store says that nobody sets its clock, and nothing else is missing for it."""
    assert WITHOUT == unmet_needs(OWN)


@pytest.mark.parametrize("run", [run for run in ONCE if run.case not in REAL_TIME], ids=str)
def test_case_that_needs_no_clock_sets_none(run: Run) -> None:
    """A case that moves the clock, also by a function it calls, is known to need one: no other would come to its end."""
    run.on(OWN)


@pytest.mark.slow
@pytest.mark.parametrize("case", REAL_TIME, ids=lambda case: case.name)
@pytest.mark.parametrize("colour", [Colour.BLOCKING, Colour.ASYNC])
def test_expiry_is_waited_for(case: object, colour: Colour) -> None:
    """On a real clock the short times pass in truth."""
    run_case(next(one for one in CASES if one is case), OWN, colour)


@pytest.mark.slow
def test_store_that_forgets_nothing_is_caught_in_truth() -> None:
    """The cases that wait catch a store that ignores times to live, without a clock to set."""

    def opening(clock: object) -> StorePair:
        blocking = NeverForgets(clock=time.time)
        return StorePair(blocking, AsyncMemoryStore(blocking))

    with pytest.raises(Broken):
        run_case(REAL_TIME[0], subject(opening), Colour.BLOCKING)
