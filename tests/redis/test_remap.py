"""Servers that announce addresses of a network of their own are reached where the option `remap`, or the client, says."""

import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import product
from typing import cast

import pytest
import redis.asyncio.cluster
import redis.cluster

from llmcache.config.url import parse_url
from llmcache.errors import StoreUnavailable
from llmcache.plugins.catalogue import open_pair as open_url
from llmcache_conformance.faults import Down, Proxy
from llmcache_conformance.subject import Server
from llmcache_redis import RedisStore, open_pair
from tests.redis.clusters import Members
from tests.redis.things import Answering, key

AWAY = "192.0.2.1", "192.0.2.2"
"""Addresses that nobody has."""
NOTHING = "*2\r\n$-1\r\n$-1"
"""The reply to a read of one key that is not there."""


@contextmanager
def opened(url: str) -> Generator[RedisStore]:
    """Open a store with a time limit that a busy machine does not reach, blocking."""
    with closing(cast(RedisStore, open_url(parse_url(url), time.time).blocking)) as store:
        yield store


@pytest.mark.parametrize(("word", "asked"), [("MOVED", [b"MGET"]), ("ASK", [b"ASKING", b"MGET"])])
def test_member_is_reached_where_the_url_says(answering: Answering, word: str, asked: list[bytes]) -> None:
    """Members that announce an address of their own network: in the table of slots, and where one sends us to another."""
    here, there = answering(["+PONG"]), answering([*["+OK"] * (len(asked) - 1), NOTHING])
    ranges = f"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n{AWAY[0]}\r\n:7000"
    here._replies = [ranges, f"-{word} 1 {AWAY[1]}:7000"]
    remap = f"{AWAY[0]}:7000=127.0.0.1:{here.port},{AWAY[1]}:7000=127.0.0.1:{there.port}"
    with opened(f"redis+cluster://127.0.0.1:{here.port}?timeout=20s&remap={remap}") as store:
        found = store.get_many((key(1),))

    assert [None] == found
    assert asked == [words[0] for words in there.commands]
    assert [b"CLUSTER", b"MGET"] == [words[0] for words in here.commands]


def test_master_is_reached_where_the_url_says(answering: Answering) -> None:
    """A sentinel names the master by an address of its own network, too."""
    master = answering([NOTHING])
    sentinel = answering([f"*2\r\n$9\r\n{AWAY[0]}\r\n$4\r\n6379"])
    remap = f"{AWAY[0]}:6379=127.0.0.1:{master.port}"
    with opened(f"redis+sentinel://127.0.0.1:{sentinel.port}/main?timeout=20s&remap={remap}") as store:
        found = store.get_many((key(1),))

    assert [None] == found


@pytest.mark.slow
@pytest.mark.xdist_group("cluster")
def test_client_that_reaches_members_elsewhere(cluster: Members) -> None:
    """What a client of either colour is told of where members are reached holds for the store: all goes through the proxy."""
    with Proxy(*(("127.0.0.1", server.port) for server in cluster.servers)) as proxy:

        def remap(announced: tuple[str, int]) -> tuple[str, int]:
            return proxy.ways[Server(*announced)]

        awaiting = redis.asyncio.cluster.RedisCluster(proxy.host, proxy.port, address_remap=remap)
        with closing(redis.cluster.RedisCluster(proxy.host, proxy.port, address_remap=remap)) as blocking:
            stores = [cast(RedisStore, open_pair(client, timeout=20.0).blocking) for client in (blocking, awaiting)]
        found = [list(store.get_many([key(number, "elsewhere") for number in range(64)])) for store in stores]
        with proxy.under(Down()):
            for store, number in product(stores, range(8)):
                with pytest.raises(StoreUnavailable):
                    store.get_many((key(number, "elsewhere"),))
        for store in stores:
            store.close()

    assert [[None] * 64] * 2 == found
