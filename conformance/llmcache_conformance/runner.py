"""Runs the suite on one store, without pytest: every check of the plan gives one result, whatever happens.

A check runs in a thread of its own and has an end: one that hangs is a failure with the place where it hangs, and not a
suite that hangs. The thread stays behind, since nobody can end it; see `Running.hung`.
"""

import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType

from llmcache.errors import LLMCacheError, UsageError
from llmcache.model.units import Seconds
from llmcache_conformance.case import Need
from llmcache_conformance.check import Check
from llmcache_conformance.expect import Broken
from llmcache_conformance.missing import Missing, Probe, missing_from
from llmcache_conformance.plan import all_checks
from llmcache_conformance.result import NotRun, Result, Status
from llmcache_conformance.subject import Subject
from llmcache_conformance.waivers import Waiver, check_waivers, stale, with_waiver

_SUITE = str(Path(__file__).parent)
_LONGEST_WHY = 600


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the suite is run, and what is accepted.

    Attributes:
        only: Parts of names; a check whose name has none of them is left out. Empty means all.
        without: Needs whose checks are left out by name.
        waivers: Failures that are accepted.
        limit: Seconds that one check may take.
    """

    only: tuple[str, ...] = ()
    without: frozenset[Need] = frozenset()
    waivers: tuple[Waiver, ...] = ()
    limit: Seconds = 120.0


@dataclass
class Running:
    """One run of the suite: iterate it once for the results, in the order of the plan.

    Args:
        subject: The store.
        choice: What is run.
        checks: The plan; by default the whole suite.
        today: The day that waivers are judged by.

    Attributes:
        hung: How many checks did not end; their threads are still there, so a program that wants to end should end
            itself by `os._exit`.
    """

    subject: Subject
    choice: Choice = field(default_factory=Choice)
    checks: Sequence[Check] = field(default_factory=all_checks)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    hung: int = 0

    def __iter__(self) -> Iterator[Result]:
        """Run, giving each result as it comes.

        Raises:
            ConfigError: A waiver fits no check.
            UsageError: No check has what `only` asks for in its name.
            LLMCacheError: The store cannot be opened at all.
        """
        check_waivers(self.choice.waivers, [*(probe.value for probe in Probe), *self.checks])
        missing = missing_from(self.subject)
        # One of the probes is in every plan.
        planned = tuple(dict.fromkeys((*_probes(missing), *self.checks)))
        if not any(self._is_chosen(check) for check in planned):
            raise UsageError(f"no check has {' or '.join(self.choice.only)} in its name; nothing would be run")
        results: list[Result] = []
        for check in planned:
            result = self._result(check, missing)
            results.append(result)
            yield result
        yield from stale(self.choice.waivers, results)

    def _result(self, check: Check, missing: dict[Need, Missing]) -> Result:
        planned = Result(check.name, Status.NOT_RUN, check.profile, check.family, check.clauses, check.says)
        if not self._is_chosen(check):
            return replace(planned, why=f"its name has no {' or '.join(self.choice.only)}", asked=True)
        if left_out := [need.name.lower() for need in check.needs if need in self.choice.without]:
            return replace(planned, why=f"left out by name: {', '.join(left_out)}", asked=True)
        lacking = [missing[need] for need in check.needs if need in missing]
        for lack in sorted(lacking, key=lambda lack: lack.probe is None):
            return planned.ended(Status.UNSUPPORTED if lack.probe else Status.NOT_RUN, lack.why)
        return with_waiver(self._run(check, planned), self.choice.waivers, self.today)

    def _is_chosen(self, check: Check) -> bool:
        return not self.choice.only or any(part in check.name for part in self.choice.only)

    def _run(self, check: Check, planned: Result) -> Result:
        ended: list[Result] = []
        thread = threading.Thread(
            target=lambda: ended.append(outcome(check, self.subject, planned)), name="conformance", daemon=True
        )
        began = time.monotonic()
        thread.start()
        thread.join(self.choice.limit)
        took = time.monotonic() - began
        if ended:
            return replace(ended[0], seconds=took)
        self.hung += 1
        return replace(planned.ended(Status.FAIL, f"no end within {took:.0f} s; {_place(thread)}"), seconds=took)


def outcome(check: Check, subject: Subject, planned: Result) -> Result:
    """Run `check` and return how it ended; raises nothing."""
    try:
        check.run(subject)
    except Broken as broken:
        return planned.ended(Status.FAIL, _clipped(str(broken)))
    except NotRun as reason:
        return planned.ended(Status.NOT_RUN, str(reason))
    except LLMCacheError as error:
        return planned.ended(Status.FAIL, _clipped(f"the store raised {type(error).__name__}: {error}"))
    except BaseException as error:  # noqa: BLE001 -- whatever a store or the suite raises becomes a result
        return _foreign(error, planned)
    return planned.ended(Status.PASS)


def _foreign(error: BaseException, planned: Result) -> Result:
    """Return the result for an exception that is none of ours: the suite's mistake, or one the store let through."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    what = _clipped(f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})")
    if _is_suites(error.__traceback__):
        return planned.ended(Status.ERROR, f"the suite raised {what}")
    return planned.ended(Status.FAIL, f"the store raised {what}, which is no error of llmcache")


def _is_suites(trace: TracebackType | None) -> bool:
    """True where the innermost frame is the suite's own: no code of the store was running."""
    files = [frame.filename for frame in traceback.extract_tb(trace)]
    return bool(files) and files[-1].startswith(_SUITE)


def _probes(missing: dict[Need, Missing]) -> list[Check]:
    """Return the probes of what is missing, each once."""
    return list({lack.probe.name: lack.probe for lack in missing.values() if lack.probe}.values())


def _place(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 -- the only way to see where a thread is
    if frame is None:
        return "its thread is gone"
    line = traceback.extract_stack(frame)[-1]
    return f"it is in {line.name}, {Path(line.filename).name}:{line.lineno}"


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_WHY else f"{text[:_LONGEST_WHY]}..."
