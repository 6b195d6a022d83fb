"""The Momento service itself, against every case of the contract that its own clock allows.

Runs where MOMENTO_API_KEY and MOMENTO_ENDPOINT are set, in the cache that LLMCACHE_TEST_CACHE names ("llmcache-test"), which
is created where it is missing. It makes some thousands of calls: the default limit of 100 a second is too low for it.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Need, Subject, conformance_cases, unmet_needs
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import ENDPOINT, KEY, service_account

CACHE = os.environ.get("LLMCACHE_TEST_CACHE", "llmcache-test")
LEFT_OUT = {Need.SCAN, Need.NEWS, Need.SMALL, Need.CLOCK, Need.WIRE, Need.PROCESS}
IS_LIVE = bool(os.environ.get(KEY) and os.environ.get(ENDPOINT))


def opened(_: Clock) -> StorePair:
    """Open the cache."""
    return open_account(service_account(), Settings(CACHE, timeout=10.0, create=True, consistent=True))


SERVICE = Subject("momento service", open=opened, opens_same=True, own_clock=True)


def as_documented() -> None:
    """Ask what nobody knows without the service: too long a time to live, and an item of another type, are errors."""
    from momento import CacheClient, Configurations, CredentialProvider  # noqa: PLC0415 -- only where there is a service

    account = CredentialProvider.from_environment_variables_v2()
    with CacheClient(Configurations.Laptop.v1(), account, timedelta(minutes=1)) as client:
        client.create_cache(CACHE)
        client.list_push_back(CACHE, "llmcache-live-list", "1")

        assert "Error" == type(client.set(CACHE, "llmcache-live", "1", timedelta(hours=25))).__name__
        assert "Error" == type(client.get(CACHE, "llmcache-live-list")).__name__
    assert unmet_needs(SERVICE) <= LEFT_OUT


def live_checks() -> list[Any]:
    """Return everything to ask the service; without a key, one test that is reported as skipped, with what to set."""
    if not IS_LIVE:
        why = f"the Momento service is asked only where {KEY} and {ENDPOINT} are set"
        return [pytest.param(None, marks=pytest.mark.skip(reason=why), id="no key")]
    runs = conformance_cases(without=LEFT_OUT)
    return [*(pytest.param(partial(run.on, SERVICE), id=str(run)) for run in runs), as_documented]


@pytest.mark.slow
@pytest.mark.parametrize("check", live_checks())
def test_the_service_keeps_the_contract(check: Callable[[], None]) -> None:
    """The store on the service keeps the clauses that the case shows, and the service is as its documentation says."""
    check()
