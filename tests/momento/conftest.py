"""Momento stores to test on: the stand-in, on loopback."""

from collections.abc import Iterator

import pytest

from llmcache_momento.local import MomentoLocal


@pytest.fixture
def server() -> Iterator[MomentoLocal]:
    """A stand-in with a cache, by the clock on the wall."""
    with MomentoLocal(["shop"]) as running:
        yield running
