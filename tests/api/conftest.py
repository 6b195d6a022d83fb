"""Caches to test the products on: every test runs on every kind of store."""

from collections.abc import Iterator

import pytest

import llmcache
from tests.api.shelves import Model, Source
from tests.stores import Clock


@pytest.fixture
def cache(url: str, clock: Clock) -> Iterator[llmcache.Cache]:
    """An open cache in the namespace "shop"."""
    with llmcache.open(url, namespace="shop", clock=clock) as opened:
        yield opened


@pytest.fixture
def model() -> Model:
    """An embedding model."""
    return Model()


@pytest.fixture
def source() -> Source:
    """Three documents."""
    return Source(one="aaab", two="bbbc", three="cccd")


@pytest.fixture
def shelf(cache: llmcache.Cache, model: Model, source: Source) -> llmcache.Collection:
    """A collection with a loader that holds the three."""
    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=source)
    shelf.upsert(source.all())
    source.asked.clear()
    return shelf
