"""The Momento store against the oracle, closing and opening included."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Subject
from llmcache_conformance.machine import machine_for
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account
from llmcache_momento.local import MomentoLocal
from tests.momento.test_momento_conforms import Hand

# A step is some calls over loopback and a read of every key.
SHORT = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.slow
def test_momento_answers_as_the_oracle() -> None:
    """Whatever program is run, the Momento store answers as a dict and a list do, opened again in the middle, too."""
    hand = Hand()

    def opened(clock: Clock) -> StorePair:
        hand.clock = clock
        settings_ = Settings("shop", timeout=30.0, ttl_resolution=0.001, lease=0.001)
        return open_account(local_account(server.host, server.port), settings_, clock=clock)

    with MomentoLocal(["shop"], clock=hand) as server:
        subject = Subject("momento", open=opened, opens_same=True)

        run_state_machine_as_test(machine_for(subject), settings=SHORT)
