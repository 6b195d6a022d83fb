"""A batch of vectors has time for its megabytes: a read that times out has every text embedded, and paid for, again."""

import socket
import time

import pytest

import llmcache
from llmcache import Document
from llmcache.errors import StoreError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache_redis.entries import likely_size, timeout_for
from llmcache_redis.settings import Settings

SHOP = Namespace(("shop",))


def time_for(kind: Kind, many: int) -> float:
    """How long a read of so many keys may take where one may take 100 ms."""
    keys = [Key(Space(SHOP, kind), f"{number}") for number in range(many)]
    return timeout_for(Settings(timeout=0.1), many, likely_size(keys))


def test_vectors_are_given_time_by_their_size() -> None:
    """A thousand are about four megabytes; answers are read one by one, and few of them need no more than one."""
    assert [0.1, 0.1, 0.1] == [time_for(kind, 1) for kind in (Kind.EMBEDDING, Kind.RESPONSE, Kind.TAG)]
    assert [0.5, 0.2] == [round(time_for(kind, 1_000), 3) for kind in (Kind.EMBEDDING, Kind.RESPONSE)]


def test_a_collection_on_a_silent_server_costs_one_time_limit() -> None:
    """However many trips a call would make: the first that gets no answer ends it, and it is said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}?timeout=0.3&log_timeout=0.3"
        with llmcache.open(url) as cache:
            shelf = cache.vectors("docs", ttl=100, sliding=True)
            for call in (
                lambda: shelf.search([1.0, 0.0]),
                lambda: shelf.get(["one"]),
                lambda: shelf.upsert([Document("one", "a")], [[1.0, 0.0]]),
                lambda: shelf.delete(["one"]),
                shelf.refresh,
            ):
                began = time.monotonic()
                with pytest.raises(StoreError):
                    call()
                assert time.monotonic() - began < 3.0
