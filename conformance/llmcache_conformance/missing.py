"""What a subject lacks, and what that means: the store does not offer it, or whoever runs the suite did not say enough."""

from dataclasses import dataclass
from enum import Enum

from llmcache.model.capabilities import Capabilities
from llmcache_conformance.bench import opened
from llmcache_conformance.case import Need, is_met
from llmcache_conformance.check import Check, check_of
from llmcache_conformance.probes import (
    clock_given_is_not_the_one_that_counts,
    large_body_is_kept_where_no_limit_is_near,
    private_stores_are_apart,
    room_is_made_by_a_server,
    speaks_over_tcp,
    store_opens_no_connection,
    undeclared_log_is_refused,
    undeclared_news_are_refused,
    undeclared_scan_is_refused,
    vectors_are_declared_or_refused,
)
from llmcache_conformance.subject import Subject


class Probe(Enum):
    """The probe of each thing that a store may not offer."""

    LOG = check_of(undeclared_log_is_refused, (), ())
    SCAN = check_of(undeclared_scan_is_refused, (), ())
    NEWS = check_of(undeclared_news_are_refused, (), ())
    VECTORS = check_of(vectors_are_declared_or_refused, (), ())
    APART = check_of(private_stores_are_apart, (), ())
    LARGE = check_of(large_body_is_kept_where_no_limit_is_near, ("KV-4",), ())
    CLOCK = check_of(clock_given_is_not_the_one_that_counts, (), ())
    SOCKET = check_of(store_opens_no_connection, (), ())
    SERVER = check_of(room_is_made_by_a_server, (), ())


@dataclass(frozen=True, slots=True)
class Missing:
    """One need that a subject does not meet.

    Attributes:
        need: Which.
        why: In words.
        probe: Shows that the store rightly has it not; None where it is not the store that lacks it.
    """

    need: Need
    why: str
    probe: Check | None


_HINTS = {
    Need.SMALL: "give one that a few hundred KiB fill, or leave `small` out by name",
    Need.SECOND: "it declares that others see what it holds; say that every opening gives the same data",
    Need.WIRE: "it opens connections; give host and port, or leave `wire` out by name",
    Need.NUMPY: 'run pip install "llmcache-kit[vectors]", or leave `numpy` out by name',
    Need.PROCESS: "it declares that others see what it holds; give its URL, or leave `process` out by name",
}


def missing_from(subject: Subject) -> dict[Need, Missing]:
    """Return what `subject` lacks; the store is opened to see what it declares."""
    clock = subject.clock()
    with opened(subject.open(clock), clock) as handle:
        capabilities = handle.capabilities
    lacking = [need for need in Need if not is_met(need, subject, capabilities)]
    return {need: _missing(need, subject, capabilities) for need in lacking}


def capabilities_of(subject: Subject) -> Capabilities:
    """Return what the store of `subject` declares."""
    clock = subject.clock()
    with opened(subject.open(clock), clock) as handle:
        return handle.capabilities


def _missing(need: Need, subject: Subject, capabilities: Capabilities) -> Missing:
    is_private = not (capabilities.persistent or capabilities.shared)
    probe = {
        Need.LOG: Probe.LOG,
        Need.SCAN: Probe.SCAN,
        Need.NEWS: Probe.NEWS,
        Need.VECTORS: Probe.VECTORS,
        Need.NUMPY: None,
        Need.BODY_LIMIT: Probe.LARGE,
        Need.CLOCK: Probe.CLOCK,
        Need.SECOND: Probe.APART if is_private else None,
        Need.PROCESS: Probe.APART if is_private else None,
        Need.WIRE: None if need is not Need.WIRE or speaks_over_tcp(subject) else Probe.SOCKET,
        Need.SMALL: Probe.SERVER if capabilities.server_makes_room else None,
        Need.ROOM: Probe.SERVER,
    }[need]
    if probe is None:
        return Missing(need, f"{need.value}: {_HINTS[need]}", None)
    return Missing(need, f"{need.value}; shown by {probe.value.name}", probe.value)
