"""What the stand-in holds: caches of items, each item a scalar or a collection with one time to live.

Every change of a collection is made on a copy, so that a refused one leaves nothing behind. The caller holds the lock.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias, TypeVar

from grpc import StatusCode

from llmcache_momento.local.rejection import (
    ELEMENT_SIZE,
    ITEM_SIZE,
    RejectionError,
    invalid,
    precondition,
    too_large,
)

MB: Final = 1 << 20
KB: Final = 1 << 10
_SCORE_BYTES: Final = 8

T = TypeVar("T")
Value: TypeAlias = Any
"""Bytes of a scalar; dict of bytes, dict without values, list of bytes, dict of scores of the collections."""


class Type(IntEnum):
    """What an item is; the numbers are those of the wire's `ItemType`."""

    SCALAR = 0
    DICTIONARY = 1
    SET = 2
    LIST = 3
    SORTED_SET = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Momento's documented limits of August 2026; None switches one off.

    Attributes:
        max_ttl: Longest time to live, in seconds; over it a call is refused. The documentation does not say whether the
            service refuses or shortens.
        max_item_bytes: Largest key and value together; a collection is one item.
        max_element_bytes: Largest element of a collection.
        max_topic_bytes: Largest message of a topic.
        max_subscriptions: Most subscriptions at once, of all topics together.
        operations_per_second: Rate over which calls are refused; the documented default of 100 is off here.
    """

    max_ttl: float | None = 24 * 3600
    max_item_bytes: int | None = 5 * MB
    max_element_bytes: int | None = 128 * KB
    max_topic_bytes: int | None = 4 * KB
    max_subscriptions: int | None = 100
    operations_per_second: float | None = None


@dataclass(slots=True)
class Item:
    """What is under one key."""

    type: Type
    value: Value
    expires: float

    @property
    def size(self) -> int:
        """Bytes of the value."""
        if self.type is Type.SCALAR:
            return len(self.value)
        if self.type is Type.DICTIONARY:
            return sum(len(field) + len(value) for field, value in self.value.items())
        if self.type is Type.SORTED_SET:
            return sum(len(element) + _SCORE_BYTES for element in self.value)
        return sum(map(len, self.value))


class Keep:
    """All caches and their items.

    Args:
        limits: What is refused.
        clock: Tells the time of day.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.clock = clock
        self.lock = threading.RLock()
        self.caches: dict[str, dict[bytes, Item]] = {}
        self.signing_keys: dict[str, float] = {}

    def cache(self, name: str) -> dict[bytes, Item]:
        """Return a cache's items; NOT_FOUND where there is no such cache."""
        if name not in self.caches:
            raise RejectionError(StatusCode.NOT_FOUND, f"Cache with name: {name} doesn't exist", "cache_not_found")
        return self.caches[name]

    def live(self, name: str, key: bytes, type_: Type | None = None) -> Item | None:
        """Return what is under `key`, None where nothing is or it has expired; refuse an item of another type."""
        cache = self.cache(name)
        if not key:
            raise invalid("Key must not be empty")
        item = cache.get(key)
        if item is None:
            return None
        if item.expires <= self.clock():
            del cache[key]
            return None
        if type_ is not None and item.type is not type_:
            raise precondition(f"item is a {item.type.name.lower()}, not a {type_.name.lower()}")
        return item

    def deadline(self, ttl_ms: int) -> float:
        """Return when something with this time to live expires."""
        ttl, longest = ttl_ms / 1000, self.limits.max_ttl
        if ttl <= 0:
            raise invalid("TTL must be positive")
        if longest is not None and ttl > longest:
            raise invalid(f"TTL must not exceed {longest:.0f} s")
        return self.clock() + ttl

    def put(self, name: str, key: bytes, body: bytes, ttl_ms: int) -> None:
        """Keep a scalar, replacing whatever is there."""
        self.live(name, key)
        self._keep(name, key, Item(Type.SCALAR, bytes(body), self.deadline(ttl_ms)))

    def change(self, name: str, key: bytes, request: Any, type_: Type, change: Callable[[Value], T]) -> T:
        """Do `change` on a copy of a collection, or on an empty one, and keep that; return what `change` returns.

        Args:
            name: The cache.
            key: The collection.
            request: Has `ttl_milliseconds` and `refresh_ttl`.
            type_: The collection's.
            change: Changes the value in place.
        """
        item = self.live(name, key, type_)
        expires = self.deadline(request.ttl_milliseconds)
        if item is None:
            value: Value = [] if type_ is Type.LIST else {}
        else:
            value = item.value.copy()
            expires = expires if request.refresh_ttl else item.expires
        answer = change(value)
        self._keep(name, key, Item(type_, value, expires))
        return answer

    def drop_if_empty(self, name: str, key: bytes, item: Item) -> None:
        """Delete a collection that has become empty: there is no other kind of empty collection."""
        if not item.value:
            del self.caches[name][key]

    def check_elements(self, *elements: bytes) -> None:
        """Refuse elements of a collection that are too large."""
        longest = self.limits.max_element_bytes
        if longest is not None and any(len(element) > longest for element in elements):
            raise too_large("Element size limit exceeded", ELEMENT_SIZE)

    def _keep(self, name: str, key: bytes, item: Item) -> None:
        largest = self.limits.max_item_bytes
        if largest is not None and len(key) + item.size > largest:
            raise too_large("Item size limit exceeded", ITEM_SIZE)
        self.caches[name][key] = item
