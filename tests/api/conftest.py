"""Caches to test the products on: every test runs on every embedded store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import llmcache


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time of day of every cache in the test."""
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty store."""
    return "memory:" if request.param == "memory" else f"sqlite:{tmp_path / 'store'}"


@pytest.fixture
def cache(url: str, clock: Clock) -> Iterator[llmcache.Cache]:
    """An open cache in the namespace "shop"."""
    with llmcache.open(url, namespace="shop", clock=clock) as opened:
        yield opened
