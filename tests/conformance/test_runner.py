"""The runner: every check of the plan gives one result, and nothing is left out in silence."""

import threading
from collections.abc import Callable
from datetime import date

import pytest

from llmcache.drivers.offload import Offloaded
from llmcache.errors import StoreUnavailable, UsageError
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.capabilities import Capabilities
from llmcache.protocols.key_value import KeyValueStore
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Choice, Need, NotRun, Result, Running, Status, Subject, make_report
from llmcache_conformance.check import Check, check_of
from llmcache_conformance.expect import expect
from llmcache_conformance.plan import all_checks
from llmcache_conformance.reports.text import as_text
from llmcache_conformance.waivers import Waiver
from tests.conformance.test_memory_conforms import MEMORY

TODAY = date(2026, 11, 22)


def passes(subject: Subject) -> None:
    """Pass."""


def breaks(subject: Subject) -> None:
    """Break."""
    expect(False, "as it should not be")


def refuses(subject: Subject) -> None:
    """Have the store refuse."""
    raise StoreUnavailable("gone")


def lets_through(subject: Subject) -> None:
    """Have a foreign exception come out of the store."""
    raise ConnectionError("from a library")


def cannot(subject: Subject) -> None:
    """Be impossible on this machine."""
    raise NotRun("no such machine")


def ran(
    *functions: Callable[[Subject], None], choice: Choice | None = None, needs: tuple[Need, ...] = ()
) -> list[Result]:
    """Run checks made of functions on the memory store."""
    checks = [check_of(function, ("KV-1",), needs) for function in functions]
    return [one for one in Running(MEMORY, choice or Choice(), checks, TODAY) if one.family != "probes"]


@pytest.mark.parametrize(
    ("function", "status", "why"),
    [
        (passes, Status.PASS, ""),
        (breaks, Status.FAIL, "as it should not be"),
        (refuses, Status.FAIL, "the store raised StoreUnavailable: gone"),
        (lets_through, Status.FAIL, "which is no error of llmcache"),
        (cannot, Status.NOT_RUN, "no such machine"),
    ],
)
def test_check_ends_as_what_it_raised(function: Callable[[Subject], None], status: Status, why: str) -> None:
    """A broken clause and anything a store lets through are failures; what cannot be done says so."""
    (result,) = ran(function)

    assert status is result.status
    assert why in result.why
    assert result.is_bad is (status is not Status.PASS)


def test_mistake_of_the_suite_is_an_error_and_no_failure() -> None:
    """Where no code of the store was running, nothing is known about the store."""
    mistake = Check("mistake", "", (), (), "", run=lambda subject: check_of(None, ()).run(subject))  # type: ignore[arg-type] # the mistake
    (result,) = [one for one in Running(MEMORY, checks=[mistake]) if one.check == "mistake"]

    assert Status.ERROR is result.status
    assert result.is_bad


def test_check_that_hangs_is_a_failure_that_says_where() -> None:
    """The suite goes on, counts it, and names the function it is stuck in."""
    gate = threading.Event()

    def waits(subject: Subject) -> None:
        """Wait."""
        gate.wait()

    running = Running(MEMORY, Choice(only=("waits",), limit=0.2), [check_of(waits, ())])
    ends = {result.check: result for result in running}
    gate.set()

    assert (Status.FAIL, 1) == (ends["waits"].status, running.hung)
    assert "no end within" in ends["waits"].why
    assert "it is in " in ends["waits"].why


def test_need_that_is_left_out_by_name_is_not_run_and_accepted() -> None:
    """The reason is told, and it keeps nothing from being a success."""
    (result,) = ran(passes, needs=(Need.SECOND,), choice=Choice(without=frozenset({Need.SECOND})))

    assert (Status.NOT_RUN, "left out by name: second", False) == (result.status, result.why, result.is_bad)


def test_name_that_was_not_asked_for_is_not_run_and_told() -> None:
    """A choice by name leaves no check unmentioned."""
    results = ran(passes, breaks, choice=Choice(only=("pass",)))

    assert [Status.PASS, Status.NOT_RUN] == [result.status for result in results]
    assert "its name has no pass" == results[1].why


def test_choice_that_runs_nothing_is_refused() -> None:
    """A slip in a name cannot look like a success."""
    with pytest.raises(UsageError, match="no check has slip in its name"):
        ran(passes, choice=Choice(only=("slip",)))


def test_what_only_the_caller_lacks_is_not_run_and_counts() -> None:
    """A store that might be filled, but that nobody gave, is a gap in the run and no property of the store."""
    bare = Subject("memory", MEMORY.open)
    (result,) = [one for one in Running(bare, checks=[check_of(passes, (), (Need.SMALL,))]) if one.check == "passes"]

    assert Status.NOT_RUN is result.status
    assert result.is_bad


def test_whole_suite_on_the_reference() -> None:
    """Every planned check has one result; what the memory store does not declare is shown by a probe that passes."""
    results = list(Running(MEMORY))
    probes = {result.check: result.status for result in results if result.family == "probes"}
    unsupported = {result.check for result in results if result.status is Status.UNSUPPORTED}

    planned = [check.name for check in all_checks()]
    assert sorted({*planned, *probes}) == sorted(result.check for result in results)
    assert [] == [result for result in results if result.is_bad]
    assert {Status.PASS} == set(probes.values())
    assert all(result.why for result in results if result.check in unsupported)
    assert as_text(make_report(MEMORY, results)).startswith("memory: conformant, ")


class _Bare(MemoryStore):
    """Declares neither logs nor listing, and has the methods."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(limits=super().capabilities.limits)


class _BareAsync(AsyncMemoryStore):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(limits=super().capabilities.limits)


def bare(clock: Callable[[], float]) -> StorePair:
    """Open a store that does what it does not declare."""
    blocking = _Bare(clock=clock)
    return StorePair(blocking, _BareAsync(blocking))


class _Refusing:
    """Passes the methods of entries on, and has no other."""

    def __init__(self, inner: KeyValueStore) -> None:
        for name in ("get_many", "put_many", "put_if_absent", "delete_many", "delete_if_equal", "clear", "close"):
            setattr(self, name, getattr(inner, name))
        self.name = inner.name
        self.capabilities = inner.capabilities


def without_methods(clock: Callable[[], float]) -> StorePair:
    """Open a store that declares entries only, and has the methods of entries only."""
    blocking = _Bare(clock=clock)
    return StorePair(_Refusing(blocking), _Refusing(_BareAsync(blocking)))  # type: ignore[arg-type] # made at run time


def test_store_that_does_what_it_does_not_declare_is_caught() -> None:
    """An undeclared ability that works a little is a lie to whoever asks first."""
    ends = {result.check: result for result in Running(Subject("bare", bare), Choice(only=("undeclared",)))}

    assert Status.FAIL is ends["undeclared_log_is_refused"].status
    assert Status.FAIL is ends["undeclared_scan_is_refused"].status
    assert "not declared, and yet it was accepted" in ends["undeclared_log_is_refused"].why


def test_store_without_the_methods_is_honest() -> None:
    """No method is as good as a refusal, and the checks of logs and listing are unsupported then."""
    results = list(Running(Subject("bare", without_methods, open_small=without_methods)))
    logs = {result.status for result in results if result.profile in {"log", "scan"}}

    assert {Status.UNSUPPORTED} == logs
    assert [] == [result for result in results if result.is_bad and "room" not in result.family]


def test_store_in_threads_lacks_what_it_blocks_without() -> None:
    """The colour that runs calls in threads has every method, and is not the store's own."""

    def opened(clock: Callable[[], float]) -> StorePair:
        blocking = _Refusing(_Bare(clock=clock))
        return StorePair(blocking, Offloaded(blocking))  # type: ignore[arg-type, type-var] # made at run time

    ends = {
        result.status for result in Running(Subject("bare", opened), Choice(only=("undeclared",))) if not result.asked
    }

    assert {Status.PASS} == ends


def test_second_store_that_shares_without_saying_so_is_caught() -> None:
    """Two openings of a store that declares to be private must not meet."""

    class Leaking(MemoryStore):
        def close(self) -> None:
            return None

    shared = Leaking(max_bytes=1 << 24)
    leaking = Subject("leaking", lambda clock: StorePair(shared, AsyncMemoryStore(shared)))
    ends = {result.check: result for result in Running(leaking, Choice(only=("private",)))}

    assert Status.FAIL is ends["private_stores_are_apart"].status


def test_failure_is_waived_until_its_day() -> None:
    """Until the last day the reason stands beside the failure; after it the failure counts."""
    waiver = Waiver("breaks", "a known fault", date(2026, 11, 22))
    choice = Choice(waivers=(waiver,))
    checks = [check_of(breaks, ())]
    on_time = [one for one in Running(MEMORY, choice, checks, date(2026, 11, 22)) if one.check == "breaks"]
    too_late = [one for one in Running(MEMORY, choice, checks, date(2026, 11, 23)) if one.check == "breaks"]

    assert [(Status.WAIVED, waiver.until)] == [(one.status, one.until) for one in on_time]
    assert "a known fault (until 2026-11-22): as it should not be" == on_time[0].why
    assert [Status.FAIL] == [one.status for one in too_late]


def test_waiver_that_nothing_needs_is_a_failure() -> None:
    """A fault that was mended takes its waiver with it."""
    choice = Choice(waivers=(Waiver("passes", "was broken", TODAY),))
    results = ran(passes, choice=choice)

    assert [Status.PASS, Status.FAIL] == [result.status for result in results]
    assert "waiver of passes" == results[1].check
