"""Calls on lists."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from momento_wire_types import cacheclient_pb2 as pb

from llmcache_momento.local.keep import Keep, Type
from llmcache_momento.local.rejection import invalid


def _grown_back(keep: Keep, name: str, request: Any, values: Sequence[bytes]) -> int:
    cap: int = request.truncate_front_to_size

    def change(elements: list[bytes]) -> int:
        elements.extend(values)
        if cap:
            del elements[: max(len(elements) - cap, 0)]
        return len(elements)

    return _grown(keep, name, request, values, change)


def _grown_front(keep: Keep, name: str, request: Any, values: Sequence[bytes]) -> int:
    cap: int = request.truncate_back_to_size

    def change(elements: list[bytes]) -> int:
        elements[:0] = values
        if cap:
            del elements[cap:]
        return len(elements)

    return _grown(keep, name, request, values, change)


def _grown(keep: Keep, name: str, request: Any, values: Sequence[bytes], change: Callable[[list[bytes]], int]) -> int:
    if not values:
        raise invalid("values must not be empty")
    keep.check_elements(*values)
    return keep.change(name, request.list_name, request, Type.LIST, change)


def push_back(keep: Keep, name: str, request: pb._ListPushBackRequest) -> pb._ListPushBackResponse:
    """Add one element at the end."""
    return pb._ListPushBackResponse(list_length=_grown_back(keep, name, request, [request.value]))


def push_front(keep: Keep, name: str, request: pb._ListPushFrontRequest) -> pb._ListPushFrontResponse:
    """Add one element at the beginning."""
    return pb._ListPushFrontResponse(list_length=_grown_front(keep, name, request, [request.value]))


def concatenate_back(keep: Keep, name: str, request: pb._ListConcatenateBackRequest) -> pb._ListConcatenateBackResponse:
    """Add elements at the end, in order."""
    return pb._ListConcatenateBackResponse(list_length=_grown_back(keep, name, request, list(request.values)))


def concatenate_front(
    keep: Keep, name: str, request: pb._ListConcatenateFrontRequest
) -> pb._ListConcatenateFrontResponse:
    """Add elements at the beginning, in order."""
    return pb._ListConcatenateFrontResponse(list_length=_grown_front(keep, name, request, list(request.values)))


def pop_front(keep: Keep, name: str, request: pb._ListPopFrontRequest) -> pb._ListPopFrontResponse:
    """Take the first element away and return it."""
    item, out = keep.live(name, request.list_name, Type.LIST), pb._ListPopFrontResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    out.found.front = item.value.pop(0)
    out.found.list_length = len(item.value)
    keep.drop_if_empty(name, request.list_name, item)
    return out


def pop_back(keep: Keep, name: str, request: pb._ListPopBackRequest) -> pb._ListPopBackResponse:
    """Take the last element away and return it."""
    item, out = keep.live(name, request.list_name, Type.LIST), pb._ListPopBackResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    out.found.back = item.value.pop()
    out.found.list_length = len(item.value)
    keep.drop_if_empty(name, request.list_name, item)
    return out


def _slice(request: pb._ListFetchRequest | pb._ListRetainRequest) -> slice:
    start = request.inclusive_start if request.WhichOneof("start_index") == "inclusive_start" else None
    end = request.exclusive_end if request.WhichOneof("end_index") == "exclusive_end" else None
    return slice(start, end)


def fetch(keep: Keep, name: str, request: pb._ListFetchRequest) -> pb._ListFetchResponse:
    """Return a slice; negative numbers count from the end. One that is empty by its bounds is refused, as Momento's SDKs do."""
    bounds = _slice(request)
    if bounds.start is not None and bounds.stop is not None and 0 <= bounds.stop <= bounds.start:
        raise invalid("exclusive_end must be larger than inclusive_start")
    item, out = keep.live(name, request.list_name, Type.LIST), pb._ListFetchResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.SetInParent()
        out.found.values.extend(item.value[bounds])
    return out


def retain(keep: Keep, name: str, request: pb._ListRetainRequest) -> pb._ListRetainResponse:
    """Drop all but a slice."""
    item, out = keep.live(name, request.list_name, Type.LIST), pb._ListRetainResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    expires = keep.deadline(request.ttl_milliseconds) if request.refresh_ttl else item.expires
    item.value, item.expires = item.value[_slice(request)], expires
    out.found.list_length = len(item.value)
    keep.drop_if_empty(name, request.list_name, item)
    return out


def remove(keep: Keep, name: str, request: pb._ListRemoveRequest) -> pb._ListRemoveResponse:
    """Drop every element of one value."""
    item, out = keep.live(name, request.list_name, Type.LIST), pb._ListRemoveResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    item.value = [element for element in item.value if element != request.all_elements_with_value]
    out.found.list_length = len(item.value)
    keep.drop_if_empty(name, request.list_name, item)
    return out


def erase(keep: Keep, name: str, request: pb._ListEraseRequest) -> pb._ListEraseResponse:
    """Drop all elements, or those in ranges of places."""
    item, out = keep.live(name, request.list_name, Type.LIST), pb._ListEraseResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    if request.WhichOneof("erase") == "all":
        item.value = []
    # Ranges are asked and not counted out: one may name four thousand million places.
    dropped = [range(part.begin_index, part.begin_index + part.count) for part in request.some.ranges]
    item.value = [element for place, element in enumerate(item.value) if not any(place in places for places in dropped)]
    out.found.list_length = len(item.value)
    keep.drop_if_empty(name, request.list_name, item)
    return out


def length(keep: Keep, name: str, request: pb._ListLengthRequest) -> pb._ListLengthResponse:
    """Return the number of elements."""
    item, out = keep.live(name, request.list_name, Type.LIST), pb._ListLengthResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.length = len(item.value)
    return out


LISTS: Final[Mapping[str, Callable[[Keep, str, Any], object]]] = {
    "ListPushFront": push_front,
    "ListPushBack": push_back,
    "ListPopFront": pop_front,
    "ListPopBack": pop_back,
    "ListErase": erase,
    "ListRemove": remove,
    "ListFetch": fetch,
    "ListLength": length,
    "ListConcatenateFront": concatenate_front,
    "ListConcatenateBack": concatenate_back,
    "ListRetain": retain,
}
