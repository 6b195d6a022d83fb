"""Caches to test the products on: every test runs on every kind of store."""

from collections.abc import Iterator

import pytest

import llmcache
from tests.stores import Clock


@pytest.fixture
def cache(url: str, clock: Clock) -> Iterator[llmcache.Cache]:
    """An open cache in the namespace "shop"."""
    with llmcache.open(url, namespace="shop", clock=clock) as opened:
        yield opened
