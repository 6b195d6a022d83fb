"""Calls on sets, which are kept as dicts without values, in the order elements came."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from momento_wire_types import cacheclient_pb2 as pb

from llmcache_momento.local.keep import Keep, Type


def union(keep: Keep, name: str, request: pb._SetUnionRequest) -> pb._SetUnionResponse:
    """Add elements."""
    keep.check_elements(*request.elements)

    def change(elements: dict[bytes, None]) -> None:
        elements.update(dict.fromkeys(request.elements))

    keep.change(name, request.set_name, request, Type.SET, change)
    return pb._SetUnionResponse()


def difference(keep: Keep, name: str, request: pb._SetDifferenceRequest) -> pb._SetDifferenceResponse:
    """Drop elements: some, all, or all but those that are not in a set given."""
    item, out = keep.live(name, request.set_name, Type.SET), pb._SetDifferenceResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    out.found.SetInParent()
    if request.WhichOneof("difference") == "minuend":
        item.value = {element: None for element in request.minuend.elements if element not in item.value}
    elif request.subtrahend.WhichOneof("subtrahend_set") == "identity":
        item.value = {}
    else:
        gone = set(request.subtrahend.set.elements)
        item.value = {element: None for element in item.value if element not in gone}
    keep.drop_if_empty(name, request.set_name, item)
    return out


def fetch(keep: Keep, name: str, request: pb._SetFetchRequest) -> pb._SetFetchResponse:
    """Return all elements."""
    item, out = keep.live(name, request.set_name, Type.SET), pb._SetFetchResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.SetInParent()
        out.found.elements.extend(item.value)
    return out


def sample(keep: Keep, name: str, request: pb._SetSampleRequest) -> pb._SetSampleResponse:
    """Return some elements."""
    item, out = keep.live(name, request.set_name, Type.SET), pb._SetSampleResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.SetInParent()
        out.found.elements.extend(list(item.value)[: request.limit])
    return out


def pop(keep: Keep, name: str, request: pb._SetPopRequest) -> pb._SetPopResponse:
    """Take some elements away and return them."""
    item, out = keep.live(name, request.set_name, Type.SET), pb._SetPopResponse()
    if item is None:
        out.missing.SetInParent()
        return out
    out.found.SetInParent()
    for element in list(item.value)[: request.count or 1]:
        del item.value[element]
        out.found.elements.append(element)
    keep.drop_if_empty(name, request.set_name, item)
    return out


def contains(keep: Keep, name: str, request: pb._SetContainsRequest) -> pb._SetContainsResponse:
    """Tell for each element whether it is there."""
    item, out = keep.live(name, request.set_name, Type.SET), pb._SetContainsResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.SetInParent()
        out.found.contains.extend(element in item.value for element in request.elements)
    return out


def length(keep: Keep, name: str, request: pb._SetLengthRequest) -> pb._SetLengthResponse:
    """Return the number of elements."""
    item, out = keep.live(name, request.set_name, Type.SET), pb._SetLengthResponse()
    if item is None:
        out.missing.SetInParent()
    else:
        out.found.length = len(item.value)
    return out


SETS: Final[Mapping[str, Callable[[Keep, str, Any], object]]] = {
    "SetUnion": union,
    "SetDifference": difference,
    "SetFetch": fetch,
    "SetSample": sample,
    "SetPop": pop,
    "SetContains": contains,
    "SetLength": length,
}
