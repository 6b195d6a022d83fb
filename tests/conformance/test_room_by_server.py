"""Stores that say a server makes room for them: what the suite asks of them instead, and who may say so."""

from dataclasses import replace

import pytest

from llmcache.memory import MemoryStore
from llmcache.model.capabilities import Capabilities
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Need, Status, Subject
from llmcache_conformance.cases import CASES
from llmcache_conformance.check import check_of_case
from llmcache_conformance.colour import Colour
from llmcache_conformance.expect import Broken
from llmcache_conformance.missing import Probe, missing_from
from llmcache_conformance.runner import Running
from tests.conformance.test_memory_conforms import MEMORY


class Claiming(MemoryStore):
    """Says that a server makes room for it, and has none."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, server_makes_room=True)


CLAIMING = Subject("claiming", open=lambda clock: StorePair(Claiming(clock=clock), None))


def test_a_store_without_a_server_cannot_claim_one() -> None:
    """The probe of the claim fails, so no store is let off by words."""
    missing = missing_from(CLAIMING)

    assert [Probe.SERVER.value] * 2 == [missing[need].probe for need in (Need.ROOM, Need.SMALL)]
    with pytest.raises(Broken, match="opened no connection"):
        Probe.SERVER.value.run(CLAIMING)


def test_what_is_left_out_is_unsupported_and_says_why() -> None:
    """Not skipped, and not "not run": the line names the probe, which is run, too."""
    checks = [check_of_case(case, Colour.BLOCKING) for case in CASES if Need.ROOM in case.needs]
    results = {one.check: one for one in Running(CLAIMING, checks=checks)}
    left_out = [results[check.name] for check in checks]

    assert Status.FAIL is results["room_is_made_by_a_server"].status
    assert {Status.UNSUPPORTED} == {one.status for one in left_out}
    assert all("shown by room_is_made_by_a_server" in one.why for one in left_out)


def test_a_store_that_bounds_itself_is_asked_everything() -> None:
    """The reference declares no server, so nothing about room is missing."""
    assert set() == {Need.ROOM, Need.SMALL} & set(missing_from(MEMORY))
