"""Calls on scalars, and on items of any type: get, set, conditional set, increment, times to live."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from momento_wire_types import cacheclient_pb2 as pb

from llmcache_momento.local.keep import Item, Keep, Type
from llmcache_momento.local.rejection import precondition

_LEAST: Final = -(2**63)
_INTEGER: Final = re.compile(rb"-?\d{1,20}")


def get(keep: Keep, name: str, request: pb._GetRequest) -> pb._GetResponse:
    """Return a scalar."""
    item = keep.live(name, request.cache_key, Type.SCALAR)
    return pb._GetResponse(result=pb.Miss) if item is None else pb._GetResponse(result=pb.Hit, cache_body=item.value)


def get_with_hash(keep: Keep, name: str, request: pb._GetWithHashRequest) -> pb._GetWithHashResponse:
    """Return a scalar with the hash of its value."""
    item, out = keep.live(name, request.cache_key, Type.SCALAR), pb._GetWithHashResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.value, out.found.hash = item.value, hashlib.sha256(item.value).digest()
    return out


def get_batch(keep: Keep, name: str, request: pb._GetBatchRequest) -> list[pb._GetResponse]:
    """Return scalars, one message each."""
    keep.cache(name)
    return [get(keep, name, one) for one in request.items]


def set_(keep: Keep, name: str, request: pb._SetRequest) -> pb._SetResponse:
    """Keep a scalar."""
    keep.put(name, request.cache_key, request.cache_body, request.ttl_milliseconds)
    return pb._SetResponse(result=pb.Ok)


def set_batch(keep: Keep, name: str, request: pb._SetBatchRequest) -> list[pb._SetResponse]:
    """Keep scalars one after the other, one message each."""
    keep.cache(name)
    return [set_(keep, name, one) for one in request.items]


def set_if_not_exists(keep: Keep, name: str, request: pb._SetIfNotExistsRequest) -> pb._SetIfNotExistsResponse:
    """Keep a scalar where nothing is."""
    out = pb._SetIfNotExistsResponse()
    if keep.live(name, request.cache_key) is not None:
        out.not_stored.SetInParent()
        return out
    keep.put(name, request.cache_key, request.cache_body, request.ttl_milliseconds)
    out.stored.SetInParent()
    return out


def _is_equal(item: Item | None, check: bytes) -> bool:
    return item is not None and item.type is Type.SCALAR and item.value == check


_CONDITIONS: Final[Mapping[str, Callable[[Item | None, bytes], bool]]] = {
    "present": lambda item, _: item is not None,
    "absent": lambda item, _: item is None,
    "equal": _is_equal,
    "not_equal": lambda item, check: not _is_equal(item, check),
    "absent_or_equal": lambda item, check: item is None or _is_equal(item, check),
    "present_and_not_equal": lambda item, check: item is not None and not _is_equal(item, check),
}


def set_if(keep: Keep, name: str, request: pb._SetIfRequest) -> pb._SetIfResponse:
    """Keep a scalar where the condition on what is there holds."""
    which = request.WhichOneof("condition")
    if which is None:
        raise precondition("SetIf needs a condition")
    check: bytes = getattr(getattr(request, which), "value_to_check", b"")
    out = pb._SetIfResponse()
    if _CONDITIONS[which](keep.live(name, request.cache_key), check):
        keep.put(name, request.cache_key, request.cache_body, request.ttl_milliseconds)
        out.stored.SetInParent()
    else:
        out.not_stored.SetInParent()
    return out


def delete(keep: Keep, name: str, request: pb._DeleteRequest) -> pb._DeleteResponse:
    """Delete an item of any type."""
    if keep.live(name, request.cache_key) is not None:
        del keep.caches[name][request.cache_key]
    return pb._DeleteResponse()


def keys_exist(keep: Keep, name: str, request: pb._KeysExistRequest) -> pb._KeysExistResponse:
    """Tell for each key whether an item is there."""
    keep.cache(name)
    return pb._KeysExistResponse(exists=[keep.live(name, key) is not None for key in request.cache_keys])


def added(old: bytes, amount: int) -> int:
    """Return the sum; refused where `old` is no integer, or the sum has more than 64 bits."""
    if not _INTEGER.fullmatch(old):
        raise precondition("value is not an integer")
    total = int(old) + amount
    if not _LEAST <= total < -_LEAST:
        raise precondition("increment overflows")
    return total


def increment(keep: Keep, name: str, request: pb._IncrementRequest) -> pb._IncrementResponse:
    """Add to a scalar that is an integer."""
    item = keep.live(name, request.cache_key, Type.SCALAR)
    total = added(b"0" if item is None else item.value, request.amount)
    keep.put(name, request.cache_key, b"%d" % total, request.ttl_milliseconds)
    return pb._IncrementResponse(value=total)


def update_ttl(keep: Keep, name: str, request: pb._UpdateTtlRequest) -> pb._UpdateTtlResponse:
    """Change when an item expires."""
    item, out = keep.live(name, request.cache_key), pb._UpdateTtlResponse()
    which = request.WhichOneof("update_ttl")
    if item is None or which is None:
        out.missing.SetInParent()
        return out
    expires = keep.deadline(getattr(request, which))
    is_refused = (which == "increase_to_milliseconds" and expires <= item.expires) or (
        which == "decrease_to_milliseconds" and expires >= item.expires
    )
    if is_refused:
        out.not_set.SetInParent()
    else:
        item.expires = expires
        out.set.SetInParent()
    return out


def item_get_ttl(keep: Keep, name: str, request: pb._ItemGetTtlRequest) -> pb._ItemGetTtlResponse:
    """Return how long an item has left."""
    item, out = keep.live(name, request.cache_key), pb._ItemGetTtlResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.remaining_ttl_millis = int((item.expires - keep.clock()) * 1000)
    return out


def item_get_type(keep: Keep, name: str, request: pb._ItemGetTypeRequest) -> pb._ItemGetTypeResponse:
    """Return what an item is."""
    item, out = keep.live(name, request.cache_key), pb._ItemGetTypeResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.item_type = item.type.value  # type: ignore[assignment]  # the wire's enum, by number
        out.found.SetInParent()
    return out


SCALARS: Final[Mapping[str, Callable[[Keep, str, Any], object]]] = {
    "Get": get,
    "GetWithHash": get_with_hash,
    "GetBatch": get_batch,
    "Set": set_,
    "SetBatch": set_batch,
    "SetIf": set_if,
    "SetIfNotExists": set_if_not_exists,
    "Delete": delete,
    "KeysExist": keys_exist,
    "Increment": increment,
    "UpdateTtl": update_ttl,
    "ItemGetTtl": item_get_ttl,
    "ItemGetType": item_get_type,
}
