"""Where a store is and how to reach it: what a URL or a client of redis-py comes down to."""

from collections.abc import Callable
from dataclasses import dataclass

from llmcache_redis.dialling import Dial
from llmcache_redis.layout import Layout
from llmcache_redis.topology import Topology


@dataclass(frozen=True, slots=True)
class Plan:
    """How to open one store.

    Attributes:
        dial: How to connect.
        topology: Makes what knows the servers.
        layout: Where things lie.
        has_database: A database other than 0 is selected, by SELECT.
        blocks: The blocking colour can be had.
        awaits: The async colour can be had.
    """

    dial: Dial
    topology: Callable[[], Topology]
    layout: Layout
    has_database: bool = False
    blocks: bool = True
    awaits: bool = True
