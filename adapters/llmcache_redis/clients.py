"""Reading a client of redis-py that somebody hands in.

It says where the servers are and how to introduce oneself; the store makes connections of its own, with its own time limits and
retries, and of both colours, and neither uses nor closes the client's. So it does not matter whether it is blocking, how many
connections it allows, or whether it decodes replies.
"""

from collections.abc import Mapping
from typing import Any, Final

from llmcache.errors import UsageError
from llmcache_redis.commands import Address
from llmcache_redis.dialling import Classes, Dial
from llmcache_redis.errors import NAME
from llmcache_redis.layout import Cluster, OneServer
from llmcache_redis.plan import Plan
from llmcache_redis.topology import OneAddress, Slots, Watched, as_announced

_OWN_MODULES: Final = frozenset(
    {"redis.connection", "redis.asyncio.connection", "redis.sentinel", "redis.asyncio.sentinel"}
)
_WHERE: Final = frozenset(
    {"host", "port", "path", "connection_class", "connection_pool", "ssl", "startup_nodes", "url"}
)


def plan_of_client(client: object) -> Plan:
    """Return how to reach what `client` reaches.

    Raises:
        UsageError: It is not a client of redis-py, or reads from replicas.
    """
    nodes = getattr(client, "nodes_manager", None)
    if nodes is not None:
        return _cluster(client, nodes)
    pool = getattr(client, "connection_pool", None)
    if pool is None or not hasattr(pool, "connection_kwargs"):
        raise UsageError(
            f"{NAME}: open_pair takes a URL or a client of redis-py (Redis, RedisCluster, blocking or asyncio), "
            f"found {type(client).__name__}"
        )
    if hasattr(pool, "sentinel_manager"):
        return _sentinel(pool)
    return _one_server(pool)


def _one_server(pool: Any) -> Plan:
    arguments, made = pool.connection_kwargs, pool.connection_class
    address = Address(str(arguments.get("host") or "localhost"), int(arguments.get("port") or 6379))
    if arguments.get("path"):
        address = Address("", 0, str(arguments["path"]))
    classes = _foreign(made)
    dial = Dial(_kept(arguments), _is_tls(arguments, made), classes=classes)
    is_foreign = classes != Classes()
    return Plan(
        dial, lambda: OneAddress(address), OneServer(), bool(arguments.get("db")),
        blocks=not is_foreign or classes.blocking is not None,
        awaits=not is_foreign or classes.awaiting is not None,
    )  # fmt: skip


def _sentinel(pool: Any) -> Plan:
    if not pool.is_master:
        raise UsageError(f"{NAME}: the client reads from a replica; hand in the one that `master_for` returns")
    sentinels: list[Address] = []
    own: Mapping[str, Any] = {}
    tls = False
    for sentinel in pool.sentinel_manager.sentinels:
        own = sentinel.connection_pool.connection_kwargs
        sentinels.append(Address(str(own.get("host")), int(own.get("port") or 26379), is_sentinel=True))
        tls = _is_tls(own, sentinel.connection_pool.connection_class)
    arguments, service = pool.connection_kwargs, str(pool.service_name)
    dial = Dial(_kept(arguments), _is_tls(arguments, pool.connection_class), _kept(own), tls)
    return Plan(dial, lambda: Watched(sentinels, service), OneServer(), bool(arguments.get("db")))


def _cluster(client: Any, nodes: Any) -> Plan:
    # The blocking client keeps the arguments of its connections at its table of nodes, the other one itself.
    arguments = getattr(nodes, "connection_kwargs", None) or getattr(client, "connection_kwargs", {})
    seeds = [Address(str(node.host), int(node.port)) for node in nodes.startup_nodes.values()]
    # A cluster's connections introduce themselves by a function of the client, which we are not.
    arguments = {name: value for name, value in arguments.items() if name != "redis_connect_func"}
    made = arguments.get("connection_class")
    dial = Dial(_kept(arguments), _is_tls(arguments, made) if made else bool(arguments.get("ssl")))
    remap = getattr(nodes, "address_remap", None) or as_announced
    return Plan(dial, lambda: Slots(seeds, remap), Cluster())


def _kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in _WHERE}


def _is_tls(arguments: Mapping[str, Any], made: Any) -> bool:
    return bool(arguments.get("ssl")) or "SSL" in getattr(made, "__name__", "")


def _foreign(made: Any) -> Classes:
    """Return the class of the client's connections if it is not redis-py's own, by its colour."""
    if made.__module__ in _OWN_MODULES:
        return Classes()
    import redis.asyncio.connection  # noqa: PLC0415 -- beside the blocking one only where it is needed

    is_awaiting = issubclass(made, redis.asyncio.connection.AbstractConnection)
    return Classes(awaiting=made) if is_awaiting else Classes(blocking=made)
