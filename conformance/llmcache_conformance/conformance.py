"""The whole suite as a class for somebody's own tests.

    from llmcache_conformance import Conformance

    class TestMyDB(Conformance):
        url = "mydb://localhost:7000"

Each check is a test of pytest. None is ever skipped: where the store does not declare what a check is about, the probe runs
in its place, and what is missing for a check fails it, unless `without` names it. A class that puts anything in the
place of the suite's own methods is refused.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from llmcache.config.url import parse_url
from llmcache.errors import LLMCacheError, UsageError
from llmcache.plugins.catalogue import check as check_url
from llmcache_conformance.addressed import subject_for
from llmcache_conformance.case import Need
from llmcache_conformance.check import Check
from llmcache_conformance.expect import Broken
from llmcache_conformance.missing import Missing, missing_from
from llmcache_conformance.plan import all_checks
from llmcache_conformance.subject import Subject
from llmcache_conformance.waivers import Waiver, check_waivers, read_waivers

if TYPE_CHECKING:
    import pytest

FROM_OPTIONS = "the options of the command"
"""As the `url` of a suite: everything is said by the options `--llmcache-...` of pytest."""

_SETTINGS = frozenset({"url", "subject", "small", "server", "deadline", "without", "waive"})


class Conformance:
    """Derive a class `Test...` from it and say which store; `url` or `subject` is needed, the rest may be.

    Attributes:
        url: A store URL.
        subject: The store, where it has no URL.
        small: The URL of a small one, as for `subject_for`.
        server: Where the proxy finds the server, as for `subject_for`.
        deadline: Seconds that no call may exceed, whatever happens on the wire.
        without: What is missing on purpose; checks that need it are not collected.
        waive: A file of waivers.
    """

    url: ClassVar[str] = ""
    subject: ClassVar[Subject | None] = None
    small: ClassVar[str] = ""
    server: ClassVar[str] = ""
    deadline: ClassVar[float] = 10.0
    without: ClassVar[Collection[Need]] = ()
    waive: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = set(vars(Conformance)) - _SETTINGS
        replaced = sorted(name for name in vars(cls) if name in own and not name.startswith("__"))
        if replaced or "__init_subclass__" in vars(cls):
            raise UsageError(
                f"{cls.__name__} puts {', '.join(replaced)} in the place of the suite's own; waive instead"
            )

    def pytest_generate_tests(self, metafunc: "pytest.Metafunc") -> None:
        """Make a test of every check that is not left out by name."""
        if self.url == FROM_OPTIONS:
            _take_options(type(self), metafunc.config)
        checks = [check for check in all_checks() if not set(check.needs) & set(self.without)]
        metafunc.parametrize("check", checks, ids=[check.name for check in checks])

    def test_conforms(self, check: Check, request: "pytest.FixtureRequest") -> None:
        """The store keeps the clauses that the check shows."""
        known = _prepared(type(self))
        lacking = [lack for need, lack in known.missing.items() if need in check.needs]
        if lacking:
            request.node.user_properties.append(("unsupported", lacking[0].why))
            _probed(lacking, known.subject)
            return
        waiver = next((one for one in known.waivers if one.fits(check.name)), None)
        if waiver is None:
            check.run(known.subject)
        else:
            _waived(check, known.subject, waiver)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What all tests of one class need."""

    subject: Subject
    missing: dict[Need, Missing]
    waivers: tuple[Waiver, ...]


_known: dict[type[Conformance], _Prepared] = {}


def _take_options(suite: type[Conformance], config: "pytest.Config") -> None:
    import pytest  # noqa: PLC0415 -- the runner and the command do without it

    def given(name: str) -> str:
        return str(config.getoption(f"--llmcache-{name}") or "")

    if not given("url"):
        raise pytest.UsageError("say which store: --llmcache-url URL")
    suite.url, suite.small, suite.server, suite.waive = map(given, ("url", "small", "server", "waive"))
    for name in ("url", "small"):
        try:
            check_url(parse_url(given(name) or "memory:"))
        except LLMCacheError as error:
            # Once, and not by each of the tests.
            raise pytest.UsageError(f"--llmcache-{name}: {error}") from error
    suite.deadline = float(given("deadline"))
    suite.without = {Need[name.upper()] for name in config.getoption("--llmcache-without") or ()}


def _probed(lacking: list[Missing], subject: Subject) -> None:
    """Run the probe of what the store does not declare; `Broken` where it is not the store that lacks it."""
    for lack in sorted(lacking, key=lambda lack: lack.probe is None):
        if lack.probe is None:
            raise Broken(f"not run: {lack.why}; or leave it out by name: without = {{Need.{lack.need.name}}}")
        lack.probe.run(subject)
        return


def _waived(check: Check, subject: Subject, waiver: Waiver) -> None:
    """Run a check that is expected to fail, and end as that: a waiver that is over, or that nothing needs, is a failure."""
    import pytest  # noqa: PLC0415 -- the runner and the command do without it

    if datetime.now(UTC).date() > waiver.until:
        check.run(subject)
        return
    try:
        check.run(subject)
    except Broken as broken:
        pytest.xfail(f"waived until {waiver.until}: {waiver.reason}: {broken}")
    if waiver.check == check.name:
        raise Broken(f"the check passes, so the waiver ({waiver.reason}) has to go")


def _prepared(suite: type[Conformance]) -> _Prepared:
    """Return what all tests of a class share; the store is looked at once."""
    if suite not in _known:
        waivers = tuple(read_waivers(suite.waive)) if suite.waive else ()
        check_waivers(waivers, all_checks())
        subject = _subject_of(suite)
        _known[suite] = _Prepared(subject, missing_from(subject), waivers)
    return _known[suite]


def _subject_of(suite: type[Conformance]) -> Subject:
    if suite.subject is not None:
        return suite.subject
    if not suite.url:
        raise UsageError(f"{suite.__name__} says neither `url` nor `subject`; there is nothing to check")
    return subject_for(suite.url, small=suite.small, server=suite.server, deadline=suite.deadline)
