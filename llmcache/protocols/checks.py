"""Checks of arguments that every store makes before anything is written.

Whether a call is right does not depend on the store, so these functions are the one place that says it, and
an error reads the same everywhere. A message names the store, the op and the key's digest, never content.

`UsageError` says that the call is wrong for every store, `StoreLimit` that this store's limits forbid it.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

from llmcache.errors import StoreLimit, UsageError
from llmcache.model.capabilities import Limits
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put

# An integer beyond this has no float, so it cannot be added to the time of day.
_LARGEST_FLOAT = sys.float_info.max


def check_puts(puts: Sequence[Put], limits: Limits, store: str, op: str = "put_many") -> None:
    """Raise for the first of `puts` that must not be written, as `KeyValueStore.put_many` documents it.

    Args:
        puts: What a caller wants written; for `put_if_absent` a sequence of one.
        limits: The store's own.
        store: The store's name, for the message.
        op: The method's name, for the message.
    """
    if limits.max_batch is not None and len(puts) > limits.max_batch:
        _over_batch(len(puts), limits.max_batch, store, op)
    for put in puts:
        check_body(put.key, put.body, store, op)
        _check_size(put.key, put.body, limits, store, op)
        if put.ttl is not None:
            _check_ttl(put.key, put.ttl, limits, store, op)


def check_keys(keys: Sequence[Key], limits: Limits, store: str, op: str) -> None:
    """Raise StoreLimit if `keys` are more than the store takes in one call."""
    if limits.max_batch is not None and len(keys) > limits.max_batch:
        _over_batch(len(keys), limits.max_batch, store, op)


def check_append(
    log: Key,
    bodies: Sequence[bytes],
    *,
    max_length: int | None,
    ttl: Seconds | None,
    limits: Limits,
    store: str,
) -> None:
    """Raise if an append must not be done, as `LogStore.append` documents it."""
    if max_length is not None and (isinstance(max_length, bool) or not isinstance(max_length, int) or max_length < 1):
        raise UsageError(
            f"{_where(store, 'append', log)}: max_length is at least 1, or None for no cap, found {_shown(max_length)}"
        )
    if ttl is not None:
        _check_ttl(log, ttl, limits, store, "append")
    for body in bodies:
        check_body(log, body, store, "append")
        _check_size(log, body, limits, store, "append")


def check_body(key: Key, body: object, store: str, op: str) -> None:
    """Raise UsageError unless `body` is exactly `bytes`.

    A `bytearray` is refused, because its owner could change it later; a subclass of `bytes`, because it would come
    back as another type.
    """
    if type(body) is not bytes:
        raise UsageError(
            f"{_where(store, op, key)}: a body is exactly bytes, found {type(body).__name__}; encode it first"
        )


def check_scan(space: Space, after: Key | None, count: int, store: str) -> None:
    """Raise UsageError if `after` lies in another space than the one to scan, or `count` is under 1."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise UsageError(f"{store} refused scan: count is at least 1, found {_shown(count)}")
    if after is not None and after.space != space:
        raise UsageError(f"{_where(store, 'scan', after)}: `after` is not a key of the space to scan")


def _check_size(key: Key, body: bytes, limits: Limits, store: str, op: str) -> None:
    if limits.max_body_bytes is not None and len(body) > limits.max_body_bytes:
        raise StoreLimit(f"{_where(store, op, key)}: a body is {len(body):,} bytes, limit {limits.max_body_bytes:,}")


def _check_ttl(key: Key, ttl: Seconds, limits: Limits, store: str, op: str) -> None:
    is_number = isinstance(ttl, int | float) and not isinstance(ttl, bool)
    # Written so that NaN, which compares false with everything, is refused too.
    if not (is_number and 0 < ttl <= _LARGEST_FLOAT):
        raise UsageError(
            f"{_where(store, op, key)}: a time to live is a positive, finite number of seconds, "
            f"or None for no expiry, found {_shown(ttl)}"
        )
    if limits.max_ttl is not None and ttl > limits.max_ttl:
        raise StoreLimit(f"{_where(store, op, key)}: a time to live is {ttl:g} seconds, limit {limits.max_ttl:g}")


def _over_batch(found: int, limit: int, store: str, op: str) -> NoReturn:
    raise StoreLimit(f"{store} refused {op}: {found:,} keys in one call, limit {limit:,}; send them in parts")


def _where(store: str, op: str, key: Key) -> str:
    return f"{store} refused {op} of {key.digest}"


def _shown(given: object) -> str:
    """Say what was given without showing text, and without printing an endless integer."""
    if isinstance(given, float) or (isinstance(given, int) and abs(given) <= _LARGEST_FLOAT):
        return repr(given)
    return type(given).__name__ if not isinstance(given, int) else "an integer beyond every float"
