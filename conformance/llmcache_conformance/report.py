"""A report: what was checked, on what, with what outcome; the one thing that every rendering is made from."""

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from llmcache.config.url import parse_url
from llmcache.model.capabilities import Capabilities
from llmcache.plugins.loading import installed
from llmcache_conformance.missing import capabilities_of
from llmcache_conformance.result import Result, Status
from llmcache_conformance.subject import Subject

SCHEMA = 1
PROFILES = ("key-value", "log", "scan", "news", "vector")
FLAGS = ("log", "scan", "news", "vectors", "exact_vectors", "persistent", "shared", "inline_reads", "server_makes_room")


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the suite on one store.

    Attributes:
        store: Its name.
        url: Where it is, without any password; "" where it was not opened by URL.
        capabilities: What it declares, with its limits.
        clock: Who counted time: "set by the suite" or "the store's own".
        made: The day.
        versions: What took part, by name: the suite, the store's package and what that needs, Python.
        notes: What whoever ran it adds, such as a server's version.
        results: One for each check, in the order they were run.
    """

    store: str
    url: str
    capabilities: Capabilities
    clock: str
    made: date
    versions: Mapping[str, str]
    notes: tuple[str, ...]
    results: Sequence[Result] = field(repr=False)

    @property
    def counts(self) -> Counter[Status]:
        """How many checks ended in which way."""
        return Counter(result.status for result in self.results)

    @property
    def verdict(self) -> str:
        """The whole in a word: "conformant", "partial" (something waived or not run), "failed", or "empty"."""
        if not any(result.has_run for result in self.results):
            return "empty"
        return _verdict(self.results)

    @property
    def is_success(self) -> bool:
        """True where something was run, nothing failed, and nothing was left out that nobody left out by name."""
        return self.verdict != "empty" and not any(result.is_bad for result in self.results)

    @property
    def claim(self) -> str:
        """What the store may say of itself: what it must do, and what it does beyond that."""
        declared = [name.replace("_", " ") for name in FLAGS if getattr(self.capabilities, name)]
        return " + ".join(("key-value", *declared))

    def profile_verdicts(self) -> dict[str, str]:
        """Return the verdict of each profile; "unsupported" where the store does not declare it."""
        found: dict[str, str] = {}
        for profile in PROFILES:
            own = [result for result in self.results if result.profile == profile]
            found[profile] = _verdict(own) if self._has(profile) else "unsupported"
        return found

    def _has(self, profile: str) -> bool:
        if profile == "vector":
            return bool(self.index)
        return profile == "key-value" or bool(getattr(self.capabilities, profile))

    @property
    def index(self) -> str:
        """What the checks of vectors were run on: the store's own index, or one in its logs; "" where it has neither."""
        if self.capabilities.vectors:
            return "an index of its own"
        return "the index in its logs" if self.capabilities.log else ""

    def clause_verdicts(self) -> dict[str, str]:
        """Return, for each clause that a check shows, the worst status of its checks."""
        found: dict[str, Status] = {}
        for result in self.results:
            for clause in result.clauses:
                found[clause] = max(result.status, found.get(clause, Status.UNSUPPORTED), key=_BADNESS.index)
        return {clause: found[clause].value for clause in sorted(found, key=_by_number)}

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object; its form is that of `schema`."""
        return {
            "schema": SCHEMA,
            "store": self.store,
            "url": self.url,
            "verdict": self.verdict,
            "success": self.is_success,
            "claim": self.claim,
            "clock": self.clock,
            "made": self.made.isoformat(),
            "versions": dict(self.versions),
            "notes": list(self.notes),
            "capabilities": asdict(self.capabilities),
            "profiles": self.profile_verdicts(),
            "index": self.index,
            "counts": {status.value: self.counts[status] for status in Status},
            "clauses": self.clause_verdicts(),
            "results": [_result_json(result) for result in self.results],
        }


# From the best to the worst; a clause is as good as the worst of its checks.
_BADNESS = (Status.UNSUPPORTED, Status.PASS, Status.NOT_RUN, Status.WAIVED, Status.ERROR, Status.FAIL)


def make_report(subject: Subject, results: Iterable[Result], *, notes: Sequence[str] = ()) -> Report:
    """Return the report of `results`, which are taken to the end."""
    done = tuple(results)
    return Report(
        store=subject.name,
        url=_shown(subject.url),
        capabilities=capabilities_of(subject),
        clock="the store's own" if subject.own_clock else "set by the suite",
        made=datetime.now(UTC).date(),
        versions=_versions(subject),
        notes=tuple(notes),
        results=done,
    )


def _shown(url: str) -> str:
    return parse_url(url).shown if url and not url.startswith("python:") else url


def _verdict(results: Sequence[Result]) -> str:
    if any(result.status in {Status.FAIL, Status.ERROR} for result in results):
        return "failed"
    if any(result.status in {Status.WAIVED, Status.NOT_RUN} for result in results):
        return "partial"
    return "conformant" if results else "empty"


def _versions(subject: Subject) -> dict[str, str]:
    found = {"llmcache-kit": _version("llmcache-kit"), "python": platform.python_version()}
    scheme = subject.url.partition(":")[0]
    for plugin in installed():
        for spec in plugin.specs:
            if spec.scheme == scheme:
                name, _, number = plugin.distribution.partition(" ")
                found |= {name: number, **{needed: _version(needed) for needed in spec.requires}}
    return found


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def _by_number(clause: str) -> tuple[str, int]:
    letters, _, number = clause.partition("-")
    return letters, int(number)


def _result_json(result: Result) -> dict[str, Any]:
    return {
        "check": result.check,
        "status": result.status.value,
        "profile": result.profile,
        "family": result.family,
        "clauses": list(result.clauses),
        "says": result.says,
        "why": result.why,
        "seconds": round(result.seconds, 3),
        "asked": result.asked,
        "until": None if result.until is None else result.until.isoformat(),
    }
