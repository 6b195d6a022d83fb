"""What the tests of the Redis store have in common: keys, a short program that uses everything, and names of fixtures' parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import (
    Append,
    Clear,
    DeleteIfEqual,
    DeleteLog,
    DeleteMany,
    GetMany,
    LogLength,
    PutIfAbsent,
    PutMany,
    ReadLog,
)
from llmcache_conformance.ops import in_turn
from tests.redis.scripted import Scripted
from tests.redis.servers import Program, Server

MASTER = "mymaster"
PASSWORD = "p@ss:w/rd"


@dataclass(frozen=True)
class Encrypted:
    """Where a server listens with TLS, and the certificate to trust."""

    port: int
    certificate: Path


@dataclass(frozen=True)
class Watched:
    """A master, its replica, and the sentinel that watches them."""

    master: Server
    replica: Server
    sentinel: Server


Answering: TypeAlias = Callable[[Sequence[str]], Scripted]
"""Starts a server that answers as it is told."""

Newer: TypeAlias = Callable[[Program], Server]
"""Starts a newer server, once."""


def key(name: object, namespace: str = "shop", kind: Kind = Kind.RESPONSE) -> Key:
    """Return the key of an answer."""
    return Key(Space(Namespace.of(namespace), kind), str(name))


def log(name: object = "session", namespace: str = "shop") -> Key:
    """Return the key of a conversation."""
    return key(name, namespace, Kind.HISTORY)


def everything(namespace: str) -> Steps[list[object]]:
    """Use every method but listing, and return what a sound store answers: see `SOUND`."""
    first, second, lease = key("1", namespace), key("2", namespace), key("lease", namespace, Kind.LEASE)
    talk = log("talk", namespace)
    yield from PutMany((Put(first, b"one", 60.0), Put(second, b"two")))
    found: list[object] = list((yield from GetMany((second, first, key("3", namespace)))))
    found += yield from in_turn(PutIfAbsent(Put(lease, token, 60.0)) for token in (b"mine", b"yours"))
    found += yield from in_turn(DeleteIfEqual(lease, token) for token in (b"yours", b"mine"))
    found += yield from in_turn(Append(talk, bodies, 3, 60.0) for bodies in ((b"a", b"b"), (b"c", b"d")))
    found += [*(yield from ReadLog(talk, -2)), (yield from LogLength(talk))]
    yield from DeleteMany((first,))
    yield from DeleteLog(talk)
    found += [*(yield from GetMany((first, second))), (yield from LogLength(talk))]
    yield from Clear(first.space)
    return [*found, *(yield from GetMany((second,)))]


SOUND: list[object] = [b"two", b"one", None, True, False, False, True, 2, 3, b"c", b"d", 3, None, b"two", 0, None]
