"""The checks of vectors on stores that have none, have their own, or say what is not so."""

import sys
from dataclasses import replace

import pytest

from llmcache.drivers.offload import Offloaded
from llmcache.memory import MemoryStore
from llmcache.model.capabilities import Capabilities
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Choice, Clock, Need, Running, Status, Subject, make_report
from llmcache_conformance.missing import missing_from
from llmcache_conformance.reports.text import as_text
from llmcache_conformance.saboteurs import PointsMemory
from tests.conformance.test_memory_conforms import MEMORY
from tests.conformance.test_runner import without_methods

_FEW = Choice(only=("vectors", "later_of_two_points_holds"))


class _SaysNothing(PointsMemory):
    """Keeps points, and does not declare it."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, vectors=False)


class _OnlySays(MemoryStore):
    """Declares vectors, and has none of the methods."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, vectors=True)


def subject(store: type[MemoryStore]) -> Subject:
    """A store of a class, awaited in threads."""

    def opened(clock: Clock) -> StorePair:
        blocking = store(clock=clock)
        return StorePair(blocking, Offloaded(blocking))

    return Subject(store.__name__, opened)


@pytest.mark.parametrize("store", [_SaysNothing, _OnlySays])
def test_a_store_that_is_not_what_it_says_is_caught(store: type[MemoryStore]) -> None:
    """Vectors that are kept and not declared are a lie as much as those that are declared and not kept."""
    ends = {result.check: result for result in Running(subject(store), Choice(only=("vectors_are_declared",)))}

    assert Status.FAIL is ends["vectors_are_declared_or_refused"].status


def test_report_says_by_which_index_vectors_were_checked() -> None:
    """One of the store's own, one in its logs, or none."""
    bare = Subject("bare", without_methods, open_small=without_methods)
    reports = [make_report(one, Running(one, _FEW)) for one in (subject(PointsMemory), MEMORY, bare)]

    assert ["an index of its own", "the index in its logs", ""] == [one.index for one in reports]
    assert ["partial", "partial", "unsupported"] == [one.profile_verdicts()["vector"] for one in reports]
    assert "vectors: by the index in its logs\n" in as_text(reports[1])


def test_without_numpy_vectors_are_not_run_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine lacks is no fault of the store, and no success either; a store with vectors of its own needs none."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    results = [one for one in Running(MEMORY, _FEW) if one.profile == "vector" and "later" in one.check]

    assert {Status.NOT_RUN} == {one.status for one in results}
    assert all('pip install "llmcache-kit[vectors]"' in one.why and one.is_bad for one in results)
    assert Need.NUMPY not in missing_from(subject(PointsMemory))
